#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A ring much too small for the traffic: what was not written was dropped at
# the ring, to the packet, five times of five; and also when the reader stands
# still, which makes certain that something is lost.
. "$(dirname "$0")/lib.sh"
need capinfos
make_net

packets=500000
losses=0

start_record() {
	start record "$rx" "$WEIR" record -i "ring:$rx_if,blocks=2,block=128KiB" -w "$dir/x.pcapng" \
		--report "$dir/report"
	wait_capture "$rx" "$rx_if"
}

check_account() {
	local written dropped
	written=$(packets_in "$dir/x.pcapng")
	dropped=$(json "$dir/report" \
		'[.interfaces[].stages[] | select(.stage == "ring") | .dropped.ring_full] | add')
	assert_eq "$1: exit status" 0 "$status"
	assert_eq "$1: written, says the report" "$written" "$(json "$dir/report" .packets.written)"
	assert_eq "$1: written + dropped at the ring = sent" "$sent" $((written + dropped))
	assert_eq "$1: all drops are those at the ring" "$dropped" \
		"$(json "$dir/report" .packets.dropped)"
	assert_eq "$1: losses located in time" "$dropped" \
		"$(json "$dir/report" '[.loss[] | select(.stage == "ring") | .packets] | add // 0')"
	assert_balanced "$dir/report"
	losses=$((losses + dropped))
}

for round in 1 2 3 4 5; do
	start_record
	before=$(nic "$rx" "$rx_if" rx.packets)
	generate --count $packets --top --flows 100
	assert_eq "round $round: sent" $packets "$sent"
	assert_eq "round $round: received, says the NIC" $packets \
		$(($(nic "$rx" "$rx_if" rx.packets) - before))
	stop record
	check_account "round $round"
done
echo "lost in five rounds: $losses of $((5 * packets))"

start_record
generate --count 1000 --pps 100000
kill -STOP "$(pid_of record)"
generate --count 20000 --pps 200000
sent=$((sent + 1000))
kill -CONT "$(pid_of record)"
losses=0
stop record
check_account 'a reader that stood still'
assert_ge 'lost while the reader stood still' 1 "$losses"
assert_ge 'times that the ring was full' 1 "$(json "$dir/report" '.interfaces[0].stages[0].freezes')"
