#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The flight recorder: of the traffic, exactly what was before and after a
# trigger is in the file, be it a packet, a loss or a signal.
. "$(dirname "$0")/lib.sh"
need capinfos tcpdump jq
make_net

# record OPTION...: in the background, with its ring in memory
record() {
	start record "$rx" "$WEIR" record -i "$rx_if" -w "$dir/x.pcapng" --report "$dir/report" "$@"
	wait_capture "$rx" "$rx_if"
}

seen() {
	[[ $(in_rx cat "/sys/class/net/$rx_if/statistics/rx_packets") -ge $1 ]]
}

# check WHAT PACKETS: that many are in the file, the rest of $sent fell out and is no loss
check() {
	assert_eq "$1: exit status" 0 "$status"
	assert_eq "$1: packets in the file" "$2" "$(packets_in "$dir/x.pcapng")"
	assert_eq "$1: written, says the report" "$2" "$(json "$dir/report" .packets.written)"
	assert_eq "$1: left out" $((sent - $2)) \
		"$(json "$dir/report" '[.interfaces[].stages[].dropped.untriggered // 0] | add')"
	assert_eq "$1: losses" 0 "$(json "$dir/report" '.loss | length')"
	assert_balanced "$dir/report"
}

# A packet: all before it are still there, and all after it.
record --strict --before 1h --before 100MB --after 1h --trigger 'host 198.19.0.9'
generate --count 3000 --pps 100000
generate --count 1 --dst-ip 198.19.0.9
generate --count 500 --pps 100000
stop record
sent=3501
check 'a packet' 3501
assert_eq 'the trigger in the file' 1 "$(packets_by_tcpdump "$dir/x.pcapng" host 198.19.0.9)"
assert_match 'what is told' 'trigger at .*: a packet that matches \(1\)' "$(<"$dir/record.err")"

# None: nothing.
record --before 1h --trigger 'host 198.19.0.9'
generate --count 3000 --pps 100000
stop record
check 'no trigger' 0

# Memory for 8192 packets of 72 bytes and 56 beside each: the signal finds the newest.
record --before 1MiB --after 1h
generate --count 20000 --pps 100000 --size 72
before=$(json "$dir/run.out" .packets.sent)
wait_for 10 'what was sent' seen 26501
kill -USR2 "$(pid_of record)"
wait_for 10 'the trigger' grep -q 'trigger at .*: SIGUSR2 (1)' "$dir/record.err"
generate --count 700 --size 72 --dst-ip 198.19.0.7
stop record
sent=$((before + 700))
assert_eq 'after the signal' 700 "$(packets_by_tcpdump "$dir/x.pcapng" host 198.19.0.7)"
assert_eq 'with a signal' 8892 "$(packets_in "$dir/x.pcapng")"
check 'a signal' 8892

# A loss: the reader stands still before a ring that is too small.
start record "$rx" "$WEIR" record -i "ring:$rx_if,blocks=2,block=128KiB" -w "$dir/x.pcapng" \
	--report "$dir/report" --before 100MB --after 1h --trigger loss
wait_capture "$rx" "$rx_if"
generate --count 1000 --pps 100000
kill -STOP "$(pid_of record)"
generate --count 20000 --pps 200000
kill -CONT "$(pid_of record)"
wait_for 10 'the trigger' grep -q 'trigger at .*: packets were lost' "$dir/record.err"
stop record
written=$(packets_in "$dir/x.pcapng")
assert_eq 'with a loss: written + lost' 21000 \
	$((written + $(json "$dir/report" '[.interfaces[].stages[].dropped.ring_full // 0] | add')))
assert_balanced "$dir/report"

# Several files: one for each event.
mkdir "$dir/events"
start record "$rx" "$WEIR" record -i "$rx_if" -w "$dir/events/x.pcapng" --report "$dir/report" \
	-b packets:1000000 --before 1h --after 0 --trigger 'host 198.19.0.9'
wait_capture "$rx" "$rx_if"
lib_files() {
	[[ $(find "$dir/events" -name 'x_*' | wc -l) -eq $1 ]]
}
for event in 1 2; do
	generate --count 100
	generate --count 1 --dst-ip 198.19.0.9
	wait_for 10 "the file of event $event" lib_files "$event"
done
stop record
lib_files 2 || fail 'files without an event'
for file in "$dir"/events/x_*; do
	assert_eq "packets in ${file##*/}" 101 "$(packets_in "$file")"
done

run "$WEIR" record --dry-run -r "$dir/x.pcapng" -w "$dir/y.pcapng" --before 30s
assert_match 'memory by --dry-run' 'of packets before a trigger +256 MiB' "$(<"$dir/run.out")"
assert_refuses 2 'need --before' "$WEIR" record -r "$dir/x.pcapng" -w "$dir/y.pcapng" --trigger loss
assert_refuses 2 "'30x' is not a time" "$WEIR" record -r "$dir/x.pcapng" -w "$dir/y.pcapng" --before 30x
assert_refuses 1 'syntax error' "$WEIR" record -r "$dir/x.pcapng" -w "$dir/y.pcapng" --before 30s \
	--trigger 'udp and and'
