#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""initiators.py FILE FLOWS: a capture of connections whose initiator has the higher address
and port: two packets to the server, three back; a third of them by IPv6."""
import ipaddress
import struct
import sys

path, flows = sys.argv[1], int(sys.argv[2])


def frame(number, index, forward):
    client, server = f"10.200.{number >> 8}.{number & 255}", "10.0.0.1"
    if number % 3 == 0:
        client, server = f"fd00:ffff::{number:x}", "fd00::1"
    source, destination = (client, server) if forward else (server, client)
    source, destination = ipaddress.ip_address(source), ipaddress.ip_address(destination)
    ports = (50000 + number % 1000, 443) if forward else (443, 50000 + number % 1000)
    udp = struct.pack("!HHHH", *ports, 8 + 10 * (index + 1), 0) + bytes(10 * (index + 1))
    if source.version == 4:
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), number, 0, 64, 17, 0)
        head += source.packed + destination.packed
        total = sum(struct.unpack("!10H", head))
        total = (total & 0xFFFF) + (total >> 16)
        head = head[:10] + struct.pack("!H", ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF) + head[12:]
    else:
        head = struct.pack("!IHBB", 6 << 28, len(udp), 17, 64) + source.packed + destination.packed
    ethertype = b"\x08\x00" if source.version == 4 else b"\x86\xdd"
    return b"\x02\0\0\0\0\2\x02\0\0\0\0\1" + ethertype + head + udp


with open(path, "wb") as out:
    out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
    for index, forward in enumerate([True, False, True, False, False]):
        for number in range(flows):
            data = frame(number + 1, index, forward)
            time_us = 1700000000 * 1000000 + index * 1000000 + number * 100
            out.write(struct.pack("<IIII", *divmod(time_us, 1000000), len(data), len(data)) + data)
