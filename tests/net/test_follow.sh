#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A recording is read while it is written: no packet twice, none missed, over
# many rotations, whatever writes; from the newest file on; and a single file.
. "$(dirname "$0")/lib.sh"
need capinfos tcpdump sha256sum zstd
make_net

# follow OPTION...: another weir reads the recording and records what it reads
follow() {
	start follow - "$WEIR" record --follow "$@" -w "$dir/followed.pcapng" --report "$dir/report"
}

followed() {
	[[ $(packets_by_tcpdump "$dir/followed.pcapng") -ge $1 ]]
}

# hash FILE...: of all packets and their times, in the order of the files
hash() {
	local file
	for file in "$@"; do
		tcpdump -nn -tt -x -r "$file" 2>/dev/null
	done | sha256sum
}

for case in 'direct pcapng' 'mmap pcapng' 'plain pcap' 'direct pcap'; do
	read -r writer format <<<"$case"
	rm -rf "$dir/cap"
	mkdir "$dir/cap"
	limit=packets:1500
	[[ $writer = mmap ]] && limit=filesize:500
	follow "$dir/cap"
	start record "$rx" "$WEIR" record -i "$rx_if" -w "$dir/cap/x.$format" --writer "$writer" \
		-b $limit --sync never --time-precision nano
	wait_capture "$rx" "$rx_if"
	generate --count 30000 --pps 100000 --size imix
	stop record
	wait_for 20 "$case: the packets" followed "$sent"
	stop follow
	assert_eq "$case: exit status" 0 "$status"
	assert_eq "$case: packets followed" "$sent" "$(packets_in "$dir/followed.pcapng")"
	assert_ge "$case: files" 15 "$(find "$dir/cap" -name 'x_*' | wc -l)"
	assert_eq "$case: the packets" "$(hash "$dir"/cap/x_*)" "$(hash "$dir/followed.pcapng")"
	assert_balanced "$dir/report"
done

# From the newest file on, though it is hidden and will not be complete for long.
start record "$rx" "$WEIR" record -i "$rx_if" -w "$dir/cap/y.pcapng" -b packets:1000 --sync never
wait_capture "$rx" "$rx_if"
generate --count 3300 --pps 50000
begun() { # the fourth file, hidden
	[[ $(find "$dir/cap" -name '.*y_00004*' -size +0) ]]
}
wait_for 10 'three files, and the beginning of a fourth' begun
follow "$dir/cap"
wait_for 10 'the newest packets' followed 300
generate --count 100 --pps 50000
wait_for 10 'packets that follow' followed 400
stop follow
assert_eq 'from the newest on' 400 "$(packets_in "$dir/followed.pcapng")"
stop record

# One file, that one weir writes and another shows.
start record "$rx" "$WEIR" record -i "$rx_if" -w "$dir/z.pcapng"
wait_capture "$rx" "$rx_if"
start show - "$WEIR" show -q --follow "$dir/z.pcapng"
for part in 1 2 3; do
	generate --count 50 --pps 5000
	lines() {
		[[ $(wc -l <"$dir/show.out") -ge $((50 * part)) ]]
	}
	wait_for 10 "the lines of part $part" lines
done
stop show
stop record
assert_eq 'lines shown' 150 "$(wc -l <"$dir/show.out")"
assert_refuses 1 'No such file' "$WEIR" show --follow "$dir/none"
zstd -qc "$dir/z.pcapng" >"$dir/z.pcapng.zst"
assert_refuses 1 'compressed cannot be followed' "$WEIR" show -q --follow "$dir/z.pcapng.zst"
