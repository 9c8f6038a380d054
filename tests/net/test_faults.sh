#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Would the ledger notice? In a build with -Dfaults=true each stage can lose
# or double one packet in silence: the report must then say that it does not
# balance, and name that stage.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tap_lib.sh"
make_net

# record_live FAULT: some packets from the ring to a file
record_live() {
	start record "$rx" env WEIR_FAULT="$1" \
		"$WEIR" record -i "$rx_if" -w "$dir/live.pcapng" --report "$dir/report"
	wait_capture "$rx" "$rx_if"
	generate --count 1000 --pps 100000
	stop record
}

# count_by SOURCE FAULT: some packets that a program of ours hands over
count_by() {
	WEIR_FAULT=$2 capture record "$rx" "$1"
	generate --count 1000 --pps 100000
	stop record
	mv "$dir/record.json" "$dir/report"
}

count_tap() {
	count_by "tap:$rx_if" "$1"
}

count_tap_xdp() {
	count_by "tap:$rx_if,hook=xdp" "$1"
}

count_xdp() {
	count_by "xdp:$rx_if" "$1"
}

count_nf() {
	count_by "nf:$rx_if" "$1"
}

count_nflog() {
	count_by "nf:$rx_if,method=nflog" "$1"
}

# record_file FAULT: from that file to another, through a filter in user space
record_file() {
	run env WEIR_FAULT="$1" "$WEIR" record -r "$dir/live.pcapng" -w "$dir/file.pcapng" \
		--report "$dir/report" udp
	cp "$dir/run.err" "$dir/record.err"
}

# check_fault STAGE KIND HOW: the named stage, and no other, is told
check_fault() {
	"$3" "$1:$2:10"
	assert_eq "$1:$2: balanced" false "$(json "$dir/report" .balanced)"
	assert_eq "$1:$2: the stage told" "$1" "$(json "$dir/report" .unbalanced_stage)"
	assert_eq "$1:$2: stages that do not balance" "$1" "$(json "$dir/report" \
		'[.interfaces[].stages[] | select(.balanced | not) | .stage] | unique | join(" ")')"
	assert_match "$1:$2: last line in words" "NOT BALANCED at .*stage $1" \
		"$(tail -n 1 "$dir/record.err")"
	assert_eq "$1:$2: exit status" 1 "$status"
}

record_live none
assert_eq 'exit status without a fault' 0 "$status"
assert_balanced "$dir/report"
cp "$dir/live.pcapng" "$dir/good.pcapng"
for kind in swallow double; do
	for stage in ring sink disk; do
		check_fault $stage $kind record_live
	done
done

cp "$dir/good.pcapng" "$dir/live.pcapng"
record_file none
assert_eq 'exit status without a fault, from a file' 0 "$status"
assert_balanced "$dir/report"
for kind in swallow double; do
	for stage in file filter sink disk; do
		check_fault $stage $kind record_file
	done
done

[[ -r /sys/kernel/btf/vmlinux ]] || exit 0 # no programs of ours here
need python3
in_rx ip addr add 198.19.0.1/32 dev lo # so that netfilter meets them
for source in tap tap_xdp xdp nf nflog; do
	"count_$source" none
	assert_eq "exit status without a fault, $source" 0 "$status"
	assert_balanced "$dir/report"
	for kind in swallow double; do
		for stage in ring sink; do
			check_fault $stage $kind "count_$source"
		done
	done
done
