#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Every foreign capture, recorded anew as pcapng and as pcap, reads the same to
# tshark, time stamps included, and capinfos counts the same packets.
. "$(dirname "$0")/../net/lib.sh"
need tshark capinfos
need_pcaps

# One encapsulation: a pcap holds one link type.
fits_pcap() {
	! capinfos -E "$1" | grep -q 'Per packet'
}

# All that tshark says of a capture, with the times as they are in the file.
read_out() { # CAPTURE
	tshark -nr "$1" -t e 2>/dev/null
}

files=0
for original in "$pcaps"/*.pcap "$pcaps"/*.pcapng; do
	[[ -f $original ]] || continue
	formats=pcapng
	read_out "$original" >"$dir/original"
	fits_pcap "$original" && formats='pcapng pcap'
	for format in $formats; do
		run "$WEIR" record -r "$original" -w "$dir/copy.$format" --report "$dir/report"
		assert_eq "exit status for '${original##*/}' to $format" 0 "$status"
		assert_balanced "$dir/report"
		assert_eq "packets of '${original##*/}' in $format" "$(packets_in "$original")" \
			"$(packets_in "$dir/copy.$format")"
		read_out "$dir/copy.$format" | diff "$dir/original" - >"$dir/difference" ||
			fail "tshark reads '${original##*/}' and its $format differently:
$(head -n 10 "$dir/difference")"
	done
	files=$((files + 1))
done
((files > 0)) || skip "there are no captures in '$pcaps'"
echo "$files captures"
