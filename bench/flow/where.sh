#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Where the time of 'weir flow -r' goes, by function: nanoseconds a packet (the
# least CPU time of five runs, shared out by perf's samples of a sixth), and what
# memory alone would ask for.
#
#	PACKETS=5000000 bench/flow/where.sh FLOWS [uniform|zipf|flood [60|imix]]
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$root/build}
WEIR=${WEIR:-$build/src/cli/weir}
packets=${PACKETS:-5000000}
flows=${1:?'say how many flows'}
command -v perf >/dev/null || { echo "perf is not installed"; exit 1; }
ninja -C "$build" bench/flow/bench_traffic bench/flow/bench_memory >/dev/null || exit 1
. "$root/bench/flow/files.sh"
file=$files/traffic.pcap

echo "${*} (uniform, 60 bytes unless said), in $pages"
"$build/bench/flow/bench_traffic" "$file" "$flows" "$packets" "${2:-uniform}" "${3:-60}" || exit 1
room=$((flows > 1048576 ? flows : 1048576))
command="taskset -c ${CORE:-1} $WEIR flow -q -r $file -w null: --flows-max $room"
"$root/bench/flow/measure" --packets "$packets" --title "$flows" --raw "$files/raw" weir "$command" \
	>/dev/null || exit 1
# shellcheck disable=SC2086 # words of a command
perf record -q -e cpu-clock -F 10000 -o "$files/perf" $command >/dev/null || exit 1
perf report -i "$files/perf" --stdio --no-children --sort dso,symbol -g none 2>/dev/null |
	awk -v all="$(jq '.cpu_ns[0]' "$files/raw")" '
		/^ +[0-9.]+%/ {
			ns = $1 / 100 * all; rest += ns
			if (ns < 0.5) next
			rest -= ns
			printf "%7.1f  %s%s\n", ns, $4, $2 ~ /libweir/ ? "" : " (" $2 ")" | "sort -rn"
		}
		END { close("sort -rn"); printf "%7.1f  all else\n%7.1f  ns a packet in all\n", rest, all }'
"$build/bench/flow/bench_memory" "$flows" "$packets" $((($(stat -c %s "$file") - 24) / packets))
