#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The packet socket without a ring: every packet is accounted for, at rates it
# keeps up with and at those it does not; tags, directions and super-packets
# are as with the ring.
. "$(dirname "$0")/lib.sh"
need jq capinfos python3
make_net

packets=20000
start record "$rx" "$WEIR" record -i "socket:$rx_if" -w "$dir/x.pcapng" --report "$dir/report" \
	udp and dst net 198.19.0.0/16
wait_capture "$rx" "$rx_if"
in_tx "$WEIR" generate -i "$tx_if" --count $packets --pps 40000 --dst-mac "$rx_mac" >/dev/null 2>&1
stop record
assert_eq 'exit status' 0 "$status"
assert_balanced "$dir/report"
assert_eq 'packets in the file' $packets "$(packets_in "$dir/x.pcapng")"
assert_eq 'the stage is checked' true "$(json "$dir/report" '.interfaces[0].stages[0].checked')"
assert_eq 'seen' $packets "$(json "$dir/report" .packets.seen)"
assert_eq 'freezes, which only a ring has' null "$(json "$dir/report" '.interfaces[0].stages[0].freezes')"

# A buffer for some twenty packets: what it had no room for is counted to the last one.
start count "$rx" "$WEIR" count -i "socket:$rx_if,buffer=16KiB" --report "$dir/report" -q \
	udp and dst net 198.19.0.0/16
wait_capture "$rx" "$rx_if"
in_tx "$WEIR" generate -i "$tx_if" --count 100000 --top --dst-mac "$rx_mac" >/dev/null 2>&1
stop count
assert_balanced "$dir/report"
assert_eq 'seen at top speed' 100000 "$(json "$dir/report" .packets.seen)"
assert_ge 'lost at top speed' 1 "$(json "$dir/report" '.interfaces[0].stages[0].dropped.ring_full')"
assert_eq 'delivered and lost' 100000 "$(json "$dir/report" '.packets.delivered + .packets.dropped')"

# What goes out and what comes in, with a tag that the kernel has taken off.
start show "$rx" "$WEIR" show -i "socket:$rx_if" -c 1 -q -t vlan 100
wait_capture "$rx" "$rx_if"
in_tx "$WEIR" generate -i "$tx_if" --count 1 --vlan 100 --dst-mac "$rx_mac" >/dev/null 2>&1
await show
assert_match 'a tagged packet' "^$rx_if In  vlan 100 IP 198.18.0.1:[0-9]+ > 198.19.0.1" "$(<"$dir/show.out")"

# Super-packets: the wire packets are those that the sender's stack counted.
start count "$rx" "$WEIR" count -i "socket:$rx_if" -q --report "$dir/report" -Q in tcp
wait_capture "$rx" "$rx_if"
before=$(segments_out "$tx")
start server "$rx" python3 -c '
import socket
s = socket.create_server(("", 5000))
c = s.accept()[0]
while c.recv(1 << 20): pass'
wait_for 5 'the server' in_rx bash -c 'ss -Htln | grep -q :5000'
in_tx python3 -c '
import socket, sys
c = socket.create_connection((sys.argv[1], 5000))
c.sendall(bytes(4000000))
c.close()' "$rx_ip"
await server
wait_tcp_end
stop count
assert_balanced "$dir/report"
assert_eq 'wire packets' "$(($(segments_out "$tx") - before))" "$(json "$dir/report" .packets.wire)"
frames=$(json "$dir/report" .packets.delivered)
((frames < $(json "$dir/report" .packets.wire))) || fail 'there were no super-packets to count'

assert_refuses 1 "no interface 'rx1'; did you mean 'rx0'" in_rx "$WEIR" count -i socket:rx1
assert_refuses 1 "unknown option 'bufer'; did you mean 'buffer'" in_rx "$WEIR" count -i "socket:$rx_if,bufer=1MiB"
