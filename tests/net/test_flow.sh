#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# weir flow as a user meets it: records of live traffic that add up to what was
# sent, idle flows that come out with no further packet, super-packets counted
# as on the wire, the live table, and what it refuses.
. "$(dirname "$0")/lib.sh"
need ipfixDump jq python3
make_net

sum() { # sum FILE FIELD
	jq -s "map(.$2) | add" "$1"
}

start flow "$rx" "$WEIR" flow -i "$rx_if" -c 10000 -w "$dir/a.json" -w "$dir/a.csv" \
	--report "$dir/report" udp
wait_capture "$rx" "$rx_if"
generate --flows 100 --count 10000 --pps 100000 --size 100
await flow
assert_eq 'exit status' 0 "$status"
assert_balanced "$dir/report"
assert_eq 'flows' 100 "$(wc -l <"$dir/a.json")"
assert_eq 'packets in flows' "$sent" "$(sum "$dir/a.json" packetDeltaCount)"
assert_eq 'bytes in flows' $((sent * 86)) "$(sum "$dir/a.json" octetDeltaCount)"
assert_eq 'rows' 101 "$(wc -l <"$dir/a.csv")"
assert_eq 'records in the report' 100 \
	"$(jq '[.interfaces[].stages[] | select(.stage == "export")][0].out' "$dir/report")"

# One packet, then silence: the record comes all the same.
start idle "$rx" "$WEIR" flow -i "$rx_if" -q --idle-timeout 1 -w - udp dst port 9
wait_capture "$rx" "$rx_if"
generate --count 1
wait_for 20 'the record of an idle flow' grep -q flowEndReason "$dir/idle.out"
assert_eq 'end reason' 1 "$(jq .flowEndReason "$dir/idle.out")"
stop idle
assert_eq 'exit status' 0 "$status"

# TCP with offloads: the stack hands out super-packets, the flow has wire packets.
start listen "$rx" python3 -c 'import socket, sys
s = socket.create_server((sys.argv[1], 5001))
c = s.accept()[0]
while c.recv(1 << 16): pass' "$rx_ip"
wait_for 10 'the server' bash -c "ip netns exec $rx ss -ltn | grep -q :5001"
start super "$rx" "$WEIR" flow -i "$rx_if" -q --fields times -w - tcp dst port 5001
wait_capture "$rx" "$rx_if"
before=$(segments_out "$tx")
in_tx python3 -c 'import socket, sys
s = socket.create_connection((sys.argv[1], 5001))
s.sendall(bytes(2000000))' "$rx_ip"
await listen
wait_for 20 'the last ACK' bash -c "! ip netns exec $tx ss -tn state established | grep -q :5001"
segments=$(($(segments_out "$tx") - before))
stop super
assert_eq 'wire packets in flows' "$segments" "$(sum "$dir/super.out" packetDeltaCount)"
assert_ge 'wire packets beyond frames' 1 \
	$((segments - $(sum "$dir/super.out" frameDeltaCount)))
assert_eq 'payload' 2000000 "$(sum "$dir/super.out" payloadOctetDeltaCount)"

start top "$rx" "$WEIR" flow -i "$rx_if" --top 3 --sort packets udp
wait_capture "$rx" "$rx_if"
generate --flows 5 --count 1000 --pps 10000
wait_for 20 'three flows in the table' bash -c "grep -c '^udp .*:9 ' '$dir/top.out' | grep -qx '[3-9]'"
stop top
assert_eq 'exit status' 0 "$status"

# Pseudonyms are in the table, too; and what samples says so in each record.
head -c 16 /dev/urandom >"$dir/key"
start top "$rx" "$WEIR" flow -i "$rx_if" --top 3 --anonymise "$dir/key" --sample random:2 \
	-w "$dir/sampled.json" udp
