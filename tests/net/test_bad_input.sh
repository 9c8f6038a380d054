#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Whatever is wrong: one clear line on stderr, the right exit status (1 what
# the world refuses, 2 how weir was called), and no harm done.
. "$(dirname "$0")/lib.sh"
need python3 setpriv capinfos
make_net
count=(in_rx "$WEIR" count)
record=(in_rx "$WEIR" record)

# how it is called
assert_refuses 2 "no command 'cuont'; did you mean 'count'" "$WEIR" cuont
assert_refuses 2 'no input' "${count[@]}"
assert_refuses 2 "unknown option '--jsn'; did you mean '--json'" "${count[@]}" -i "$rx_if" --jsn
assert_refuses 2 "unknown option '-X'" "${count[@]}" -i "$rx_if" -X
assert_refuses 2 "needs SOURCE" "${count[@]}" -i
assert_refuses 2 "'0' is not a number of packets" "${count[@]}" -i "$rx_if" -c 0
assert_refuses 2 "'later' is not" "${count[@]}" -i "$rx_if" -a later
assert_refuses 2 "'duration:0' is not packets:N" "${count[@]}" -i "$rx_if" -a duration:0
assert_refuses 2 "'--re' may be one of several" "${count[@]}" --re x
assert_refuses 2 "'duration:0' is not filesize:kB" "${record[@]}" -i "$rx_if" -w "$dir/x.pcapng" -b duration:0
assert_refuses 2 'no interface given: say -i IF' "$WEIR" path
assert_refuses 1 "'99999' is not a port" "$WEIR" collect --listen udp://:99999 -w null:
assert_refuses 2 "'up' is not in, out or inout" "${count[@]}" -i "$rx_if" -Q up
assert_refuses 2 'no output: name a file' "${record[@]}" -i "$rx_if"

# sources and filters
assert_refuses 1 "no interface 'rx1'; did you mean '$rx_if'" "${count[@]}" -i rx1
assert_refuses 1 "no source 'rnig:'" "${count[@]}" -i "rnig:$rx_if"
assert_refuses 1 "unknown option 'blcks'; did you mean 'blocks'" "${count[@]}" -i "ring:$rx_if,blcks=2"
assert_refuses 1 "'blocks=many' is not a number" "${count[@]}" -i "ring:$rx_if,blocks=many"
assert_refuses 1 'filter: .*syntax error' "${count[@]}" -i "$rx_if" 'udp porrt 53'
assert_refuses 1 'filter: .*syntax error' "${count[@]}" -i "$rx_if" 'tcp and ('
assert_refuses 1 "filter: .*'nosuchhost'" "${count[@]}" -i "$rx_if" host nosuchhost
assert_refuses 1 'CAP_NET_RAW' setpriv --bounding-set=-net_raw --inh-caps=-all \
	ip netns exec "$rx" "$WEIR" count -i "$rx_if"

# files to write
assert_refuses 1 "cannot create '/no/where'" "${record[@]}" -i "$rx_if" -w /no/where
assert_refuses 1 "cannot create '$dir'" "${record[@]}" -i "$rx_if" -w "$dir"

# files to read
cat >"$dir/make.py" <<'END'
"""Capture files with something wrong in each."""
import os, struct, sys
folder = sys.argv[1]
def write(name, *parts):
    with open(os.path.join(folder, name), "wb") as f:
        f.write(b"".join(parts))
def header(snaplen=65535, link=1, magic=0xA1B2C3D4):
    return struct.pack("<IHHiIII", magic, 2, 4, 0, 0, snaplen, link)
def record(length, data, wire=None):
    return struct.pack("<IIII", 1, 2, length, wire if wire is not None else length) + data
def block(kind, body, length=None):
    length = length or 12 + len(body)
    return struct.pack("<II", kind, length) + body + struct.pack("<I", length)
good = record(60, bytes(60))
section = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
interface = block(1, struct.pack("<HHI", 1, 0, 0))
def packet(length, data, interface=0):
    return block(6, struct.pack("<IIIII", interface, 0, 0, length, length) + data)
write("empty")
write("text", b"this is no capture file, whatever its name may say\n")
write("short_header.pcap", header()[:15])
write("truncated.pcap", header(), good, good, record(60, bytes(20)))
write("giant.pcap", header(), good, good, record(0xFFFFFFFF, bytes(20)))
write("zero_snaplen.pcap", header(snaplen=0), good, good)
write("unknown_link.pcap", header(link=9999), good, good)
write("truncated.pcapng", section, interface, packet(60, bytes(60)), packet(60, bytes(60)),
      packet(60, bytes(60))[:40])
