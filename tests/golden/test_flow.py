#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_flow.py WEIR: are weir's flows those that follow from what tshark reads?

For every capture of WEIR_TEST_PCAPS (or ../shared/data/pcaps beside the
checkout): flows, with packets and IP bytes of both directions and the
initiator, against an aggregation of tshark's fields. Differences must be
explained in flow.explained, and what is explained there must differ. With
--print the differences are printed as lines for that file.
"""

import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from test_decode import FIELDS, TSHARK, read_packet

HERE = pathlib.Path(__file__).resolve().parent
EXPLAINED = HERE / "flow.explained"
TCP, ICMP, IGMP, ICMP6 = 6, 1, 2, 58
SYN, ACK = 2, 16

# The request that an ICMP type answers.
REQUESTS = {ICMP: {0: 8, 9: 10, 14: 13, 16: 15, 18: 17},
            ICMP6: {129: 128, 131: 130, 134: 133, 136: 135, 140: 139, 145: 144}}


def packets_of(path):
    """What tshark reads of each packet's outermost IP layer, in the order of the file."""
    fields = [argument for field in FIELDS for argument in ("-e", field)]
    lines = subprocess.run([*TSHARK, "-r", path, *fields], check=True, text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.splitlines()
    for line in lines:
        outer, _ = read_packet(line)
        if outer.get("ip"):
            yield outer


def identity(packet, first_fragments):
    """Ports of a packet, for later fragments those of the first; None if not known (yet)."""
    fragment = packet.get("fragment")
    if not fragment:
        return packet.get("ports") or "0,0"
    which, number = fragment.split(":")
    key = (packet["src"], packet["dst"], number, packet["proto"] if packet["ip"] == 4 else None)
    if which == "first":
        first_fragments[key] = packet.get("ports") or "0,0"
    return first_fragments.get(key)


def ends_of(packet, ports):
    """The sender, the receiver, and whether the packet is an answer by its nature."""
    protocol = packet["proto"]
    source, destination = (int(port) for port in ports.split(","))
    answer = protocol == TCP and packet.get("flags", 0) & (SYN | ACK) == SYN | ACK
    if protocol in REQUESTS:
        kind = REQUESTS[protocol].get(destination >> 8, destination >> 8)
        answer = kind != destination >> 8
        return (packet["src"], 0), (packet["dst"], 0), answer, kind << 8 | destination & 0xff
    if protocol == IGMP:
        return (packet["src"], 0), (packet["dst"], 0), False, destination
    return (packet["src"], source), (packet["dst"], destination), answer, None


def flows_expected(path):
    """{(initiator, responder, protocol, type): [packets, bytes, reverse packets, bytes]}"""
    flows, first_fragments = {}, {}
    packets = list(packets_of(path))
    for packet in packets:  # a later fragment may come before the first one
        identity(packet, first_fragments)
    for packet in packets:
        ports = identity(packet, first_fragments)
        if ports is None:
            continue
        sender, receiver, answer, kind = ends_of(packet, ports)
        paired = packet["proto"] not in (ICMP, ICMP6, IGMP)
        forward = (sender, receiver, packet["proto"], kind)
        reverse = (receiver, sender, packet["proto"], kind)
        if paired:
            key = forward if forward in flows else reverse if reverse in flows else None
        else:
            key = reverse if answer else forward
        if key is None:
            key = reverse if answer else forward
        counts = flows.setdefault(key, [0, 0, 0, 0])
        offset = 0 if key == forward else 2
        counts[offset] += 1
        counts[offset + 1] += packet["ip_bytes"]
    return flows


def flows_got(weir, path):
    lines = subprocess.run([weir, "flow", "-q", "-r", path, "-w", "-", "--keep-closed",
                            "--active-timeout", "86400", "--idle-timeout", "86400"],
                           check=True, text=True, stdout=subprocess.PIPE).stdout.splitlines()
    flows = {}
    for line in lines:
        record = json.loads(line)
        family = record["ipVersion"]
        protocol = record["protocolIdentifier"]
        kind = record.get("icmpTypeCodeIPv4", record.get("icmpTypeCodeIPv6"))
        source, destination = (record.get("sourceTransportPort", 0),
                               record.get("destinationTransportPort", 0))
        if protocol == IGMP:
            source, destination, kind = 0, 0, destination
        key = ((record[f"sourceIPv{family}Address"], source),
               (record[f"destinationIPv{family}Address"], destination), protocol, kind)
        counts = flows.setdefault(key, [0, 0, 0, 0])
        for index, name in enumerate(("packetDeltaCount", "octetDeltaCount",
                                      "reversePacketDeltaCount", "reverseOctetDeltaCount")):
            counts[index] += record[name]
    return flows


def text_of(key):
    (source, source_port), (destination, destination_port), protocol, kind = key
    ports = f"type {kind >> 8} code {kind & 0xff}" if kind is not None else ""
    return f"{source}:{source_port} > {destination}:{destination_port} {protocol} {ports}".strip()


def differences(weir, path):
    """(flow, ours, tshark's) for each that is not the same."""
    ours, theirs = flows_got(weir, path), flows_expected(path)
    for key in sorted(ours.keys() | theirs.keys(), key=str):
        mine, other = ours.get(key), theirs.get(key)
        if mine != other:
            yield text_of(key), str(mine), str(other)


def main():
    weir = sys.argv[1]
    explained = [tuple(line.split("\t")) for line in EXPLAINED.read_text().splitlines()
                 if line and not line.startswith("#")]
    folder = pathlib.Path(os.environ.get("WEIR_TEST_PCAPS")
                          or HERE.parent.parent.parent / "shared" / "data" / "pcaps")
    if not folder.is_dir():
        print(f"skipped: no captures in '{folder}' (set WEIR_TEST_PCAPS)")
        sys.exit(77)
    used, bad, flows = collections.Counter(), 0, 0
    with tempfile.TemporaryDirectory() as home:
        os.environ["WIRESHARK_CONFIG_DIR"] = home  # nobody's preferences
        for path in sorted(folder.glob("*.pcap*")):
            flows += len(flows_got(weir, str(path)))
            for flow, ours, theirs in differences(weir, str(path)):
                line = (path.name, flow, ours, theirs)
                if "--print" in sys.argv:
                    print("\t".join((*line, "WHY")))
                elif not any(entry[:4] == line for entry in explained):
                    print(f"{path.name}: {flow}: weir {ours}, tshark {theirs}")
                    bad += 1
                used[line] += 1
    for entry in explained:
        if entry[:4] not in used and (folder / entry[0]).exists():
            print(f"explained, but there is no such difference: {entry}")
            bad += 1
    print(f"{flows} flows compared, {len(used)} differences explained")
    sys.exit(1 if bad else 0)


main()
