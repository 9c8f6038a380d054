#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Do collectors that are not weir's get what weir has metered? nfcapd must see no
# sequence error and the records that the JSON of the same run has; tshark no
# gap, no data without a template, nothing malformed; ipfixDump must know every
# template and option, from TCP and from a file.
. "$(dirname "$0")/lib.sh"
need_root
need nfcapd nfdump tshark tcpdump ipfixDump ncat jq
need_pcaps

ns=weir-$$-export
make_namespace "$ns"
in_ns() { ip netns exec "$ns" "$@"; }
port=4739
inputs=()
for name in wikipedia.pcap ipv6.pcap icmp6-ping.pcap reassembly.pcap fragmented-1.pcap http-vlan-0.pcap; do
	inputs+=(-r "$pcaps/$name")
done

listens() { in_ns ss -H -ln"$1" "sport = :$port" | grep -q .; }
datagrams() { in_ns awk '/^Udp: [0-9]/ {print $2}' /proc/net/snmp; }
captured() { (($(packets_in "$1") >= $2)); }
# nothing waits in the collector's socket: it ends at once when it is told to
drained() { [[ $(in_ns ss -H -lnu "sport = :$port" | awk '{bytes += $2} END {print bytes + 0}') = 0 ]]; }
taps() { grep -q 'listening on' "$dir/tcpdump.err"; }