write("long_block.pcapng", section, interface, packet(60, bytes(60)), packet(60, bytes(60)),
      block(6, bytes(60), length=0x40000000))
write("no_interface.pcapng", section, packet(60, bytes(60), interface=7))
END
mkdir "$dir/bad"
python3 "$dir/make.py" "$dir/bad"
assert_refuses 1 "cannot open 'file:$dir/none'.*No such file" "$WEIR" count -r "$dir/none"
assert_refuses 1 "cannot open 'file:$dir'.*it is a directory" "$WEIR" count -r "$dir"
assert_refuses 1 "empty" "$WEIR" count -q -r "$dir/bad/empty"
assert_refuses 1 "text" "$WEIR" count -q -r "$dir/bad/text"
assert_refuses 1 "short_header" "$WEIR" count -q -r "$dir/bad/short_header.pcap"

# what can be read of a damaged file is kept and valid; the damage is told, and is a loss
for name in truncated.pcap giant.pcap truncated.pcapng long_block.pcapng; do
	assert_refuses 3 "'$dir/bad/$name' at offset [0-9]+: " "$WEIR" record -q --strict \
		-r "$dir/bad/$name" -w "$dir/kept.pcapng" --report "$dir/report"
	assert_eq "packets kept of $name" 2 "$(packets_in "$dir/kept.pcapng")"
	assert_eq "packets lost of $name" 1 "$(json "$dir/report" .packets.dropped)"
	assert_balanced "$dir/report"
done
for name in zero_snaplen.pcap unknown_link.pcap; do
	run "$WEIR" record -q -r "$dir/bad/$name" -w "$dir/kept.pcapng" --report "$dir/report"
	assert_eq "exit status for $name ($(<"$dir/run.err"))" 0 "$status"
	assert_eq "packets of $name" 2 "$(packets_in "$dir/kept.pcapng")"
	assert_balanced "$dir/report"
done
# a name that is not UTF-8 is in the JSON all the same
latin=$dir/bad/caf$'\xe9'.pcap
cp "$dir/bad/zero_snaplen.pcap" "$latin"
run "$WEIR" count -q -r "$latin" --report "$dir/report"
assert_eq 'the file in the report' café.pcap "$(json "$dir/report" '.interfaces[].name')"
run "$WEIR" verify --json "$latin"
assert_eq 'the file as verified' "$dir/bad/café.pcap" "$(json "$dir/run.out" .file)"

assert_refuses 3 'names interface 7' "$WEIR" record -q --strict -r "$dir/bad/no_interface.pcapng" \
	-w "$dir/kept.pcapng" --report "$dir/report"
assert_balanced "$dir/report"

# no file is read and written, nor written twice: what is there stays
printf '\xd4\xc3\xb2\xa1\2\0\4\0\0\0\0\0\0\0\0\0\0\0\4\0\1\0\0\0' >"$dir/kept.pcap"
sha256sum "$dir/kept.pcap" >"$dir/kept.sha256"
ln "$dir/kept.pcap" "$dir/linked.pcap"
for other in kept linked; do
	assert_refuses 2 'it is the file that is read' \
		"$WEIR" record -r "$dir/kept.pcap" -w "$dir/$other.pcap"
	assert_refuses 2 'it is the file that is read' \
		"$WEIR" count -r "$dir/kept.pcap" --report "$dir/$other.pcap"
	assert_refuses 2 'it is the file that is read' \
		"$WEIR" replay "$dir/kept.pcap" -i lo --report "$dir/$other.pcap"
	assert_refuses 2 'it is the file that is read' \
		"$WEIR" collect -r "$dir/kept.pcap" -w null: --report "$dir/$other.pcap"
done
assert_refuses 2 "'$dir/a.json' twice" \
	"$WEIR" flow -r "$dir/kept.pcap" -w "$dir/a.json" -w "$dir/a.json"
assert_refuses 2 "'$dir/a.json' twice" \
	"$WEIR" flow -r "$dir/kept.pcap" -w "$dir/a.json" --report "$dir/a.json"
sha256sum --quiet -c "$dir/kept.sha256" || fail 'the input was changed'
[[ ! -e $dir/a.json ]] || fail 'an output was made'

# which of the files of TLS cannot be read
assert_refuses 1 "CA certificates '$dir/none.pem': No such file" \
	"$WEIR" flow -q -r "$dir/kept.pcap" -w ipfix+tls://127.0.0.1:1 --tls-ca "$dir/none.pem"
