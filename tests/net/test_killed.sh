#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Fifty captures by BPF programs are killed at random moments, opening ones
# included: nothing of them stays attached.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tap_lib.sh"
need_bpf
need bpftool
make_net queues=2
kills=50
sources=("tap:$rx_if" "tap:$rx_if,hook=xdp" "tap:$rx_if,hook=clsact" "xdp:$rx_if" "nf:$rx_if")

# links of netfilter programs on this machine: they cannot be told by namespace
netfilter_links() {
	bpftool -j link show | jq '[.[] | select(.type == 10 or .type == "netfilter")] | length'
}

# what bpftool tells of the interface, xdp and tc ones; that of a distribution may know no tcx
by_bpftool() {
	in_rx bpftool net show 2>/dev/null | grep -c "$rx_if" || :
}

nothing_attached() {
	[[ $(attached "$rx" "$rx_if") = '0 0' && $(by_bpftool) = 0 ]] &&
		! in_rx tc filter show dev "$rx_if" ingress | grep -q tap_in &&
		! in_rx tc filter show dev "$rx_if" egress | grep -q tap_out
}

before=$(netfilter_links)
hit=0 # kills that met an attached program
for ((n = 0; n < kills; n++)); do
	start victim "$rx" "$WEIR" count -i "${sources[n % ${#sources[@]}]}"
	printf -v pause '0.%03d' $((RANDOM % 500))
	read -r -t "$pause" -u "$lib_never" || : # the moment is what is tested
	nothing_attached && (($(netfilter_links) <= before)) || hit=$((hit + 1))
	kill -KILL "$(pid_of victim)" 2>/dev/null || :
	await victim 2>/dev/null
	wait_for 10 "nothing to be attached after kill $n" nothing_attached
done
wait_for 10 'the netfilter links to be gone' eval '(($(netfilter_links) <= before))'
echo "$kills kills, $hit of them of a program that was attached: nothing is left"
assert_ge 'kills that met an attached program' 1 "$hit"
