#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What a recording's features cost beside a plain one: the sink alone, made-up
# packets, CPU nanoseconds a packet of the whole process, in ROUNDS that
# alternate. The payload is all zeros, which is the best case of a compressor.
#
#	DIR=/var/tmp PACKETS=5000000 ROUNDS=3 LENGTHS='60 1514' bench/record_features.sh
root=$(cd "$(dirname "$0")/.." && pwd)
build=${BUILD:-$root/build}
dir=$(mktemp -d "${DIR:-/var/tmp}/weir-bench.XXXXXX")
trap 'rm -rf "$dir"' EXIT
ninja -C "$build" bench/record >/dev/null || exit 1

# measure WHAT FILE LENGTH [MODE]
measure() {
	printf '%-10s %5s bytes: ' "$1" "$3"
	"$build/bench/record" "$dir/$2" "${PACKETS:-5000000}" "$3" 0 direct 200000000 ${4:+"$4"} |
		sed 's/^[^:]*: //'
	rm -f "$dir"/*
}

for ((round = 1; round <= ${ROUNDS:-3}; round++)); do
	for length in ${LENGTHS:-60 1514}; do
		measure plain x.pcapng "$length"
		measure manifest x.pcapng "$length" manifest
		measure zstd x.pcapng.zst "$length"
		measure lz4 x.pcapng.lz4 "$length"
		measure waiting x.pcapng "$length" waiting
		measure filter x.pcapng "$length" filter
	done
done
