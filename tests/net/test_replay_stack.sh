#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# weir replay --to-stack: a socket of this host gets the packets of the file,
# which arrive as a network card's would; the device is there no longer than
# the replay, whatever ends that.
. "$(dirname "$0")/lib.sh"
need jq python3 tcpdump
make_net

device() { # is there one called $1?
	ip -n "$tx" link show dev "$1" >/dev/null 2>&1
}

# 500 datagrams of 100 lengths to a station that is not here, one to all stations, one of a
# protocol that nobody takes, one that is larger than any MTU, one of 70,000 bytes.
python3 - "$dir/in.pcap" <<'END'
import socket, struct, sys
out = open(sys.argv[1], "wb")
out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
count = 0
def add(frame):
    global count
    out.write(struct.pack("<IIII", 1700000000, 1000 * count, len(frame), len(frame)) + frame)
    count += 1
def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return struct.pack("!H", ~total & 0xffff)
def udp(to, length):
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28 + length, count, 0, 64, 17, 0,
                         socket.inet_aton("192.0.2.9"), socket.inet_aton("192.0.2.1"))
    header = header[:10] + checksum(header) + header[12:]
    return (bytes.fromhex(to + "0200000000bb" "0800") + header +
            struct.pack("!HHHH", 1234, 5555, 8 + length, 0) + bytes(length))
for n in range(500):
    add(udp("0200000000aa", n % 100))
add(udp("ffffffffffff", 7))
add(bytes.fromhex("0200000000aa" "0200000000bb" "88b5") + bytes(50))
add(udp("0200000000aa", 40000))
add(bytes.fromhex("0200000000aa" "0200000000bb" "88b5") + bytes(70000))
END
# Witnesses: a socket that says how many datagrams there were, and on which interface; and a packet
# socket that says of which type they were.
cat >"$dir/sockets.py" <<'END'
import select, socket, struct, sys
datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
datagrams.setsockopt(socket.SOL_SOCKET, 33, 1 << 26)  # SO_RCVBUFFORCE
datagrams.setsockopt(socket.IPPROTO_IP, 8, 1)  # IP_PKTINFO
datagrams.bind(("0.0.0.0", 5555))
packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
packets.setsockopt(socket.SOL_SOCKET, 33, 1 << 26)
print("ready", flush=True)
got, lengths, types, devices = 0, set(), {}, set()
while select.select([sys.stdin], [], [], 0)[0] == []:
    for ready in select.select([datagrams, packets], [], [], 0.1)[0]:
        if ready is packets:
            address = packets.recvfrom(65536)[1]
            if address[0] in ("stack0", ""):  # gone already
                types[address[2]] = types.get(address[2], 0) + 1
        else:
            data, more, _, _ = datagrams.recvmsg(65536, 100)
            got += 1
            lengths.add(len(data))
            devices.add(struct.unpack("i", more[0][2][:4])[0])
    print(got, len(lengths), types.get(0, 0), types.get(1, 0), len(devices), flush=True)
END
ip -n "$tx" addr add 192.0.2.1/32 dev lo
mkfifo "$dir/end"
exec {end}<>"$dir/end"
start sockets "$tx" bash -c "exec python3 '$dir/sockets.py' <'$dir/end'"
wait_for 20 'the witnesses' grep -q ready "$dir/sockets.out"

run in_tx "$WEIR" replay "$dir/in.pcap" --to-stack -i stack0 --speed 10x --json --report "$dir/report"
assert_eq "exit status ($(<"$dir/run.err"))" 0 "$status"
assert_eq 'sent, received by the device' '503 503' \
	"$(json "$dir/report" '.packets | "\(.sent) \(.nic_sent)"')"
assert_eq 'too long, method, interface' '1 stack stack0' \
	"$(json "$dir/report" '"\(.file.too_long) \(.method) \(.interface)"')"
# datagrams, lengths, packets to this host, packets to all, devices
wait_for 20 "all packets in the sockets ($(tail -n 1 "$dir/sockets.out"))" \
	eval '[[ $(tail -n 1 "$dir/sockets.out") = "502 101 502 1 1" ]]'
echo >&"$end"
await sockets
! device stack0 || fail 'the device is left'

# As fast as it goes, beside a third witness: what the device counted while it was there.
before=$(in_tx awk '/^Udp: [0-9]/ {print $2 + $3}' /proc/net/snmp)
run in_tx "$WEIR" replay "$dir/in.pcap" --to-stack --top --loop 20 --json
assert_eq 'exit status at top speed' 0 "$status"
assert_eq 'sent at top speed, and of no protocol' '10060 20' \
	"$(json "$dir/run.out" '.packets | "\(.sent) \(.not_wanted)"')"
assert_eq 'the default name' weir0 "$(json "$dir/run.out" .interface)"
assert_eq 'datagrams, delivered or without a port' $((before + 10040)) \
	"$(in_tx awk '/^Udp: [0-9]/ {print $2 + $3}' /proc/net/snmp)"

# A stop, and a kill, take the device along.
for signal in INT KILL; do
	start replay "$tx" "$WEIR" replay "$dir/in.pcap" --to-stack -i stack1 --loop 0 --json udp
	wait_for 10 'the device' device stack1
	wait_for 10 'packets' eval '(($(nic "$tx" stack1 rx.packets) > 50))'
	stop replay "$signal" 2>/dev/null
	wait_for 10 'the end of the device' eval '! device stack1'
	[[ $signal = KILL ]] || assert_eq 'exit status after a stop' 0 "$status"
done

assert_refuses 1 "an interface '$tx_if' already" in_tx "$WEIR" replay "$dir/in.pcap" --to-stack -i "$tx_if"
assert_refuses 1 'no permission to make a tap device: CAP_NET_ADMIN' \
	as_nobody "$tx" "$WEIR" replay "$dir/in.pcap" --to-stack
assert_refuses 2 'too long for an interface' in_tx "$WEIR" replay "$dir/in.pcap" --to-stack -i sixteen-letters-
assert_refuses 2 'give no method' in_tx "$WEIR" replay "$dir/in.pcap" --to-stack --method xdp
assert_refuses 1 'no packet that can be sent' in_tx "$WEIR" replay "$dir/in.pcap" --to-stack greater 70000
python3 - "$dir/raw.pcap" <<'END'
import struct, sys
open(sys.argv[1], "wb").write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101) +
                              struct.pack("<IIII", 1, 0, 20, 20) + bytes([0x45] + 19 * [0]))
END
assert_refuses 1 'no packet that can be sent' in_tx "$WEIR" replay "$dir/raw.pcap" --to-stack
in_tx sysctl -qw net.ipv4.conf.all.rp_filter=1
run in_tx "$WEIR" replay "$dir/in.pcap" --to-stack --top -c 1
assert_match 'a note on filtered sources' 'rp_filter is set' "$(<"$dir/run.err")"
