#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The netfilter tap without BPF: on each hook the rule's packets are delivered
# or counted as lost, exactly; the traffic goes on; the rules go with weir,
# however it ends.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tap_lib.sh"
need_root
need python3 jq nft nstat
make_net queues=2
in_rx nft list tables >/dev/null 2>&1 || skip 'this kernel has no nf_tables'
run in_rx "$WEIR" count -i "nf:$rx_if,method=nflog" -a duration:0.1
[[ $(<"$dir/run.err") != *'cannot use NFLOG'* && $(<"$dir/run.err") != *'cannot set a rule'* ]] ||
	skip "NFLOG cannot be used here: $(<"$dir/run.err")"

rules() {
	ip netns exec "$1" nft list tables | grep -c weir- || :
}

# with these the generator's packets are for this host
in_rx ip addr add 198.19.0.1/32 dev lo
in_rx sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf."$rx_if".rp_filter=0
in_rx ip route add 198.18.0.0/15 via "$tx_ip"

# ---- every packet; a counter of nft's own is the witness ----

in_rx nft -f - <<END2
table inet witness {
	chain in { type filter hook prerouting priority -350; iifname $rx_if counter; }
	chain out { type filter hook postrouting priority 350; oifname $rx_if counter; }
}
END2
witness() {
	in_rx nft -j list chain inet witness "$1" | jq '[.. | .counter? // empty | .packets] | add'
}
packets=20000
for hook in prerouting input; do
	capture nf "$rx" "nf:$rx_if,hook=$hook,method=nflog"
	assert_eq "tables of rules on hook $hook" 1 "$(rules "$rx")"
	before=$(witness in)
	send "$packets" --pps 100000
	stop nf
	assert_eq "status of hook $hook" 0 "$status"
	assert_balanced "$dir/nf.json"
	assert_eq "packets by another rule on hook $hook" "$packets" $(($(witness in) - before))
	assert_eq "packets met on hook $hook" "$packets" "$(seen nf in)"
	assert_eq "packets delivered on hook $hook" "$packets" "$(seen nf out)"
	assert_eq "tables of rules after hook $hook" 0 "$(rules "$rx")"
done
capture nf "$rx" "nf:$rx_if,method=nflog" -s 40 'udp port 9 and src net 198.18.0.0/15'
send 1000
stop nf
assert_balanced "$dir/nf.json"
assert_eq 'packets that match an expression' 1000 "$(json "$dir/nf.json" .packets.delivered)"

# ---- what is routed on is met once, though it comes and goes by one interface ----

in_rx sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.send_redirects=0 \
	net.ipv4.conf."$rx_if".send_redirects=0
in_rx ip addr del 198.19.0.1/32 dev lo
for hook in forward postrouting; do
	capture nf "$rx" "nf:$rx_if,hook=$hook,method=nflog"
	before=$(witness out)
	send 1000
	stop nf
	assert_balanced "$dir/nf.json"
	assert_eq "packets routed on, hook $hook" 1000 $(($(witness out) - before))
	assert_eq "packets seen of them, hook $hook" 1000 "$(seen nf out)"
done

# ---- a reader that sleeps: what finds no room is counted, to the packet ----

capture nf "$rx" "nf:$rx_if,method=nflog" -B 256KiB
kill -STOP "$(pid_of nf)"
before=$(witness in)
send "$packets"
kill -CONT "$(pid_of nf)"
stop nf
assert_balanced "$dir/nf.json"
assert_eq 'packets by another rule' "$packets" $(($(witness in) - before))
assert_eq 'packets met' "$packets" "$(seen nf in)"
assert_ge 'packets lost' 1 "$(seen nf dropped.ring_full)"
assert_eq 'delivered and lost' "$packets" $(($(seen nf out) + $(seen nf dropped.ring_full)))

# ---- a TCP transfer, its super-packets being told as what is not known ----

before=$(offloads "$rx" "$rx_if")
capture nf "$rx" "nf:$rx_if,method=nflog" tcp
transfer 200
stop nf
assert_balanced "$dir/nf.json"
assert_eq 'offload settings afterwards' "$before" "$(offloads "$rx" "$rx_if")"
assert_eq 'wire packets' null "$(json "$dir/nf.json" .packets.wire)"

# ---- the bytes and the time ----

start nf "$rx" "$WEIR" record -i "nf:$rx_if,method=nflog" -c 10 -s 60 -w "$dir/nf.pcapng" udp
wait_for 10 'the rules' eval '(($(rules "$rx") == 1))'
before=$(date +%s)
send 10 --size 200
await nf
assert_eq 'packets as tcpdump reads them' 10 "$(packets_by_tcpdump "$dir/nf.pcapng" udp port 9)"
assert_eq 'bytes kept and on the wire' $'60\t186' \
	"$(tshark -r "$dir/nf.pcapng" -T fields -e frame.cap_len -e frame.len 2>/dev/null | sort -u)"
first=$(tshark -r "$dir/nf.pcapng" -c 1 -T fields -e frame.time_epoch 2>/dev/null)
assert_ge 'the first packet is not older' "$before" "${first%.*}"

# ---- two at once, and death ----

capture nf "$rx" "nf:$rx_if,method=nflog"
capture other "$rx" "nf:$rx_if,method=nflog"
assert_eq 'tables of rules of two' 2 "$(rules "$rx")"
send 1000
for name in nf other; do
	kill -KILL "$(pgrep -P "$(pid_of $name)" weir-broker)" "$(pid_of $name)"
	await $name 2>/dev/null
done
wait_for 5 'the rules to be gone' eval '(($(rules "$rx") == 0))'

# ---- where BPF's netfilter programs cannot be loaded: NFLOG, and a notice ----

if [[ -r /sys/kernel/btf/vmlinux ]]; then
	run in_rx unshare --mount bash -c 'mount --bind /dev/null /sys/kernel/btf/vmlinux && exec "$@"' \
		bash "$WEIR" count -i "nf:$rx_if" -a duration:0.1
	assert_eq 'status without BTF' 0 "$status"
	assert_match 'the fallback that was taken' 'no BPF netfilter programs .*NFLOG is used' \
		"$(<"$dir/run.err")"
fi

# ---- without root, in a namespace of one's own ----

need_user_namespaces
run without_root "$WEIR" count -i nf:lo,method=nflog -a duration:0.1
assert_eq "status without root ($(<"$dir/run.err"))" 0 "$status"

# ---- refusals ----

assert_refuses 1 "'proto' take a program" in_rx "$WEIR" count -i "nf:$rx_if,method=nflog,proto=udp"
assert_refuses 1 'NFLOG: CAP_NET_ADMIN is missing' \
	in_rx setpriv --bounding-set=-net_admin "$WEIR" count -i nf:lo,method=nflog
capture nf "$rx" "nf:$rx_if,method=nflog"
in_rx ip link del "$rx_if"
await nf 20
assert_eq 'status when the interface is gone' 1 "$status"
assert_match 'what it says' 'rx0. has disappeared' "$(<"$dir/nf.err")"
