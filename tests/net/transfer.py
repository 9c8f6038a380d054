#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A TCP transfer whose bytes are checked.

transfer.py receive ADDRESS PORT        print "BYTES SHA256" of one connection
transfer.py send ADDRESS PORT MIB       send, print "BYTES SHA256"
"""
import hashlib
import socket
import sys
import time

CHUNK = 1 << 20


def receive(address, port):
    with socket.create_server((address, port)) as server:
        server.settimeout(60)
        connection, _ = server.accept()
        connection.settimeout(60)
        seen, digest = 0, hashlib.sha256()
        while data := connection.recv(CHUNK):
            seen += len(data)
            digest.update(data)
    return seen, digest


def connect(address, port):
    deadline = time.monotonic() + 20
    while True:
        try:
            return socket.create_connection((address, port), timeout=60)
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise


def send(address, port, mib):
    digest = hashlib.sha256()
    block = hashlib.sha512(b"weir").digest() * (CHUNK // 64)
    with connect(address, port) as connection:
        for number in range(mib):
            data = number.to_bytes(8, "big") + block[8:]
            digest.update(data)
            connection.sendall(data)
    return mib * CHUNK, digest


address, port = sys.argv[2], int(sys.argv[3])
seen, digest = receive(address, port) if sys.argv[1] == "receive" else send(address, port, int(sys.argv[4]))
print(seen, digest.hexdigest())
