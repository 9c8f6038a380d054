#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# bench/export.sh [BUILD]: flow records a second. The encoder alone on one core,
# which must do a million; each transport to weir's own collector, which throws
# all away; the collector, from a file; then whole runs beside softflowd and
# pmacctd, that meter and export the same capture file by UDP.
#
#	RECORDS=1000000 FLOWS=200000 bench/export.sh build
#
# In a network namespace of its own (as root); takes some two minutes.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
build=$(realpath "${1:-build}")
records=${RECORDS:-1000000}
flows=${FLOWS:-200000}
least=1000000 # records a second through the encoder
ninja -C "$build" bench/export/bench_export bench/flow/bench_traffic src/cli/weir >/dev/null
bench=$build/bench/export/bench_export
weir=$build/src/cli/weir
ns=weir-bench-$$
dir=$(mktemp -d)
memory=$(mktemp -d /dev/shm/weir-bench.XXXXXX) # a disk's speed is not the question
pids=()
clean() {
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || :; done
	wait
	ip netns del "$ns" 2>/dev/null || :
	rm -rf "$dir" "$memory"
}
trap clean EXIT
ip netns add "$ns"
ip -n "$ns" link set lo up
in_ns() { ip netns exec "$ns" "$@"; }
await() { until in_ns ss -Hlntu "sport = :$1" | grep -q .; do :; done; }

echo "== the encoder, on one core"
for preset in basic xprobe full; do
	"$bench" $((records * 3)) $preset | tee -a "$dir/encoder"
done
awk -v least=$least '$1 == "encoder" && $3 < least {print "less than a million: " $0; bad = 1} END {exit bad}' \
	"$dir/encoder"

echo "== transports"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=bench \
	-addext subjectAltName=IP:127.0.0.1 -keyout "$dir/key" -out "$dir/pem" 2>/dev/null
cat "$dir/pem" "$dir/key" >"$dir/both"
listen=(--listen udp://127.0.0.1:4739 --listen tcp://127.0.0.1:4739
	--listen tls://127.0.0.1:4740 --listen dtls://127.0.0.1:4740)
kinds=(udp:4739 tcp:4739 tls:4740 dtls:4740)
if grep -q SCTP /proc/net/protocols; then
	listen+=(--listen sctp://127.0.0.1:4739)
	kinds+=(sctp:4739)
fi
ip netns exec "$ns" "$weir" collect -q "${listen[@]}" --tls-ca "$dir/pem" --tls-cert "$dir/both" -w null: &
pids+=($!)
await 4740
ln -s /dev/null "$dir/null.ipfix"
"$bench" "$records" xprobe "$dir/null.ipfix"
"$bench" "$records" xprobe "$memory/file.ipfix"
for kind in "${kinds[@]}"; do
	in_ns "$bench" "$records" xprobe "ipfix+${kind%:*}://127.0.0.1:${kind#*:}" "$dir/pem" "$dir/both"
done
in_ns "$bench" "$records" xprobe netflow9+udp://127.0.0.1:4739

echo "== the collector, from a file of $records records"
TIMEFORMAT='%U %S'
spent=$({ time "$weir" collect -q -r "$memory/file.ipfix" -w null: >&2; } 2>&1)
awk -v n="$records" '{printf "%.0f records a CPU second\n", n / ($1 + $2)}' <<<"$spent"
rm "$memory/file.ipfix"

echo "== whole runs: $flows flows of 2 packets, metered and exported by UDP; records that arrived a CPU second"
"$build/bench/flow/bench_traffic" "$memory/in.pcap" "$flows" $((flows * 2)) uniform 60
cat >"$dir/pmacctd.conf" <<CONFIGURATION
daemonize: false
pcap_savefile: $memory/in.pcap
plugins: nfprobe
aggregate: src_host,dst_host,src_port,dst_port,proto,tos
nfprobe_receiver: 127.0.0.1:2055
nfprobe_maxflows: $((flows * 2))
plugin_pipe_size: 104857600
plugin_buffer_size: 102400
CONFIGURATION

# whole NAME COMMAND...
whole() {
	local name=$1 spent sink
	shift
	ip netns exec "$ns" "$weir" collect -q --listen udp://127.0.0.1:2055 -w null: --report "$dir/report" &
	sink=$!
	pids+=("$sink")
	await 2055
	spent=$({ time in_ns "$@" >"$dir/out" 2>&1; } 2>&1 | tail -1)
	kill "$sink"
	wait "$sink"
	jq -r '[[.exporters[].records], [.exporters[].lost]] | map(add // 0) | @tsv' "$dir/report" |
		awk -v name="$name" -v spent="$spent" '{split(spent, s, " ");
			printf "%-22s %9.0f records/s of CPU  (%d arrived in %.2f CPU seconds, missing %d)\n",
			name, $1 / (s[1] + s[2]), $1, s[1] + s[2], $2}'
}
udp=(--export-rate 0)
whole 'weir, IPFIX biflow' "$weir" flow -q -r "$memory/in.pcap" -w ipfix+udp://127.0.0.1:2055 "${udp[@]}"
whole 'softflowd, IPFIX -b' softflowd -d -r "$memory/in.pcap" -m $((flows * 2)) -n 127.0.0.1:2055 -v 10 -b
whole 'weir, IPFIX' "$weir" flow -q -r "$memory/in.pcap" -w ipfix+udp://127.0.0.1:2055 "${udp[@]}" --uniflow
# it does not end with the file: by the clock; idling costs nothing
for version in 10 9; do
	echo "nfprobe_version: $version" | cat "$dir/pmacctd.conf" - >"$dir/pmacctd.$version"
done
whole 'pmacctd, IPFIX' timeout -s INT 15 pmacctd -f "$dir/pmacctd.10"
whole 'weir, NetFlow v9' "$weir" flow -q -r "$memory/in.pcap" -w netflow9+udp://127.0.0.1:2055 "${udp[@]}"
whole 'softflowd, NetFlow v9' softflowd -d -r "$memory/in.pcap" -m $((flows * 2)) -n 127.0.0.1:2055 -v 9
whole 'pmacctd, NetFlow v9' timeout -s INT 15 pmacctd -f "$dir/pmacctd.9"
