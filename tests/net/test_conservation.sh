#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Every packet that the adapter counted is known to the collector: in a record
# that arrived, ignored, or not sent, as the options records tell. With one
# collector that is killed for five seconds in the middle, and one whose way
# swallows everything for as long, without a word: by UDP that loss shows in the
# sequence, by TCP it is what the queue could not hold.
. "$(dirname "$0")/lib.sh"
need_root
need jq python3
make_net
cd "$dir"
near=4739 # on the exporter's host: a refusal is heard
far=4740  # behind the veth pair
outage_s=5

listens() { ip netns exec "$1" ss -H -lntu "sport = :$2" | grep -c . | grep -qx 2; }
has_records() { (($(wc -l <"$1") >= $2)); }
past() { ((SECONDS >= $1)); }

# collector NAME NAMESPACE ADDRESS PORT: by UDP and TCP
collector() {
	start "$1" "$2" "$WEIR" collect --listen "udp://$3:$4" --listen "tcp://$3:$4" \
		-w "$1.json" --report "$1.report"
	wait_for 20 "collector '$1'" listens "$2" "$4"
}

# cell TARGET KEY: of the exporter's report
cell() {
	jq "[.interfaces[].stages[] | select(.name == \"ipfix+$1\")][0].$2 // 0" flow.report
}
# sum SCHEME KEY REPORT...: of all exporters that came by udp or tcp
sum() {
	local scheme=$1 key=$2
	shift 2
	jq -s "[.[].exporters[] | select(.exporter | startswith(\"$scheme\")) | .$key] | add // 0" "$@"
}

collector first "$rx" 127.0.0.1 $near
collector distant "$tx" "$tx_ip" $far
start flow "$rx" "$WEIR" flow -i "$rx_if" --idle-timeout 200ms --export-queue 64 --report flow.report \
	-w "ipfix+udp://127.0.0.1:$near" -w "ipfix+tcp://127.0.0.1:$near" \
	-w "ipfix+udp://$tx_ip:$far" -w "ipfix+tcp://$tx_ip:$far" -w flow.json "not port $far"
wait_capture "$rx" "$rx_if"
foreign() { echo $(($(nic "$rx" "$rx_if" rx.packets) - $(segments_out "$tx"))); } # the export's left out
before=$(foreign)
start generate "$tx" "$WEIR" generate -i "$tx_if" --flows 18000 --count 36000 --pps 4000 \
	--dst-mac "$rx_mac" --json
# what makes no flow
in_tx python3 - "$tx_if" <<'PYTHON'
import socket, sys
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
link.bind((sys.argv[1], 0))
for _ in range(123):
    link.send(b"\xff" * 6 + b"\2\0\0\0\0\1" + b"\x88\xb5" + bytes(50))
PYTHON
wait_for 20 'records at the near collector' has_records first.json 2000
wait_for 20 'records at the far collector' has_records distant.json 2000
stop first TERM
ip -n "$rx" neigh replace "$tx_ip" lladdr 02:00:00:00:ff:ff dev "$rx_if" nud permanent
wait_for 20 'the outage to pass' past $((SECONDS + outage_s))
collector second "$rx" 127.0.0.1 $near
ip -n "$rx" neigh replace "$tx_ip" lladdr "$tx_mac" dev "$rx_if" nud permanent
await generate
stop flow
assert_eq 'exit status of weir flow' 0 "$status"
assert_balanced flow.report
records=$(wc -l <flow.json)
stop second
stop distant

sent=$(json generate.out .packets.sent)
ignored=123
wait_tcp_end
assert_eq 'packets that the adapter counted, but those of the export' $((sent + ignored)) \
	$(($(foreign) - before))
assert_eq 'packets metered' "$sent" \
	"$(jq -s 'map(.packetDeltaCount + (.reversePacketDeltaCount // 0)) | add' flow.json)"

for t in udp tcp; do
	target=$t://127.0.0.1:$near
	arrived=$(sum $t packets first.report second.report)
	told=$(sum $t told.lost_packets second.report)
	told_ignored=$(sum $t told.ignored second.report)
	assert_ge "$t: packets told as not sent" 1 "$told"
	assert_eq "$t: packets ignored" $ignored "$told_ignored"
	assert_eq "$t: packets arrived, ignored, not sent ($arrived + $told_ignored + $told)" \
		$((sent + ignored)) $((arrived + told_ignored + told))
	assert_eq "$t: records arrived" "$(cell "$target" out)" "$(sum $t records first.report second.report)"
	assert_eq "$t: records told as not sent" "$(cell "$target" 'dropped | add')" \
		"$(sum $t told.lost_records second.report)"
	echo "$t: $((sent + ignored)) packets = $arrived arrived + $told_ignored ignored + $told not sent"
done

# behind the way that swallowed everything
arrived=$(sum udp records distant.report)
lost=$(sum udp lost distant.report)
assert_ge 'far, udp: gaps in the sequence' 1 "$(sum udp gaps distant.report)"
assert_ge 'far, udp: records missing in the sequence' 1 "$lost"
assert_eq "far, udp: records arrived and missing ($arrived + $lost)" "$records" $((arrived + lost))
# TCP has waited, and its queue was full meanwhile
told=$(sum tcp told.lost_records distant.report)
assert_eq "far, tcp: records arrived and not sent" "$records" \
	$(($(sum tcp records distant.report) + told))
assert_eq 'far, tcp: missing in the sequence, as told' "$told" "$(sum tcp lost distant.report)"
echo "udp, far: $records records = $arrived arrived + $lost missing in the sequence"
