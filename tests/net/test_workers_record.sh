#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Several workers record: into one file, which is complete and in the order of
# time, or into a file each. What does not fit between them is counted.
. "$(dirname "$0")/lib.sh"
need jq python3 capinfos
make_net queues=2
here=$(dirname "$0")
count=200000

has_threads() {
	local threads=(/proc/"$(pid_of "$1")"/task/*)
	((${#threads[@]} > $2))
}

# record NAME WORKERS OPTION...: weir record with so many workers into NAME.pcapng
start_record() {
	local name=$1 workers=$2
	shift 2
	start "$name" "$rx" "$WEIR" record -i "$rx_if" --workers "$workers" -w "$dir/$name.pcapng" \
		--report "$dir/$name.json" "$@"
	wait_for 20 "$workers workers" has_threads "$name" "$((workers + 1))"
}

merge='[.interfaces[].stages[] | select(.name == "merge")]'

for mode in lb hash; do
	for workers in 2 8; do
		start_record merged "$workers" --fanout "$mode"
		generate --flows 100 --count "$count"
		stop merged
		assert_eq "exit status ($mode, $workers)" 0 "$status"
		assert_balanced "$dir/merged.json"
		assert_eq "written and dropped ($mode, $workers)" "$sent" \
			"$(json "$dir/merged.json" '.packets.written + .packets.dropped')"
		assert_eq "packets in the file ($mode, $workers)" \
			"$(json "$dir/merged.json" .packets.written)" "$(packets_in "$dir/merged.pcapng")"
		assert_eq "packets and late ones in the file ($mode, $workers)" \
			"$(json "$dir/merged.json" "\"\(.packets.written) \($merge | map(.late) | add)\"")" \
			"$(python3 "$here/ordered.py" "$dir/merged.pcapng")"
		assert_eq "interfaces in the file ($mode, $workers)" 1 \
			"$(capinfos -I "$dir/merged.pcapng" | grep -c '^Interface #')"
	done
done
assert_eq 'late packets' 0 "$(json "$dir/merged.json" "$merge | map(.late) | add")"

# the order of time is that of the packets of one sender, too, whichever worker had them
start_record order 5 --fanout lb
python_sent=$(in_tx python3 "$here/pairs.py" send "$tx_if" 100 plain)
stop order
assert_eq 'packets in the file' "$python_sent" "$(packets_in "$dir/order.pcapng")"
assert_eq 'late packets in the file' "$python_sent 0" "$(python3 "$here/ordered.py" "$dir/order.pcapng")"

# a limit is of all workers; what had been promised is in the file
start_record limited 3 --fanout lb -c 777
generate --flows 10 --count 5000
await limited
assert_balanced "$dir/limited.json"
assert_eq 'packets in the file with -c 777' 777 "$(packets_in "$dir/limited.pcapng")"

# each worker has its own sample, and cuts what it takes; a trigger is of all
start_record thin 3 --fanout lb --sample systematic:10 --slice l3+4
generate --flows 10 --count 3000 --size 200
stop thin
assert_balanced "$dir/thin.json"
assert_eq 'packets of a sample' 300 "$(packets_in "$dir/thin.pcapng")"
assert_match 'bytes kept' 'inferred: 38 bytes' "$(capinfos -lMr "$dir/thin.pcapng" | tr '\n' ' ')"
assert_match 'what the file says' 'one packet in 10 \(systematic\), cut behind l3 \+ 4 bytes' \
	"$(capinfos -kr "$dir/thin.pcapng" | tr '\n' ' ')"
start_record flight 3 --fanout lb --before 1h --after 1h --trigger 'host 198.19.0.9'
generate --flows 10 --count 3000
generate --count 1 --dst-ip 198.19.0.9
stop flight
assert_balanced "$dir/flight.json"
assert_eq 'packets before a trigger' 3001 "$(packets_in "$dir/flight.pcapng")"

# a file for each worker
start_record each 3 --fanout lb --file-per-worker
generate --flows 10 --count 3000
stop each
assert_balanced "$dir/each.json"
for worker in 0 1 2; do
	assert_eq "packets of worker $worker" 1000 "$(packets_in "$dir/each_w$worker.pcapng")"
done

# a reader that goes away ends all workers
mkfifo "$dir/pipe"
head -c 5000 "$dir/pipe" >/dev/null &
start gone "$rx" "$WEIR" record -i "$rx_if" --workers 3 --fanout lb -w "$dir/pipe" \
	--report "$dir/gone.json"
wait_for 20 '3 workers' has_threads gone 4
generate --flows 10 --count 5000
await gone
assert_eq 'exit status when the reader has gone' 0 "$status"
assert_balanced "$dir/gone.json"

# from a file as well, where nothing is lost for want of room
run "$WEIR" record -r "$dir/merged.pcapng" --workers 2 -w "$dir/again.pcapng"
assert_eq 'packets of a file' "$(packets_in "$dir/merged.pcapng")" "$(packets_in "$dir/again.pcapng")"
