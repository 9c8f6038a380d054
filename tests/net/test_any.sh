#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# 'any' is one socket on all interfaces: what each of them carries comes
# once, with the interface's name, those that appear later included.
. "$(dirname "$0")/lib.sh"
need jq capinfos tshark python3
make_net
[[ -c /dev/net/tun ]] || skip 'there is no /dev/net/tun'

send_udp() { # send_udp NAMESPACE ADDRESS PORT COUNT
	ip netns exec "$1" python3 - "$2" "$3" "$4" <<'END'
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(int(sys.argv[3])):
    s.sendto(b'weir', (sys.argv[1], int(sys.argv[2])))
END
}

lib_listening_to_all() {
	(($(in_rx awk '$5 == 0 && $6 == 1' /proc/net/packet | wc -l) >= 1))
}

# Blocks that are read late: by then the tun device below is gone, its name must not be.
for source in ring:any,retire=1s socket:any; do
	kind=${source%%:*}
	file=$dir/$kind.pcapng
	start record "$rx" "$WEIR" record -i "$source" -w "$file" --report "$dir/report" udp dst port 9
	wait_for 10 'a socket on all interfaces' lib_listening_to_all
	send_udp "$tx" "$rx_ip" 9 10
	send_udp "$tx" "$rx_ip" 8 5  # filtered
	send_udp "$rx" 127.0.0.1 9 7
	send_udp "$rx" "$tx_ip" 9 3
	ip -n "$rx" link add late0 type veth peer name late1
	ip -n "$rx" addr add 10.101.0.1/24 dev late0
	ip -n "$rx" link set late0 up
	ip -n "$rx" link set late1 up
	ip -n "$rx" neigh replace 10.101.0.2 lladdr 02:00:00:00:00:09 dev late0 nud permanent
	send_udp "$rx" 10.101.0.2 9 4 # out of late0, into late1
	ip netns exec "$rx" python3 - <<'END'
# a tun device: frames without a link header, and it ends with this program
import fcntl, os, socket, struct
fd = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(fd, 0x400454ca, struct.pack("16sH", b"tun0", 0x1001))
os.system("ip addr add 10.102.0.1/24 dev tun0; ip link set tun0 up")
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for port in (9, 9, 8):
    s.sendto(b"weir", ("10.102.0.2", port))
END
	stop record
	assert_eq "$kind: exit status" 0 "$status"
	assert_balanced "$dir/report"
	ip -n "$rx" link del late0
	counts=$(tshark -r "$file" -T fields -e frame.interface_name 2>/dev/null | sort | uniq -c |
		awk '{printf "%s%s=%s", sep, $2, $1; sep = " "}')
	assert_eq "$kind: packets by interface" "late0=4 late1=4 lo=7 $rx_if=13 tun0=2" "$counts"
	assert_eq "$kind: link types" 'Ethernet Raw IP' \
		"$(capinfos "$file" | sed -n 's/.*Encapsulation = \(.*\) (.*/\1/p' | sort -u | tr '\n' ' ' | sed 's/ $//')"
done

# A classic pcap file has one link type: Ethernet alone is fine, a mixture is refused.
start record "$rx" "$WEIR" record -i any -w "$dir/x.pcap" -c 9 udp dst port 9
wait_for 10 'a socket on all interfaces' lib_listening_to_all
send_udp "$tx" "$rx_ip" 9 4
send_udp "$rx" 127.0.0.1 9 5
await record
assert_eq 'status for Ethernet into .pcap' 0 "$status"
assert_eq 'packets in .pcap' 9 "$(packets_in "$dir/x.pcap")"

start show "$rx" "$WEIR" show -i any -t -q -c 2 -Q out udp dst port 9
wait_for 10 'a socket on all interfaces' lib_listening_to_all
send_udp "$tx" "$rx_ip" 9 1 # comes in: not shown
send_udp "$rx" "$tx_ip" 9 1
send_udp "$rx" 127.0.0.1 9 1
await show
assert_eq 'what goes out' "$rx_if Out,lo Out" "$(cut -d' ' -f1,2 "$dir/show.out" | tr '\n' ',' | sed 's/,$//')"
