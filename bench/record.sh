#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Recording side by side with its peers: frames of 64, 256 and 1500 bytes (with
# FCS), of which 64 bytes or all are kept, sent at the highest rate that a veth
# pair takes. The generator, with the kernel's receive path, has CPU 0; the
# recorder has CPU 1. All have a ring of 64 MiB (RING), and write to the same
# file system. Each program has one run in each round of each row, the order
# moves on, and a table of medians ends it:
#
#	Mpps      sent and received in a second
#	written   packets in the file by capinfos, per cent of what the interface received
#	ring      of the rest, dropped before the program had them, as it says itself
#	disk      likewise, later (weir alone tells of such)
#	untold    lost, and not told
#	CPU       seconds of all the recorder's threads; the kernel's own writing back, which
#	          all but 'direct' need, is not in it
#	ns        CPU time a packet written
#
#	PACKETS=2000000 ROUNDS=3 RAW=record.tsv bench/record.sh [PROGRAM]...
#
# PROGRAM: weir (the default writer), weir:direct,sqpoll, weir:plain, weir:mmap, tcpdump,
# dumpcap, netsniff-ng. DIR is where files are written (build/).
#
#	BYTES=8000000000 ROUNDS=3 bench/record.sh sustained
#
# writes packets of 1514 bytes without a capture, and beside it the same number of bytes by
# 'dd oflag=direct', alternating: the rate of both, and the CPU time of both in cores.
root=$(cd "$(dirname "$0")/.." && pwd)
WEIR=${WEIR:-$root/build/src/cli/weir}
. "$root/tests/net/lib.sh"
. "$root/bench/lib.sh"
rounds=${ROUNDS:-3}
ring_mib=${RING:-64}
raw=${RAW:-$dir/raw}
: >"$raw"
out=$(mktemp -d "${DIR:-$root/build}/bench-record.XXXXXX")
trap 'rm -rf "$out"; lib_clean_up' EXIT
need taskset python3 capinfos jq
[[ -x $WEIR ]] || fail "there is no '$WEIR': run make first, or set WEIR"

# ---- sustained ----

# cores COMMAND...: run it; prints seconds on the clock and seconds of CPU
seconds_of() {
	python3 - "$@" <<'END'
import os, resource, subprocess, sys, time

begin = time.monotonic()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
wall = time.monotonic() - begin
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(wall, usage.ru_utime + usage.ru_stime)
END
}

sustained() {
	local bytes=${BYTES:-8000000000} round writer
	local bench=$root/build/bench/record
	[[ -x $bench ]] || fail "there is no '$bench': ninja -C build bench/record"
	for ((round = 0; round < rounds; round++)); do
		printf 'dd\t%s\n' "$(seconds_of dd if=/dev/zero of="$out/x" bs=1M oflag=direct \
			count=$((bytes >> 20)))" >>"$raw"
		rm -f "$out"/*
		for writer in direct direct,sqpoll plain; do
			# each packet takes 28 bytes of header, 16 behind it, and 2 that align it
			printf '%s\t%s\n' "weir:$writer" "$(seconds_of "$bench" "$out/x.pcapng" \
				$((bytes / 1560)) 1514 0 "$writer" 1000000000)" >>"$raw"
			rm -f "$out"/*
		done
	done
	python3 - "$raw" "$bytes" <<'END'
import statistics, sys

runs = {}
for line in open(sys.argv[1], encoding="utf-8"):
    name, numbers = line.rstrip("\n").split("\t")
    runs.setdefault(name, []).append([float(n) for n in numbers.split()])
size = int(sys.argv[2]) / 1e6
best = statistics.median(size / wall for wall, cpu in runs["dd"])
print(f"{'':20} {'MB/s':>8} {'of dd %':>8} {'cores':>6}   MB/s of each run")
for name, each in runs.items():
    rate = statistics.median(size / wall for wall, cpu in each)
    cores = statistics.median(cpu / wall for wall, cpu in each)
    print(f"{name:20} {rate:8.0f} {100 * rate / best:8.1f} {cores:6.2f}  ",
          *(f"{size / wall:.0f}" for wall, cpu in each))
END
}

if [[ ${1:-} = sustained ]]; then
	sustained
	exit
fi

# ---- the table ----

packets=${PACKETS:-2000000}
programs=("$@")
[[ $# != 0 ]] || programs=(weir weir:direct,sqpoll weir:plain weir:mmap tcpdump dumpcap netsniff-ng)
make_net gro=on
other_mac=02:00:00:00:00:09 # another station's: they end where the stack sees that

# bench_start PROGRAM SNAPLEN (0 = all)
bench_start() {
	local writer=() snaplen=$2
	case $1 in
	weir*)
		[[ $1 = weir ]] || writer=(--writer "${1#weir:}")
		start recorder "$rx" taskset -c 1 "$WEIR" record -i "$rx_if" -B $((ring_mib * 1024)) \
			-s "$snaplen" -w "$out/x.pcapng" --report "$dir/report" "${writer[@]}"
		;;
	tcpdump)
		start recorder "$rx" taskset -c 1 tcpdump -i "$rx_if" -nn -B $((ring_mib * 1024)) \
			-s "$snaplen" -w "$out/x.pcap"
		;;
	dumpcap)
		start recorder "$rx" taskset -c 1 dumpcap -q -i "$rx_if" -B "$ring_mib" \
			-s "$snaplen" -w "$out/x.pcapng"
		;;
	netsniff-ng)
		# it has no option for a snaplen, but takes a filter program, which gives one
		printf '{ 0x6, 0, 0, 0x%08x },\n' $((snaplen ? snaplen : 262144)) >"$dir/snaplen.bpf"
		start recorder "$rx" taskset -c 1 netsniff-ng -s -i "$rx_if" -S "${ring_mib}MiB" \
			-o "$out/x.pcap" -f "$dir/snaplen.bpf"
		;;
	*) fail "unknown program '$1'" ;;
	esac
	wait_capture "$rx" "$rx_if"
}

# bench_told PROGRAM: drops at the ring, and later, as the program tells; ? = it does not
bench_told() {
	case $1 in
	weir*)
		json "$dir/report" '[.interfaces[].stages[]] |
			"\([.[] | select(.stage == "ring") | .dropped[]] | add // 0) \(
			   [.[] | select(.stage != "ring") | .dropped[]] | add // 0)"'
		;;
	tcpdump) awk '/dropped by kernel/ {print $1, 0}' "$dir/recorder.err" ;;
	dumpcap) sed -n 's/.*received\/dropped on interface.*: [0-9]*\/\([0-9]*\).*/\1 0/p' "$dir/recorder.err" ;;
	netsniff-ng) tr -d '\r' <"$dir/recorder.out" | awk '/out of space/ {print $1, 0}' ;;
	esac
}

