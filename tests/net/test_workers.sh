#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# One interface, several workers: whatever the fanout mode, their sum is exact,
# by the receiver's NIC and by the sender. A limit of packets holds for all of
# them together. Two processes share a group on purpose.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tap_lib.sh"
need jq python3
make_net queues=2

# has_threads NAME N: it has started its workers, so all of them hear
has_threads() {
	local threads=(/proc/"$(pid_of "$1")"/task/*)
	((${#threads[@]} > $2))
}

# start_workers NAME N OPTION...: weir count with N workers
start_workers() {
	local name=$1 workers=$2
	shift 2
	start "$name" "$rx" "$WEIR" count -i "$rx_if" --workers "$workers" --report "$dir/$name.json" "$@"
	wait_for 20 "$workers workers" has_threads "$name" "$workers"
}

# exact NAME WHAT: sent = received by the NIC = seen = delivered + dropped, from every stage
exact() {
	local report=$dir/$1.json
	assert_eq "exit status ($2)" 0 "$status"
	assert_balanced "$report"
	assert_eq "received by the NIC ($2)" "$sent" "$(($(nic "$rx" "$rx_if" rx.packets) - before))"
	assert_eq "seen ($2)" "$sent" "$(json "$report" .packets.seen)"
	assert_eq "delivered and dropped ($2)" "$sent" \
		"$(json "$report" '.packets.delivered + .packets.dropped')"
}

count=5000
for mode in hash lb cpu qm rnd rollover cbpf ebpf ebpf-inner hash,rollover; do
	for workers in 2 5 8; do
		start_workers c "$workers" --fanout "$mode"
		before=$(nic "$rx" "$rx_if" rx.packets)
		generate --flows 100 --count "$count"
		stop c
		exact c "$mode, $workers workers"
		assert_eq "accounts of $mode" "$workers" "$(json "$dir/c.json" '.interfaces | length')"
		if [[ $mode =~ ^(lb|rnd|hash) ]]; then
			assert_eq "workers without packets ($mode, $workers)" 0 \
				"$(json "$dir/c.json" '[.interfaces[] | select(.frames == 0)] | length')"
		fi
	done
done
assert_match 'the rollover statistics' '^0 0$' \
	"$(json "$dir/c.json" '.interfaces[0].rollover | "\(.placed) \(.no_room)"')"
assert_eq 'rings of one interface that are read as one NIC' 0 \
	"$(json "$dir/c.json" .context.nic.rx_missed)"

# socket: has fanout too
start "s" "$rx" "$WEIR" count -i "socket:$rx_if" --workers 3 --fanout lb --report "$dir/s.json"
wait_for 20 '3 workers' has_threads s 3
before=$(nic "$rx" "$rx_if" rx.packets)
generate --flows 10 --count "$count"
stop s
exact s 'socket:'

# tap: has a ring for each CPU, which workers share out; one program serves all, and is taken away
for workers in 2 8; do
	start "tap" "$rx" "$WEIR" count -i "tap:$rx_if" --workers "$workers" --report "$dir/tap.json"
	wait_for 20 "$workers workers" has_threads tap "$workers"
	assert_eq 'programs attached' '2 0' "$(attached "$rx" "$rx_if")"
	before=$(nic "$rx" "$rx_if" rx.packets)
	for cpu in 0 1; do
		in_tx taskset -c "$cpu" "$WEIR" generate -q -i "$tx_if" --dst-mac "$rx_mac" \
			--flows 10 --count "$count"
	done
	stop tap
	sent=$((2 * count))
	exact tap "tap:, $workers workers"
	assert_eq "workers of tap: with packets ($workers)" 2 \
		"$(json "$dir/tap.json" '[.interfaces[] | select(.frames > 0)] | length')"
	assert_eq 'programs attached afterwards' '0 0' "$(attached "$rx" "$rx_if")"
done

# what goes out is heard once, or not at all, by all members together
start "in" "$rx" "$WEIR" count -i "$rx_if" --workers 3 --fanout lb -Q in --report "$dir/in.json"
start "both" "$rx" "$WEIR" count -i "$rx_if" --workers 3 --fanout lb --report "$dir/both.json"
wait_for 20 '3 workers' has_threads in 3
wait_for 20 '3 workers' has_threads both 3
in=$(in_tx python3 "$(dirname "$0")/pairs.py" send "$tx_if" 3 plain)
out=$(in_rx python3 "$(dirname "$0")/pairs.py" send "$rx_if" 5 plain)
stop in
stop both
assert_eq 'packets of -Q in' "$in" "$(json "$dir/in.json" .packets.delivered)"
assert_eq 'packets of both directions' "$((in + out))" "$(json "$dir/both.json" .packets.delivered)"

# a limit holds for all workers together
for workers in 2 7; do
	start_workers limited "$workers" --fanout lb -c 1234
	generate --flows 10 --count "$count"
	await limited
	assert_eq "delivered to $workers workers with -c 1234" 1234 \
		"$(json "$dir/limited.json" .packets.delivered)"
	assert_balanced "$dir/limited.json"
done

# loss is of a worker, and counted: rings of two blocks each
start tiny "$rx" "$WEIR" count -i "ring:$rx_if,blocks=2,block=64KiB" --workers 2 --fanout hash \
	--report "$dir/tiny.json"
wait_for 20 '2 workers' has_threads tiny 2
before=$(nic "$rx" "$rx_if" rx.packets)
kill -STOP "$(pid_of tiny)"
generate --flows 100 --count "$count"
kill -CONT "$(pid_of tiny)"
stop tiny
exact tiny 'tiny rings'
assert_ge 'lost in tiny rings' 1 "$(json "$dir/tiny.json" .packets.dropped)"

# two processes, one group
for name in one two; do
	start "$name" "$rx" "$WEIR" count -i "ring:$rx_if,fanout=4711" --report "$dir/$name.json"
	wait_for 20 "'$name'" has_threads "$name" 1
done
before=$(nic "$rx" "$rx_if" rx.packets)
generate --flows 100 --count "$count"
stop one
stop two
assert_balanced "$dir/one.json"
assert_balanced "$dir/two.json"
assert_ge 'the share of the first process' 1 "$(json "$dir/one.json" .packets.seen)"
assert_ge 'the share of the second process' 1 "$(json "$dir/two.json" .packets.seen)"
assert_eq 'the sum of two processes' "$sent" \
	"$(($(json "$dir/one.json" .packets.seen) + $(json "$dir/two.json" .packets.seen)))"

# pinned where told; refused where there is no such CPU
start_workers pinned 2 --cpus 0
assert_eq 'workers on CPU 0' 2 "$(for task in /proc/"$(pid_of pinned)"/task/*; do
	[[ ${task##*/} = "$(pid_of pinned)" ]] || awk '/^Cpus_allowed_list/ {print $2}' "$task/status"
done | grep -cx 0)"
stop pinned

# told never to sleep, a worker has its CPU for itself; else it takes next to nothing without packets
ticks() { # ticks NAME: of CPU time, of the whole process
	awk '{print $14 + $15}' "/proc/$(pid_of "$1")/stat"
}
used() { # used NAME TICKS
	(($(ticks "$1") >= $2))
}
start_workers awake 1 --busy-poll
start_workers asleep 1
wait_for 30 'a worker that never sleeps to use CPU time' used awake 100
asleep=$(ticks asleep)
((asleep * 4 < 100)) || fail "a worker without packets used $asleep ticks beside 100 of the other"
before=$(nic "$rx" "$rx_if" rx.packets)
generate --count "$count"
stop awake
exact awake '--busy-poll'
stop asleep

assert_refuses 1 'CPU 1023' in_rx "$WEIR" count -i "$rx_if" --cpus 1023
assert_refuses 2 'list of CPUs' "$WEIR" count -i "$rx_if" --cpus x
assert_refuses 2 'number of workers' "$WEIR" count -i "$rx_if" --workers 65
assert_refuses 2 'is not hash' "$WEIR" count -i "$rx_if" --workers 2 --fanout some
