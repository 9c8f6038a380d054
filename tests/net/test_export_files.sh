#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# IPFIX files that are rotated: each can be read alone, by weir and by
# ipfixDump; together they have every record; none is seen before it is whole.
# And on a disk that is full for a while.
. "$(dirname "$0")/lib.sh"
need_root
need jq ipfixDump python3
make_net
initiators=$(realpath "$(dirname "$0")/initiators.py")
cd "$dir"
mkdir small sized timed
mount -t tmpfs -o size=4M tmpfs small || skip 'a tmpfs cannot be mounted'
trap 'cd /; umount "$dir/small"; lib_clean_up' EXIT

cell() { # cell REPORT KEY: of the first export row
	jq "[.interfaces[].stages[] | select(.stage == \"export\")][0].$2 // 0" "$1"
}
tells() { grep -q "$2" "$1.err"; }
complete() { (($(find "$1" -name 'x_*.ipfix' | wc -l) >= $2)); }

# meter NAME FOLDER CONDITION [OPTION...]
meter() {
	local name=$1 folder=$2 condition=$3
	shift 3
	start "$name" "$rx" "$WEIR" flow -i "$rx_if" --idle-timeout 200ms -w "$folder/x.ipfix" \
		--rotate "$condition" --report "$name.report" "$@"
	wait_capture "$rx" "$rx_if"
}

# whole NAME FOLDER: every file is good alone, all together have what the report says was sent
whole() {
	local file all=() records
	for file in "$2"/x_*.ipfix; do
		all+=(-r "$file")
		run "$WEIR" collect -r "$file" -w null: --report one.report
		assert_eq "$1: '$file' read alone" 0 "$status"
		assert_eq "$1: '$file': without a template, malformed" '0 0' "$(jq -r '[[.exporters[].no_template],
			[.exporters[].malformed]] | map(add) | join(" ")' one.report)"
		ipfixDump <"$file" >dump 2>dump.err || fail "$1: ipfixDump does not read '$file'"
		[[ $1 = disk ]] || assert_eq "$1: ipfixDump on '$file'" '' "$(<dump.err)" # there, a gap
		grep -q notSentFlowTotalCount dump || fail "$1: '$file' has no options"
	done
	run "$WEIR" collect "${all[@]}" -w null: --report all.report
	records=$(jq '[.exporters[].records] | add' all.report)
	assert_eq "$1: records in all files" "$(cell "$1.report" out)" "$records"
	assert_eq "$1: hidden files left" '' "$(find "$2" -name '.*.part')"
	# one after the other they are one stream, whose sequence runs on
	cat "$2"/x_*.ipfix | "$WEIR" collect -q -r - -w null: --report stream.report
	assert_eq "$1: missing between them" "$(cell "$1.report" 'dropped | add')" \
		"$(jq '[.exporters[].lost] | add' stream.report)"
}

# ---- by size ----

meter sized sized filesize:100
generate --flows 6000 --count 6000 --pps 10000
wait_for 20 'a file that is complete' complete sized 3
assert_eq 'sized: files being written' 1 "$(find sized -name '.x_*.ipfix.part' | wc -l)"
stop sized
assert_eq 'sized: exit status' 0 "$status"
assert_balanced sized.report
assert_eq 'sized: sent' 6000 "$(cell sized.report out)"
whole sized sized
assert_eq 'sized: files over the limit' '' "$(find sized -name 'x_*' -size +100000c)"
assert_ge 'sized: files' 5 "$(find sized -name 'x_*' | wc -l)"

# ---- by the clock ----

meter timed timed interval:1
for _ in 1 2 3; do
	generate --flows 500 --count 500 --pps 1000
done
wait_for 20 'a file that is complete' complete timed 2
stop timed
assert_eq 'timed: sent' 1500 "$(cell timed.report out)"
whole timed timed

# ---- a full disk, and room again ----

head -c 4000K /dev/zero >small/filler
meter disk small filesize:200 --export-queue 64
generate --flows 20000 --count 20000 --pps 20000
wait_for 20 'word of the full disk' tells disk 'No space left'
rm small/filler
wait_for 20 'word of room' tells disk 'is there again'
stop disk
assert_balanced disk.report
assert_ge 'disk: sent' 1 "$(cell disk.report out)"
assert_eq 'disk: sent and not' 20000 $(($(cell disk.report out) + $(cell disk.report 'dropped | add')))
whole disk small

# ---- sampling is told: RFC 5477, and what older collectors read ----

python3 "$initiators" in.pcap 100
# sampled MODE ELEMENT...: the options record has these
sampled() {
	local mode=$1 element
	shift
	run "$WEIR" flow -r in.pcap -w sampled.ipfix --sample "$mode"
	ipfixDump <sampled.ipfix >dump 2>dump.err
	for element; do
		grep -qE "$element\$" dump || fail "$mode: there is no '$element'"
	done
}
sampled systematic:10 'selectorAlgorithm : 1' 'samplingPacketInterval : 1' 'samplingPacketSpace : 9' \
	'samplingInterval : 10' 'samplingAlgorithm : 1'
sampled random:4 'selectorAlgorithm : 4' 'samplingProbability : 0.25[0]*' 'samplingInterval : 4' \
	'samplingAlgorithm : 2'
sampled hash:4 'selectorAlgorithm : 8' 'samplingProbability : 0.25[0]*'

# ---- names that others have, hidden and complete ----

mkdir taken
echo theirs >taken/.x_00001.ipfix.part
now=$(date +%s)
for second in {0..120}; do
	printf -v when '%(%Y%m%d%H%M%S)T' $((now + second))
	echo theirs >"taken/x_00002_$when.ipfix"
done
run "$WEIR" flow -r in.pcap -w taken/x.ipfix --rotate interval:3600 --report taken.report
assert_eq 'taken: exit status' 0 "$status"
assert_eq 'taken: files of others' 122 "$(grep -lrx theirs taken | wc -l)"
run "$WEIR" collect -r taken/x_00003_*.ipfix -w null: --report all.report
assert_eq 'taken: records' "$(cell taken.report out)" "$(jq '[.exporters[].records] | add' all.report)"

# ---- what cannot be done ----

assert_refuses 2 'is for IPFIX files' "$WEIR" flow -r x.pcap -w x.json --rotate interval:60
assert_refuses 2 'not a size of 64 KiB' "$WEIR" flow -r x.pcap -w x.ipfix --rotate filesize:1
assert_refuses 2 'is not filesize:SIZE' "$WEIR" flow -r x.pcap -w x.ipfix --rotate 60
