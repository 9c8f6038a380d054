#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Rotation as fast as packets can be sent (a million a second and more): over
# all files each packet is there once, in turn, whatever ends a file and
# whoever writes it.
# WEIR_TEST_ROTATE_PACKETS=N sends N to each recording (300,000).
. "$(dirname "$0")/lib.sh"
need capinfos tcpdump
make_net
packets=${WEIR_TEST_ROTATE_PACKETS:-300000}

# check WHAT LEAST_FILES OPTION...: record with these options all that is sent
check() {
	local what=$1 least=$2 file total=0
	shift 2
	mkdir "$dir/files"
	# A ring that takes all of it: what is tested is what follows.
	start record "$rx" "$WEIR" record -i "$rx_if" -B $((packets / 4 + 65536)) \
		-w "$dir/files/x.pcapng" --report "$dir/report" "$@"
	wait_capture "$rx" "$rx_if"
	generate --method live --top --count "$packets" --flows "$packets"
	stop record
	assert_eq "$what: exit status" 0 "$status"
	assert_balanced "$dir/report"
	assert_eq "$what: sent" "$packets" "$sent"
	assert_eq "$what: seen" "$packets" "$(json "$dir/report" .packets.seen)"
	files=("$dir"/files/x_*)
	assert_ge "$what: files" "$least" "${#files[@]}"
	for file in "${files[@]}"; do
		total=$((total + $(packets_in "$file")))
	done
	assert_eq "$what: packets in all files, by capinfos" "$packets" "$total"
	assert_eq "$what: packets in turn" "$packets" "$(packets_in_turn "${files[@]}")"
	echo "$what: $packets packets in ${#files[@]} files, each once and in turn;" \
		"sent at $(json "$dir/run.out" '.packets.sent / .duration_s | floor') a second"
	rm -r "$dir/files"
}

check 'by size' 5 -b filesize:4MB
check 'by interval' 2 -b interval:0.02s
check 'by size and interval, mmap' 5 -b filesize:4MB -b interval:0.1s --writer mmap
check 'by size and packets, plain' 10 -b filesize:4MB -b packets:20000 --writer plain
