#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What goes wrong between an exporter and its collector: a name that does not
# resolve, a disk that is full and then is not, a collector that does not read.
# Packets go on being metered; what is not sent is counted, and told.
. "$(dirname "$0")/lib.sh"
need_root
need jq
make_net
mkdir "$dir/small"
mount -t tmpfs -o size=4M tmpfs "$dir/small" || skip 'a tmpfs cannot be mounted'
trap 'umount "$dir/small"; lib_clean_up' EXIT

port=4739
export_cell() { # export_cell REPORT KEY: of the first export row
	jq "[.interfaces[].stages[] | select(.stage == \"export\")][0].$2 // 0" "$1"
}
tells() { grep -q "$2" "$dir/$1.err"; }

# meter NAME TARGET OPTION...: a live run that meets the fault
meter() {
	local name=$1 target=$2
	shift 2
	start flow "$rx" "$WEIR" flow -i "$rx_if" --idle-timeout 200ms -w "$target" \
		-w "$dir/$name.json" --report "$dir/$name.report" --export-queue 64 "$@"
	wait_capture "$rx" "$rx_if"
}

# finish NAME: all packets were metered, the ledger balances
finish() {
	stop flow
	assert_eq "$1: exit status" 0 "$status"
	assert_eq "$1: balanced" true "$(jq .balanced "$dir/$1.report")"
	assert_eq "$1: packets metered" "$sent" \
		"$(jq -s 'map(.packetDeltaCount + (.reversePacketDeltaCount // 0)) | add' "$dir/$1.json")"
	assert_eq "$1: records sent and not" "$(export_cell "$dir/$1.report" in)" \
		$(($(export_cell "$dir/$1.report" out) + $(export_cell "$dir/$1.report" dropped.not_sent) + $(export_cell "$dir/$1.report" dropped.queue_full)))
}

# ---- a name that does not resolve ----

meter name ipfix+udp://no-such-host.invalid:4739
generate --flows 3000 --count 3000 --pps 10000
finish name
tells flow "cannot resolve 'no-such-host.invalid'" || fail 'the name is not told'
assert_eq 'name: sent' 0 "$(export_cell "$dir/name.report" out)"

# ---- a full disk, and room again ----

head -c 4000K /dev/zero >"$dir/small/filler"
meter disk "$dir/small/x.ipfix"
generate --flows 20000 --count 20000 --pps 20000
wait_for 20 'word of the full disk' tells flow 'No space left'
rm "$dir/small/filler"
wait_for 20 'word of room' tells flow 'is there again'
finish disk
out=$(export_cell "$dir/disk.report" out)
assert_ge 'disk: records in the file' 1 "$out"
run "$WEIR" collect -r "$dir/small/x.ipfix" -w null: --report "$dir/disk.collected"
assert_eq 'disk: the file is whole' 0 "$status"
assert_eq 'disk: records in the file' "$out" "$(jq '[.exporters[].records] | add' "$dir/disk.collected")"
assert_eq 'disk: records missing, by the sequence' $((20000 - out)) \
	"$(jq '[.exporters[].lost] | add' "$dir/disk.collected")"

# ---- a collector that has stopped reading ----

start collect "$rx" "$WEIR" collect --listen tcp://127.0.0.1:$port -w null: --report "$dir/slow.collected"
wait_for 20 'the collector' bash -c "ip netns exec $rx ss -H -lnt 'sport = :$port' | grep -q ."
kill -STOP "$(pid_of collect)"
meter slow ipfix+tcp://127.0.0.1:$port
generate --flows 200000 --count 200000 --pps 100000
kill -CONT "$(pid_of collect)"
finish slow
stop collect
got=$(jq '[.exporters[].records] | add' "$dir/slow.collected")
assert_eq 'slow: records sent and received' "$(export_cell "$dir/slow.report" out)" "$got"
assert_eq 'slow: what is missing is told' $(($(export_cell "$dir/slow.report" in) - got)) \
	"$(jq '[.exporters[].told.lost_records] | add' "$dir/slow.collected")"

# ---- nobody listens on another host: word of it comes by ICMP, later ----

meter icmp "ipfix+udp://$tx_ip:$port" --export-queue 1024 "not port $port and not icmp"
generate --flows 2000 --count 2000 --pps 5000
first=$sent
wait_for 20 'word of the refusal' tells flow 'refused'
start collect "$tx" "$WEIR" collect --listen "udp://$tx_ip:$port" -w "$dir/icmp.got.json" \
	--report "$dir/icmp.collected"
wait_for 40 'word of the return' tells flow 'is there again'
generate --flows 2000 --count 2000 --pps 5000
has_records() { (($(wc -l <"$1") >= $2)); }
wait_for 20 'the records of the second half' has_records "$dir/icmp.got.json" 2000
sent=$((first + sent))
finish icmp
stop collect
assert_ge 'icmp: sent, before and after the word came' \
	"$(jq '[.exporters[].records] | add' "$dir/icmp.collected")" "$(export_cell "$dir/icmp.report" out)"
