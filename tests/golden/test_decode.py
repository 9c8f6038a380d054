#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_decode.py DECODE_LINES specimens|captures: does weir read headers as tshark does?

Compares both, field by field, outer and innermost packet, over the specimens
of tests/decode, or over every capture of WEIR_TEST_PCAPS (or
../shared/data/pcaps beside the checkout). What differs must be explained in
decode.explained, and what is explained there must differ. With --print the
differences are printed as lines for that file.
"""

import fnmatch
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
EXPLAINED = HERE / "decode.explained"

# Nothing is put together again, and no port is guessed at: each packet for itself.
TSHARK = ["tshark", "-n", "-T", "fields", "-E", "occurrence=a", "-E", "aggregator=,",
          "-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE",
          "-o", "tcp.desegment_tcp_streams:FALSE", "-o", "ip.tso_support:TRUE",
          "-d", "udp.port==8472,vxlan", "-d", "mpls.label==100,pwethheuristic",
          "-d", "l2tp.pw_type==0,eth", "-o", "l2tp.cookie_size:4 Byte Cookie",
          "-o", "l2tp.l2_specific:None", "--disable-protocol", "f5ethtrailer"]
FIELDS = """frame.protocols frame.len eth.type vlan.etype vlan.id ieee8021ad.id mpls.label llc.dsap
 ip.proto ip.src ip.dst ip.ttl ip.dsfield ip.len ip.hdr_len ip.flags.mf ip.frag_offset ip.id ah.next_header
 ipv6.nxt ipv6.src ipv6.dst ipv6.hlim ipv6.tclass ipv6.plen ipv6.opt.jumbo ipv6.hopopts.nxt ipv6.routing.nxt
 ipv6.dstopts.nxt ipv6.fraghdr.nxt ipv6.fraghdr.offset ipv6.fraghdr.more ipv6.fraghdr.ident
 tcp.srcport tcp.dstport tcp.flags tcp.seq_raw tcp.len udp.srcport udp.dstport udp.length
 sctp.srcport sctp.dstport icmp.type icmp.code icmpv6.type icmpv6.code igmp.type
 gre.key vxlan.vni geneve.vni gtp.teid""".split()

EXTENSIONS = {"ipv6.hopopts": "ipv6.hopopts.nxt", "ipv6.routing": "ipv6.routing.nxt",
              "ipv6.dstopts": "ipv6.dstopts.nxt", "ipv6.fraghdr": "ipv6.fraghdr.nxt",
              "ah": "ah.next_header"}
TUNNEL_IDS = {"gre": "gre.key", "vxlan": "vxlan.vni", "geneve": "geneve.vni", "gtp": "gtp.teid"}


class Occurrences:
    """A packet's fields in the order of its layers: take(field) is the next occurrence."""

    def __init__(self, line):
        self.values = {name: value.split(",") if value else []
                       for name, value in zip(FIELDS, line.split("\t"))}
        self.layers = self.values["frame.protocols"][0].split(":")

    def all(self, field):
        return self.values[field]

    def take(self, field):
        return self.values[field].pop(0) if self.values[field] else None


def number(text, mend=lambda value: value):
    """A field's value, mended by a function; None stays None (the header is cut)."""
    return None if text is None else mend(int({"True": "1", "False": "0"}.get(text, text), 0))


def ports(packet, protocol):
    source, destination = packet.take(f"{protocol}.srcport"), packet.take(f"{protocol}.dstport")
    return None if destination is None else f"{source},{destination}"


def read_ipv4(packet):
    length = number(packet.take("ip.len"))
    more, offset = number(packet.take("ip.flags.mf")), number(packet.take("ip.frag_offset"))
    identification = number(packet.take("ip.id"))
    read = {"ip": 4, "proto": number(packet.take("ip.proto")), "src": packet.take("ip.src"),
            "dst": packet.take("ip.dst"), "ttl": number(packet.take("ip.ttl")),
            "tos": number(packet.take("ip.dsfield")), "ip_bytes": length,
            "ip_header": number(packet.take("ip.hdr_len"))}
    if offset or more:
        read["fragment"] = f"{'later' if offset else 'first'}:{identification}"
    return read


