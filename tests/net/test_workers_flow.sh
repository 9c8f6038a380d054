#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Flows by several workers: none is split, whether of IPv4 or IPv6, both
# directions, fragments, tagged, or in a tunnel; and every worker has some.
. "$(dirname "$0")/lib.sh"
need jq python3
(($(nproc) >= 2)) || skip 'queues are chosen by CPUs, and there is one'
make_net queues=2
pairs=60 workers=8 input=$rx_if
here=$(dirname "$0")

has_threads() {
	local threads=(/proc/"$(pid_of "$1")"/task/*)
	((${#threads[@]} > workers))
}

# meter NAME WRAP OPTION...: flows of frames in WRAP, by all workers
meter() {
	local name=$1 wrap=$2
	shift 2
	start "$name" "$rx" "$WEIR" flow -i "$input" --workers "$workers" --flows-max 10000 \
		-w "$dir/$name.json" --report "$dir/$name.report" "$@"
	wait_for 20 "$workers workers" has_threads "$name"
	# shellcheck disable=SC2086 # as many words as there are
	sent=$(in_tx python3 "$here/pairs.py" send "$tx_if" "$pairs" $wrap)
	stop "$name"
	assert_eq "exit status ($name)" 0 "$status"
	assert_balanced "$dir/$name.report"
	assert_eq "packets ($name)" "$sent" "$(json "$dir/$name.report" .packets.delivered)"
}

for wrap in plain vlan qinq; do
	meter "$wrap" "$wrap"
	python3 "$here/pairs.py" check "$dir/$wrap.json" "$pairs" "$wrap"
	assert_eq "workers without packets ($wrap)" 0 \
		"$(json "$dir/$wrap.report" '[.interfaces[] | select(.frames == 0)] | length')"
done

# inner flows spread a tunnel over the workers
for wrap in vxlan gre; do
	meter "$wrap" "$wrap" --tunnels inner
	python3 "$here/pairs.py" check "$dir/$wrap.json" "$pairs" "$wrap"
	assert_eq "workers without packets ($wrap)" 0 \
		"$(json "$dir/$wrap.report" '[.interfaces[] | select(.frames == 0)] | length')"
done

# the outer flow of a tunnel is one record, and so it has one worker
meter outer gre
assert_eq 'records of the outer flow' "1 $sent" \
	"$(jq -rs '"\(length) \(.[0].packetDeltaCount + .[0].reversePacketDeltaCount)"' "$dir/outer.json")"

# without the right to load eBPF programs a classic one does the same, and it is told
start classic "$rx" setpriv --bounding-set=-bpf,-sys_admin --inh-caps=-all \
	"$WEIR" flow -i "$rx_if" --workers "$workers" --flows-max 10000 -w "$dir/classic.json"
wait_for 20 "$workers workers" has_threads classic
in_tx python3 "$here/pairs.py" send "$tx_if" "$pairs" plain >"$dir/sent"
stop classic
assert_match 'the notice' 'classic BPF' "$(<"$dir/classic.err")"
python3 "$here/pairs.py" check "$dir/classic.json" "$pairs" plain

# modes that split flows: by turns, and by a NIC's queues, where each direction has its own
meter turns unfragmented --fanout lb
python3 "$here/pairs.py" check "$dir/turns.json" "$pairs" unfragmented
assert_match 'what the user is told' 'records wait 5 s' "$(<"$dir/turns.err")"
joined=$(awk '/joined, of several workers/ {gsub(",", ""); print $NF}' "$dir/turns.err")
assert_ge 'joined flows' "$pairs" "${joined:-0}"
for queue in 0 1; do
	in_tx tee "/sys/class/net/$tx_if/queues/tx-$queue/xps_cpus" <<<$((1 << queue)) >/dev/null
done
workers=2
meter queues 'plain cpus' --fanout qm
python3 "$here/pairs.py" check "$dir/queues.json" "$pairs" plain
assert_eq 'queues without packets' 0 \
	"$(json "$dir/queues.report" '[.interfaces[] | select(.frames == 0)] | length')"
assert_eq 'flows joined of their two directions' "$((2 * pairs))" \
	"$(awk '/joined, of several workers/ {gsub(",", ""); print $NF}' "$dir/queues.err")"
meter whole 'plain cpus' # the default does not mind the queues
python3 "$here/pairs.py" check "$dir/whole.json" "$pairs" plain
input=tap:$rx_if # so is a tap, by CPU
meter tap 'plain cpus'
input=$rx_if
python3 "$here/pairs.py" check "$dir/tap.json" "$pairs" plain
assert_eq 'rings without packets' 0 \
	"$(json "$dir/tap.report" '[.interfaces[] | select(.frames == 0)] | length')"

# where parts cannot be joined, it is told
meter split plain --fanout lb --key vlan
assert_match 'the warning' 'such a flow becomes several records' "$(<"$dir/split.err")"
! python3 "$here/pairs.py" check "$dir/split.json" "$pairs" plain 2>/dev/null ||
	fail 'fanout by turns did not split a flow'
