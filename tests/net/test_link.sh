#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What happens to the interface during a capture: it goes down and comes back,
# is renamed, goes away for good. What was captured is kept and valid.
. "$(dirname "$0")/lib.sh"
need capinfos
make_net

start_record() {
	start record "$rx" "$WEIR" record -i "$rx_if" -w "$dir/x.pcapng" --report "$dir/report" "$@"
	wait_capture "$rx" "$rx_if"
}

# Packets that weir has written so far.
has_written() {
	(($(capinfos -Mrc "$dir/x.pcapng" 2>/dev/null | awk '/^Number of packets/ {print $NF}') >= $1))
}

start_record -U
generate --count 100 --pps 10000
ip -n "$rx" link set "$rx_if" down
wait_for 10 'word of the interface being down' grep -q "'$rx_if' went down" "$dir/record.err"
ip -n "$rx" link set "$rx_if" up
wait_for 10 'the carrier' in_rx grep -qx 1 "/sys/class/net/$rx_if/carrier"
wait_for 10 'word of the interface being up' grep -q "'$rx_if' is up" "$dir/record.err"
generate --count 100 --pps 10000
stop record
assert_eq 'exit status after down and up' 0 "$status"
assert_eq 'packets after down and up' 200 "$(packets_in "$dir/x.pcapng")"
assert_balanced "$dir/report"

start_record -U
generate --count 100 --pps 10000
wait_for 10 'the first packets in the file' has_written 100
ip -n "$rx" link set "$rx_if" name other0
generate --count 100 --pps 10000
stop record
ip -n "$rx" link set other0 name "$rx_if"
assert_eq 'exit status after a new name' 0 "$status"
assert_eq 'packets after a new name' 200 "$(packets_in "$dir/x.pcapng")"
assert_balanced "$dir/report"

start_record -U
generate --count 100 --pps 10000
wait_for 10 'the packets in the file' has_written 100
ip -n "$rx" link del "$rx_if"
await record
assert_eq 'exit status when the interface is gone' 1 "$status"
assert_eq 'lines that tell of it' 1 "$(grep -c "^weir record: .*'$rx_if' has disappeared" "$dir/record.err")"
assert_eq 'packets kept when the interface is gone' 100 "$(packets_in "$dir/x.pcapng")"
assert_balanced "$dir/report"
