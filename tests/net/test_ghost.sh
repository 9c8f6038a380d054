#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Super-packets of a GSO type that the kernel cannot express in a ring (UFO,
# as virtual machines send them through a tap device) leave a record without
# a packet behind. They must be counted as gso_unsupported, and nothing else
# must be lost or doubled by them.
. "$(dirname "$0")/lib.sh"
need_root
[[ -c /dev/net/tun ]] || skip 'there is no /dev/net/tun'
make_net

cat >"$dir/tap.py" <<'P'
import fcntl, os, struct, sys
TUNSETIFF, TUNSETOFFLOAD = 0x400454ca, 0x400454d0
IFF_TAP, IFF_NO_PI, IFF_VNET_HDR = 2, 0x1000, 0x4000
GSO_NONE, GSO_TCPV4, GSO_UDP = 0, 1, 3
fd = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH", b"tap0", IFF_TAP | IFF_NO_PI | IFF_VNET_HDR))
os.system("ip link set tap0 up")
print("ready", flush=True)
sys.stdin.readline()

def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff

def frame(protocol, transport):
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(transport), 1, 0, 64, protocol, 0,
                     bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2]))
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    return b"\x02\0\0\0\0\2\x02\0\0\0\0\1\x08\0" + ip + transport

udp = frame(17, struct.pack("!HHHH", 1000, 53, 8 + 4000, 0) + bytes(4000))
tcp = frame(6, struct.pack("!HHIIBBHHH", 1000, 80, 1, 1, 0x50, 0x10, 1000, 0, 0) + bytes(4000))
small = frame(17, struct.pack("!HHHH", 1000, 53, 8 + 20, 0) + bytes(20))

def send(gso, size, header, start, offset, data):
    flags = 1 if gso else 0
    os.write(fd, struct.pack("<BBHHHH", flags, gso, header, size, start, offset) + data)

for i in range(20):
    send(GSO_NONE, 0, 0, 0, 0, small)
    send(GSO_UDP, 1480, 42, 34, 6, udp)      # a ghost
    send(GSO_TCPV4, 1000, 54, 34, 16, tcp)   # 4 wire packets
print("sent", flush=True)
sys.stdin.readline()
P

# The socket without a ring refuses them only when they are read; the account is the same.
for version in 3 2 socket; do
	: >"$dir/tap.$version"
	mkfifo "$dir/commands.$version"
	exec {commands}<>"$dir/commands.$version"
	ip netns exec "$rx" python3 "$dir/tap.py" <"$dir/commands.$version" \
		>"$dir/tap.$version" 2>"$dir/tap.err" {lib_never}>&- &
	lib_pids[tap]=$!
	wait_for 10 'the tap device' grep -q ready "$dir/tap.$version"
	source=ring:tap0,version=$version
	[[ $version = socket ]] && source=socket:tap0
	start record "$rx" "$WEIR" record -i "$source" -Q in \
		-w "$dir/x.$version.pcapng" --report "$dir/report.$version"
	wait_capture "$rx" tap0
	echo >&$commands
	wait_for 10 'the frames' grep -q sent "$dir/tap.$version"
	stop record
	echo >&$commands
	await tap
	exec {commands}>&-

	report=$dir/report.$version
	assert_balanced "$report"
	# V2 is not asked for the header that the kernel cannot make: no ghosts, but no wire count.
	ghosts=0 delivered=60 wire=null
	if [[ $version != 2 ]]; then
		ghosts=20 delivered=40 wire=100
	fi
	assert_eq "V$version: frames seen" 60 "$(json "$report" .packets.seen)"
	assert_eq "V$version: ghosts" $ghosts \
		"$(json "$report" '.interfaces[0].stages[0].dropped.gso_unsupported // 0')"
	assert_eq "V$version: ring_full" 0 "$(json "$report" '.interfaces[0].stages[0].dropped.ring_full')"
	assert_eq "V$version: delivered" $delivered "$(json "$report" .packets.delivered)"
	assert_eq "V$version: on the wire" $wire "$(json "$report" .packets.wire)"
	assert_eq "V$version: in the file" $delivered "$(packets_in "$dir/x.$version.pcapng")"
done
