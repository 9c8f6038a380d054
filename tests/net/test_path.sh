#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# weir path: packets are recognised at every hook that they pass; those that
# the stack takes away are missing where they should be, and the kernel's own
# reasons for that are told, with exact counts.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tap_lib.sh"
need_bpf
need nft nsenter
make_net queues=2

# the receiver's network, in sight of the system's cgroups, which 'ip netns exec' hides
at_rx() {
	nsenter --net="/run/netns/$rx" "$@"
}

run at_rx "$WEIR" path -i "$rx_if" -a duration:0.1
assert_eq 'lines beyond 80 columns' '' "$(grep '.\{81\}' "$dir/run.out" || :)"
[[ $(<"$dir/run.err") != *'no BPF netfilter'* ]] || skip 'this kernel has no BPF netfilter programs'

# How many programs does it keep in place?
links() {
	readlink "/proc/$(pid_of path)"/fd/* | grep -c 'bpf[_-]link'
}

# follow [OPTION]... : in the background, with its 12 programs in place, until stopped
follow() {
	start path - nsenter --net="/run/netns/$rx" "$WEIR" path -i "$rx_if" --json \
		--report "$dir/path.json" "$@"
	wait_for 20 'all programs' eval '(($(links) >= 12))'
}

# at WAY HOOK FIELD: of what it printed
at() {
	jq -r "select(.way == \"$1\" and .hook == \"$2\") | .$3 // 0" "$dir/path.out"
}

# dropped WAY: what it printed of the kernel's drops, "PACKETS REASON after HOOK"
dropped() {
	jq -r "select(.way == \"$1\" and .drop) | \"\(.packets) \(.drop) after \(.after)\"" "$dir/path.out"
}

# datagrams NAMESPACE ADDRESS PORT COUNT: all different; refused ones are none of our business
datagrams() {
	ip netns exec "$1" python3 - "${@:2}" <<'END_OF_PROGRAM'
import socket, sys
address, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    for number in range(count):
        try:
            s.sendto(b"%d" % number, (address, port))
        except PermissionError:
            pass
END_OF_PROGRAM
}

# ---- an exchange: every packet at every hook, in both directions ----

start sink "$rx" python3 -c 'import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, 33, 1 << 22) # SO_RCVBUFFORCE
s.bind(("", 9))
print("bound", flush=True)
time.sleep(600)'
wait_for 20 'the socket' test -s "$dir/sink.out"
follow
datagrams "$tx" "$rx_ip" 9 500
transfer 5
wait_tcp_end
stop path
assert_eq 'exit status' 0 "$status"
assert_balanced "$dir/path.json"
for hook in packet tc prerouting input; do
	assert_eq "packets received at $hook" "$(at receive tc packets)" "$(at receive "$hook" packets)"
done
for hook in output postrouting tc packet; do
	assert_eq "packets sent at $hook" "$(at transmit output packets)" "$(at transmit "$hook" packets)"
done
for hook in prerouting input; do
	assert_eq "missing at $hook" 0 "$(at receive "$hook" missing)"
	assert_ge "delays measured at $hook" 500 "$(at receive "$hook" delays)"
	assert_ge "the delay's order at $hook" "$(at receive "$hook" delay_ns.median)" \
		"$(at receive "$hook" delay_ns.max)"
done

# ---- what a socket gets, and what it has no room for ----

follow udp
datagrams "$tx" "$rx_ip" 9 500
stop path
assert_balanced "$dir/path.json"
assert_eq 'packets that found their socket' 500 "$(at receive socket packets)"
assert_eq 'packets missing there' 0 "$(at receive socket missing)"
assert_eq 'drops' '' "$(dropped receive)"

follow udp
datagrams "$tx" "$rx_ip" 7 400
stop path
assert_eq 'packets without a socket' 400 "$(at receive socket missing)"
assert_eq 'why' '400 NO_SOCKET after input' "$(dropped receive)"
stop sink TERM

# ---- the firewall, on each way and at two places ----

in_rx nft -f - <<'END_OF_RULES'
table ip test {
	chain early { type filter hook prerouting priority -200; udp dport 1001 drop; }
	chain late { type filter hook input priority 0; udp dport 1002 drop; }
	chain out { type filter hook output priority 0; udp dport 1003 drop; }
}
END_OF_RULES
follow udp
datagrams "$tx" "$rx_ip" 1001 300
datagrams "$tx" "$rx_ip" 1002 200
datagrams "$rx" "$tx_ip" 1003 100
stop path
assert_balanced "$dir/path.json"
assert_eq 'drops on the way in' $'300 NETFILTER_DROP after prerouting\n200 NETFILTER_DROP after input' \
	"$(dropped receive)"
assert_eq 'drops on the way out' '100 NETFILTER_DROP after output' "$(dropped transmit)"
assert_eq 'missing at input' 300 "$(at receive input missing)"
assert_eq 'missing at the socket' 200 "$(at receive socket missing)"
assert_eq 'missing at postrouting' 100 "$(at transmit postrouting missing)"

# ---- packets without a way: routing takes them away between two hooks ----

in_rx sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf."$rx_if".rp_filter=0
in_rx ip route add blackhole 198.19.0.0/16
follow udp
send 2000 --flows 2000
stop path
assert_balanced "$dir/path.json"
assert_eq 'packets before routing' 2000 "$(at receive prerouting packets)"
assert_eq 'packets behind it' 0 "$(at receive input packets)"
assert_eq 'packets missing behind it' 2000 "$(at receive input missing)"
assert_match 'drops' '^2000 [A-Z_]+ after prerouting$' "$(dropped receive)"

# ---- the same as a source of its own ----

start drops "$rx" "$WEIR" record -i "trace:$rx_if" -w "$dir/drops.pcapng" -c 150 -Q in udp
wait_for 20 'the trace' eval '[[ -s $dir/drops.pcapng ]]'
datagrams "$tx" "$rx_ip" 1002 150
await drops
assert_eq 'recorded drops to that port' 150 "$(packets_by_tcpdump "$dir/drops.pcapng" udp dst port 1002)"
assert_refuses 1 'only incoming packets' at_rx "$WEIR" count -i "trace:$rx_if,hook=socket" -Q out

# ---- the driver's hook, too, and refusals ----

follow --xdp udp
wait_for 20 'the XDP program' eval '(($(links) == 13))'
send 2000 --flows 2000
stop path
assert_eq 'packets at the driver' 2000 "$(at receive xdp packets)"
assert_eq 'packets that were at the driver and nowhere else' 0 "$(at receive packet missing)"
assert_refuses 2 'not the name of an interface' in_rx "$WEIR" path -i "tap:$rx_if"
assert_refuses 2 'no interface given' in_rx "$WEIR" path

# ---- where sockets cannot be traced, that is told ----

run in_rx "$WEIR" path -i "$rx_if" -a duration:0.1 --json
assert_eq 'exit status without cgroups' 0 "$status"
assert_match 'what is told' 'cannot trace packets to sockets' "$(<"$dir/run.err")"
assert_eq 'packets at the socket' null "$(jq 'select(.hook == "socket").packets' "$dir/run.out")"
