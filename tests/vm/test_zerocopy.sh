#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# kernel: trixie-backports
# cards: virtio-net-pci,iommu_platform=on,disable-legacy=on
#
# Zero-copy on virtio-net (Linux 6.16 and later): the kernel confirms it, it is
# what is got by default, and every packet arrives.
. "$(dirname "$0")/lib.sh"
make_cards
taken "xdp:$rx_if,bind=zerocopy,frames=1024" 3000 'mode native, zero-copy'
taken "xdp:$rx_if,frames=1024" 3000 'mode native, zero-copy'
busy_polled() {
	in_rx nstat -asz TcpExtBusyPollRxPackets | awk '/BusyPoll/ {print $2}'
}
before=$(busy_polled)
taken "xdp:$rx_if,busy=yes,frames=1024" 3000 'zero-copy, .*polled busily'
assert_ge 'packets that the reader had polled, as the kernel counts them' 1 $(($(busy_polled) - before))
echo "ok: $(($(busy_polled) - before)) packets came by busy polling"
taken "tap:$rx_if" 3000 ''
