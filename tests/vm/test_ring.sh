#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# kernel: bookworm
#
# On Debian 12's own kernel both versions of the ring have every packet, and
# account for those that they lose.
. "$(dirname "$0")/../net/lib.sh"
make_net

# captured COUNT SOURCE [generate option]...
captured() {
	local count=$1 source=$2
	shift 2
	start record "$rx" "$WEIR" record -i "$source" -w "$dir/x.pcapng" --report "$dir/report"
	wait_capture "$rx" "$rx_if"
	generate --count "$count" "$@"
	stop record
	assert_balanced "$dir/report"
	assert_eq "packets written or lost by $source" "$sent" \
		"$(json "$dir/report" '.packets | .written + .dropped')"
	assert_eq "packets in the file of $source" "$(json "$dir/report" .packets.written)" \
		"$(packets_by_tcpdump "$dir/x.pcapng")"
	echo "$source: $(json "$dir/report" '.packets | "\(.written) written, \(.dropped) lost"')"
}

captured 5000 "ring:$rx_if" --pps 5000
captured 5000 "ring:$rx_if,version=2" --pps 5000
captured 5000 "ring:$rx_if,blocks=2,block=128KiB" --method socket
