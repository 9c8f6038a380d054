#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# kernel: bookworm
#
# Linux 6.1 has no tcx: the tap falls back to clsact and says so, counts
# exactly, and leaves nothing behind. It has no netfilter programs either, where
# NFLOG takes their place.
. "$(dirname "$0")/lib.sh"
make_net

filters() {
	in_rx tc filter show dev "$rx_if" ingress | grep -c tap_in
}

no_filters() {
	! filters >/dev/null
}

taken "tap:$rx_if" 5000 'no tcx .*the tap is on clsact'
no_filters || fail 'a filter is left after a clean end'
taken "tap:$rx_if,hook=xdp" 5000 ''
taken "xdp:$rx_if" 5000 'mode native, copy'
assert_refuses 1 'no BPF arena .*Linux 6.9' in_rx "$WEIR" count -i "tap:$rx_if,ring=arena"

capture killed "$rx" "tap:$rx_if"
assert_eq 'filters of a tap' 1 "$(filters)"
kill -KILL "$(pid_of killed)"
await killed
wait_for 20 'the broker to remove the filter' no_filters

taken "nf:$rx_if" 5000 'no BPF netfilter programs.*NFLOG is used'
assert_refuses 1 'no BPF netfilter programs' in_rx "$WEIR" count -i "nf:$rx_if,method=bpf"

# AF_XDP takes frames of several buffers since Linux 6.6: with a large MTU the
# refusal says what to do, and the sources that can still have every packet.
in_tx ip link set "$tx_if" mtu 9000
in_rx ip link set "$rx_if" mtu 9000
assert_refuses 1 'MTU' in_rx "$WEIR" count -i "xdp:$rx_if"
sed 's/^/ok: /' "$dir/run.err"
assert_refuses 1 'MTU' in_rx "$WEIR" count -i "xdp:$rx_if,mode=native"
taken "tap:$rx_if,hook=xdp" 3000 ''
taken "ring:$rx_if" 3000 ''
