# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
#
# Sourced by the tests of BPF sources, after lib.sh: a capture that is known to
# have begun, traffic with a witness, and what is attached.

# capture NAME NAMESPACE SOURCE [OPTION...]: weir count, until its source is open and it runs
capture() {
	local name=$1 namespace=$2 source=$3
	shift 3
	rm -f "$dir/$name.out"
	start "$name" "$namespace" "$WEIR" count -i "$source" --report "$dir/$name.json" "$@"
	wait_for 20 "the first line of '$source'" lib_counting "$name"
}

# the first interval's line: all sources are open by then
lib_counting() {
	[[ -s $dir/$1.out ]] || ! lib_ended "${lib_pids[$1]}" ||
		fail "'$1' has ended instead of counting"
	[[ -s $dir/$1.out ]]
}

# settled NAME PACKETS: the capture has counted so many by now (its lines on standard output)
settled() {
	(($(awk '{gsub(",", "", $2); sum += $2} END {print sum + 0}' "$dir/$1.out") >= $2))
}

# seen NAME FIELD: of the ring stage in the final report, e.g. in, out, dropped.ring_full
seen() {
	json "$dir/$1.json" "[.interfaces[].stages[] | select(.stage == \"ring\") | .$2 // 0] | add"
}

# received PACKETS: the receiver's NIC has counted so many
received() {
	(($(nic "$rx" "$rx_if" rx.packets) >= $1))
}

# send COUNT [OPTION...]: from the sender, until the receiver's NIC has them all
send() {
	local count=$1 before
	shift
	before=$(nic "$rx" "$rx_if" rx.packets)
	in_tx "$WEIR" generate -i "$tx_if" --count "$count" --dst-mac "$rx_mac" "$@" \
		>"$dir/generate.out" 2>&1 || fail "generate: $(<"$dir/generate.out")"
	wait_for 20 "$count packets at the receiver's NIC" received $((before + count))
	assert_eq "packets at the receiver's NIC" $((before + count)) "$(nic "$rx" "$rx_if" rx.packets)"
}

# attached NAMESPACE INTERFACE: "TCX XDP", numbers of programs there
attached() {
	ip netns exec "$1" "$(dirname "${BASH_SOURCE[0]}")/attached.py" "$2"
}

# need_bpf: skip the test where BPF programs cannot be loaded
need_bpf() {
	need_root
	need python3 jq
	[[ -r /sys/kernel/btf/vmlinux ]] || skip 'this kernel has no BTF'
}

# transfer MIB: TCP from the sender to the receiver, its bytes checked
transfer() {
	local tool
	tool=$(dirname "${BASH_SOURCE[0]}")/transfer.py
	start receive "$rx" "$tool" receive "$rx_ip" 5001
	in_tx "$tool" send "$rx_ip" 5001 "$1" >"$dir/send.out"
	await receive
	assert_eq "what has arrived of $1 MiB" "$(<"$dir/send.out")" "$(<"$dir/receive.out")"
}

# offloads NAMESPACE INTERFACE: the settings that capturing shall not touch
offloads() {
	ip netns exec "$1" ethtool -k "$2"
}

# tcp_segments: sent by both ends so far, repeated ones included
tcp_segments() {
	local namespace
	for namespace in "$tx" "$rx"; do
		ip netns exec "$namespace" nstat -asz TcpOutSegs TcpRetransSegs
	done | awk '$1 ~ /Segs$/ {sum += $2} END {print sum}'
}