assert_eq 'icmp: missing from when the collector was there' 0 \
	"$(jq '[.exporters[].lost] | add' "$dir/icmp.collected")"

# with no room to the end, the run has failed: the file is not what was asked for
ln -s /dev/full "$dir/full.ipfix"
run "$WEIR" flow -i fake: -c 100 -w "$dir/full.ipfix" --report "$dir/full.report"
assert_eq 'full: exit status' 1 "$status"
assert_match 'full: what is told' 'flow records are not in the IPFIX file' "$(<"$dir/run.err")"
assert_eq 'full: balanced' true "$(jq .balanced "$dir/full.report")"
assert_eq 'full: records not sent' "$(export_cell "$dir/full.report" in)" \
	"$(export_cell "$dir/full.report" dropped.not_sent)"

# ---- an exporter that changes a template while running ----

for transport in udp tcp; do
	start collect "$rx" "$WEIR" collect --listen $transport://127.0.0.1:$port \
		-w "$dir/change-$transport.json" --report "$dir/change-$transport.collected"
	wait_for 20 'the collector' bash -c "ip netns exec $rx ss -H -lntu 'sport = :$port' | grep -q ."
	in_rx python3 - $transport $port <<'PYTHON'
import socket, struct, sys
kind = socket.SOCK_DGRAM if sys.argv[1] == "udp" else socket.SOCK_STREAM
exporter = socket.socket(socket.AF_INET, kind)
exporter.connect(("127.0.0.1", int(sys.argv[2])))
sequence = 0
def message(sets, records):
    global sequence
    body = b"".join(struct.pack("!HH", i, 4 + len(b)) + b for i, b in sets)
    exporter.send(struct.pack("!HHIII", 10, 16 + len(body), 1700000000, sequence, 1) + body)
    sequence += records
def template(*fields):
    return struct.pack("!HH", 256, len(fields)) + b"".join(struct.pack("!HH", *f) for f in fields)
source, target, packets, short, octets = (8, 4), (12, 4), (2, 8), (2, 4), (1, 8)
ends = bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])
message([(2, template(source, target, packets))], 0)
message([(256, (ends[0] + ends[1] + struct.pack("!Q", 5)) * 3)], 3)
message([(2, struct.pack("!HH", 256, 0))] if kind == socket.SOCK_STREAM else [(2, b"")], 0)
# another layout under the same number, with data behind it in the same message
message([(2, template(octets, short, target, source)),
         (256, (struct.pack("!QI", 700, 7) + ends[1] + ends[0]) * 2)], 2)
message([(256, struct.pack("!QI", 700, 7) + ends[1] + ends[0])], 1)
PYTHON
	wait_for 20 'all records' has_records "$dir/change-$transport.json" 6
	stop collect
	assert_eq "change, $transport: records" \
		'3 10.0.0.1 10.0.0.2 5 0, 3 10.0.0.1 10.0.0.2 7 700' \
		"$(jq -rs 'group_by(.packetDeltaCount) | map("\(length) \(.[0].sourceIPv4Address) \(.[0].destinationIPv4Address) \(.[0].packetDeltaCount) \(.[0].octetDeltaCount)") | join(", ")' \
			"$dir/change-$transport.json")"
	assert_eq "change, $transport: lost, malformed, without a template" '0 0 0' "$(jq -r \
		'[[.exporters[].lost], [.exporters[].malformed], [.exporters[].no_template]] |
		map(add) | join(" ")' "$dir/change-$transport.collected")"
done

# ---- an exporter's host gets another address ----

start collect "$tx" "$WEIR" collect --listen "udp://$tx_ip:$port" -w "$dir/moved.got.json" \
	--report "$dir/moved.collected"
wait_for 20 'the collector' bash -c "ip netns exec $tx ss -H -lnu 'sport = :$port' | grep -q ."
start flow "$rx" "$WEIR" flow -i "$rx_if" --idle-timeout 200ms -w "ipfix+udp://$tx_ip:$port" \
	"udp and not port $port"
wait_capture "$rx" "$rx_if"
generate --flows 50 --count 50
wait_for 20 'records from the first address' has_records "$dir/moved.got.json" 50
ip -n "$rx" addr del "$rx_ip/24" dev "$rx_if"
ip -n "$rx" addr add 10.100.0.77/24 dev "$rx_if"
generate --flows 50 --count 50
wait_for 20 'records from the second address' has_records "$dir/moved.got.json" 100
stop flow
stop collect
assert_eq 'moved: records by the address they came from' '10.100.0.2 50, 10.100.0.77 50' \
	"$(jq -r '[.exporters[] | select(.domain == 1) | "\(.exporter | sub("udp://(?<a>.*):.*"; "\(.a)")) \(.records)"] |
		join(", ")' "$dir/moved.collected")"
