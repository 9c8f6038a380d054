#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The test network itself: what is sent arrives, alone and counted the same by
# every witness, before weir is judged by them.
. "$(dirname "$0")/lib.sh"
need tcpdump capinfos python3 nstat
make_net queues=2

packets=500
start tcpdump "$rx" tcpdump -i "$rx_if" -U -w "$dir/x.pcap"
wait_capture "$rx" "$rx_if"
in_tx python3 - "$rx_ip" "$packets" <<'END'
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(int(sys.argv[2])):
    s.sendto(b'weir', (sys.argv[1], 9))
END
wait_for 10 'all packets in the file' \
	eval '[[ $(packets_by_tcpdump "$dir/x.pcap" udp) = "$packets" ]]'
stop tcpdump
assert_eq 'exit status of tcpdump' 0 "$status"
assert_eq 'sent, says the NIC' "$packets" "$(nic "$tx" "$tx_if" tx.packets)"
assert_eq 'received, says the NIC, ICMP errors apart' "$packets" "$(nic "$rx" "$rx_if" rx.packets)"
assert_eq 'UDP packets in the file' "$packets" "$(packets_by_tcpdump "$dir/x.pcap" udp)"
assert_eq 'stray packets in the file' 0 "$(packets_by_tcpdump "$dir/x.pcap" not udp and not icmp)"
assert_eq 'segments sent' 0 "$(segments_out "$tx")"

echo '{"balanced": true}' >"$dir/report"
assert_balanced "$dir/report"
assert_refuses 2 'Usage' bash -c 'echo Usage: x >&2; exit 2'
need_user_namespaces
assert_eq 'user without root' 0 "$(without_root id -u)"
