#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# AF_XDP over a veth pair of one to four queues: every packet of the queues asked for
# is delivered or counted as lost, all others go on to the host, jumbo frames
# come whole, and nothing stays behind.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tap_lib.sh"
need_bpf
make_net queues=4
packets=20000 # fewer than the rings hold: a slow reader loses none

# ---- every packet ----

exact() {
	local source=$1
	shift
	capture xdp "$rx" "$source"
	send "$packets" "$@"
	stop xdp
	assert_eq "status of '$source'" 0 "$status"
	assert_balanced "$dir/xdp.json"
	assert_eq "packets seen by '$source'" "$packets" "$(seen xdp in)"
	assert_eq "delivered and lost by '$source'" "$packets" $(($(seen xdp out) + lost))
}
queues_of() {
	ip netns exec "$1" ethtool -L "$2" rx "$3" tx "$3"
}
for queues in 1 4 2; do # of which the rest of the test has two
	queues_of "$tx" "$tx_if" "$queues"
	queues_of "$rx" "$rx_if" "$queues"
	for mode in native skb; do
		lost=0 exact "xdp:$rx_if,mode=$mode" --pps 100000 --flows 64
		assert_match 'what was got' "mode $mode, copy, $queues queue" "$(<"$dir/xdp.err")"
	done
done

# ---- several workers: each reads its queues ----
# (a sending CPU's packets take one queue; in mode skb veth tells of none but the first)

