#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# kernel: trixie
#
# Flow records over SCTP, which many kernels lack: each message of SCTP is one
# of IPFIX, and a foreign reader finds every packet in the records.
. "$(dirname "$0")/lib.sh"
need python3 ipfixDump jq
make_net
flows=200

cat >"$dir/collector.py" <<'END_OF_COLLECTOR'
import socket, struct, sys

with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP) as listener:
    listener.bind(("127.0.0.1", 4739))
    listener.listen()
    print("listening", flush=True)
    connection, _ = listener.accept()
with connection, open(sys.argv[1], "wb") as out:
    while True:
        message, _, flags, _ = connection.recvmsg(1 << 17)
        if not message:
            break
        version, length = struct.unpack("!HH", message[:4])
        assert flags & socket.MSG_EOR and version == 10 and length == len(message), (flags, length)
        out.write(message)
END_OF_COLLECTOR

start record "$rx" "$WEIR" record -i "$rx_if" -w "$dir/x.pcapng"
wait_capture "$rx" "$rx_if"
generate --count 2000 --flows "$flows"
stop record

start collector "$rx" python3 "$dir/collector.py" "$dir/got.ipfix"
wait_for 60 'the collector' test -s "$dir/collector.out"
run in_rx "$WEIR" flow -r "$dir/x.pcapng" -w ipfix+sctp://127.0.0.1:4739 -w "$dir/sent.json" \
	--report "$dir/report"
assert_eq "exit status ($(head -c 300 "$dir/run.err"))" 0 "$status"
await collector
assert_eq 'exit status of the collector' 0 "$status"
assert_balanced "$dir/report"
assert_eq 'flows' "$flows" "$(wc -l <"$dir/sent.json")"
packets=$(ipfixDump <"$dir/got.ipfix" 2>"$dir/dump.err" |
	awk '/ packetDeltaCount :/ {sum += $NF} END {print sum}')
assert_eq 'errors of ipfixDump' '' "$(<"$dir/dump.err")"
assert_eq 'packets in the records, by ipfixDump' 2000 "$packets"
echo "ok: $flows flows, $packets packets"

# ---- weir's own collector ----

listens() {
	in_rx awk '$6 == 4740 {found = 1} END {exit !found}' /proc/net/sctp/eps
}
has_records() {
	(($(wc -l <"$dir/got.json") >= flows))
}
start collect "$rx" "$WEIR" collect --listen sctp://127.0.0.1:4740 -w "$dir/got.json"
wait_for 60 "weir's collector" listens
run in_rx "$WEIR" flow -r "$dir/x.pcapng" -w ipfix+sctp://127.0.0.1:4740
assert_eq 'exit status with a collector' 0 "$status"
wait_for 60 'all records' has_records
stop collect
assert_eq 'exit status of collect' 0 "$status"
assert_eq 'packets in the records, by weir' 2000 "$(jq -s 'map(.packetDeltaCount) | add' "$dir/got.json")"
echo 'ok: collected'

# ---- nobody there: told, and counted ----

run in_rx "$WEIR" flow -r "$dir/x.pcapng" -w ipfix+sctp://127.0.0.1:4739 --report "$dir/report"
assert_eq 'exit status without a collector' 0 "$status"
assert_match 'what is said without a collector' 'cannot connect' "$(<"$dir/run.err")"
assert_eq 'records not sent' "$flows" \
	"$(json "$dir/report" '[.interfaces[].stages[].dropped.not_sent // 0] | add')"
