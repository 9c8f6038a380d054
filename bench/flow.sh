#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What metering a capture file costs, the whole process on one core: weir and
# its peers on the same files, which lie in memory. A line for each: CPU
# nanoseconds a packet (the least, and the median of ROUNDS), millions of
# packets a second of that, and the memory that was resident. 'weir count'
# reads the same file and does nothing with it.
#
# Then a flood of flows of one packet, more of them than the table has room
# for, with 1000 flows among them that have a packet in every 16,000; and
# whether the goals are met (exit status 1: not all).
#
#	PACKETS=5000000 ROUNDS=5 FLOWS='1000 64000 1000000 10000000' \
#	TRAFFIC='uniform:60 zipf:60 uniform:imix zipf:imix' PEERS=yes HUGE=yes RAW=flow.jsonl bench/flow.sh
#
# All of it takes about nine minutes; PEERS=no and fewer rows less.
root=$(cd "$(dirname "$0")/.." && pwd)
build=${BUILD:-$root/build}
WEIR=${WEIR:-$build/src/cli/weir}
packets=${PACKETS:-5000000}
core=${CORE:-1}
[[ -x $WEIR ]] || { echo "there is no '$WEIR': run make first, or set WEIR"; exit 1; }
ninja -C "$build" bench/flow/bench_traffic >/dev/null || exit 1
. "$root/bench/flow/files.sh" # in memory: a disk's speed is not the question here
raw=${RAW:-$files/raw.jsonl}
file=$files/traffic.pcap
elephants=1000

# make_traffic FLOWS PICK SIZE
make_traffic() {
	"$build/bench/flow/bench_traffic" "$file" "$1" "$packets" "$2" "$3" || exit 1
}

# measure TITLE NAME COMMAND...
measure() {
	local title=$1
	shift
	"$root/bench/flow/measure" --rounds "${ROUNDS:-5}" --limit "${LIMIT:-12}" \
		--packets "$packets" --title "$title" --raw "$raw" "$@" || exit 1
}

# row FLOWS PICK SIZE
row() {
	local room=$(($1 > 1048576 ? $1 : 1048576)) on="taskset -c $core"
	local commands=(weir "$on $WEIR flow -q -r $file -w null: --flows-max $room"
		'weir count' "$on $WEIR count -q -r $file")

	make_traffic "$@"
	if [[ ${PEERS:-yes} = yes ]]; then
		mkdir -p "$files/nfdump"
		commands+=(nfpcapd "$on nfpcapd -r $file -w $files/nfdump"
			softflowd "$on softflowd -d -r $file -m $room -n 127.0.0.1:9 -v 10"
			argus "$on argus -X -r $file -w /dev/null")
	fi
	measure "$1 $2 $3" "${commands[@]}"
}

# best TITLE: weir's least nanoseconds a packet
best() {
	jq -s --arg title "$1" \
		'[.[] | select(.traffic == $title and .command == "weir").cpu_ns[0]] | min' "$raw"
}

verdict=0
# goal WHAT VALUE LIMIT: VALUE is to be at most LIMIT
goal() {
	[[ $2 = null ]] && return
	awk -v what="$1" -v value="$2" -v limit="$3" 'BEGIN {
		printf "%-60s %8.2f of %.2f: %s\n", what, value, limit, value <= limit ? "met" : "NOT MET"
		exit value > limit
	}' || verdict=1
}

echo "$packets packets a file, in $pages; $(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2), Linux $(uname -r)"
printf '%-28s %-12s %9s %8s %8s %7s\n' traffic command 'ns least' median Mpps MiB
for traffic in ${TRAFFIC:-uniform:60 zipf:60 uniform:imix zipf:imix}; do
	for flows in ${FLOWS:-1000 64000 1000000 10000000}; do
		row "$flows" "${traffic%:*}" "${traffic#*:}"
	done
done

make_traffic "$elephants" flood 60
measure flood weir "taskset -c $core $WEIR flow -q -r $file -w null:"
"$WEIR" flow -r "$file" --records "packets > $((packets / 16 / elephants * 4 / 5))" -w "$files/kept.csv" 2>"$files/report" || exit 1
kept=$(($(wc -l <"$files/kept.csv") - 1))
echo "flood:$(grep 'table full' "$files/report");" \
	"of $elephants flows with many packets $kept were kept"

goal '1,000 flows of 60 bytes: ns a packet (25 Mpps)' "$(best '1000 uniform 60')" 40
goal '1,000,000 flows of 60 bytes: ns a packet (14.88 Mpps)' "$(best '1000000 uniform 60')" 67.2
known=$(best '1000000 uniform 60')
[[ $known = null ]] ||
	goal 'a flood takes so many times what 1,000,000 known flows take' \
		"$(jq -n "$(best flood) / $known")" 2
exit "$verdict"
