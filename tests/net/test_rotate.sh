#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A recording cut into files by size and by the clock: the packets of all files
# together are those that were sent, each once, and the post-rotate command
# meets each file complete.
. "$(dirname "$0")/lib.sh"
need capinfos mergecap tshark
make_net

cat >"$dir/done" <<'X'
#!/bin/sh
capinfos -Mrc "$1" | awk '/^Number of packets/ {print $NF}' >>"${1%/*}/counted"
X
chmod +x "$dir/done"

for format in pcapng pcap; do
	mkdir "$dir/$format"
	start record "$rx" "$WEIR" record -i "$rx_if" -w "$dir/$format/cap.$format" \
		-b filesize:4MB -b interval:1s -z "$dir/done" --report "$dir/report"
	wait_capture "$rx" "$rx_if"
	generate --count 300000 --pps 100000 --flows 1000
	stop record
	assert_eq "$format: exit status" 0 "$status"
	assert_balanced "$dir/report"
	files=("$dir/$format"/cap_*."$format")
	assert_ge "$format: files" 5 "${#files[@]}"
	assert_eq "$format: hidden files left" 0 "$(find "$dir/$format" -name '.*' -type f | wc -l)"
	total=0
	for file in "${files[@]}"; do
		total=$((total + $(packets_in "$file")))
		tshark -r "$file" -c 1 >/dev/null 2>"$dir/tshark.err" || fail "tshark cannot read $file"
	done
	assert_eq "$format: packets in all files" "$sent" "$total"
	# Each file ends within its second, and they follow one another without overlap.
	assert_eq "$format: files in the order of time" yes \
		"$(for file in "${files[@]}"; do tshark -r "$file" -T fields -e frame.time_epoch 2>/dev/null |
			sed -n '1p;$p'; done | sort -nc && echo yes)"
	wait_for 20 'the post-rotate commands' test "$(wc -l <"$dir/$format/counted")" = "${#files[@]}"
	assert_eq "$format: packets that the command counted" "$sent" \
		"$(awk '{n += $1} END {print n}' "$dir/$format/counted")"
done

# tcpdump's letters: a ring of two files, then an end after two.
start record "$rx" "$WEIR" record -i "$rx_if" -w "$dir/ring.pcap" -C 1 -W 2
wait_capture "$rx" "$rx_if"
generate --count 50000 --pps 100000
stop record
assert_eq 'files in a ring of two' 2 "$(find "$dir" -name 'ring_*.pcap' | wc -l)"
start record "$rx" "$WEIR" record -i "$rx_if" -w "$dir/%s.pcap" -G 1 -W 2
await record 20
assert_eq 'exit status after -W files' 0 "$status"
assert_eq 'files by -G and -W' 2 "$(find "$dir" -maxdepth 1 -name '1*.pcap' | wc -l)"
