#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# One capture, two sinks: what is recorded is metered too, and capinfos counts
# as many packets in the file as there are in the flow records.
. "$(dirname "$0")/../net/lib.sh"
need capinfos jq

run "$WEIR" record -i fake:packets=10000,flows=37,size=100 -w "$dir/x.pcapng" \
	--flows "$dir/f.json" --flows "$dir/f.csv" --report "$dir/report"
assert_eq 'exit status' 0 "$status"
assert_balanced "$dir/report"
assert_eq 'packets in the file' 10000 "$(packets_in "$dir/x.pcapng")"
assert_eq 'flows' 37 "$(wc -l <"$dir/f.json")"
assert_eq 'lines of CSV' 38 "$(wc -l <"$dir/f.csv")"
assert_eq 'packets in the records' 10000 "$(jq -s 'map(.packetDeltaCount) | add' "$dir/f.json")"
assert_eq 'sinks in the ledger' 'flow record' \
	"$(json "$dir/report" '[.interfaces[0].stages[] | select(.stage == "sink") | .name] | join(" ")')"

assert_refuses 2 'flows' "$WEIR" record -i fake:packets=1 -w "$dir/y.pcapng" --flows "$dir/f.xyz"
