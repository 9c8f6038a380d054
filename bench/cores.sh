#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What more workers bring, and cost: count, record and flow with one worker,
# with several, and with dispatch, in turns, at the highest rate that the
# kernel delivers on live frames over a veth pair of the bench's own. The
# generator and the kernel's receive path have CPU 0; on a machine with two
# CPUs the second worker shares that one, so do not expect twice as much.
#
#	CPUS=1,0 PACKETS=5000000 ROUNDS=5 RAW=cores.jsonl bench/cores.sh [count|record|flow|merged]...
#
# 'merged' is no comparison: 8 workers record into one file, in which no packet
# may be out of order.
root=$(cd "$(dirname "$0")/.." && pwd)
WEIR=${WEIR:-$root/build/src/cli/weir}
. "$root/tests/net/lib.sh"
packets=${PACKETS:-5000000}
cpus=${CPUS:-1,0} # of the workers, in this order
size=60 flows=1000

need taskset jq python3
[[ -x $WEIR ]] || fail "there is no '$WEIR': run make first, or set WEIR"
make_net gro=on
files=$(mktemp -d "/dev/shm/weir-bench.XXXXXX") # memory: a disk's speed is not the question here
trap 'rm -rf "$files"; lib_clean_up' EXIT

common=(
	--rounds "${ROUNDS:-5}" --packets "$packets"
	--before "find $files -mindepth 1 -delete"
	--ready "ip netns exec $rx awk 'NR > 1 && \$6 == 1 { up = 1 } END { exit !up }' /proc/net/packet"
	--traffic "ip netns exec $tx taskset -c 0 $WEIR generate -i $tx_if --top --count $packets
		--flows $flows --size $size --dst-mac $rx_mac"
)
[[ ${RAW:-} ]] && common+=(--raw "$RAW")
got='([0-9,]+) packets \('

# scale TITLE COMMAND...: one worker, two, and one reader with one that does the rest
scale() {
	local title=$1
	shift
	echo "== $title: $packets packets of $size bytes, $flows flows"
	"$root/bench/compare" "${common[@]}" \
		--command '1 worker' "ip netns exec $rx $* --workers 1 --cpus $cpus" --got "$got" \
		--command '2 workers' "ip netns exec $rx $* --workers 2 --fanout hash --cpus $cpus" \
		--got "$got" \
		--command '1 reader, dispatch to 1' \
		"ip netns exec $rx $* --workers 1 --dispatch 1 --cpus $cpus" --got "$got"
}

# has_threads NAME N: it has started its workers, so all of them hear
has_threads() {
	local threads=(/proc/"$(pid_of "$1")"/task/*)
	((${#threads[@]} > $2))
}

merged() {
	echo "== 8 workers record into one file: $packets packets of $size bytes, $flows flows"
	start merged "$rx" "$WEIR" record -i "$rx_if" -s 64 --workers 8 --fanout hash \
		-w "$files/merged.pcapng" --report "$files/merged.json"
	wait_for 20 'the workers' has_threads merged 9
	in_tx taskset -c 0 "$WEIR" generate -i "$tx_if" --top --count "$packets" --flows $flows \
		--size $size --dst-mac "$rx_mac"
	stop merged
	jq -r '"written \(.packets.written), dropped \(.packets.dropped), late " +
		([.interfaces[].stages[] | select(.name == "merge") | .late] | add | tostring)' \
		"$files/merged.json"
	read -r in_file disordered < <(python3 "$root/tests/net/ordered.py" "$files/merged.pcapng")
	echo "in the file $in_file, out of order $disordered"
	((disordered == 0))
}

verdict=0
for what in "${@:-count record flow merged}"; do
	for bench in $what; do
		case $bench in
		count) scale count "$WEIR count -i $rx_if" || verdict=$? ;;
		record) scale 'record -s 64' "$WEIR record -i $rx_if -s 64 -w $files/x.pcapng" || verdict=$? ;;
		flow) scale flow "$WEIR flow -i $rx_if --flows-max 100000 -w null:" || verdict=$? ;;
		merged) merged || verdict=$? ;;
		*) fail "no bench '$bench'" ;;
		esac
	done
done
exit "$verdict"
