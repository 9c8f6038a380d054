#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""sequences.py INTERFACE PORTS ROUNDS: UDP packets to so many ports from 1000 on, in turns,

from as many addresses; each carries its number within its port, from 1 on, in
four bytes. Then, each 50 ms, one to port 9, until standard input ends.
"""
import select
import socket
import struct
import sys


def frame(port, number):
    payload = struct.pack("!I", number)
    udp = struct.pack("!HHHH", 5000, port, 8 + len(payload), 0) + payload
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0,
                     bytes((10, 9, port >> 8, port & 255)), bytes((10, 9, 0, 1)))
    return bytes.fromhex("020000000002020000000001") + b"\x08\x00" + ip + udp


def main():
    ports, rounds = int(sys.argv[2]), int(sys.argv[3])
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as link:
        link.bind((sys.argv[1], 0))
        for number in range(1, rounds + 1):
            for port in range(1000, 1000 + ports):
                link.send(frame(port, number))
        last = 0
        while not select.select([sys.stdin], [], [], 0.05)[0]:
            last += 1
            link.send(frame(9, last))


main()