def read_ipv6(packet):
    length = number(packet.take("ipv6.plen")) or number(packet.take("ipv6.opt.jumbo"))
    return {"ip": 6, "proto": number(packet.take("ipv6.nxt")), "src": packet.take("ipv6.src"),
            "dst": packet.take("ipv6.dst"), "ttl": number(packet.take("ipv6.hlim")),
            "tos": number(packet.take("ipv6.tclass")),
            "ip_bytes": 40 + (length or 0)}


def read_extension(packet, layer, read):
    read["proto"] = number(packet.take(EXTENSIONS[layer]))
    if layer == "ipv6.fraghdr":
        offset = number(packet.take("ipv6.fraghdr.offset"))
        more = number(packet.take("ipv6.fraghdr.more"))
        identification = number(packet.take("ipv6.fraghdr.ident"))
        if offset or more:
            read["fragment"] = f"{'later' if offset else 'first'}:{identification}"


def read_transport(packet, layer, read):
    if layer == "tcp":
        read["ports"] = ports(packet, "tcp")
        read["flags"] = number(packet.take("tcp.flags"), lambda flags: flags & 0xff)
        read["seq"] = number(packet.take("tcp.seq_raw"))
        read["payload_bytes"] = number(packet.take("tcp.len"))
    elif layer == "udplite":
        read["ports"] = ports(packet, "udp")
    elif layer == "udp":
        read["ports"] = ports(packet, "udp")
        length = number(packet.take("udp.length"), lambda length: length - 8)
        if "fragment" not in read:  # of a fragment, the length is that of the whole
            read["payload_bytes"] = length
    elif layer == "sctp":
        read["ports"] = ports(packet, "sctp")
    elif layer in ("icmp", "icmpv6"):
        kind, code = number(packet.take(f"{layer}.type")), number(packet.take(f"{layer}.code"))
        read["ports"] = None if code is None else f"0,{kind << 8 | code}"
    elif layer == "igmp":
        read["ports"] = number(packet.take("igmp.type"), lambda kind: f"0,{kind << 8}")


def read_packet(line):
    """What tshark says of the outer and of the innermost packet, under decode_text's names."""
    packet = Occurrences(line)
    networks = []  # of each IP or ARP layer, in order
    link = {"vlan": [], "mpls": []}
    tunnel_id = None
    for layer in packet.layers:
        if layer in ("vlan", "ieee8021ad"):
            link["vlan"].append(packet.take(f"{layer}.id"))
        elif layer == "mpls":
            link["mpls"] = packet.all("mpls.label")
        elif layer in ("ip", "ipv6", "arp"):
            if layer == "arp":
                read = {"ethertype": 0x0806}
            else:
                read = read_ipv4(packet) if layer == "ip" else read_ipv6(packet)
                read["ethertype"] = 0x0800 if layer == "ip" else 0x86dd
            if networks and networks[-1].get("proto") in (4, 41, 47, 17, 115):
                read["tunnel_id"] = tunnel_id
            networks.append({**read, **link})
            link, tunnel_id = {"vlan": [], "mpls": []}, None
        elif layer in EXTENSIONS and networks:
            read_extension(packet, layer, networks[-1])
        elif layer in TUNNEL_IDS:
            tunnel_id = number(packet.take(TUNNEL_IDS[layer]))
        elif networks:
            read_transport(packet, layer, networks[-1])
        if layer in ("icmp", "icmpv6"):
            break  # an error has the packet that it is about in it
    if not networks:
        networks = [{**read_no_network(packet), **link}]
    return networks[0], networks[-1]


def read_no_network(packet):
    for field in ("llc.dsap", "vlan.etype", "eth.type"):
        if packet.all(field):
            return {"ethertype": number(packet.all(field)[-1])}
    return {}


def read_line(line):
    """decode_text's line, under the same names as read_packet's."""
    status, *words = line.split(" ")
    raw = dict(word.split("=", 1) for word in words)
    read = {"status": status, "ethertype": int(raw["ethertype"], 16), "vlan": [], "mpls": [],
            "payload_bytes": 0}
    for name, value in raw.items():
        if name in ("ip", "proto", "ttl", "tos", "ip_bytes", "ip_header", "seq", "payload_bytes"):
            read[name] = int(value)
        elif name == "flags":
            read[name] = int(value, 16)
        elif name in ("src", "dst", "ports", "fragment"):
            read[name] = value
        elif name == "vlan":
            read[name] = [str(int(tag) & 0xfff) if tag[0] != "+" else tag
                          for tag in value.split(",")]
        elif name == "mpls":
            read[name] = value
        elif name == "tunnel":
            read["tunnel_id"] = int(value.split(":")[1])
    return read


