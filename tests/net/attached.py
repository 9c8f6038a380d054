#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""attached.py INTERFACE: how many BPF programs are attached there, as the kernel says: "tcx XDP".

Asked directly, because a distribution's bpftool may be older than tcx.
"""
import ctypes
import json
import os
import platform
import socket
import struct
import subprocess
import sys

BPF_PROG_QUERY = 16
TCX_INGRESS, TCX_EGRESS = 46, 47
SYS_BPF = {"x86_64": 321, "aarch64": 280}[platform.machine()]


def count(interface, attach_type):
    attributes = ctypes.create_string_buffer(struct.pack(
        "IIIIQIIQQQ", interface, attach_type, 0, 0, 0, 0, 0, 0, 0, 0))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(SYS_BPF, BPF_PROG_QUERY, attributes, len(attributes) - 1):
        sys.exit(f"attached.py: BPF_PROG_QUERY: {os.strerror(ctypes.get_errno())}")
    return struct.unpack_from("I", attributes, 24)[0]


def main():
    interface = socket.if_nametoindex(sys.argv[1])
    link = json.loads(subprocess.check_output(["ip", "-d", "-j", "link", "show", sys.argv[1]]))[0]
    print(count(interface, TCX_INGRESS) + count(interface, TCX_EGRESS),
          1 if link.get("xdp") else 0)


main()
