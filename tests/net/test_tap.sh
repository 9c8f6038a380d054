#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The passive tap: on every hook each packet is counted exactly, also when the
# ring is full; the host's traffic is not disturbed; nothing stays behind.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tap_lib.sh"
need_bpf
need nstat
make_net queues=2
packets=200000

# ---- every packet, on each hook ----

exact() {
	local source=$1
	capture tap "$rx" "$source"
	send "$packets"
	stop tap
	assert_eq "status of '$source'" 0 "$status"
	assert_balanced "$dir/tap.json"
	assert_eq "packets seen by '$source'" "$packets" "$(seen tap in)"
	assert_eq "packets delivered by '$source'" "$packets" "$(seen tap out)"
}
exact "tap:$rx_if"
exact "tap:$rx_if,hook=xdp"
exact "tap:$rx_if,hook=xdp,mode=skb"
exact "tap:$rx_if,hook=xdp,pass=no"
exact "tap:$rx_if,hook=clsact"

# what goes out, at the sender
# (from a UDP socket: the generator's frames go past traffic control)
capture tap "$tx" "tap:$tx_if" -Q out
before=$(nic "$tx" "$tx_if" tx.packets)
in_tx python3 - "$rx_ip" 5000 <<'END'
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(int(sys.argv[2])):
    s.sendto(b'weir', (sys.argv[1], 9))
END
stop tap
assert_balanced "$dir/tap.json"
sent=$(($(nic "$tx" "$tx_if" tx.packets) - before))
assert_ge 'packets sent by a socket' 5000 "$sent"
assert_eq 'packets seen going out' "$sent" "$(seen tap in)"
assert_eq 'nothing stays attached' '0 0' "$(attached "$tx" "$tx_if")"

# ---- a reader that sleeps: losses are counted, to the packet ----

capture tap "$rx" "tap:$rx_if" -B 256KiB
kill -STOP "$(pid_of tap)"
send "$packets"
kill -CONT "$(pid_of tap)"
stop tap
assert_balanced "$dir/tap.json"
assert_eq 'packets seen' "$packets" "$(seen tap in)"
assert_ge 'packets lost' 1 "$(seen tap dropped.ring_full)"
assert_eq 'delivered and lost' "$packets" $(($(seen tap out) + $(seen tap dropped.ring_full)))

# ---- the filter in the kernel ----

filtered() {
	local options=$1 expected=$2
	capture tap "$rx" "tap:$rx_if,$options"
	send 1000 --vlan 7 --flows 4
	send 1000 --flows 4
	stop tap
	assert_balanced "$dir/tap.json"
	assert_eq "seen with $options" 2000 "$(seen tap in)"
	assert_eq "delivered with $options" "$expected" "$(seen tap out)"
	assert_eq "filtered with $options" $((2000 - expected)) "$(seen tap filtered)"
}
filtered vlan=7 1000
filtered vlan=8 0
filtered proto=udp,host=198.18.0.0/15 2000
filtered proto=tcp 0
filtered port=9,vlan=7 1000
filtered hook=xdp,vlan=7 1000
filtered host=10.0.0.0/8 0

# and the expression, in user space, which sees all that the tap keeps
for filter in 'vlan 7' 'vlan 7 and udp port 9' 'not vlan'; do
	capture tap "$rx" "tap:$rx_if" -s 30 "$filter"
	send 1000 --vlan 7 --flows 4
	send 1000 --flows 4
	stop tap
	assert_balanced "$dir/tap.json"
	assert_eq "packets that match '$filter'" 1000 "$(json "$dir/tap.json" .packets.delivered)"
done
assert_refuses 1 'filter: ' in_rx "$WEIR" count -i "tap:$rx_if" bogus

# ---- packets of no bytes, which a tun device's owner can make ----

in_rx ip tuntap add dev empty mode tun pi
in_rx ip link set empty up
for options in '' ,proto=udp; do
	capture tap "$rx" "tap:empty$options" -Q in
	in_rx python3 - <<'END'
import fcntl, os, struct
tun = os.open('/dev/net/tun', os.O_RDWR)
fcntl.ioctl(tun, 0x400454ca, struct.pack('16sH22x', b'empty', 1))  # TUNSETIFF, IFF_TUN
for length in (0, 1, 0, 20):
    os.write(tun, struct.pack('!HH', 0, 0x0800) + bytes(length))
END
	stop tap
	assert_balanced "$dir/tap.json"
	assert_eq "packets with 'tap:empty$options'" 4 "$(seen tap in)"
	assert_eq 'delivered and filtered' 4 $(($(seen tap out) + $(seen tap filtered)))
done
in_rx ip link del empty

# ---- the host's traffic goes on, super-packets are counted as wire packets ----

