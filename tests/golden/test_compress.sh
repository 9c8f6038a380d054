#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What weir compresses, others read: zstd and lz4, and Wireshark's reader, for
# packets that compress well, badly or in turn; and a cut file is recovered.
. "$(dirname "$0")/../net/lib.sh"
need zstd lz4 capinfos tshark python3

# 9,000 packets: runs of random and of equal bytes, small and as large as a super-packet
python3 - "$dir/in.pcap" <<'END'
import random, struct, sys
random.seed(1)
with open(sys.argv[1], "wb") as out:
    out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
    for i in range(9000):
        length = random.choice((60, 590, 1514, 9000 if i % 50 == 0 else 1000, 65549 if i % 300 == 0 else 60))
        noise = random.randbytes(length) if i // 500 % 2 else bytes(length)
        out.write(struct.pack("<IIII", i, 0, length, length) + noise)
END

# check FILE TOOL
check() {
	"$2" -dc "$1" >"$dir/plain" 2>/dev/null || fail "$2 refuses ${1##*/}"
	assert_eq "packets in ${1##*/} by $2" 9000 "$(packets_in "$dir/plain")"
	assert_eq "packets in ${1##*/} by capinfos" 9000 "$(packets_in "$1")"
	assert_eq "packets in ${1##*/} by tshark, twice" 9000 "$(tshark -2 -r "$1" 2>/dev/null | wc -l)"
	run "$WEIR" verify "$1"
	assert_match "${1##*/} by weir" ': whole: 9000 packets' "$(<"$dir/run.out")"
}

for format in pcapng pcap; do
	"$WEIR" record -q -r "$dir/in.pcap" -w "$dir/in.$format.zst"
	check "$dir/in.$format.zst" zstd
	"$WEIR" record -q -r "$dir/in.pcap" -w "$dir/in.$format.lz4"
	check "$dir/in.$format.lz4" lz4
	assert_ge "saved by zstd" $(($(stat -c %s "$dir/in.$format.zst") * 3 / 2)) "$(stat -c %s "$dir/plain")"
	for suffix in zst lz4; do
		mkdir "$dir/left"
		head -c 1000000 "$dir/in.$format.$suffix" >"$dir/left/.x_00001.$format.$suffix.part"
		run "$WEIR" record --recover "$dir/left"
		packets=$(grep -o '[0-9]* packets' "$dir/run.err" | awk '{print $1}')
		assert_ge "packets recovered of $format.$suffix" 1000 "$packets"
		assert_eq "packets in the recovered $format.$suffix" "$packets" \
			"$(packets_in "$dir/left/x_00001.$format.$suffix")"
		rm -r "$dir/left"
	done
done
