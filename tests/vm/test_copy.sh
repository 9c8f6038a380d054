#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# kernel: trixie
# cards: virtio-net-pci,iommu_platform=on,disable-legacy=on
#
# On Linux 6.12 virtio-net has no zero-copy yet: asking for it is refused in
# words, not asking for it gets copies and says so. tcx and the netfilter hook
# are there.
. "$(dirname "$0")/lib.sh"
make_cards
run in_rx "$WEIR" count -i "xdp:$rx_if,bind=zerocopy" -a duration:1
assert_eq 'exit status without zero-copy' 1 "$status"
assert_match 'the refusal' 'cannot do zero-copy|no native XDP' "$(<"$dir/run.err")"
taken "xdp:$rx_if,frames=1024" 3000 'takes packets from the host: mode (native|skb), copy'
taken "tap:$rx_if" 3000 ''
# the netfilter hook sees only what is for this host
in_rx ip addr add 198.19.0.1/32 dev "$rx_if"
in_rx ip route add 198.18.0.0/15 dev "$rx_if"
taken "nf:$rx_if" 3000 ''
