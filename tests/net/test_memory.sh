#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The memory that --dry-run tells is what a source then takes, as the kernel
# counts it for the process; and --dry-run itself attaches nothing.
. "$(dirname "$0")/lib.sh"
need bpftool jq
make_net

resident() { # KiB of mapped memory of the program called $1
	awk '/^Rss(File|Shmem)/ {sum += $2} END {print sum}' "/proc/$(pid_of "$1")/status"
}

told() { # KiB, of the sum
	awk '$1 == "memory" {print $5 * ($6 == "MiB" ? 1024 : 1)}' "$dir/run.out"
}

# What the program itself takes: with the smallest ring, and without it.
start count "$rx" "$WEIR" count -i "ring:$rx_if,block=4KiB,blocks=2"
wait_capture "$rx" "$rx_if"
own=$(($(resident count) - 8))
stop count
for source in "ring:$rx_if,block=1MiB,blocks=16" "tap:$rx_if" "tap:$rx_if,hook=xdp" "nf:$rx_if" \
	"xdp:$rx_if,frames=8192"; do
	run in_rx "$WEIR" count --dry-run -i "$source"
	assert_eq "exit status of --dry-run with '$source' ($(<"$dir/run.err"))" 0 "$status"
	assert_match "a size for '$source'" '^opens .* [0-9]+ [KM]iB' "$(<"$dir/run.out")"
	assert_eq "promiscuous after --dry-run with '$source'" 0 \
		"$(ip -n "$rx" -d -j link show dev "$rx_if" | jq '.[0].promiscuity')"
	assert_eq "attached by --dry-run with '$source'" '0 0' \
		"$(in_rx bpftool -j net | jq -r '.[0] | "\(.xdp | length) \(.tc | length)"')"
	wanted=$(told)
	start count "$rx" "$WEIR" count -i "$source" --json
	wait_for 20 "memory of '$source': $wanted KiB" \
		eval '(($(resident count) >= own + wanted * 9 / 10))'
	generate --count 1000
	(($(resident count) <= own + wanted * 11 / 10 + 1024)) ||
		fail "'$source' takes $(resident count) KiB beside $own, and $wanted were told"
	stop count
done
assert_refuses 1 "no interface 'rx1'" in_rx "$WEIR" count --dry-run -i tap:rx1
assert_refuses 1 'has no queue 9' in_rx "$WEIR" count --dry-run -i "xdp:$rx_if,queue=9"
