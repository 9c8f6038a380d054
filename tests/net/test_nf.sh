#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The netfilter tap: on each hook every IP packet is counted exactly, IPv4 and
# IPv6; the traffic goes on untouched; super-packets count as wire packets.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tap_lib.sh"
need_bpf
need nstat
make_net queues=2
run in_rx "$WEIR" count -i "nf:$rx_if" -a duration:0.1
[[ $(<"$dir/run.err") != *'no BPF netfilter'* ]] || skip 'this kernel has no BPF netfilter programs'

# with these the generator's packets are for this host
in_rx ip addr add 198.19.0.1/32 dev lo
in_rx sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf."$rx_if".rp_filter=0
in_rx ip route add 198.18.0.0/15 via "$tx_ip"
ip_received() {
	in_rx nstat -asz IpInReceives | awk '$1 == "IpInReceives" {print $2}'
}

# ---- every packet ----

packets=100000
for hook in prerouting input; do
	capture nf "$rx" "nf:$rx_if,hook=$hook,proto=udp"
	before=$(ip_received)
	send "$packets"
	wait_for 10 'the stack to have them' eval '(($(ip_received) - before >= packets))'
	stop nf
	assert_eq "status of hook $hook" 0 "$status"
	assert_balanced "$dir/nf.json"
	assert_eq "packets delivered on hook $hook" "$packets" "$(seen nf out)"
	assert_eq "all others on hook $hook were filtered" \
		"$(seen nf in)" $((packets + $(seen nf filtered)))
done

capture nf "$rx" "nf:$rx_if" 'udp port 9'
send 1000
stop nf
assert_balanced "$dir/nf.json"
assert_eq 'packets that match an expression' 1000 "$(json "$dir/nf.json" .packets.delivered)"

# ---- what is routed on: back to where it came from ----

in_rx sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.send_redirects=0 \
	net.ipv4.conf."$rx_if".send_redirects=0
in_rx ip addr del 198.19.0.1/32 dev lo
capture nf "$rx" "nf:$rx_if,hook=forward,proto=udp"
send 1000
stop nf
assert_balanced "$dir/nf.json"
assert_eq 'packets routed on' 1000 "$(seen nf out)"

# ---- what goes out, in both address families ----

for end in tx rx; do
	namespace=${!end} interface=${end}_if
	ip netns exec "$namespace" sysctl -qw net.ipv6.conf.all.disable_ipv6=0 \
		net.ipv6.conf.default.disable_ipv6=0 "net.ipv6.conf.${!interface}.disable_ipv6=0" \
		"net.ipv6.conf.${!interface}.accept_dad=0"
done
ip -n "$tx" addr add fd00::1/64 dev "$tx_if" nodad
ip -n "$rx" addr add fd00::2/64 dev "$rx_if" nodad
ip -n "$tx" neigh replace fd00::2 lladdr "$rx_mac" dev "$tx_if" nud permanent
ip -n "$rx" neigh replace fd00::1 lladdr "$tx_mac" dev "$rx_if" nud permanent

# udp_burst COUNT: to both address families, from a socket of the sender
udp_burst() {
	in_tx python3 - "$1" <<'END'
import socket, sys
for family, address in ((socket.AF_INET, "10.100.0.2"), (socket.AF_INET6, "fd00::2")):
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        for _ in range(int(sys.argv[1])):
            s.sendto(b"weir", (address, 9))
END
}
for hook in output postrouting; do
	capture nf "$tx" "nf:$tx_if,hook=$hook"
	udp_burst 3000
	stop nf
	assert_balanced "$dir/nf.json"
	assert_ge "packets seen on hook $hook" 6000 "$(seen nf in)"
done
capture nf "$tx" "nf:$tx_if,hook=output,proto=udp,host=fd00::/16,port=9"
udp_burst 2000
stop nf
assert_balanced "$dir/nf.json"
assert_eq 'IPv6 packets alone' 2000 "$(seen nf out)"
assert_ge 'others were filtered' 2000 "$(seen nf filtered)"

# ---- a TCP transfer under observation on both hooks, its packets as on the wire ----

before=$(offloads "$rx" "$rx_if")
segments=$(ip netns exec "$tx" nstat -asz TcpOutSegs TcpRetransSegs | awk '/Segs/ {sum += $2} END {print sum}')
capture nf "$rx" "nf:$rx_if,proto=tcp"
transfer 1024 # 1 GiB
stop nf
segments=$(($(ip netns exec "$tx" nstat -asz TcpOutSegs TcpRetransSegs |
	awk '/Segs/ {sum += $2} END {print sum}') - segments))
assert_balanced "$dir/nf.json"
assert_eq 'offload settings afterwards' "$before" "$(offloads "$rx" "$rx_if")"
assert_eq 'wire packets, as TCP counted its segments' "$segments" "$(json "$dir/nf.json" .packets.wire)"
capture nf "$tx" "nf:$tx_if,hook=output,proto=tcp"
transfer 20
stop nf
assert_balanced "$dir/nf.json"

# ---- the bytes ----

start nf "$rx" "$WEIR" record -i "nf:$rx_if,proto=udp" -c 10 -s 112 -w "$dir/nf.pcapng"
wait_for 10 'the programs' eval '[[ $(bpftool prog show name nf_tap 2>/dev/null) ]]'
udp_burst 5
await nf
assert_eq 'packets as tcpdump reads them' 5 "$(packets_by_tcpdump "$dir/nf.pcapng" ip and udp port 9)"
assert_eq 'IPv6 packets as tcpdump reads them' 5 "$(packets_by_tcpdump "$dir/nf.pcapng" ip6 and udp port 9)"

# ---- death ----

links() {
	bpftool -j link show | jq '[.[] | select(.type == 10 or .type == "netfilter")] | length'
}
before=$(links)
start nf "$rx" "$WEIR" count -i "nf:$rx_if"
wait_for 10 'two links' eval '(($(links) == before + 2))'
kill -KILL "$(pid_of nf)"
await nf
wait_for 5 'the links to be gone' eval '(($(links) == before))'

# ---- refusals ----

assert_refuses 1 'no packet of that direction' in_rx "$WEIR" count -Q out -i "nf:$rx_if"
assert_refuses 1 'takes one of prerouting' in_rx "$WEIR" count -i "nf:$rx_if,hook=x"
assert_refuses 1 'not permitted' without_root "$WEIR" count -i nf:lo
