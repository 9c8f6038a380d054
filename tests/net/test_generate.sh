#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# weir generate: as many packets as it says, of as many flows, with right
# checksums, by either method; whatever ends it, its count is the NIC's.
. "$(dirname "$0")/lib.sh"
need tcpdump tshark capinfos jq setpriv
make_net gro=on

generate=("$WEIR" generate -i "$tx_if" --dst-mac "$rx_mac" --report "$dir/report" -q)
packets_before=0

# what the receiver's NIC counted since 'mark'
mark() {
	packets_before=$(nic "$rx" "$rx_if" rx.packets)
}

received() {
	echo $(($(nic "$rx" "$rx_if" rx.packets) - packets_before))
}

# The report of the last run agrees with both NICs. The receiver's counts when its softirq ran.
assert_exact() {
	local sent
	sent=$(json "$dir/report" .packets.sent)
	wait_for 10 "$sent packets at the receiver ($(received) so far)" \
		eval '[[ $(received) = '"$sent"' ]]'
	assert_eq "sent, says the sender's NIC" "$sent" "$(json "$dir/report" .packets.nic_sent)"
	assert_balanced "$dir/report"
}

# ask_tshark FILE: sets 'flows' to the number of distinct 5-tuples (the VLAN tag
# included), 'lengths' to "COUNTxLENGTH" of each frame length, shortest first
ask_tshark() {
	tshark -r "$1" -T fields -e frame.len -e vlan.id -e ip.src -e ipv6.src -e ip.dst \
		-e ipv6.dst -e ip.proto -e ipv6.nxt -e udp.srcport -e udp.dstport \
		>"$dir/fields" 2>/dev/null
	flows=$(cut -f 2- "$dir/fields" | sort -u | wc -l)
	lengths=$(cut -f 1 "$dir/fields" | sort -n | uniq -c | awk '{printf " %sx%s", $1, $2}')
	lengths=${lengths# }
}

# check WHAT COUNT FLOWS LENGTHS OPTION...: send, capture, ask the witnesses
check() {
	local what=$1 count=$2 flows_wanted=$3 lengths_wanted=$4 text flows lengths
	shift 4
	mark
	start tcpdump "$rx" tcpdump -i "$rx_if" -B 65536 -U -w "$dir/x.pcap"
	wait_capture "$rx" "$rx_if"
	run in_tx "${generate[@]}" --count "$count" --flows "$flows_wanted" "$@"
	assert_eq "exit status, $what ($(<"$dir/run.err"))" 0 "$status"
	assert_eq "sent, $what" "$count" "$(json "$dir/report" .packets.sent)"
	assert_exact
	wait_for 20 "all packets in the file, $what" \
		eval '[[ $(packets_by_tcpdump "$dir/x.pcap") = '"$count"' ]]'
	stop tcpdump
	text=$(tcpdump -nn -vv -r "$dir/x.pcap" 2>/dev/null)
	assert_eq "right UDP checksums, $what" "$count" "$(grep -c 'udp sum ok' <<<"$text")"
	assert_eq "wrong checksums, $what" 0 "$(grep -c 'bad .*cksum' <<<"$text" || :)"
	ask_tshark "$dir/x.pcap"
	assert_eq "flows, $what" "$flows_wanted" "$flows"
	assert_eq "lengths, $what" "$lengths_wanted" "$lengths"
}

for method in socket live xdp; do
	check "IPv4, $method" 1201 700 '1201x60' --method "$method"
	assert_eq 'method used' "$method" "$(json "$dir/report" .method)"
	assert_eq 'bytes' $((1201 * 60)) "$(json "$dir/report" .bytes)"
	check "IPv6, $method" 1201 700 '1201x62' --method "$method" -6
	check "VLAN, $method" 1201 700 '1201x100' --method "$method" --vlan 7 --size 100
	check "IPv6 in a VLAN, $method" 1201 700 '1201x1518' --method "$method" -6 --vlan 7 --size 1518
	check "IMIX, $method" 1200 1200 '700x60 400x566 100x1514' --method "$method" --size imix
	check "a small odd size, $method" 77 7 '77x43' --method "$method" --size 43
	check "many flows, $method" 40000 40000 '40000x60' --method "$method"
done

# given addresses, and the same frames for the same seed, by either method
bodies=()
for method in socket live xdp; do
	check "seed, $method" 100 10 '100x80' --method "$method" --seed 5 --size 80 \
		--src-ip 192.0.2.7 --dst-ip 192.0.2.99
	assert_eq 'to the address given' 100 "$(packets_by_tcpdump "$dir/x.pcap" \
		'src 192.0.2.7 and dst 192.0.2.99 and ether src '"$tx_mac and ether dst $rx_mac")"
	bodies+=("$(tcpdump -t -nn -xx -r "$dir/x.pcap" 2>/dev/null | md5sum)")
done
assert_eq 'frames of both methods' "${bodies[0]}" "${bodies[1]}"
assert_eq 'frames by AF_XDP' "${bodies[0]}" "${bodies[2]}"

# a rate: never ahead of its schedule
mark
in_tx "${generate[@]}" --count 20001 --pps 100000 >"$dir/out"
assert_exact
assert_eq 'method for a rate' socket "$(json "$dir/report" .method)"
assert_eq 'not faster than 100,000 a second' true "$(json "$dir/report" '.duration_s >= 0.2')"
in_tx "${generate[@]}" --count 1001 --mbit 48 --size 600 >"$dir/out"
assert_eq 'not faster than 48 Mbit/s' true "$(json "$dir/report" '.duration_s >= 0.1')"

# top speed: an odd count, whole millions
mark
in_tx "${generate[@]}" --count 1500007 --top --flows 1000000 >"$dir/out"
assert_exact
assert_eq 'sent at top speed' 1500007 "$(json "$dir/report" .packets.sent)"
assert_eq 'method at top speed' live "$(json "$dir/report" .method)"

# a receiver that cannot keep up (a thread of its own, a queue of 256) refuses: still exact
in_rx sh -c "echo 1 >/sys/class/net/$rx_if/threaded"
mark
in_tx "${generate[@]}" --count 300001 --top >"$dir/out"
assert_exact
assert_eq 'sent to a slow receiver' 300001 "$(json "$dir/report" .packets.sent)"
in_rx sh -c "echo 0 >/sys/class/net/$rx_if/threaded"

# whatever ends it, the count is that of the NIC
sending() {
	(($(received) > 1000))
}
for method in socket live xdp; do
	for signal in INT TERM; do
		mark
		start generate "$tx" "${generate[@]}" --method "$method"
		wait_for 10 'packets' sending
		stop generate "$signal"
		assert_eq "exit status after $signal, $method" 0 "$status"
		assert_exact
	done
	mark
	in_tx "${generate[@]}" --method "$method" --duration 200ms >"$dir/out"
	assert_exact
	mark
	start generate "$tx" "${generate[@]}" --method "$method"
	wait_for 10 'packets' sending
	ip -n "$tx" link set "$tx_if" down
	await generate
	assert_eq "exit status when the interface went down, $method" 1 "$status"
	assert_match 'why it ended' "interface '$tx_if' went down" "$(<"$dir/generate.err")"
	assert_exact
	ip -n "$tx" link set "$tx_if" up
	wait_for 5 'the carrier' in_tx grep -qx 1 "/sys/class/net/$tx_if/carrier"
done

# a veth's far end that takes no redirected frame: the socket steps in, and says so
in_rx ethtool -K "$rx_if" gro off
mark
run in_tx "${generate[@]}" --count 5000 --top
assert_eq 'exit status of the fallback' 0 "$status"
assert_match 'note of the fallback' "gro on.*using method 'socket'" "$(<"$dir/run.err")"
assert_eq 'method of the fallback' socket "$(json "$dir/report" .method)"
assert_exact
assert_refuses 1 "live frames do not get out of '$tx_if'" in_tx "${generate[@]}" --method live -c 10
in_rx ethtool -K "$rx_if" gro on

# what cannot be done is said in one line
assert_refuses 1 "no interface 'nosuch0'" in_tx "$WEIR" generate -i nosuch0
assert_refuses 2 'no interface given' in_tx "$WEIR" generate
assert_refuses 2 'does not fit the MTU.*at most 1514' in_tx "${generate[@]}" --size 1515
assert_refuses 2 'too small for its headers: at least 62' in_tx "${generate[@]}" --size 60 -6
assert_refuses 2 'contradict each other' in_tx "${generate[@]}" --pps 5 --mbit 5
assert_refuses 2 'contradict each other' in_tx "${generate[@]}" --pps 5 --top
assert_refuses 2 "only sends at top speed" in_tx "${generate[@]}" --pps 5 --method live
assert_refuses 2 "not an IPv6 address" in_tx "${generate[@]}" -6 --dst-ip 192.0.2.1
assert_refuses 2 "not a MAC address" in_tx "${generate[@]}" --dst-mac 02:00:00:00:00
generate=("$WEIR" generate -i "$tx_if" --dst-mac "$rx_mac" -q -c 10) # nobody may not write here
assert_refuses 1 'CAP_NET_RAW is missing' as_nobody "$tx" "${generate[@]}"
assert_refuses 1 'CAP_BPF and CAP_NET_ADMIN are missing' \
	as_nobody "$tx" "${generate[@]}" --method live
ip -n "$tx" link set "$tx_if" down
assert_refuses 1 "'$tx_if' is down" in_tx "${generate[@]}"
