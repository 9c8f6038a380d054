#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A recorder killed while it writes at speed: what it leaves behind becomes
# valid files, nothing that was complete is lost, and the packets that are
# there follow one another without a gap.
# WEIR_TEST_KILLS=N kills N times (10).
. "$(dirname "$0")/lib.sh"
need capinfos tshark
make_net
kills=${WEIR_TEST_KILLS:-10}
total=0 files=0 cut=0

generator() {
	start generate "$tx" "$WEIR" generate -i "$tx_if" --dst-mac "$rx_mac" --pps 300000 \
		--count 100000000 --flows 1000
}

check_file() {
	local file=$1 count
	capinfos "$file" >"$dir/capinfos.out" 2>"$dir/capinfos.err" || fail "capinfos refuses $file"
	[[ ! -s $dir/capinfos.err ]] || fail "capinfos on $file: $(<"$dir/capinfos.err")"
	count=$(packets_in "$file")
	total=$((total + count))
	files=$((files + 1))
}

generator
for ((round = 0; round < kills; round++)); do
	mkdir "$dir/round"
	suffix=pcapng
	((round % 3)) || suffix=pcap
	limit=(-b filesize:3MB)
	((round % 4)) || limit=(-b filesize:200MB)
	start record "$rx" "$WEIR" record -i "$rx_if" -w "$dir/round/x.$suffix" "${limit[@]}"
	wait_capture "$rx" "$rx_if"
	# At a random instant of the next half second.
	read -r -t "0.$((RANDOM % 5))$((RANDOM % 10))" -u "$lib_never" || :
	kill -KILL "$(pid_of record)"
	await record
	run "$WEIR" record --recover "$dir/round"
	assert_eq "exit status of --recover ($(<"$dir/run.err"))" 0 "$status"
	assert_eq 'hidden files left' 0 "$(find "$dir/round" -name '.*' -type f | wc -l)"
	cut=$((cut + $(awk '/bytes cut off/ {n += $5} END {print n + 0}' "$dir/run.err")))
	for file in "$dir/round"/*; do
		[[ -e $file ]] || continue
		check_file "$file"
	done
	rm -r "$dir/round"
done
stop generate
assert_ge 'packets recovered' "$kills" "$total"
echo "$kills kills: $files files, $total packets, $cut bytes cut off"

# A single file is recovered in place; one being written is left alone.
start record "$rx" "$WEIR" record -i "$rx_if" -w "$dir/y.pcapng" -b packets:1000000
wait_capture "$rx" "$rx_if"
run "$WEIR" record --recover "$dir"
assert_match 'a file in use' 'left alone' "$(<"$dir/run.err")"
stop record