wait_capture "$rx" "$rx_if"
generate --flows 5 --count 1000 --pps 10000
wait_for 20 'three flows in the table' bash -c "grep -c '^udp .*:9 ' '$dir/top.out' | grep -qx '[3-9]'"
stop top
assert_eq 'real addresses in the table' 0 "$(grep -c '198\.1[89]\.' "$dir/top.out" || :)"
assert_eq 'what the records say of sampling' '2 2' \
	"$(jq -r '"\(.samplingInterval) \(.samplingAlgorithm)"' "$dir/sampled.json" | sort -u)"

# AS numbers and next hops are those of the longest prefix; a foreign reader finds them, too.
printf '%s\n' '198.18.0.0/15 64500 192.0.2.1' '198.19.0.0/24 64501 # the longer one' >"$dir/prefixes"
cp "$dir/prefixes" "$dir/good_prefixes"
start routes "$rx" "$WEIR" flow -i "$rx_if" -q --prefixes "$dir/prefixes" -w "$dir/routes.json" \
	-w "$dir/routes.ipfix" udp
wait_capture "$rx" "$rx_if"
generate --flows 3 --count 30
stop routes
route='"\(.bgpSourceAsNumber) \(.bgpDestinationAsNumber) \(.sourceIPv4PrefixLength) \(.destinationIPv4PrefixLength) \(.ipNextHopIPv4Address)"'
assert_eq 'what the records say of routes' '64500 64501 15 24 0.0.0.0' "$(jq -r "$route" "$dir/routes.json" | sort -u)"
assert_eq 'AS numbers that ipfixDump finds' 3 \
	"$(ipfixDump --in "$dir/routes.ipfix" 2>/dev/null | grep -c 'bgpDestinationAsNumber.*: 64501')"
echo '10.0.0.1/8 1' >"$dir/prefixes"
assert_refuses 2 "line 1: '10.0.0.1' has bits beyond its length 8" "$WEIR" flow -i "$rx_if" \
	--prefixes "$dir/prefixes" -w null:

# Sums by prefix and AS number: 12 flows of one address.
start sums "$rx" "$WEIR" flow -i "$rx_if" -q --prefixes "$dir/good_prefixes" \
	--aggregate sourceIPv4Address/29,bgpDestinationAsNumber -w "$dir/sums.json" -w "$dir/sums.ipfix" udp
wait_capture "$rx" "$rx_if"
generate --flows 12 --count 120 --size 100
stop sums
sum_of='"\(.sourceIPv4Address) \(.bgpDestinationAsNumber) \(.deltaFlowCount) \(.packetDeltaCount) \(.octetDeltaCount)"'
assert_eq 'sums' '198.18.0.0 64501 12 120 10320,' \
	"$(jq -r "$sum_of" "$dir/sums.json" | sort | tr '\n' ',')"
assert_eq 'fields of a sum' 9 "$(jq -c 'keys | length' "$dir/sums.json" | sort -u)"
assert_eq 'flows in the sums that ipfixDump finds' 12 \
	"$(ipfixDump --in "$dir/sums.ipfix" 2>/dev/null | awk '/deltaFlowCount.*: / {n += $NF} END {print n}')"
assert_refuses 2 "'sourceIPv4Adress' cannot be summed up by; did you mean 'sourceIPv4Address'" \
	"$WEIR" flow -i "$rx_if" --aggregate sourceIPv4Adress -w null:

# A reader that goes away ends the capture quietly.
start head "$rx" bash -c 'exec "$1" flow -q -i "$2" --idle-timeout 100ms -w - > >(head -n 1)' - \
	"$WEIR" "$rx_if"
wait_capture "$rx" "$rx_if"
# another flow each time: packets of one may follow so fast that it is never idle
seed=0
until lib_ended "$(pid_of head)"; do
	seed=$((seed + 1))
	generate --count 1 --flows 1 --seed $seed
done
await head
assert_eq 'exit status without a reader' 0 "$status"

assert_refuses 2 "'flows.txt'.*NAME.json" "$WEIR" flow -i "$rx_if" -w flows.txt
assert_refuses 2 "'mak' is not known; did you mean 'mac'" "$WEIR" flow -i "$rx_if" --key mak -w null:
assert_refuses 2 'no output' "$WEIR" flow -i "$rx_if"
