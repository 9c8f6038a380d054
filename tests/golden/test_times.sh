#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# --from and --to: the same packets as editcap chooses, from plain and from
# compressed files; of the latter what is before them is not even unpacked.
. "$(dirname "$0")/../net/lib.sh"
need python3 editcap capinfos jq
cd "$dir"

# A packet in 5 ms: 50 minutes of them. What is captured alive has counters at its end.
made=fake:packets=600000,interval=5ms,size=200,flows=600000
for file in in.pcap x.pcapng x.pcapng.zst x.pcapng.lz4 x.pcap.zst; do
	"$WEIR" record -q -i "$made" -w "$file"
done

facts() { # FILE: packets, first and last time to the microsecond
	capinfos -TmMQrcae -S "$1" | cut -d, -f2- | sed -E 's/(\.[0-9]{6})0+"/\1"/g'
}
# numbers OPTION...: the first and the last packet's time, and how many there are
numbers() {
	"$WEIR" record -q -r "$@" -w chosen.pcap 2>numbers.err
	facts chosen.pcap
}
export TZ=UTC
for range in 1700001000:1700001060 1700000000:1700000001.5 1700002999:1700009999 1700000500.02:1700000500.03; do
	from=${range%:*} to=${range#*:}
	# editcap: from A on, and before B
	editcap -F pcap -A "$from" -B "$(python3 -c "print(f'{$to + 0.000001:.6f}')")" in.pcap wanted.pcap
	wanted=$(facts wanted.pcap)
	for file in in.pcap x.pcapng x.pcapng.zst x.pcapng.lz4 x.pcap.zst; do
		assert_eq "$file from $from to $to" "$wanted" "$(numbers "$file" --from "$from" --to "$to")"
	done
done
assert_eq 'by date' "$(numbers in.pcap --from 1700001000 --to 1700001060)" \
	"$(numbers x.pcapng.zst --from '2023-11-14 22:30:00' --to 2023-11-14T22:31:00Z)"

# What is before the first frame that is needed may be lost.
for file in x.pcapng.zst x.pcapng.lz4 x.pcap.zst; do
	wanted=$(numbers "$file" --from 1700002000 --to 1700002060)
	assert_eq "$file: packets" 12001 "$(packets_in chosen.pcap)"
	python3 -c "
with open('$file', 'r+b') as file:
    file.seek(131075 * 2)
    file.write(bytes(131075 * 2))"
	run "$WEIR" count -q -r "$file"
	[[ $status != 0 ]] || fail "$file is not spoilt"
	assert_eq "$file, spoilt before" "$wanted" "$(numbers "$file" --from 1700002000 --to 1700002060)"
done

# Where no counters say how many interfaces there are, one may be described in between: all is read.
"$WEIR" record -q -i "$made,start=1700010000" -w late.pcap
"$WEIR" record -q -r in.pcap -r late.pcap -w two.pcapng.zst
assert_eq 'an interface described in between' "$(numbers late.pcap --from 1700012000 --to 1700012060)" \
	"$(numbers two.pcapng.zst --from 1700012000 --to 1700012060)"
assert_eq 'packets of it' 12001 "$(packets_in chosen.pcap)"

assert_refuses 2 "'yesterday' is not a time" "$WEIR" count -r in.pcap --from yesterday
assert_refuses 2 'choose from a file' "$WEIR" count -i fake: --from 1700000000
assert_refuses 2 'to is before --from' "$WEIR" count -r in.pcap --from 1700000002 --to 1700000001
