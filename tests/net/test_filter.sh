#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# One expression, two programs: what the kernel's filter lets through on a
# live interface is what user space's lets through when the same frames are
# read from a file, with one difference, which tcpdump has too: the kernel has
# taken the outermost tag off before a filter sees the packet, so that live
# 'udp' matches tagged packets as well, and from a file only untagged ones.
# Say 'udp and not vlan' to mean the latter in both.
. "$(dirname "$0")/lib.sh"
python=/usr/bin/python3 # the one that Debian packages modules for
need "$python" tcpdump
"$python" -c 'import scapy' 2>/dev/null || skip "'python3-scapy' is not installed"
need_root
make_net

cat >"$dir/frames.py" <<'P'
import sys
from scapy.all import Ether, Dot1Q, Dot1AD, IP, UDP, TCP, ARP, sendp, conf
conf.verb = 0
e = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
udp = IP(src="10.100.0.1", dst="10.100.0.2") / UDP(sport=1000, dport=53) / (b"x" * 40)
tcp = IP(src="10.100.0.1", dst="10.100.0.2") / TCP(sport=1000, dport=80) / (b"x" * 40)
frames = (
    [e / udp] * 3 +                                             # untagged
    [e / tcp] * 5 +
    [e / Dot1Q(vlan=100) / udp] * 7 +                           # one tag
    [e / Dot1Q(vlan=100) / tcp] * 11 +
    [e / Dot1Q(vlan=7) / udp] * 13 +
    [e / Dot1AD(vlan=200) / Dot1Q(vlan=100) / udp] * 17)        # QinQ
sendp(frames, iface=sys.argv[1])
P
sent=56
received() {
	in_rx cat "/sys/class/net/$rx_if/statistics/rx_packets"
}

# in the kernel: how many packets the ring lets in for each expression, and tcpdump's
live() {
	start live "$rx" "$WEIR" count -i "$rx_if" -Q in -q --report "$dir/live.json" $1
	start peer "$rx" tcpdump --immediate-mode -U -ni "$rx_if" -Q in -w "$dir/live.pcap" $1
	wait_capture "$rx" "$rx_if" 2
	in_tx "$python" "$dir/frames.py" "$tx_if"
	wait_for 10 'the last frame' eval "(( \$(received) == before + sent ))"
	stop live
	stop peer
	live=$(json "$dir/live.json" .packets.seen)
	peer=$(tcpdump -nr "$dir/live.pcap" 2>/dev/null | wc -l)
}

# The whole traffic, recorded by another program.
start witness "$rx" tcpdump -U -ni "$rx_if" -Q in -w "$dir/all.pcap"
wait_capture "$rx" "$rx_if"
in_tx "$python" "$dir/frames.py" "$tx_if"
wait_for 10 'the witness' eval "[[ \$(tcpdump -nr '$dir/all.pcap' 2>/dev/null | wc -l) = $sent ]]"
stop witness

from_file() {
	run "$WEIR" count -r "$dir/all.pcap" -q --report "$dir/file.json" $1
	json "$dir/file.json" .packets.delivered
}

check() { # EXPRESSION KERNEL FILE
	before=$(received)
	live "$1"
	assert_eq "'$1' in the kernel" "$2" "$live"
	assert_eq "'$1' in the kernel, by tcpdump" "$2" "$peer"
	assert_eq "'$1' from a file" "$3" "$(from_file "$1")"
	assert_eq "'$1' as tcpdump reads the file" "$3" \
		"$(tcpdump -nr "$dir/all.pcap" $1 2>/dev/null | wc -l)"
}

check '' 56 56
check 'udp' 23 3
check 'udp and not vlan' 3 3
check 'vlan' 48 48
check 'vlan and udp' 20 20
check 'vlan 100' 18 18
check 'vlan 200 and vlan 100 and udp' 17 17
check 'tcp or (vlan and tcp)' 16 16
check 'not vlan' 8 8