# bench_run PROGRAM FRAME SNAPLEN
bench_run() {
	local before used seen written=0 file told count=$packets
	# the disk is to be tested, not filled
	((count * $2 < 1500000000)) || count=$((1500000000 / $2))
	bench_start "$1" "$3"
	before=$(nic "$rx" "$rx_if" rx.packets)
	used=$(cpu_ns recorder)
	run in_tx taskset -c 0 "$WEIR" generate -i "$tx_if" --method live --count "$count" \
		--flows 1024 --dst-mac "$other_mac" --size $(($2 - 4)) -q --report "$dir/generate.json"
	assert_eq "exit status of generate ($(head -c 300 "$dir/run.err"))" 0 "$status"
	settle recorder 12
	used=$(($(cpu_ns recorder) - used))
	seen=$(($(nic "$rx" "$rx_if" rx.packets) - before))
	stop recorder
	for file in "$out"/*; do
		written=$((written + $(packets_in "$file")))
	done
	told=$(bench_told "$1")
	rm -f "$out"/*
	printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$2" "$3" "$1" "$(json "$dir/generate.json" .duration_s)" \
		"$seen" "$written" "${told:-? ?}" "$used" >>"$raw"
}

for ((round = 0; round < rounds; round++)); do
	for size in 64 256 1500; do
		for snaplen in 64 0; do
			for ((n = 0; n < ${#programs[@]}; n++)); do
				bench_run "${programs[(n + round) % ${#programs[@]}]}" "$size" "$snaplen"
			done
		done
	done
done

python3 - "$raw" "${programs[@]}" <<'END'
import os
import platform
import statistics
import sys

runs = {}
for line in open(sys.argv[1], encoding="utf-8"):
    size, snaplen, name, seconds, seen, written, told, used = line.rstrip("\n").split("\t")
    ring, later = (float(n) if n != "?" else float("nan") for n in told.split())
    runs.setdefault((int(size), int(snaplen)), {}).setdefault(name, []).append(
        (float(seconds), int(seen), int(written), ring, later, float(used)))

print(f"{os.cpu_count()} CPUs, {platform.system()} {platform.release()}")
for (size, snaplen), each in runs.items():
    print(f"\n{size} bytes, {f'{snaplen} of them' if snaplen else 'all of them'} kept")
    print(f"{'':20} {'Mpps':>6} {'seen':>9} {'written':>9} {'%':>6} {'ring':>9} {'disk':>7}"
          f" {'untold':>7} {'CPU s':>6} {'ns':>7}  written % of each run")
    for name in sys.argv[2:]:
        def median(value):
            return statistics.median(value(*run) for run in each[name])
        print(f"{name:20} {median(lambda t, s, w, r, l, u: s / t / 1e6):6.2f}"
              f" {median(lambda t, s, w, r, l, u: s):9.0f} {median(lambda t, s, w, r, l, u: w):9.0f}"
              f" {median(lambda t, s, w, r, l, u: 100 * w / s):6.2f}"
              f" {median(lambda t, s, w, r, l, u: r):9.0f} {median(lambda t, s, w, r, l, u: l):7.0f}"
              f" {median(lambda t, s, w, r, l, u: s - w - r - l):7.0f}"
              f" {median(lambda t, s, w, r, l, u: u / 1e9):6.2f}"
              f" {median(lambda t, s, w, r, l, u: u / w if w else 0):7.1f} ",
              *(f"{100 * w / s:.1f}" for t, s, w, r, l, u in each[name]))
END
