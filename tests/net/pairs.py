#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Flows of many pairs of addresses, both directions, some of them in fragments.

pairs.py send INTERFACE PAIRS WRAP [cpus]
        send them, print how many packets that were; with 'cpus' each direction from a CPU of
        its own, which chooses the queue (XPS)
pairs.py check FILE PAIRS WRAP          do the records (JSON lines) say the same?

WRAP is what the frames are in: plain, vlan, qinq, vxlan, gre; or unfragmented,
which is plain, and no packet is in fragments.

Of each pair of addresses, IPv4 and IPv6: a UDP flow with REQUESTS packets and
as many answers, the last ones of each direction in two fragments.
"""
import collections
import ipaddress
import json
import os
import socket
import struct
import sys

REQUESTS = 5
SERVER_PORT = 2000
MAC_A, MAC_B = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")


def ipv4(source, destination, protocol, payload, identification=0, fragment=0):
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), identification, fragment,
                         64, protocol, 0, source.packed, destination.packed)
    total = sum(struct.unpack("!10H", header))
    total = (total & 0xFFFF) + (total >> 16)
    total = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
    return header[:10] + struct.pack("!H", total) + header[12:] + payload


def ipv6(source, destination, protocol, payload):
    return struct.pack("!IHBB", 6 << 28, len(payload), protocol, 64) + source.packed + \
        destination.packed + payload


def udp(source, destination, payload):
    return struct.pack("!HHHH", source, destination, 8 + len(payload), 0) + payload


def datagram(source, destination, ports, number, in_fragments):
    """The IP packets of one datagram."""
    whole = udp(*ports, bytes(56 if in_fragments else 16))
    parts = [whole[:32], whole[32:]]
    if source.version == 4 and not in_fragments:
        return [ipv4(source, destination, 17, whole)]
    if source.version == 4:
        return [ipv4(source, destination, 17, parts[0], number, 0x2000),
                ipv4(source, destination, 17, parts[1], number, 4)]
    if not in_fragments:
        return [ipv6(source, destination, 17, whole)]
    return [ipv6(source, destination, 44, struct.pack("!BBHI", 17, 0, offset, number) + part)
            for offset, part in zip((1, 32), parts)]


def pair(index, version):
    if version == 4:
        base = int(ipaddress.IPv4Address("10.0.0.0"))
        return ipaddress.IPv4Address(base + 2 * index), ipaddress.IPv4Address(base + 2 * index + 1)
    base = int(ipaddress.IPv6Address("fd00::"))
    return ipaddress.IPv6Address(base + 2 * index), ipaddress.IPv6Address(base + 2 * index + 1)


def packets(pairs, in_fragments):
    """(direction, IP packet) of all flows, in turns, so that no flow is alone for long."""
    for round_number in range(REQUESTS):
        last = in_fragments and round_number == REQUESTS - 1
        for index in range(pairs):
            for version in (4, 6):
                a, b = pair(index, version)
                ports = (10000 + index, SERVER_PORT)
                number = 2 * index + version + 1
                for packet in datagram(a, b, ports, number, last):
                    yield 0, packet
                for packet in datagram(b, a, ports[::-1], number, last):
                    yield 1, packet


def frame(direction, packet, wrap):
    macs = MAC_B + MAC_A  # whatever the direction: the wire leads to the receiver
    ethertype = struct.pack("!H", 0x0800 if packet[0] >> 4 == 4 else 0x86DD)
    tag = struct.pack("!HH", 0x8100, 7)
    if wrap == "vlan":
        return macs + tag + ethertype + packet
    if wrap == "qinq":
        return macs + struct.pack("!HH", 0x88A8, 9) + tag + ethertype + packet
    if wrap in ("plain", "unfragmented"):
        return macs + ethertype + packet
    ends = [ipaddress.IPv4Address("192.0.2.1"), ipaddress.IPv4Address("192.0.2.2")]
    if direction:
        ends.reverse()
    if wrap == "gre":
        outer = ipv4(*ends, 47, b"\0\0" + ethertype + packet)
    else:  # the inner frame is tagged, too
        inner = macs + tag + ethertype + packet
        outer = ipv4(*ends, 17, udp(49152, 4789, struct.pack("!II", 1 << 27, 42 << 8) + inner))
    return macs + b"\x08\x00" + outer


def send(interface, pairs, wrap, by_cpus):
    count = 0
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as link:
        link.bind((interface, 0))
        for direction, packet in packets(pairs, wrap != "unfragmented"):
            if by_cpus:
                os.sched_setaffinity(0, {direction})
            link.send(frame(direction, packet, wrap))
            count += 1
    print(count)


def check(path, pairs, wrap):
    wanted = REQUESTS if wrap == "unfragmented" else REQUESTS + 1
    found = collections.Counter()
    wrong = []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            key = record.get("sourceIPv4Address") or record.get("sourceIPv6Address")
            found[key] += 1
            counts = (record["packetDeltaCount"], record["reversePacketDeltaCount"])
            if counts != (wanted, wanted):
                wrong.append(f"{key}: {counts}")
    for index in range(pairs):
        for version in (4, 6):
            if found[str(pair(index, version)[0])] != 1:
                wrong.append(f"{pair(index, version)[0]}: {found[str(pair(index, version)[0])]}")
    if sum(found.values()) != 2 * pairs:
        wrong.append(f"{sum(found.values())} records of {2 * pairs} flows")
    if wrong:
        sys.exit(f"{wrap}: flows are split: " + ", ".join(wrong[:10]))


if __name__ == "__main__":
    if sys.argv[1] == "send":
        send(sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5:] == ["cpus"])
    else:
        check(sys.argv[2], int(sys.argv[3]), sys.argv[4])
