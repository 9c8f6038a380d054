#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# pcap:NAME reads through libpcap: the packets are all there, and where
# libpcap's own counters are not exact, the report does not say so.
. "$(dirname "$0")/lib.sh"
need jq capinfos
make_net

packets=20000
start record "$rx" "$WEIR" record -i "pcap:$rx_if" -w "$dir/x.pcapng" --report "$dir/report" \
	udp and dst net 198.19.0.0/16
wait_capture "$rx" "$rx_if"
in_tx "$WEIR" generate -i "$tx_if" --count $packets --pps 40000 --dst-mac "$rx_mac" >/dev/null 2>&1
stop record
assert_eq 'exit status' 0 "$status"
assert_balanced "$dir/report"
assert_eq 'packets in the file' $packets "$(packets_in "$dir/x.pcapng")"
assert_eq 'the stage is checked' false "$(json "$dir/report" '.interfaces[0].stages[0].checked')"
assert_eq 'what libpcap says it received' $packets "$(json "$dir/report" '.interfaces[0].stages[0].in')"

# 'any' of libpcap is cooked: one link type, so that a classic file can hold it.
start record "$rx" "$WEIR" record -i pcap:any -w "$dir/x.pcap" -q -c 3 udp and dst net 198.19.0.0/16
wait_for 10 'a socket on all interfaces' \
	eval '(($(in_rx awk "\$5 == 0 && \$6 == 1" /proc/net/packet | wc -l) >= 1))'
in_tx "$WEIR" generate -i "$tx_if" --count 3 --dst-mac "$rx_mac" >/dev/null 2>&1
await record
assert_eq 'exit status' 0 "$status"
assert_match 'its link type' 'Linux cooked' "$(capinfos "$dir/x.pcap")"
assert_eq 'packets in the cooked file' 3 "$(packets_in "$dir/x.pcap")"

# The device is opened with rights that are gone when the first packet is read.
start count "$rx" "$WEIR" count -i "pcap:$rx_if" -q
wait_capture "$rx" "$rx_if"
for field in CapEff:0000000000000000 NoNewPrivs:1; do
	assert_eq "$field of each thread" '' "$(awk -v name="${field%:*}:" -v want="${field#*:}" \
		'$1 == name && $2 != want' /proc/"$(pid_of count)"/task/*/status)"
done
stop count
assert_eq 'exit status' 0 "$status"

assert_refuses 1 "cannot open 'pcap:nothing': libpcap: " in_rx "$WEIR" count -i pcap:nothing
assert_refuses 1 'needs CAP_NET_RAW' as_nobody - "$WEIR" count -i pcap:lo
