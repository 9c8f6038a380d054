#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Two faults that collectors know softflowd 1.1 by, which weir must not have. Its
# IPFIX sequence numbers do not count data records; and a flow's source is the
# lower address, not who began. softflowd meters the same file here, so that it
# is seen that the tests for the two faults find them.
. "$(dirname "$0")/lib.sh"
need_root
need nfcapd nfdump tshark tcpdump softflowd python3
ns=weir-$$-softflowd
make_namespace "$ns"
in_ns() { ip netns exec "$ns" "$@"; }
initiators=$(realpath "$(dirname "$0")/initiators.py")
cd "$dir"
port=2055
flows=900
python3 "$initiators" in.pcap $flows # who begins has the higher address

listens() { in_ns ss -H -lnu "sport = :$port" | grep -q .; }
datagrams() { in_ns awk '/^Udp: [0-9]/ {print $2}' /proc/net/snmp; }
captured() { (($(packets_in "$1") >= $2)); }
drained() { [[ $(in_ns ss -H -lnu "sport = :$port" | awk '{bytes += $2} END {print bytes + 0}') = 0 ]]; }
taps() { grep -q 'listening on' tcpdump.err; }

# export_by NAME COMMAND...: sets $nfcapd_errors, $tshark_errors, $from_client, $from_server
# (records whose source began, and those of whom answered)
export_by() {
	local name=$1 before
	shift
	rm -rf nf
	mkdir nf
	start nfcapd "$ns" nfcapd -p $port -b 127.0.0.1 -w nf -t 3600 -B 4000000
	before=$(datagrams)
	start tcpdump "$ns" tcpdump -i lo -s 2000 -B 8192 -U --immediate-mode -w "$name.pcap" udp port $port
	wait_for 20 nfcapd listens
	wait_for 20 tcpdump taps
	run in_ns "$@"
	assert_eq "$name: exit status" 0 "$status"
	wait_for 10 'tcpdump to have all' captured "$name.pcap" $(($(datagrams) - before))
	wait_for 10 'nfcapd to have all' drained
	stop nfcapd TERM
	stop tcpdump
	nfcapd_errors=$(cat nfcapd.* | sed -n 's/.*Sequence Errors: \([0-9]*\),.*/\1/p')
	tshark_errors=$(tshark -r "$name.pcap" -d udp.port==$port,cflow \
		-Y cflow.unexpected_sequence_number 2>/dev/null | wc -l)
	nfdump -q -R nf -o 'fmt:%sa' | grep . >sources || :
	from_client=$(grep -cE '10\.200\.|fd00:ffff' sources || :)
	from_server=$(($(wc -l <sources) - from_client))
}

# ours NAME FROM-CLIENT FROM-SERVER TARGET [OPTION...]
ours() {
	local name=$1 client=$2 server=$3 target=$4
	shift 4
	export_by "$name" "$WEIR" flow -q -r in.pcap -w "$target" --template-refresh 600,7 "$@"
	assert_eq "$name: errors in the sequence, by nfcapd" 0 "$nfcapd_errors"
	assert_eq "$name: errors in the sequence, by tshark" 0 "$tshark_errors"
	assert_eq "$name: records from who began" "$client" "$from_client"
	assert_eq "$name: records from who answered" "$server" "$from_server"
}
ours biflow $flows 0 ipfix+udp://127.0.0.1:$port
ours uniflow $flows $flows ipfix+udp://127.0.0.1:$port --uniflow
ours netflow9 $flows $flows netflow9+udp://127.0.0.1:$port

export_by softflowd softflowd -d -r in.pcap -n 127.0.0.1:$port -v 10 -b
echo "softflowd: $((from_client + from_server)) records, $from_server of them from who answered;" \
	"errors in the sequence: $nfcapd_errors by nfcapd, $tshark_errors by tshark"
assert_ge 'softflowd: faults that the tests above would find' 1 \
	$((nfcapd_errors + tshark_errors + from_server))
