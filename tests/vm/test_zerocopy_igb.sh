#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# kernel: trixie-backports
# emulator: bookworm-backports
# cards: igb
#
# Zero-copy on a card of two queues (igb, Linux 6.14 and later; QEMU 8 and
# later has it): the kernel confirms it for both, the card spreads flows over
# them, and every packet arrives.
. "$(dirname "$0")/lib.sh"
make_cards
in_rx ethtool -N "$rx_if" rx-flow-hash udp4 sdfn

# by the card's own counters
of_queue() {
	in_rx ethtool -S "$rx_if" | awk -v name="rx_queue_$1_packets:" '$1 == name {print $2}'
}

taken "xdp:$rx_if,bind=zerocopy,frames=1024" 3000 'mode native, zero-copy, 2 queues'
for queue in 0 1; do
	assert_ge "packets of queue $queue" 100 "$(of_queue $queue)"
done
taken "tap:$rx_if,hook=xdp" 3000 ''
