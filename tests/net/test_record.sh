#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A million packets: the file has every one, and all readers agree about it.
. "$(dirname "$0")/lib.sh"
need capinfos tcpdump
make_net

packets=1000000
start record "$rx" "$WEIR" record -i "$rx_if" -w "$dir/x.pcapng" --report "$dir/report"
wait_capture "$rx" "$rx_if"
generate --count $packets --pps 200000 --flows 1000
assert_eq 'sent' $packets "$sent"
stop record
assert_eq 'exit status of record' 0 "$status"

assert_eq 'sent, says the NIC' $packets "$(nic "$tx" "$tx_if" tx.packets)"
assert_eq 'received, says the NIC' $packets "$(nic "$rx" "$rx_if" rx.packets)"
assert_eq 'written, says the report' $packets "$(json "$dir/report" .packets.written)"
assert_eq 'seen, says the report' $packets "$(json "$dir/report" .packets.seen)"
assert_eq 'dropped, says the report' 0 "$(json "$dir/report" .packets.dropped)"
assert_eq 'in the file, says capinfos' $packets "$(packets_in "$dir/x.pcapng")"
assert_eq 'in the file, says tcpdump' $packets "$(packets_by_tcpdump "$dir/x.pcapng")"
assert_balanced "$dir/report"
