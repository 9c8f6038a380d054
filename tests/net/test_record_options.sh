#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What the options of record and count make of the same traffic.
. "$(dirname "$0")/lib.sh"
need capinfos jq tcpdump tshark
make_net

# record_sent PACKETS [option]...: record them, await the end after a limit or stop it
record_sent() {
	local packets=$1
	shift
	start record "$rx" "$WEIR" record -i "$rx_if" --report "$dir/report" "$@"
	wait_capture "$rx" "$rx_if"
	generate --count "$packets" --pps 100000 --size 200 --flows 10
}

record_sent 2000 -w "$dir/x.pcap"
stop record
assert_eq 'type of a .pcap' pcap "$(capinfos -trM "$dir/x.pcap" | awk '/^File type/ {print $NF}')"
assert_eq 'packets in a .pcap' 2000 "$(packets_in "$dir/x.pcap")"
assert_balanced "$dir/report"

record_sent 2000 -s 64 -w "$dir/x.pcapng"
stop record
assert_eq 'packets with -s' 2000 "$(packets_in "$dir/x.pcapng")"
assert_eq 'bytes on the wire with -s' $((2000 * 200)) \
	"$(capinfos -dMr "$dir/x.pcapng" | awk '/^Data size/ {print $3}')"
assert_eq 'packets longer than 64 bytes on the wire' 2000 \
	"$(packets_by_tcpdump "$dir/x.pcapng" greater 200)"
assert_match 'packets cut at 64 bytes' 64 "$(capinfos -lMr "$dir/x.pcapng")"

record_sent 5000 -c 1234 -w "$dir/x.pcapng"
await record
assert_eq 'exit status with -c' 0 "$status"
assert_eq 'packets with -c' 1234 "$(packets_in "$dir/x.pcapng")"
assert_balanced "$dir/report"

start record "$rx" "$WEIR" record -i "$rx_if" -a duration:1 -w "$dir/x.pcapng" --report "$dir/report"
await record
assert_eq 'exit status with -a duration:1' 0 "$status"
assert_eq 'packets of a quiet second' 0 "$(packets_in "$dir/x.pcapng")"
assert_balanced "$dir/report"

start count "$rx" "$WEIR" count -i "$rx_if" --json --report "$dir/report"
wait_capture "$rx" "$rx_if"
generate --count 2000 --pps 100000 --vlan 100
stop count
assert_eq 'exit status of count' 0 "$status"
assert_eq 'sum over the lines of count' 2000 "$(jq -s 'map(.packets) | add' "$dir/count.out")"
assert_balanced "$dir/report"

# the first bytes of each flow: of ten packets of 1,000 bytes the three that begin before 2,500
start record "$rx" "$WEIR" record -i "$rx_if" --flow-bytes 2500 -w "$dir/x.pcapng" --report "$dir/report" \
	udp and dst net 198.19.0.0/16
wait_capture "$rx" "$rx_if"
generate --count 500 --flows 50 --size 1000
stop record
assert_balanced "$dir/report"
assert_eq 'packets of each of 50 flows' '50 3' "$(tshark -r "$dir/x.pcapng" -T fields -e ip.src -e udp.srcport 2>/dev/null |
	sort | uniq -c | awk '{flows[$1]++} END {for (n in flows) print flows[n], n}')"
assert_eq 'packets left out' 350 "$(json "$dir/report" '.interfaces[0].stages[] | select(.stage == "sink") | .dropped.limit')"
assert_match 'what the file says' 'the first 2500 bytes of each flow' "$(capinfos "$dir/x.pcapng")"
