# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154
#
# Sourced by the tests in this folder, in the virtual machine: what the network
# tests have, and the machine's own network cards.
. "$(dirname "${BASH_SOURCE[0]}")/../net/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../net/tap_lib.sh"

lib_card() {
	ip -j link show | jq -r ".[] | select(.address == \"$1\") | .ifname"
}

# make_cards: as make_net, but the two ends are the network cards that the test asked for
make_cards() {
	tx_if=$(lib_card "$tx_mac") rx_if=$(lib_card "$rx_mac")
	[[ $tx_if && $rx_if ]] || fail 'there are no network cards'
	make_namespace "$tx"
	make_namespace "$rx"
	ip link set "$tx_if" netns "$tx"
	ip link set "$rx_if" netns "$rx"
	lib_set_up_end "$tx" "$tx_if" "$tx_mac" "$tx_ip" "$rx_mac" "$rx_ip" 1500
	lib_set_up_end "$rx" "$rx_if" "$rx_mac" "$rx_ip" "$tx_mac" "$tx_ip" 1500
	wait_for 20 "the carrier of '$rx_if'" in_rx grep -qx 1 "/sys/class/net/$rx_if/carrier"
}

# taken SOURCE COUNT REGEX: packets that are sent are all in the source, which says REGEX at its start
taken() {
	capture taken "$rx" "$1" -B 8192
	send "$2" --flows 64 --pps 3000
	wait_for 60 "all packets in '$1'" settled taken "$2"
	stop taken
	assert_balanced "$dir/taken.json"
	assert_eq "packets seen by '$1'" "$2" "$(seen taken in)"
	assert_eq "packets delivered by '$1'" "$2" "$(seen taken out)"
	assert_match "what '$1' says" "$3" "$(<"$dir/taken.err")"
	echo "ok: $1 has all $2 packets${3:+, and says '$3'}"
}
