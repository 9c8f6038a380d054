#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# pmacct's collector gets the records that the JSON of the same run has: each
# pair of addresses and ports, its packets and bytes. It does not know the
# reverse elements of RFC 5103, so by IPFIX it is told of one direction at a time.
. "$(dirname "$0")/lib.sh"
need_root
need nfacctd jq python3
ns=weir-$$-nfacctd
make_namespace "$ns"
in_ns() { ip netns exec "$ns" "$@"; }
initiators=$(realpath "$(dirname "$0")/initiators.py")
cd "$dir"
port=2055
python3 "$initiators" in.pcap 900
cat >nfacctd.conf <<CONFIGURATION
daemonize: false
nfacctd_ip: 127.0.0.1
nfacctd_port: $port
nfacctd_pipe_size: 4000000
plugins: print
aggregate: src_host,dst_host,src_port,dst_port,proto
print_output: csv
print_output_file: $dir/out.csv
print_output_file_append: true
print_refresh_time: 1
CONFIGURATION

listens() { in_ns ss -H -lnu "sport = :$port" | grep -q .; }
# got: source, destination, ports, protocol, packets, bytes of each flow
got() { grep -v SRC_IP out.csv 2>/dev/null | sort || :; }
has_packets() { (($(got | awk -F, '{n += $(NF - 1)} END {print n + 0}') >= $1)); }
# two lines of a record with an answer
expected() {
	jq -r '[.sourceIPv4Address // .sourceIPv6Address, .destinationIPv4Address // .destinationIPv6Address,
		.sourceTransportPort, .destinationTransportPort] as [$s, $d, $sp, $dp] |
		[$s, $d, $sp, $dp, "udp", .packetDeltaCount, .octetDeltaCount],
		(select(.reversePacketDeltaCount) |
			[$d, $s, $dp, $sp, "udp", .reversePacketDeltaCount, .reverseOctetDeltaCount]) |
		map(tostring) | join(",")' "$1" | sort
}

# totals NAME TARGET [OPTION...]
totals() {
	local name=$1 target=$2
	shift 2
	rm -f out.csv
	start nfacctd "$ns" nfacctd -f nfacctd.conf
	wait_for 20 nfacctd listens
	wait_for 20 "nfacctd's plugin" grep -q 'Purging cache - END' nfacctd.err # it takes records by then
	run in_ns "$WEIR" flow -r in.pcap -w "$target" -w "$name.json" "$@"
	assert_eq "$name: exit status" 0 "$status"
	wait_for 20 "$name: all packets but the last few" has_packets 4400
	stop nfacctd # which writes these then
	expected "$name.json" >expected
	assert_eq "$name: lines to compare" 1800 "$(wc -l <expected)"
	got | diff expected - >differences || fail "$name: flows differ: $(head -4 differences)"
}
totals ipfix ipfix+udp://127.0.0.1:$port --uniflow
totals netflow9 netflow9+udp://127.0.0.1:$port
