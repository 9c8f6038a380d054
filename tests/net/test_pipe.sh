#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Into a pipe: a reader gets everything; one that goes away ends weir quietly.
. "$(dirname "$0")/lib.sh"
need tcpdump mkfifo
make_net

mkfifo "$dir/pipe"
start reader - tcpdump --count -r "$dir/pipe"
start record "$rx" sh -c 'exec "$0" record -i "$1" -q -w - >"$2"' "$WEIR" "$rx_if" "$dir/pipe"
wait_capture "$rx" "$rx_if"
generate --count 5000 --pps 100000
stop record
assert_eq 'exit status of record' 0 "$status"
await reader
assert_match 'packets that the reader got' '^5000 packets' "$(<"$dir/reader.out")"

# the reader takes a little and goes
for command in 'record -w -' 'count'; do
	rm "$dir/pipe"
	mkfifo "$dir/pipe"
	start reader - head -c 200 "$dir/pipe"
	start weir "$rx" sh -c "exec \"\$0\" $command -q -i \"\$1\" >\"\$2\"" "$WEIR" "$rx_if" "$dir/pipe"
	wait_capture "$rx" "$rx_if"
	generate --count 200000 --pps 100000
	await weir
	await reader
	assert_eq "'$command' after its reader went: stderr" '' "$(<"$dir/weir.err")"
	assert_eq "'$command' after its reader went: exit status" 0 "$status"
done
