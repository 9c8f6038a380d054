#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What gives way before a writer that stands still, as others read it in the
# file: the newest packets, told in the packet after them; all but headers; or
# nothing here, since the ring fills. And space that is to be kept free.
. "$(dirname "$0")/lib.sh"
need tshark capinfos jq
make_net
mkfifo "$dir/pipe"

dropped() {
	json "$dir/report" "[.interfaces[].stages[].dropped.$1 // 0] | add"
}

# nothing more comes out of the pipe
drained() {
	local before
	before=$(stat -c %s "$dir/reader.out")
	read -r -t 0.3 -u "$lib_never" || :
	[[ $before -gt 0 && $before -eq $(stat -c %s "$dir/reader.out") ]]
}

# slow POLICY: record 60,000 packets into the pipe, whose reader stands still, and 100 when it goes on
slow() {
	start reader - cat "$dir/pipe"
	start record "$rx" "$WEIR" record -i "$rx_if" -B 8192 -w "$dir/pipe" --disk-slow "$1" \
		--report "$dir/report"
	wait_capture "$rx" "$rx_if"
	kill -STOP "$(pid_of reader)"
	generate --count 60000 --size 1000 --pps 100000
	kill -CONT "$(pid_of reader)"
	wait_for 20 'the queue to drain' drained
	generate --count 100 --size 1000 --pps 1000
	stop record
	assert_eq "$1: exit status" 0 "$status"
	await reader
	assert_balanced "$dir/report"
	assert_eq "$1: written and dropped" 60100 \
		$(($(packets_in "$dir/reader.out") + $(json "$dir/report" .packets.dropped)))
}

slow newest
assert_ge 'newest: dropped' 1000 "$(dropped disk_slow)"
assert_eq 'newest: dropped, as the packets in the file tell' "$(dropped disk_slow)" \
	"$(tshark -r "$dir/reader.out" -T fields -e frame.drop_count -Y frame.drop_count \
		2>/dev/null | awk '{sum += $1} END {print sum}')"

slow wait
assert_eq 'wait: dropped at the disk' 0 "$(dropped disk_slow)"
assert_ge 'wait: dropped at the ring' 1000 "$(dropped ring_full)"

slow headers
cut=$(tshark -r "$dir/reader.out" -Y 'frame.cap_len == 128' -T fields -e frame.number 2>/dev/null | wc -l)
assert_ge 'headers: packets that were cut' 1000 "$cut"
assert_eq 'headers: cut, as weir tells' 1 "$(grep -c "^$cut packets were cut to 128 bytes" "$dir/record.err")"
assert_eq 'headers: the last packet is whole again' 1000 \
	"$(tshark -r "$dir/reader.out" -T fields -e frame.cap_len 2>/dev/null | tail -n 1)"

# Half of a file system of 8 MB is to be kept free.
mkdir "$dir/small"
mount -t tmpfs -o size=8M tmpfs "$dir/small" || skip 'a tmpfs cannot be mounted'
trap 'umount "$dir/small"; lib_clean_up' EXIT
start record "$rx" "$WEIR" record -i "$rx_if" -w "$dir/small/x.pcapng" --keep-free 4MiB \
	--report "$dir/report"
wait_capture "$rx" "$rx_if"
generate --count 20000 --size 1000 --pps 100000
await record
assert_eq 'keep-free: exit status' 1 "$status"
assert_ge 'keep-free: bytes free' $((4 << 20)) "$(df --output=avail -B1 "$dir/small" | tail -n 1)"
assert_ge 'keep-free: packets' 2000 "$(packets_in "$dir/small/x.pcapng")"
assert_ge 'keep-free: counted' 1000 "$(dropped disk_full)"
assert_balanced "$dir/report"
