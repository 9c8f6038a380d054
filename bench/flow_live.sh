#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# How many packets a second 'weir flow -i' meters on one core without losing
# one, by source and by number of flows. 64-byte frames (60 without FCS) over a
# veth pair; the generator and the receive path, with the hook of the capture,
# have CPU 0, the meter has CPU 1.
#
# First at top speed (XDP live frames). If that loses packets, the rate is
# halved and then approached from below in STEPS steps, for which an AF_XDP
# sender keeps the rate; the next lower rate is tried until one is free of
# loss. A '+' behind a rate says that more did not come through the path: the
# meter was not at its limit. 'core' is what one core could meter, by its CPU
# time a packet: the sum of receiving and metering.
#
#	PACKETS=4000000 STEPS=5 FLOWS='1000 60000' RAW=live.tsv bench/flow_live.sh [SOURCE]...
root=$(cd "$(dirname "$0")/.." && pwd)
WEIR=${WEIR:-$root/build/src/cli/weir}
. "$root/tests/net/lib.sh"
. "$root/bench/lib.sh"
packets=${PACKETS:-4000000}
steps=${STEPS:-5}
raw=${RAW:-$dir/raw}
other_mac=02:00:00:00:00:09 # for another station: the stack drops it early

need taskset jq
[[ -x $WEIR ]] || fail "there is no '$WEIR': run make first, or set WEIR"
make_net gro=on
sources=("ring:$rx_if" "tap:$rx_if" "tap:$rx_if,hook=xdp,pass=no" "xdp:$rx_if")
[[ $# = 0 ]] || sources=("$@")

# live_run SOURCE FLOWS PPS ('top'): sets 'rate' (packets a second that were sent), 'lost', 'used' (ns a packet)
live_run() {
	local how=(--method live --top) before delivered
	[[ $3 = top ]] || how=(--method xdp --pps "$3")
	rm -f "$dir"/meter.*
	start meter "$rx" taskset -c 1 "$WEIR" flow -i "$1" -w null: --report "$dir/meter.json"
	wait_for 20 "the meter of '$1'" grep -qs 'room for' "$dir/meter.err"
	settle meter 2
	before=$(cpu_ns meter)
	in_tx taskset -c 0 "$WEIR" generate -i "$tx_if" "${how[@]}" --count "$packets" --flows "$2" \
		--dst-mac "$other_mac" -q --report "$dir/generate.json" >/dev/null
	settle meter 2
	used=$(($(cpu_ns meter) - before))
	stop meter
	[[ $(json "$dir/meter.json" .balanced) = true ]] || fail "'$1' does not balance"
	delivered=$(json "$dir/meter.json" .packets.delivered)
	lost=$((packets - delivered))
	used=$(awk -v used="$used" -v packets="$delivered" 'BEGIN {printf "%.1f", used / packets}')
	rate=$(jq -r --argjson packets "$packets" '$packets / .duration_s | floor' "$dir/generate.json")
	printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$rate" "$lost" "$used" >>"$raw"
}

# live_search SOURCE FLOWS: sets 'best' (packets a second), 'best_used', 'more' ('+' or nothing)
live_search() {
	local low=0 high step
	best=0 best_used=$used more=
	if ((lost == 0)); then
		best=$rate more=+
		return
	fi
	high=$rate
	for ((step = 0; step < steps; step++)); do
		live_run "$1" "$2" $(((low + high) / 2))
		if ((lost == 0)); then
			((rate > best)) && best=$rate best_used=$used
			# the sender cannot do more
			((rate * 100 >= (low + high) / 2 * 95)) || { more=+ && break; }
			low=$(((low + high) / 2))
		else
			high=$(((low + high) / 2))
		fi
	done
}

printf '%-28s %8s %9s %8s %10s %8s %6s\n' source flows 'top Mpps' 'lost %' 'free Mpps' 'ns CPU' core
for flows in ${FLOWS:-1000 60000}; do
	for source in "${sources[@]}"; do
		live_run "$source" "$flows" top
		top=$rate top_lost=$lost
		live_search "$source" "$flows"
		awk -v source="$source" -v flows="$flows" -v top="$top" -v lost="$top_lost" \
			-v packets="$packets" -v best="$best" -v used="$best_used" -v more="$more" 'BEGIN {
			printf "%-28s %8d %9.2f %8.3f %9.2f%1s %8.1f %6.2f\n", source, flows, top / 1e6,
				100 * lost / packets, best / 1e6, more, used, 1e3 / used }'
	done
done
