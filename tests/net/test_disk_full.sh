#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A full disk: one line says so, what was written before is a valid file, and
# every packet that is not in it is accounted for.
. "$(dirname "$0")/lib.sh"
need capinfos
make_net
mkdir "$dir/small"
mount -t tmpfs -o size=1M tmpfs "$dir/small" || skip 'a tmpfs cannot be mounted'
trap 'umount "$dir/small"; lib_clean_up' EXIT

for name in x.pcapng x.pcap; do
	start record "$rx" "$WEIR" record -i "$rx_if" -w "$dir/small/$name" --report "$dir/report"
	wait_capture "$rx" "$rx_if"
	generate --count 50000 --pps 100000 --size 200
	await record
	assert_eq "$name: exit status" 1 "$status"
	assert_eq "$name: lines that tell of it" 1 \
		"$(grep -c "^weir record: .*'.*$name'.*No space left" "$dir/record.err")"
	written=$(packets_in "$dir/small/$name")
	assert_ge "$name: packets kept" 1000 "$written"
	assert_eq "$name: written, says the report" "$written" "$(json "$dir/report" .packets.written)"
	assert_balanced "$dir/report"
	rm "$dir/small/$name"
done

# The oldest file gives way, as long as there is one: for packets, and for a manifest.
for manifest in '' --manifest; do
	# shellcheck disable=SC2086
	start record "$rx" "$WEIR" record -i "$rx_if" -w "$dir/small/ring.pcapng" \
		-b filesize:200kB --disk-full oldest --report "$dir/report" $manifest
	wait_capture "$rx" "$rx_if"
	generate --count 50000 --pps 50000 --size 200
	stop record
	assert_eq "oldest $manifest: exit status" 0 "$status"
	assert_balanced "$dir/report"
	assert_eq "oldest $manifest: written" "$sent" "$(json "$dir/report" .packets.written)"
	for file in "$dir"/small/ring_*.pcapng; do
		assert_ge "oldest $manifest: packets in ${file##*/}" 1 "$(packets_in "$file")"
		[[ ! $manifest ]] || (cd "$dir/small" && sha256sum --quiet -c "$file.sha256") ||
			fail "sha256sum on '$file'"
	done
	rm "$dir"/small/ring_*
done

# A file system with room for bytes but not for so many files.
mkdir "$dir/few"
mount -t tmpfs -o size=16M,nr_inodes=8 tmpfs "$dir/few"
trap 'umount "$dir/small" "$dir/few"; lib_clean_up' EXIT
start record "$rx" "$WEIR" record -i "$rx_if" -w "$dir/few/x.pcapng" -b packets:1000 \
	--disk-full oldest --manifest --report "$dir/report"
wait_capture "$rx" "$rx_if"
generate --count 20000 --pps 50000
stop record
assert_eq 'few files: exit status' 0 "$status"
assert_balanced "$dir/report"
assert_eq 'few files: written' "$sent" "$(json "$dir/report" .packets.written)"
