#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""ordered.py FILE: packets of a pcapng file, and how many are older than the one before."""
import struct
import sys


def packets(data):
    """(time, bytes) of the enhanced packet blocks, of one section of this machine's byte order."""
    at = 0
    while at < len(data):
        kind, length = struct.unpack_from("=II", data, at)
        if kind == 6:
            high, low, captured = struct.unpack_from("=III", data, at + 12)
            yield high << 32 | low, data[at + 28:at + 28 + captured]
        at += length


def main():
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    count = late = newest = 0
    for time, _ in packets(data):
        count += 1
        late += time < newest
        newest = max(newest, time)
    print(count, late)


main()