def differences(ours, theirs):
    """(field, ours, theirs) of every field that tshark has another opinion of."""
    if ours["status"] != "ok":
        yield "status", ours["status"], "?"
    for field, value in theirs.items():
        if field == "mpls":
            value = f"{len(value)}:{value[-1]}" if value else []
        if field == "ip_header" and 51 in (theirs.get("proto"), ours.get("proto")):
            continue
        if value is not None and ours.get(field) != value:
            yield field, ours.get(field), value
    for field in ("ip", "fragment", "ports"):
        if field in ours and field not in theirs and ours[field] != "0,0":
            yield field, ours[field], None


def compare(decode_lines, path, names):
    """Yield (packet, layer, field, ours, theirs); packets are numbered from 1 or named."""
    fields = [argument for field in FIELDS for argument in ("-e", field)]
    theirs = subprocess.run([*TSHARK, "-r", path, *fields], check=True, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.splitlines()
    ours = subprocess.run([decode_lines, path], check=True, text=True,
                          stdout=subprocess.PIPE).stdout.splitlines()
    if len(ours) != 2 * len(theirs):
        yield "*", "file", "packets", len(ours) // 2, len(theirs)
        return
    for index, line in enumerate(theirs):
        packet = names[index] if names else str(index + 1)
        layers = list(zip(("outer", "inner"), read_packet(line), ours[2 * index:2 * index + 2]))
        if layers[0][1:] == layers[1][1:]:
            del layers[1]  # no tunnel, for either
        for layer, their, our in layers:
            for field, mine, other in differences(read_line(our), their):
                yield packet, layer, field, mine, other


def read_explanations():
    lines = [line.split("\t") for line in EXPLAINED.read_text().splitlines()
             if line and not line.startswith("#")]
    for line in lines:
        if len(line) != 4 or not line[3]:
            sys.exit(f"{EXPLAINED.name}: not four columns: {line}")
    return [tuple(line) for line in lines]


def specimens(decode_lines, folder):
    """(source, path, packet names) of the specimens, written to the folder."""
    listed = subprocess.run([decode_lines, "--specimens", folder], check=True, text=True,
                            stdout=subprocess.PIPE).stdout.splitlines()
    names = {}
    for line in listed:
        path, name = line.split("\t")
        names.setdefault(path, []).append(name)
    return [("specimens", path, names[path]) for path in names]


def captures():
    """(source, path, None) of the captures."""
    pcaps = pathlib.Path(os.environ.get("WEIR_TEST_PCAPS")
                         or HERE.parent.parent.parent / "shared" / "data" / "pcaps")
    return [(path.name, str(path), None) for path in sorted(pcaps.glob("*.pcap*"))]


def main():
    decode_lines, what = sys.argv[1:3]
    explanations = read_explanations()
    used, seen, bad = set(), set(), 0
    with tempfile.TemporaryDirectory() as folder:
        os.environ["WIRESHARK_CONFIG_DIR"] = folder  # nobody's preferences
        sources = specimens(decode_lines, folder) if what == "specimens" else captures()
        for name, path, names in sources:
            seen.add(name)
            for packet, layer, field, ours, theirs in compare(decode_lines, path, names):
                matching = [e for e in explanations if e[0] == name
                            and fnmatch.fnmatchcase(packet, e[1])
                            and fnmatch.fnmatchcase(f"{layer} {field}", e[2])]
                used.update(matching)
                if "--print" in sys.argv:
                    print(name, packet, f"{layer} {field}", f"weir {ours}, tshark {theirs}",
                          sep="\t")
                elif not matching:
                    bad += 1
                    print(f"{name}: {packet}: {layer} {field}: weir {ours}, tshark {theirs}")
    for explanation in explanations:
        if explanation[0] in seen and explanation not in used:
            bad += 1
            print("explained, but there is no such difference:", *explanation[:3])
    if not seen:
        print("skipped: no captures; set WEIR_TEST_PCAPS to a folder of them")
        return 77
    print(f"{len(sources)} files, {len(used)} kinds of differences explained, {bad} not")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
