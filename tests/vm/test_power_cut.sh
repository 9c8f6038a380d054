#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# kernel: trixie
# disk: 1G
#
# The power goes while two recordings are written with --sync 1s, one of them
# in files of a rotation: after the next start all packets are there that were
# written before the last sync, in turn; only later ones are missing. (What the
# disk itself holds in its cache and has not been told to write is not lost
# here: the emulator has no such cache.)
. "$(dirname "$0")/lib.sh"
need capinfos tcpdump mkfs.ext4
disk=/dev/vda

# flushes: how often the disk was told to write its cache
flushes() {
	awk '{print $16}' "/sys/block/${disk##*/}/stat"
}

flushed_twice() {
	(($(flushes) >= $1 + 2))
}

written() {
	sed -n 's/^ *disk record  *[0-9,]*  *\([0-9,]*\) .*/\1/p' "$dir/$1.err" | tail -n 1 | tr -d ,
}

reported() {
	(($(grep -c 'disk record' "$dir/$1.err" || :) > $2))
}

# report NAME: sets 'count' to what the recorder has given to the file system by now
report() {
	local before
	before=$(grep -c 'disk record' "$dir/$1.err" || :)
	kill -USR1 "$(pid_of "$1")"
	wait_for 20 "the report of '$1'" reported "$1" "$before"
	count=$(written "$1")
}

is_there() {
	[[ -b $disk ]]
}

cut_power() {
	local single rotated before
	mkfs.ext4 -q "$disk"
	mount -t ext4 "$disk" /mnt
	make_net
	start single "$rx" "$WEIR" record -i "$rx_if" -w /mnt/single.pcapng --sync 1s
	start rotated "$rx" "$WEIR" record -i "$rx_if" -w /mnt/x.pcapng --sync 1s -b filesize:300kB
	wait_capture "$rx" "$rx_if" 2
	start generate "$tx" "$WEIR" generate -i "$tx_if" --dst-mac "$rx_mac" --pps 1000 \
		--size 200 --flows 1000000 --count 1000000
	wait_for 120 'files of the rotation' eval '(($(find /mnt -name "x_*" | wc -l) >= 2))'
	report single
	single=$count
	report rotated
	rotated=$count
	# Of two recorders, two syncs each: one at least of each has begun after its report.
	before=$(flushes)
	wait_for 60 'syncs' flushed_twice $((before + 4))
	echo "--- cut $single,$rotated,$(nic "$rx" "$rx_if" rx.packets)"
	read -r -u "$lib_never" # the end
}

# check WHAT SYNCED SEEN FILE...
check() {
	local what=$1 synced=$2 seen=$3 total=0 file
	shift 3
	for file in "$@"; do
		capinfos "$file" >/dev/null 2>"$dir/capinfos.err" || fail "capinfos refuses '$file'"
		total=$((total + $(packets_in "$file")))
	done
	assert_eq "$what: packets in turn" "$total" "$(packets_in_turn "$@")"
	assert_ge "$what: packets, of $synced that were synced" "$synced" "$total"
	echo "ok: $what: $total packets in $# files; $synced were synced for certain; of the $seen" \
		"that had come, the last $((seen - total)) are missing"
}

wait_for 20 "the disk '$disk'" is_there
if [[ -z $cut ]]; then
	cut_power
fi
IFS=, read -r single rotated seen <<<"$cut"
mount -t ext4 "$disk" /mnt
run "$WEIR" record --recover /mnt
assert_eq "exit status of --recover ($(<"$dir/run.err"))" 0 "$status"
run "$WEIR" record --recover /mnt/single.pcapng
assert_eq "exit status of --recover ($(<"$dir/run.err"))" 0 "$status"
assert_eq 'hidden files left' '' "$(find /mnt -name '.x*')"
check 'a single file' "$single" "$seen" /mnt/single.pcapng
check 'a rotation' "$rotated" "$seen" /mnt/x_*
