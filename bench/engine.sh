#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What capturing costs and loses at the highest rate that the kernel delivers:
# weir and its peers, defaults against defaults, on live frames over a veth
# pair of its own. The generator has CPU 0, the consumer CPU 1.
#
#	PACKETS=20000000 ROUNDS=9 RAW=engine.jsonl bench/engine.sh [count|record]...
root=$(cd "$(dirname "$0")/.." && pwd)
WEIR=${WEIR:-$root/build/src/cli/weir}
. "$root/tests/net/lib.sh"
packets=${PACKETS:-20000000}
size=60 # bytes of each frame

need taskset tcpdump dumpcap netsniff-ng
[[ -x $WEIR ]] || fail "there is no '$WEIR': run make first, or set WEIR"
make_net gro=on
files=$(mktemp -d "${FILES:-/var/tmp}/weir-bench.XXXXXX") # on a disk, as recordings are; FILES=/dev/shm leaves it out
trap 'rm -rf "$files"; lib_clean_up' EXIT

consumer="ip netns exec $rx taskset -c 1"
common=(
	--rounds "${ROUNDS:-9}" --packets "$packets"
	--before "find $files -mindepth 1 -delete"
	--ready "ip netns exec $rx awk 'NR > 1 && \$6 == 1 { up = 1 } END { exit !up }' /proc/net/packet"
	# and time for the kernel to hand a partly filled block over: tcpdump's for up to a second
	--traffic "sh -c 'ip netns exec $tx taskset -c 0 $WEIR generate -i $tx_if --top \
		--count $packets --size $size --dst-mac $rx_mac && sleep 1.5'"
)
[[ ${RAW:-} ]] && common+=(--raw "$RAW")

bench_count() {
	echo "== count: $packets packets of $size bytes, all of each packet"
	"$root/bench/compare" "${common[@]}" \
		--command 'weir count' "$consumer $WEIR count -i $rx_if" --got "$weir_got" \
		--command 'tcpdump -w /dev/null' "$consumer tcpdump -ni $rx_if -w /dev/null" \
		--got '([0-9]+) packets? captured' \
		--command 'dumpcap -w /dev/null' "$consumer dumpcap -qi $rx_if -w /dev/null" \
		--got 'Packets captured: ([0-9]+)' \
		--command 'netsniff-ng -o /dev/null' \
		"$consumer netsniff-ng -s -i $rx_if -o /dev/null" --got '([0-9]+) +packets passed filter'
}

bench_record() {
	echo "== record: $packets packets of $size bytes, 64 bytes of each packet"
	"$root/bench/compare" "${common[@]}" --at-most 0.7 \
		--command 'weir record -s 64' \
		"$consumer $WEIR record -i $rx_if -s 64 -w $files/weir.pcapng" --got "$weir_got" \
		--command 'tcpdump -s 64' "$consumer tcpdump -ni $rx_if -s 64 -w $files/tcpdump.pcap" \
		--got '([0-9]+) packets? captured'
}

weir_got='([0-9,]+) packets \('
verdict=0
for what in "${@:-count record}"; do
	for bench in $what; do
		"bench_$bench" || verdict=$?
	done
done
exit "$verdict"
