#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# weir replay beside tcpreplay, on the sample captures: how exactly the times
# between packets are kept, seen by a third program at the other end of a veth
# pair; and how many packets a second there are at top speed.
#
#	bench/replay.sh [ROUNDS]
. "$(dirname "$0")/../tests/net/lib.sh"
need tcpdump tcpreplay python3
need_pcaps
make_net
rounds=${1:-3}
gap_ms=200 # longer gaps are made this long, by both

# original.pcap received.pcap: adds |gap received - gap wanted| of each packet, in us
cat >"$dir/gaps.py" <<'P'
import struct, sys
def times(path):
    with open(path, "rb") as file:
        data = file.read()
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    nano = data[:4] in (b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d")
    at, out = 24, []
    while at + 16 <= len(data):
        second, fraction, captured, wire = struct.unpack_from(order + "IIII", data, at)
        if 14 <= wire <= 1514:
            out.append(second * 10**9 + fraction * (1 if nano else 1000))
        at += 16 + captured
    return out
wanted, got = times(sys.argv[1]), times(sys.argv[2])
limit = int(sys.argv[3]) * 10**6
if len(wanted) != len(got):
    sys.exit(f"{sys.argv[1]}: {len(wanted)} packets wanted, {len(got)} received")
for i in range(1, len(wanted)):
    gap = min(max(wanted[i] - wanted[i - 1], 0), limit)
    print(abs(got[i] - got[i - 1] - gap) / 1000)
P

usable() { # in order of time, Ethernet, neither long nor cut: what both send in the same way
	"$WEIR" show -q --json -r "$1" | python3 -c '
import json, sys
last = 0
count = 0
for line in sys.stdin:
    p = json.loads(line)
    if p["time_ns"] < last or p["length"] > 1514 or p["captured"] < p["length"] or "source_mac" not in p:
        sys.exit(1)
    last = p["time_ns"]
    count += 1
sys.exit(count < 2)'
}

send() { # send TOOL FILE
	case $1 in
	weir) in_tx "$WEIR" replay "$2" -i "$tx_if" --max-gap ${gap_ms}ms -q ;;
	tcpreplay) in_tx tcpreplay -q -K -i "$tx_if" --maxsleep=$gap_ms "$2" ;;
	esac >"$dir/send.out" 2>&1
}

for file in "$pcaps"/*.pcap; do
	[[ $(head -c 4 "$file" | xxd -p) =~ ^(d4c3b2a1|4d3cb2a1|a1b2c3d4|a1b23c4d)$ ]] && usable "$file" || continue
	packets=$(packets_by_tcpdump "$file")
	for ((round = 0; round < rounds; round++)); do
		for tool in weir tcpreplay; do
			start tcpdump "$rx" tcpdump -i "$rx_if" -Q in -U --immediate-mode \
				--time-stamp-precision=nano -w "$dir/got.pcap"
			wait_capture "$rx" "$rx_if"
			send $tool "$file"
			wait_for 10 'all packets' eval '[[ $(packets_by_tcpdump "$dir/got.pcap") = "$packets" ]]'
			stop tcpdump
			python3 "$dir/gaps.py" "$file" "$dir/got.pcap" $gap_ms >>"$dir/$tool.us"
		done
	done
done
echo 'error of the time between two packets, in microseconds'
printf '%-10s %10s %10s %10s %10s\n' '' packets median '99 %' most
for tool in weir tcpreplay; do
	sort -n "$dir/$tool.us" | awk -v tool=$tool '{v[NR] = $1}
		END {printf "%-10s %10d %10.1f %10.1f %10.1f\n", tool, NR, v[int(NR / 2) + 1], v[int(NR * .99) + 1], v[NR]}'
done

file=$pcaps/wikipedia.pcap
replay="$WEIR replay $file -i $tx_if --top --loop 4000 -q"
peer=(--command tcpreplay "ip netns exec $tx tcpreplay -q -K -i $tx_if --topspeed --loop 4000 $file")
for metric in wall_s cpu_ns; do # the second is steadier where others use the machine
	for method in socket xdp; do
		echo "at top speed by method '$method': $metric for the same packets, less is better"
		"$(dirname "$0")/compare" --metric $metric --rounds 7 --packets $((4000 * 136)) \
			--command weir "ip netns exec $tx $replay --method $method" "${peer[@]}" ||
			[[ $? = 3 ]] # too noisy to tell, which it has said
	done
done
