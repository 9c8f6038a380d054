#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# weir's export and weir's collector in a circle, over each transport: the same
# records come out, nothing is missing. (With a collector that goes away: see
# test_conservation.sh, test_export_faults.sh.)
. "$(dirname "$0")/lib.sh"
need_root
need jq python3
need_pcaps

ns=weir-$$-collect
make_namespace "$ns"
in_ns() { ip netns exec "$ns" "$@"; }
port=4739
inputs=()
for name in wikipedia.pcap ipv6.pcap icmp6-ping.pcap vxlan.pcap mixed-vlan-mpls.pcap; do
	inputs+=(-r "$pcaps/$name")
done
listens() { in_ns ss -H -ln"$1" "sport = :$port" | grep -q .; }

# What both sides can know: an exporter's interfaces are not the collector's, and
# IPFIX has elements for two VLAN tags. Flows come in the order they end.
same() {
	jq -cS 'del(.interfaceName, .networkNamespace, .vlanIds)' "$1" | sort
}

# circle NAME TRANSPORT LETTER [OPTION...]
circle() {
	local name=$1 transport=$2 letter=$3
	shift 3
	start collect "$ns" "$WEIR" collect --listen "$transport://127.0.0.1:$port" \
		-w "$dir/$name.got.json" --report "$dir/$name.report" --fields full
	wait_for 20 'the collector' listens "$letter"
	run in_ns "$WEIR" flow "${inputs[@]}" -w "ipfix+$transport://127.0.0.1:$port" \
		-w "$dir/$name.json" --fields full "$@"
	assert_eq "$name: exit status of flow" 0 "$status"
	wait_for 10 "$name: the last record" has_records "$dir/$name.got.json" "$(wc -l <"$dir/$name.json")"
	stop collect
	assert_eq "$name: exit status of collect" 0 "$status"
	diff <(same "$dir/$name.json") <(same "$dir/$name.got.json") >"$dir/$name.diff" ||
		fail "$name: records differ: $(head -c 600 "$dir/$name.diff")"
	assert_eq "$name: nothing wrong" '0 0 0 0 0' "$(jq -r '[.exporters[] | [.lost, .gaps,
		.malformed, .no_template, .waiting]] | transpose | map(add) | join(" ")' \
		"$dir/$name.report")"
}
has_records() { (($(wc -l <"$1") >= $2)); }

circle udp udp u
circle udp-small udp u --mtu 700 --reduced-size --template-refresh 600,3
circle tcp tcp t
if grep -q SCTP /proc/net/protocols; then
	listens() { in_ns grep -q " $port " /proc/net/sctp/eps; }
	circle sctp sctp
else
	assert_refuses 1 "cannot listen on 'sctp://127.0.0.1:$port': this kernel has no SCTP" "$WEIR" collect --listen sctp://127.0.0.1:$port -w null:
fi

# ---- flows divided among collectors: each gets its messages full ----

start collect "$ns" "$WEIR" collect -w "$dir/b.got.json" --report "$dir/b.report" \
	--listen tcp://127.0.0.1:$port --listen tcp://127.0.0.2:$port --listen tcp://127.0.0.3:$port
listen_three() { in_ns ss -H -lnt "sport = :$port" | grep -c . | grep -qx 3; }
wait_for 20 'three collectors' listen_three
run in_ns "$WEIR" flow -i fake:flows=9000 -c 9000 -w "$dir/b.json" --balance \
	-w "ipfix+tcp://127.0.0.1:$port,127.0.0.2:$port,127.0.0.3:$port"
assert_eq 'balance: exit status of flow' 0 "$status"
wait_for 10 'balance: the last record' has_records "$dir/b.got.json" "$(wc -l <"$dir/b.json")"
stop collect
counts() { jq -c '[.sourceIPv4Address, .sourceTransportPort, .packetDeltaCount, .octetDeltaCount]' "$1" | sort; }
diff <(counts "$dir/b.json") <(counts "$dir/b.got.json") >"$dir/b.diff" ||
	fail "balance: records differ: $(head -c 600 "$dir/b.diff")"
assert_eq 'balance: collectors with a share of 20 % at least' 3 \
	"$(jq '[.exporters[] | select(.records >= 1800)] | length' "$dir/b.report")"
assert_eq 'balance: nothing wrong' 0 "$(jq '[.exporters[] | .lost + .gaps] | add' "$dir/b.report")"
assert_ge 'balance: records a message' 20 \
	"$(jq '[.exporters[] | select(.domain == 1)] | (map(.records) | add) / (map(.messages) | add) | floor' "$dir/b.report")"

# ---- connections that say nothing leave room for an exporter ----

start collect "$ns" "$WEIR" collect --listen "tcp://127.0.0.1:$port" -w null: --report "$dir/idle.report"
listens() { in_ns ss -H -ln"$1" "sport = :$port" | grep -q .; }
wait_for 20 'the collector' listens t
start idle "$ns" python3 -c "
import socket, sys, time
held = [socket.create_connection(('127.0.0.1', $port)) for _ in range(300)]
print(len(held), flush=True)
time.sleep(1000)"
wait_for 20 'idle connections' grep -q 300 "$dir/idle.out"
held() { (($(in_ns ss -H -tno state established "sport = :$port" | grep -c keepalive || :) >= 256)); }
wait_for 20 'connections whose peers are asked if they are still there' held
run in_ns "$WEIR" flow -q "${inputs[@]}" -w "ipfix+tcp://127.0.0.1:$port" -w "$dir/idle.json"
assert_eq 'idle: exit status of flow' 0 "$status"
stop idle TERM
stop collect
assert_eq 'idle: records' "$(wc -l <"$dir/idle.json")" \
	"$(jq '[.exporters[].records] | add // 0' "$dir/idle.report")"

# ---- a file ----

all=full,histogram,packets:12
run "$WEIR" flow "${inputs[@]}" -w "$dir/f.ipfix" -w "$dir/f.json" --fields $all
run "$WEIR" collect -r "$dir/f.ipfix" -w "$dir/f2.json" --fields $all
assert_ge 'flows with a histogram and first packets' 10 \
	"$(jq -s 'map(select((.payloadByteHistogram | add) > 0 and (.firstPackets | length) > 1)) | length' "$dir/f2.json")"
assert_eq 'exit status of collect -r' 0 "$status"
diff <(same "$dir/f.json") <(same "$dir/f2.json") >"$dir/f.diff" || fail "a file: records differ"
head -c -3 "$dir/f.ipfix" >"$dir/short.ipfix"
run "$WEIR" collect -r "$dir/short.ipfix" -w null:
assert_eq 'exit status for a file cut short' 1 "$status"
grep -q 'breaks off within a message' "$dir/run.err" || fail 'a file cut short is not told'
: >"$dir/empty.ipfix"
assert_refuses 1 "'$dir/empty.ipfix' is empty: it is not an IPFIX file" \
	"$WEIR" collect -r "$dir/empty.ipfix" -w null:
assert_refuses 1 "'-' is empty: it is not an IPFIX file" "$WEIR" collect -r - -w null: </dev/null
echo flows >"$dir/text.ipfix"
assert_refuses 1 "'$dir/text.ipfix' is not an IPFIX file" \
	"$WEIR" collect -r "$dir/text.ipfix" -w null:
assert_refuses 1 'a record takes up to .* and a message holds' "$WEIR" flow "${inputs[@]}" \
	-w ipfix+udp://127.0.0.1:$port --fields $all
