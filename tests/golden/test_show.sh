#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# weir show tells the times and bytes of sample captures as tcpdump does, and
# the numbers that tshark tells.
. "$(dirname "$0")/../net/lib.sh"
need tcpdump tshark jq
need_pcaps

export TZ=UTC
for file in "$pcaps"/*.pcap; do
	for options in '-tt' '-ttt' '-tttt' '-ttttt' '-xx -t' '-XX -t'; do
		# of tcpdump the time, or the bytes: its words for headers are its own
		if [[ $options = -t* ]]; then
			picked='^[0-9-]+([ 0-9:-]*)\.[0-9]{6} '
		else
			picked=$'^\t0x.*'
		fi
		# tcpdump begins anew after 24 hours
		[[ $options = -ttt || $options = -ttttt ]] &&
			[[ $file = */mixed-vlan-mpls.pcap || $file = */mpls-in-vlan.pcap ]] && continue
		# shellcheck disable=SC2086
		diff <(tcpdump -n $options -r "$file" 2>/dev/null | sed 's/^ *//' |
			grep -Eo "$picked") \
			<("$WEIR" show -q $options -r "$file" | grep -Eo "$picked") >"$dir/diff" ||
			fail "$file with $options: $(head -5 "$dir/diff")"
	done
	diff <(tshark -n -r "$file" -T fields -e frame.number -e frame.len -e frame.cap_len \
		-e frame.time_epoch 2>/dev/null) \
		<("$WEIR" show -q --json -r "$file" | jq -r \
			'[.length, .captured, (.time | .[0:19] + "Z" | fromdate), .time[20:29]] |
			"\(input_line_number)\t\(.[0])\t\(.[1])\t\(.[2]).\(.[3])"') >"$dir/diff" ||
		fail "$file: tshark has other numbers: $(head -5 "$dir/diff")"
done
