#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A recording goes to another host, and comes from one: weir to weir, weir to
# netcat, netcat to weir; a host that refuses, one that goes away, and one that
# takes nothing.
. "$(dirname "$0")/lib.sh"
need capinfos jq ncat
make_net

# send OPTION...: record to the host at the sender's end
send() {
	start record "$rx" "$WEIR" record -i "$rx_if" --report "$dir/report" -w "tcp://$tx_ip:4000" \
		"$@" 'udp and not host 10.100.0.1'
	wait_capture "$rx" "$rx_if"
}

listening() {
	[[ $(in_tx ss -Hltn "sport = :$1") ]]
}

start sink "$tx" "$WEIR" record -r tcp-listen:4000 -w "$dir/x.pcapng" --report "$dir/sink.report"
wait_for 10 'a listener' listening 4000
send
generate --count 20000 --pps 100000
stop record
assert_eq 'exit status of the sender' 0 "$status"
await sink
assert_eq 'exit status of the receiver' 0 "$status"
assert_eq 'packets' 20000 "$(packets_in "$dir/x.pcapng")"
assert_eq 'written, says the sender' 20000 "$(json "$dir/report" .packets.written)"
assert_balanced "$dir/report"
assert_balanced "$dir/sink.report"

start sink "$tx" ncat -l "$tx_ip" 4000
wait_for 10 'a listener' listening 4000
send
generate --count 3000 --pps 100000
stop record
await sink
assert_eq 'packets that netcat got' 3000 "$(packets_in "$dir/sink.out")"

start count - "$WEIR" count -q -r tcp-listen:127.0.0.1:4711 --report "$dir/report"
wait_for 10 'a listener' grep -q '1267' /proc/net/tcp
ncat --send-only 127.0.0.1 4711 <"$dir/x.pcapng"
await count
assert_eq 'packets from netcat' 20000 "$(json "$dir/report" .packets.seen)"

assert_refuses 1 'refused' in_rx "$WEIR" record -i "$rx_if" -w "tcp://$tx_ip:4001"
assert_refuses 1 'one stream' in_rx "$WEIR" record -i "$rx_if" -w "tcp://$tx_ip:4001" -b packets:10
assert_refuses 1 'in a port' in_rx "$WEIR" record -i "$rx_if" -w "tcp://$tx_ip"

# The peer goes away: that is told, and what it could not get is counted.
start sink "$tx" ncat -l "$tx_ip" 4000
wait_for 10 'a listener' listening 4000
send
generate --count 100
wait_for 10 'the first packets' test -s "$dir/sink.out"
kill "$(pid_of sink)"
await sink
generate --duration 5 --pps 1000
await record 20
assert_eq 'exit status without the peer' 1 "$status"
assert_match 'what is told' "cannot write 'tcp://.*': Connection reset by peer" "$(<"$dir/record.err")"
assert_ge 'packets that it could not get' 1 \
	"$(json "$dir/report" '[.interfaces[].stages[].dropped.reader_gone // 0] | add')"
assert_balanced "$dir/report"

# The peer takes nothing: the packets do not wait for it.
start sink "$tx" ncat -l "$tx_ip" 4000
wait_for 10 'a listener' listening 4000
kill -STOP "$(pid_of sink)"
send --disk-slow newest
generate --count 150000 --top --size 1000
kill -CONT "$(pid_of sink)"
stop record
await sink
written=$(packets_in "$dir/sink.out")
assert_ge 'dropped for the slow peer' 1000 \
	"$(json "$dir/report" '[.interfaces[].stages[].dropped.disk_slow // 0] | add')"
assert_eq 'got + dropped' "$sent" $((written + $(json "$dir/report" .packets.dropped)))
assert_balanced "$dir/report"