# sums FILE.json: records, packets, bytes, first start and last end in milliseconds
sums() {
	jq -rs '[length, (map(.packetDeltaCount + (.reversePacketDeltaCount // 0)) | add),
		(map(.octetDeltaCount + (.reverseOctetDeltaCount // 0)) | add)] | @tsv' "$1"
}

# nfcapd_run NAME [OPTION...]: one run to nfcapd and tcpdump; compares all that can be compared
nfcapd_run() {
	local name=$1 target=$2 expected got before
	shift 2
	rm -rf "$dir/nf"
	mkdir "$dir/nf"
	start nfcapd "$ns" nfcapd -p $port -b 127.0.0.1 -w "$dir/nf" -t 3600 -B 4000000
	before=$(datagrams)
	start tcpdump "$ns" tcpdump -i lo -s 2000 -B 8192 -U --immediate-mode -w "$dir/$name.pcap" udp port $port
	wait_for 20 'nfcapd' listens u
	wait_for 20 'tcpdump' taps
	run in_ns "$WEIR" flow "${inputs[@]}" -w "$target" -w "$dir/$name.json" \
		--report "$dir/$name.report" "$@"
	assert_eq "$name: exit status" 0 "$status"
	assert_eq "$name: balanced" true "$(jq .balanced "$dir/$name.report")"
	wait_for 10 'tcpdump to have all' captured "$dir/$name.pcap" $(($(datagrams) - before))
	wait_for 10 'nfcapd to have all' drained
	stop nfcapd TERM
	stop tcpdump
	if ! grep -q 'Sequence Errors: 0, Bad Packets: 0' "$dir"/nfcapd.*; then
		fail "$name: nfcapd has errors: $(grep Ident "$dir"/nfcapd.*)"
	fi
	expected=$(sums "$dir/$name.json")
	got=$(cat "$dir"/nfcapd.* | sed -n 's/.*Flows: \([0-9]*\), Packets: \([0-9]*\), Bytes: \([0-9]*\),.*/\1\t\2\t\3/p')
	[[ $name = netflow9* ]] || assert_eq "$name: records, packets, bytes" "$expected" "$got"
	assert_eq "$name: packets, bytes" "$(cut -f2- <<<"$expected")" "$(cut -f2- <<<"$got")"
	tshark -r "$dir/$name.pcap" -d udp.port==$port,cflow -o cflow.max_template_fields:128 -Y \
		'cflow.unexpected_sequence_number || cflow.no_template_found || _ws.malformed || _ws.expert.severity >= 6291456' \
		>"$dir/$name.bad" 2>/dev/null
	assert_eq "$name: what tshark complains of" '' "$(head -3 "$dir/$name.bad")"
}

# times NAME: start and end of every flow, to the millisecond, from nfdump and from the JSON
times() {
	TZ=UTC nfdump -q -R "$dir/nf" -o 'fmt:%ts %te' | sed 's/ *$//' | grep . | sort >"$dir/$1.times"
	jq -r '[.flowStartMilliseconds, .flowEndMilliseconds] | map((. / 1000 | floor |
		strftime("%Y-%m-%d %H:%M:%S")) + "." + (. % 1000 + 1000 | tostring[1:])) |
		join(" ")' "$dir/$1.json" | sort >"$dir/$1.times.json"
	diff "$dir/$1.times.json" "$dir/$1.times" >"$dir/$1.times.diff" ||
		fail "$1: times differ: $(head -5 "$dir/$1.times.diff")"
}

nfcapd_run biflow ipfix+udp://127.0.0.1:$port
times biflow
nfcapd_run uniflow ipfix+udp://127.0.0.1:$port --uniflow
times uniflow
nfcapd_run full ipfix+udp://127.0.0.1:$port --fields full --mtu 1400 --template-refresh 600,2
nfcapd_run basic ipfix+udp://127.0.0.1:$port --fields basic --reduced-size --mtu 512
nfcapd_run named ipfix+udp://127.0.0.1:$port --fields \
	sourceIPv4Address,destinationIPv4Address,sourceIPv6Address,destinationIPv6Address,packetDeltaCount,octetDeltaCount,reversePacketDeltaCount,reverseOctetDeltaCount,flowStartMilliseconds,flowEndMilliseconds
# two records for a flow with an answer; but the same packets, at the same times
nfcapd_run netflow9 netflow9+udp://127.0.0.1:$port
nfcapd_run netflow9-uniflow netflow9+udp://127.0.0.1:$port --uniflow --fields full
times netflow9-uniflow

# ---- ipfixDump: over TCP, and from a file ----

# dumped NAME EXPECTED: what ipfixDump says of $dir/NAME.ipfix
dumped() {
	ipfixDump --rfc5610 <"$dir/$1.ipfix" >"$dir/$1.dump" 2>"$dir/$1.dump.err" ||
		fail "ipfixDump: $(tail -3 "$dir/$1.dump.err")"
	assert_eq "$1: errors of ipfixDump" '' "$(cat "$dir/$1.dump.err")"
	# data records of flows: template IDs below 1024
	assert_eq "$1: flow records" "$(jq -s length "$dir/$1.json")" \
		"$(awk '/tid:/ && /count:/ && $0 !~ /field count/ {sub(/.*tid: */, ""); if ($1 + 0 < 1024) n++} END {print n + 0}' "$dir/$1.dump")"
	grep -q 'notSentFlowTotalCount : 0' "$dir/$1.dump" || fail "$1: no exporting statistics"
	grep -q 'ignoredPacketTotalCount' "$dir/$1.dump" || fail "$1: no metering reliability"
	grep -q 'flowKeyIndicator' "$dir/$1.dump" || fail "$1: no flow keys"
}
run in_ns "$WEIR" flow "${inputs[@]}" -w "$dir/file.ipfix" -w "$dir/file.json" --fields full
assert_eq 'file: exit status' 0 "$status"
dumped file

# ncat closes its side of a connection when its input ends, and a collector that does is gone
mkfifo "$dir/quiet"
exec {quiet}<>"$dir/quiet"
start ncat "$ns" bash -c "exec ncat -l 127.0.0.1 $port --recv-only <'$dir/quiet'"
wait_for 20 'ncat' listens t
run in_ns "$WEIR" flow "${inputs[@]}" -w ipfix+tcp://127.0.0.1:$port -w "$dir/tcp.json"
assert_eq 'tcp: exit status' 0 "$status"
await ncat
cp "$dir/ncat.out" "$dir/tcp.ipfix"
dumped tcp

# ---- bad targets are refused before anything is metered ----

for target in ipfix+udp:// ipfix+udp://host:99999 'ipfix+udp://::1:4739'; do
	run "$WEIR" flow -r "$pcaps/wikipedia.pcap" -w "$target"
	assert_eq "exit status for '$target'" 1 "$status"
done
if ! grep -q SCTP /proc/net/protocols; then
	run "$WEIR" flow -r "$pcaps/wikipedia.pcap" -w ipfix+sctp://127.0.0.1:$port
	assert_eq 'exit status without SCTP' 1 "$status"
	grep -q 'this kernel has no SCTP' "$dir/run.err" || fail 'SCTP is not refused'
fi
