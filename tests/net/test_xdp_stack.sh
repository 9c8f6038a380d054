#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# AF_XDP that hands back what it takes: the host goes on working (ping, TCP)
# through an interface whose packets are all captured; each is counted as
# handed back, and the stack's own counters say the same.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tap_lib.sh"
need_bpf
need ping nstat
[[ -c /dev/net/tun ]] || skip 'this kernel makes no tap devices'
make_net queues=2
# Between namespaces nobody makes checksums; from a real card they are there.
ip netns exec "$tx" ethtool -K "$tx_if" tx off >"$dir/ethtool"

reached() {
	in_tx ping -c 3 -i 0.05 -W 1 "$rx_ip" >"$dir/ping.out"
}
udp_received() { # datagrams without a socket: counted by the stack alone
	in_rx nstat -asz UdpNoPorts | awk '/UdpNoPorts/ {print $2}'
}
udp_has() { (($(udp_received) >= $1)); }

capture plain "$rx" "xdp:$rx_if,mode=native"
! reached || fail 'a ping came through an interface whose packets were taken'
stop plain

before=$(udp_received)
capture xdp "$rx" "xdp:$rx_if,to-stack=yes" -s 40 --workers 2
assert_match 'what it says' 'takes packets from the host and hands them back: mode native' \
	"$(<"$dir/xdp.err")"
reached || fail "no ping came through: $(<"$dir/ping.out")"
transfer 20
send 5000 --flows 64 --pps 20000 --dst-ip "$rx_ip"
wait_for 20 'datagrams in the stack' udp_has $((before + 5000))
stop xdp
assert_balanced "$dir/xdp.json"
assert_eq 'datagrams in the stack' $((before + 5000)) "$(udp_received)"
assert_eq 'seen; handed back, refused' "$(seen xdp in) 0" "$(json "$dir/xdp.json" \
	'[.interfaces[].to_stack] | "\(map(.taken) | add) \(map(.refused) | add)"')"
assert_match 'the report' 'handed back to the host [0-9,]+, refused by its stack 0' "$(<"$dir/xdp.err")"
assert_eq 'devices left behind' '' "$(in_rx ip -br link show type tun)"
assert_eq 'programs left behind' '0 0' "$(attached "$rx" "$rx_if")"

# What the stack does not take is counted as refused: here its device is down.
capture refused "$rx" "xdp:$rx_if,to-stack=yes"
device=$(in_rx ip -br link show type tun | awk '{print $1}')
in_rx ip link set "$device" down
before=$(udp_received)
send 500 --flows 8 --pps 20000 --dst-ip "$rx_ip"
stop refused
assert_balanced "$dir/refused.json"
refused=$(json "$dir/refused.json" '[.interfaces[].to_stack.refused] | add')
assert_ge 'refused' 500 "$refused"
assert_eq 'handed back and refused' "$(seen refused in)" \
	$((refused + $(json "$dir/refused.json" '[.interfaces[].to_stack.taken] | add')))
assert_eq 'datagrams in the stack meanwhile' "$before" "$(udp_received)"

# An end without warning takes device and program along.
capture killed "$rx" "xdp:$rx_if,to-stack=yes"
kill -KILL "$(pid_of killed)"
await killed
gone() { [[ -z $(in_rx ip -br link show type tun) && $(attached "$rx" "$rx_if") = '0 0' ]]; }
wait_for 20 'device and program to be gone' gone
reached || fail 'no ping comes through afterwards'

# What would come round again and again is refused.
assert_refuses 1 'in mode skb what is handed back would be taken again' \
	in_rx "$WEIR" count -i "xdp:$rx_if,mode=skb,to-stack=yes"