readers() { # how many have seen packets
	json "$dir/xdp.json" '[.interfaces[] | select(.frames > 0)] | length'
}
for pair in 4:2 4:8 1:3 2:2; do
	queues=${pair%:*} workers=${pair#*:}
	queues_of "$tx" "$tx_if" "$queues"
	queues_of "$rx" "$rx_if" "$queues"
	for mode in native skb; do
		capture xdp "$rx" "xdp:$rx_if,mode=$mode" --workers "$workers"
		for cpu in 0 1; do
			in_tx taskset -c "$cpu" "$WEIR" generate -q -i "$tx_if" --flows 64 \
				--count $((packets / 2)) --dst-mac "$rx_mac" --pps 100000 >"$dir/generate.out"
		done
		stop xdp
		what="$workers workers, $queues queues, $mode"
		assert_balanced "$dir/xdp.json"
		assert_eq "$what: seen, delivered" "$packets $packets" "$(seen xdp in) $(seen xdp out)"
		used=1
		[[ $mode = skb || $queues = 1 ]] || used=2
		assert_eq "$what: workers with packets" "$used" "$(readers)"
		assert_eq "$what: says that some have nothing to do" $((workers > queues)) \
			"$(grep -c 'fewer queues than there are workers' "$dir/xdp.err" || :)"
	done
done

# ---- the reader polls the driver ----

# (veth has nothing to be polled when its packets come by softirq: tests/vm has a NIC)
lost=0 exact "xdp:$rx_if,busy=yes" --pps 100000 --flows 64
assert_match 'what was got' 'polled busily' "$(<"$dir/xdp.err")"

# ---- what the driver tells: a hash, the same for all packets of a flow ----

start xdp "$rx" "$WEIR" show -i "xdp:$rx_if,hash=yes" --json -c 400
wait_for 20 'the program' grep -qs 'takes packets from the host' "$dir/xdp.err"
in_tx "$WEIR" generate -q -i "$tx_if" --count 400 --flows 16 --dst-mac "$rx_mac" --pps 20000 >"$dir/generate.out"
await xdp
assert_eq 'flows, hashes a flow, some of them different' '16 1 true' "$(jq -rs '
	map({key: "\(.source):\(.source_port)", hash: .rx_hash})
	| group_by(.key) | "\(length) \(map(map(.hash) | unique | length) | max) \(map(.[0].hash) | unique | length > 8)"
	' "$dir/xdp.out")"
assert_refuses 1 'does not stamp every packet; leave out time=adapter' \
	in_rx "$WEIR" count -i "xdp:$rx_if,time=adapter"
assert_refuses 1 'in mode skb there is no driver to be asked' \
	in_rx "$WEIR" count -i "xdp:$rx_if,mode=skb,hash=yes"

# ---- the size of the rings: in packets, and in time at 10 Gbit/s ----

for size in frames=1024:1024 ring=1ms:16384 ring=4ms:65536; do
	run in_rx "$WEIR" count -i "xdp:$rx_if,queue=0,${size%:*}" -a duration:0.1
	assert_match "rings with ${size%:*}" "1 queue of ${size#*:} packets" "$(<"$dir/run.err")"
done

# ---- huge pages ----

pages=/proc/sys/vm/nr_hugepages
had=$(<$pages)
give_back() {
	echo "$had" >$pages
	lib_clean_up
}
assert_refuses 1 'no .* MiB of huge pages: sysctl vm.nr_hugepages' \
	in_rx "$WEIR" count -i "xdp:$rx_if,huge=yes,frames=1048576"
trap give_back EXIT
echo $((had + 9)) >$pages
if (($(<$pages) == had + 9)); then # there were some to be had
	lost=0 exact "xdp:$rx_if,huge=yes,frames=4096" --pps 20000 --flows 64
fi

# ---- a reader that sleeps: what does not fit is counted by the kernel ----

capture xdp "$rx" "xdp:$rx_if,frames=512"
kill -STOP "$(pid_of xdp)"
send "$packets"
kill -CONT "$(pid_of xdp)"
stop xdp
assert_balanced "$dir/xdp.json"
assert_eq 'packets seen' "$packets" "$(seen xdp in)"
assert_ge 'packets lost' 1 $(($(seen xdp dropped.ring_full) + $(seen xdp dropped.no_buffer)))

# ---- one queue of two: the other one's packets go on to the host ----

udp_received() {
	ip netns exec "$rx" nstat -asz UdpNoPorts | awk '$1 == "UdpNoPorts" {print $2}'
}
queue_packets() {
	in_rx ethtool -S "$rx_if" | awk -v name="rx_queue_$1_xdp_packets:" '$1 == name {print $2}'
}
in_rx ip addr add 198.19.0.1/32 dev lo
in_rx sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf."$rx_if".rp_filter=0
in_rx ip route add 198.18.0.0/15 via "$tx_ip"
for queue in 0 1; do
	capture xdp "$rx" "xdp:$rx_if,queue=$queue"
	host=$(udp_received) own=$(queue_packets "$queue")
	send 20000 --method socket --flows 64
	wait_for 5 'the host to have the rest' eval \
		'(($(udp_received) - host + $(queue_packets "$queue") - own == 20000))'
	stop xdp
	assert_balanced "$dir/xdp.json"
	assert_eq "packets of queue $queue" $(($(queue_packets "$queue") - own)) "$(seen xdp in)"
done

# ---- the bytes, and the time that the program wrote ----

start xdp "$rx" "$WEIR" record -i "xdp:$rx_if" -c 100 -w "$dir/xdp.pcapng"
wait_for 20 'the program' eval '[[ $(attached "$rx" "$rx_if") = "0 1" ]]'
before=$(date +%s)
send 50 --vlan 100 --size 200 --flows 10
send 50 --size 1514 --flows 10
await xdp
tcpdump -Ktttnnevvr "$dir/xdp.pcapng" >"$dir/text" 2>/dev/null
assert_eq 'packets with a VLAN tag' 50 "$(grep -c 'vlan 100' "$dir/text")"
assert_eq 'packets of 1514 bytes' 50 "$(grep -c 'length 1514' "$dir/text")"
assert_eq 'broken IP headers' 0 "$(grep -c 'bad cksum' "$dir/text" || :)"
first=$(tshark -r "$dir/xdp.pcapng" -c 1 -T fields -e frame.time_epoch 2>/dev/null)
assert_ge 'the first packet is not older' "$before" "${first%.*}"
assert_ge 'the first packet is not from the future' "${first%.*}" "$(($(date +%s) + 1))"

# a tag that is not in the bytes, as a NIC takes it out: the driver tells it (Linux 6.8)
in_tx tc qdisc add dev "$tx_if" clsact
in_tx tc filter add dev "$tx_if" egress bpf da obj \
	"$(dirname "$WEIR")/../../tests/net/tag.bpf.o" sec tc
start xdp "$rx" "$WEIR" record -i "xdp:$rx_if" -c 20 -w "$dir/tagged.pcapng"
wait_for 20 'the program' eval '[[ $(attached "$rx" "$rx_if") = "0 1" ]]'
in_tx python3 -c "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(20):
    s.sendto(b'weir', ('$rx_ip', 9))"
await xdp
in_tx tc qdisc del dev "$tx_if" clsact
if grep -qa bpf_xdp_metadata_rx_vlan_tag /sys/kernel/btf/vmlinux; then
	assert_eq 'packets whose tag was put back' 20 \
		"$(packets_by_tcpdump "$dir/tagged.pcapng" vlan 77 and udp port 9)"
fi

for filter in '' 'udp and port 9'; do # the snaplen is applied, and behind the filter
	start xdp "$rx" "$WEIR" record -i "xdp:$rx_if" -s 20 -c 10 -w "$dir/short.pcapng" $filter
	wait_for 20 'the program' eval '[[ $(attached "$rx" "$rx_if") = "0 1" ]]'
	send 10 --size 200
	await xdp
	assert_eq "bytes kept with '$filter'" 20 \
		"$(tshark -r "$dir/short.pcapng" -T fields -e frame.cap_len 2>/dev/null | sort -u)"
done

# ---- jumbo frames ----

ip -n "$tx" link set "$tx_if" mtu 9000
ip -n "$rx" link set "$rx_if" mtu 9000
capture xdp "$rx" "xdp:$rx_if"
send 1000 --method socket --size 8000
stop xdp
assert_balanced "$dir/xdp.json"
assert_eq 'jumbo frames' 1000 "$(seen xdp out)"
assert_eq 'their bytes' 8000000 "$(json "$dir/xdp.json" .packets.bytes)"
ip -n "$tx" link set "$tx_if" mtu 1500
ip -n "$rx" link set "$rx_if" mtu 1500

# ---- an interface that is down at first ----

ip -n "$rx" link set "$rx_if" down
capture xdp "$rx" "xdp:$rx_if"
assert_match 'what it says' 'is down, waiting' "$(<"$dir/xdp.err")"
ip -n "$rx" link set "$rx_if" up
wait_for 5 'the carrier' in_rx grep -qx 1 "/sys/class/net/$rx_if/carrier"
send 1000
stop xdp
assert_balanced "$dir/xdp.json"
assert_eq 'packets after it came up' 1000 "$(seen xdp out)"

# ---- death ----

for source in "xdp:$rx_if" "xdp:$rx_if,mode=skb" "xdp:$rx_if,queue=1"; do
	start xdp "$rx" "$WEIR" count -i "$source"
	wait_for 20 "the attachment of '$source'" eval '[[ $(attached "$rx" "$rx_if") = "0 1" ]]'
	kill -KILL "$(pid_of xdp)"
	await xdp
	wait_for 5 "nothing to be attached after '$source'" \
		eval '[[ $(attached "$rx" "$rx_if") = "0 0" ]]'
done

# ---- a queue that is taken, but not for long ----

waits() { # for the queue: nothing else sleeps while it is opening
	grep -qs hrtimer_nanosleep /proc/"$(pid_of second)"/task/*/wchan
}
capture first "$rx" "xdp:$rx_if,queue=0"
start second "$rx" "$WEIR" count -i "xdp:$rx_if,queue=0"
wait_for 20 'the second one to wait for the queue' waits
kill -STOP "$(pid_of second)" # a slow test shall not make it give up
stop first
kill -CONT "$(pid_of second)"
wait_for 20 'the second one to have the queue' eval '[[ $(attached "$rx" "$rx_if") = "0 1" ]]'
stop second
assert_eq 'status after waiting' 0 "$status"

# ---- refusals ----

assert_refuses 1 'has no queue 2; it has 2' in_rx "$WEIR" count -i "xdp:$rx_if,queue=2"
assert_refuses 1 'has no native XDP; use mode=skb' in_rx "$WEIR" count -i xdp:lo,mode=native
run in_rx "$WEIR" count -i xdp:lo -a duration:0.1
assert_match 'the fallback that was taken' 'mode skb, .*native XDP is not possible' "$(<"$dir/run.err")"
assert_refuses 1 'cannot map .* MiB of packet memory: take fewer frames=' in_rx \
	bash -c 'ulimit -v 3000000; exec "$@"' bash "$WEIR" count -i "xdp:$rx_if,frames=1048576"
assert_refuses 1 'cannot do zero-copy' in_rx "$WEIR" count -i "xdp:$rx_if,bind=zerocopy"
assert_refuses 1 'both say how large' in_rx "$WEIR" count -i "xdp:$rx_if,frames=1024,ring=1ms"
assert_refuses 1 'power of two' in_rx "$WEIR" count -i "xdp:$rx_if,frames=1000"
assert_refuses 1 'no outgoing' in_rx "$WEIR" count -Q out -i "xdp:$rx_if"
assert_refuses 1 'limit of locked memory does not allow' without_root "$WEIR" count -i xdp:lo
assert_refuses 1 'not permitted to load' without_root "$WEIR" count -i xdp:lo,frames=512
capture xdp "$rx" "xdp:$rx_if,queue=0"
assert_refuses 1 'queue 0 of .* has an AF_XDP socket already, and kept it' in_rx "$WEIR" count -i "xdp:$rx_if"
assert_refuses 1 'has another XDP program' in_rx "$WEIR" count -i "xdp:$rx_if,queue=1"
in_rx ip link del "$rx_if"
await xdp 20
assert_eq 'status when the interface is gone' 1 "$status"
assert_match 'what it says' 'rx0. has disappeared' "$(<"$dir/xdp.err")"
