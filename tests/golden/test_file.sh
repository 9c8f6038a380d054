#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What weir reads from capture files is what Wireshark's tools read: numbers
# and lengths of packets, however the file is packed; and every packet as
# tshark shows it, once weir has recorded it again. What is wrong with a file
# is said in one line, and what came before is kept.
. "$(dirname "$0")/../net/lib.sh"

need capinfos editcap mergecap tshark gzip zstd jq
need_pcaps
mapfile -t captures < <(find "$pcaps" -name '*.pcap*' | sort)
((${#captures[@]})) || fail "there is no capture in '$pcaps'"

# counted NAME FILE: number and lengths of the packets, as weir counts them; from stdin for '-'
counted() {
	"$WEIR" count -r "$2" --report "$dir/report" >/dev/null 2>"$dir/count.err" ||
		fail "$1: count ended with status $?"
	assert_balanced "$dir/report"
	assert_eq "notices on $1" 0 "$(grep -c '^weir' "$dir/count.err" || :)"
	json "$dir/report" '"\(.packets.delivered) \(.packets.bytes)"'
}

# ---- each file, packed in each way ----

for capture in "${captures[@]}"; do
	name=${capture##*/}
	expected=$(capinfos -Tmrcd "$capture" | cut -d, -f2- | tr , ' ')
	gzip -c "$capture" >"$dir/x.gz"
	zstd -qc "$capture" >"$dir/x.zst"
	assert_eq "$name" "$expected" "$(counted "$name" "$capture")"
	assert_eq "$name, gzip" "$expected" "$(counted "$name" "$dir/x.gz")"
	assert_eq "$name, zstd" "$expected" "$(counted "$name" "$dir/x.zst")"
	assert_eq "$name, redirected" "$expected" "$(counted "$name" - <"$capture")"
	assert_eq "$name, pipe" "$expected" "$(cat "$capture" | counted "$name" -)"
	assert_eq "$name, zstd in a pipe" "$expected" "$(cat "$dir/x.zst" | counted "$name" -)"
done

# ---- all of them in one, in each format, packet by packet ----

mergecap -a -w "$dir/all.pcapng" "${captures[@]}"
editcap -F pcap "${captures[0]}" "$dir/one.pcap"

# shown FILE: each packet's time, lengths and bytes
shown() {
	tshark -r "$1" -T fields -e frame.time_epoch -e frame.len -e frame.cap_len \
		-e frame.encap_type -e frame.md5_hash -o frame.generate_md5_hash:TRUE 2>/dev/null
}

check_recorded() {
	"$WEIR" record -q -r "$1" -w "$dir/again.pcapng" || fail "$1: record ended with status $?"
	shown "$1" >"$dir/shown"
	shown "$dir/again.pcapng" | diff -q - "$dir/shown" || fail "$1: it was recorded otherwise"
	[[ -s $dir/shown ]] || fail "$1: tshark shows nothing"
}

check_recorded "$dir/all.pcapng"
for format in pcap nsecpcap modpcap; do
	editcap -F "$format" "$dir/one.pcap" "$dir/one.$format.pcap"
	check_recorded "$dir/one.$format.pcap"
done
editcap -s 50 "$dir/all.pcapng" "$dir/short.pcapng"
check_recorded "$dir/short.pcapng"

# a filter sees all of a packet, also where little of it is kept
filter='udp[8:2] >= 0'
"$WEIR" record -q -s 20 -r "$dir/one.pcap" -w "$dir/cut.pcapng" "$filter"
assert_eq 'filtered, then cut' "$(packets_by_tcpdump "$dir/one.pcap" "$filter")" \
	"$(packets_in "$dir/cut.pcapng")"
assert_eq 'lengths after the cut' 20 \
	"$(tshark -r "$dir/cut.pcapng" -T fields -e frame.cap_len 2>/dev/null | sort -u)"

# ---- what is wrong ----

one=$dir/one.pcap
packets=$(packets_in "$one")
size=$(stat -c %s "$one")

# check_cut NAME DELIVERED: read with one notice, one packet lost
check_cut() {
	run "$WEIR" count -r "$1" --report "$dir/report" --strict
	assert_eq "status of $1" 3 "$status"
	assert_balanced "$dir/report"
	assert_eq "packets of $1" "$2 1" \
		"$(json "$dir/report" '"\(.packets.delivered) \(.packets.dropped)"')"
	assert_eq "notices on $1" 1 "$(grep -c '^weir count: ' "$dir/run.err" || :)"
}

head -c $((size - 1)) "$one" >"$dir/cut.pcap"
check_cut "$dir/cut.pcap" $((packets - 1))
assert_eq 'the reason' 1 "$(json "$dir/report" '.interfaces[0].stages[0].dropped.truncated')"
{ cat "$one" && printf 'AAAABBBB\xff\xff\xff\xff\xff\xff\xff\xff'; } >"$dir/lie.pcap"
check_cut "$dir/lie.pcap" "$packets"
assert_eq 'the reason' 1 "$(json "$dir/report" '.interfaces[0].stages[0].dropped.malformed')"

: >"$dir/empty.pcap"
printf 'hello, world\n' >"$dir/hello.pcap"
head -c 20 "$one" >"$dir/header.pcap"
printf '\xfd7zXZ\0' >"$dir/x.xz"
assert_refuses 1 "open 'file:$dir/none': No such file" "$WEIR" count -r "$dir/none"
assert_refuses 1 'directory' "$WEIR" count -r "$dir"
assert_refuses 1 'is empty' "$WEIR" count -r "$dir/empty.pcap"
assert_refuses 1 'no capture file' "$WEIR" count -r "$dir/hello.pcap"
assert_refuses 1 'within its file header' "$WEIR" count -r "$dir/header.pcap"
assert_refuses 1 'compressed with xz' "$WEIR" count -r "$dir/x.xz"
