#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Dispatch: some workers read, others do the rest. Every packet is accounted
# for on the way, flows stay whole, and what is recorded is in order.
. "$(dirname "$0")/lib.sh"
need jq python3 capinfos
make_net queues=2
here=$(dirname "$0")

has_threads() {
	local threads=(/proc/"$(pid_of "$1")"/task/*)
	((${#threads[@]} > $2))
}

# start_dispatch NAME READERS TAKERS COMMAND OPTION...
start_dispatch() {
	local name=$1 readers=$2 takers=$3 command=$4
	shift 4
	start "$name" "$rx" "$WEIR" "$command" -i "$rx_if" --workers "$readers" \
		--dispatch "$takers" --report "$dir/$name.json" "$@"
	wait_for 20 "$readers and $takers workers" has_threads "$name" "$((readers + takers))"
}

for readers in 1 3; do
	for takers in 1 4; do
		start_dispatch c "$readers" "$takers" count
		packets=$(in_tx python3 "$here/pairs.py" send "$tx_if" 50 plain)
		stop c
		assert_eq "exit status ($readers, $takers)" 0 "$status"
		assert_balanced "$dir/c.json"
		assert_eq "delivered ($readers, $takers)" "$packets" \
			"$(json "$dir/c.json" .packets.delivered)"
		assert_eq "handed over ($readers, $takers)" "$packets" "$(json "$dir/c.json" \
			'[.interfaces[].stages[] | select(.stage == "dispatch") | .out] | add')"
		assert_eq "given to sinks ($readers, $takers)" "$packets" "$(json "$dir/c.json" \
			'[.interfaces[].stages[] | select(.stage == "sink" and (.name | startswith("count"))) | .out] | add')"
		assert_eq "lanes without packets ($readers, $takers)" 0 "$(json "$dir/c.json" \
			'[[.interfaces[].stages[] | select(.stage == "dispatch")] | group_by(.name)[] | select((map(.in) | add) == 0)] | length')"
	done
done

# a limit is met exactly
start_dispatch limited 2 3 count -c 777 --fanout lb
generate --flows 10 --count 5000
await limited
assert_balanced "$dir/limited.json"
assert_eq 'delivered with -c 777' 777 "$(json "$dir/limited.json" .packets.delivered)"

# no flow is split
start_dispatch flows 2 5 flow --fanout cbpf --flows-max 10000 -w "$dir/flows.out.json"
in_tx python3 "$here/pairs.py" send "$tx_if" 60 plain >"$dir/sent"
stop flows
assert_balanced "$dir/flows.json"
python3 "$here/pairs.py" check "$dir/flows.out.json" 60 plain

# the file is complete and in the order of time
start_dispatch recorded 2 3 record -w "$dir/recorded.pcapng"
packets=$(in_tx python3 "$here/pairs.py" send "$tx_if" 100 plain)
stop recorded
assert_balanced "$dir/recorded.json"
assert_eq 'packets and late ones in the file' "$packets 0" \
	"$(python3 "$here/ordered.py" "$dir/recorded.pcapng")"

# a reader of the output that goes away ends all
mkfifo "$dir/pipe"
head -c 5000 "$dir/pipe" >/dev/null &
start_dispatch gone 2 2 record -w "$dir/pipe"
generate --flows 10 --count 5000
await gone
assert_eq 'exit status when the reader has gone' 0 "$status"
assert_balanced "$dir/gone.json"

# A sink that rests for 50 us now and then: workers lose what the ring has no room for, dispatch
# does not; either way each flow is in order. The ring holds some 14,000 packets.
rest() { # rest NAME TAKERS PORTS ROUNDS [parts]
	mkfifo "$dir/$1.end"
	start "$1" "$rx" "$(dirname "$WEIR")/../../tests/net/slow_sink" \
		"ring:$rx_if,blocks=16,block=128KiB" "$dir/$1.json" 1 "$2" "${@:5}"
	wait_capture "$rx" "$rx_if"
	in_tx python3 "$here/sequences.py" "$tx_if" "$3" "$4" <"$dir/$1.end" &
	exec {end}>"$dir/$1.end"
	await "$1"
	exec {end}>&-
	wait $!
	assert_eq "$1: exit status" 0 "$status"
	assert_balanced "$dir/$1.json"
	disordered=$(awk '{n += $1} END {print n}' "$dir/$1.out")
}
rest slow_workers 0 50 800
assert_eq 'packets out of order, by workers' 0 "$disordered"
rest slow_dispatch 4 50 800
assert_eq 'packets out of order, with dispatch' 0 "$disordered"
lost='[.interfaces[].stages[].dropped | .ring_full, .queue_full | values] | add'
by_workers=$(json "$dir/slow_workers.json" "$lost")
by_dispatch=$(json "$dir/slow_dispatch.json" "$lost")
assert_ge 'lost by workers' 1000 "$by_workers"
# none, unless the reader itself did not get its CPU for as long as the ring lasts
((by_dispatch * 20 <= by_workers)) || fail "dispatch lost $by_dispatch packets, workers $by_workers"
assert_ge 'delivered with dispatch' $((40000 - by_dispatch)) \
	"$(json "$dir/slow_dispatch.json" .packets.delivered)"
echo "of 40,000 packets at a sink that rests, workers lose $by_workers, dispatch $by_dispatch"

# One pair of addresses has them all: it is named, and where the sink allows it, shared.
rest heavy 64 1 100000 parts # many, so that lanes are short
assert_eq 'the heavy pair' '10.9.0.1 10.9.3.232' \
	"$(json "$dir/heavy.json" '.heavy_pairs[0].addresses | join(" ")')"
assert_ge 'packets of its taker that others took' 1000 "$(json "$dir/heavy.json" \
	'[.interfaces[].stages[] | select(.stage == "dispatch") | .spread] | add')"
assert_eq 'lost of the heavy pair, for want of lanes' 0 "$(json "$dir/heavy.json" \
	'[.interfaces[].stages[].dropped.queue_full | values] | add // 0')"

# from a file, which waits for room
run "$WEIR" count -r "$dir/recorded.pcapng" --dispatch 2 --report "$dir/file.json"
assert_balanced "$dir/file.json"
assert_eq 'packets of a file' "$packets" "$(json "$dir/file.json" .packets.delivered)"
assert_refuses 1 'pattern' in_rx "$WEIR" count -i "rx*" --dispatch 2