before=$(offloads "$rx" "$rx_if")
segments=$(tcp_segments)
capture tap "$rx" "tap:$rx_if"
assert_eq 'attached while it runs' '2 0' "$(attached "$rx" "$rx_if")"
transfer 1024 # 1 GiB
stop tap
assert_balanced "$dir/tap.json"
assert_eq 'offload settings afterwards' "$before" "$(offloads "$rx" "$rx_if")"
segments=$(($(tcp_segments) - segments))
assert_eq 'wire packets, as TCP counted its segments' "$segments" "$(json "$dir/tap.json" .packets.wire)"
assert_ge 'super-packets hold more than one' 2 $((segments / $(json "$dir/tap.json" .packets.delivered)))

# ---- the bytes: as a packet socket has them, the VLAN tag where it was ----

start tap "$rx" "$WEIR" record -i "tap:$rx_if" -s 96 -c 100 -w "$dir/tap.pcapng"
start ring "$rx" "$WEIR" record -i "ring:$rx_if" -s 96 -c 100 -w "$dir/ring.pcapng"
wait_capture "$rx" "$rx_if"
wait_for 20 'the tap' eval '[[ $(attached "$rx" "$rx_if") = "2 0" ]]'
send 50 --vlan 100 --size 200 --flows 10
send 50 --size 60 --flows 10
await tap
await ring
for file in tap ring; do
	tcpdump -Ktnnexr "$dir/$file.pcapng" >"$dir/$file.text" 2>/dev/null
done
assert_eq 'lines of text' 0 "$(cmp -s "$dir/tap.text" "$dir/ring.text"; echo $?)"
assert_ge 'lines with a VLAN tag' 50 "$(grep -c 'vlan 100' "$dir/tap.text")"

# ---- death ----

for source in "tap:$rx_if" "tap:$rx_if,hook=xdp" "tap:$rx_if,hook=xdp,mode=skb"; do
	for _ in 1 2 3; do
		start tap "$rx" "$WEIR" count -i "$source"
		wait_for 20 "the attachment of '$source'" eval '[[ $(attached "$rx" "$rx_if") != "0 0" ]]'
		kill -KILL "$(pid_of tap)"
		await tap
		wait_for 5 "nothing to be attached after '$source'" \
			eval '[[ $(attached "$rx" "$rx_if") = "0 0" ]]'
	done
done

# clsact has no link that would detach: the broker cleans up, or the next start
filters() {
	in_rx tc filter show dev "$rx_if" ingress | grep -c tap_in || :
}
start tap "$rx" "$WEIR" count -i "tap:$rx_if,hook=clsact"
wait_for 20 'the filter' eval '(($(filters) == 1))'
kill -KILL "$(pid_of tap)"
await tap
wait_for 5 'the broker to take the filter away' eval '(($(filters) == 0))'
capture other "$rx" "tap:$rx_if,hook=clsact" # whose filter has to stay
start tap "$rx" "$WEIR" count -i "tap:$rx_if,hook=clsact"
wait_for 20 'two filters' eval '(($(filters) == 2))'
kill -KILL "$(pgrep -P "$(pid_of tap)" weir-broker)" "$(pid_of tap)"
await tap
assert_eq 'filters, one of them an orphan' 2 "$(filters)"
capture tap "$rx" "tap:$rx_if,hook=clsact"
assert_eq 'filters after the next start' 2 "$(filters)"
stop tap
assert_eq 'filters after a clean end' 1 "$(filters)"
stop other
assert_balanced "$dir/other.json"
assert_eq 'the queueing discipline' '' "$(in_rx tc qdisc show dev "$rx_if" | grep clsact || :)"

# ---- refusals ----

assert_refuses 1 'no interface .rx1.; did you mean .rx0.' in_rx "$WEIR" count -i tap:rx1
assert_refuses 1 'pass=no.* goes with hook=xdp' in_rx "$WEIR" count -i "tap:$rx_if,pass=no"
assert_refuses 1 'XDP sees no outgoing' in_rx "$WEIR" count -Q out -i "tap:$rx_if,hook=xdp"
assert_refuses 1 'host=x.* is not an address' in_rx "$WEIR" count -i "tap:$rx_if,host=x"
assert_refuses 1 'not permitted' without_root "$WEIR" count -i tap:lo
capture tap "$rx" "tap:$rx_if,hook=xdp"
assert_refuses 1 'has another XDP program.*bpftool prog show id [1-9]' in_rx "$WEIR" count -i "tap:$rx_if,hook=xdp"
in_rx ip link del "$rx_if"
await tap 20
assert_eq 'status when the interface is gone' 1 "$status"
assert_match 'what it says' 'rx0. has disappeared' "$(<"$dir/tap.err")"
