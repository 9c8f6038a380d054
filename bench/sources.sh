#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# All live sources side by side, and tcpdump as a peer: 64-byte frames (60
# without FCS) at the highest rate that the kernel delivers over a veth pair.
# The generator, with the receive path that the capture hooks into, has CPU 0;
# the reader has CPU 1. Each source has one run in each round, the order moves
# on, and a table of medians ends it:
#
#	path     ns of CPU time a packet on CPU 0: sending, the capture's hook, what follows it
#	added    the same, less that without a capture: of 'nothing', or of 'drop' where the host
#	         gets no packet (also for skb mode, which has made a socket buffer by then), or
#	         of 'local' for nf, which only sees packets for this host
#	spread   between the quartiles of 'path'
#	reader   ns of CPU time a packet delivered, of the capturing process
#	Mpps     packets a second on the clock, the median run
#	lost     of them, by the source
#	lossless the highest rate of a run without loss; where each run lost some, slower ones follow
#	ratio    of that to tcpdump's
#
# CPU time, because a busy machine makes the clock tell of others.
#
#	PACKETS=2000000 ROUNDS=7 RAW=sources.tsv bench/sources.sh [SOURCE]...
root=$(cd "$(dirname "$0")/.." && pwd)
WEIR=${WEIR:-$root/build/src/cli/weir}
. "$root/tests/net/lib.sh"
. "$root/bench/lib.sh"
packets=${PACKETS:-2000000}
rounds=${ROUNDS:-7} # at least 2
raw=${RAW:-$dir/raw}

need taskset tcpdump jq python3
[[ -x $WEIR ]] || fail "there is no '$WEIR': run make first, or set WEIR"
make_net gro=on
: >"$raw"
# Packets for this host, which nf needs, end where routing finds no way; all others are for
# another station, and end where the stack sees that.
in_rx ip addr add 198.19.0.1/32 dev lo
in_rx ip route add blackhole 198.18.0.0/15
other_mac=02:00:00:00:00:09

sources=(nothing drop "socket:$rx_if" "ring:$rx_if,version=2" "ring:$rx_if" "tap:$rx_if"
	"tap:$rx_if,hook=xdp" "tap:$rx_if,hook=xdp,pass=no" "xdp:$rx_if" "xdp:$rx_if,mode=skb"
	tcpdump local "nf:$rx_if")
[[ $# = 0 ]] || sources=(nothing drop local "$@")

# bench_start SOURCE: sets 'reader' to the file with what it has used and delivered
bench_start() {
	rm -f "$dir"/reader.*
	case $1 in
	nothing | local) return ;;
	drop) set -- "tap:$rx_if,hook=xdp,pass=no,proto=255" ;; # looks, copies nothing, drops
	tcpdump)
		start reader "$rx" taskset -c 1 tcpdump -B 131072 -s 112 -ni "$rx_if" -w /dev/null
		wait_capture "$rx" "$rx_if"
		return
		;;
	esac
	start reader "$rx" taskset -c 1 "$WEIR" count -i "$1" -s 112 --report "$dir/reader.json"
	wait_for 20 "the first line of '$1'" bench_counts
}

bench_counts() {
	[[ -s $dir/reader.out ]]
}

# bench_generate MAC OPTION...: send; prints the CPU time of it in ns: the generator's, in which most of the receiving
# happens, and that of the kernel's thread which does the rest.
bench_generate() {
	in_tx python3 - "$WEIR" generate -i "$tx_if" --count "$packets" \
		--flows 1024 --dst-mac "$1" "${@:2}" -q --report "$dir/generate.json" <<'END'
import os, resource, subprocess, sys

def softirq_ns():
    for task in os.listdir("/proc"):
        if task.isdigit():
            with open(f"/proc/{task}/comm", encoding="utf-8") as comm:
                if comm.read().strip() == "ksoftirqd/0":
                    with open(f"/proc/{task}/schedstat", encoding="utf-8") as stat:
                        return int(stat.read().split()[0])
    return 0

os.sched_setaffinity(0, {0})
before = softirq_ns()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(int((usage.ru_utime + usage.ru_stime) * 1e9) + softirq_ns() - before)
END
}

# bench_run SOURCE [OPTION of generate...]: at top speed, if not told otherwise
bench_run() {
	local source=$1 before=0 used=0 delivered=0 lost=0 path
	shift
	[[ $# != 0 ]] || set -- --method live
	bench_start "$source"
	[[ $source = nothing || $source = local ]] || before=$(cpu_ns reader)
	case $source in
	nf:* | local) path=$(bench_generate "$rx_mac" "$@") ;;
	*) path=$(bench_generate "$other_mac" "$@") ;;
	esac
	if [[ $source != nothing && $source != local ]]; then
		settle reader 12
		used=$(($(cpu_ns reader) - before))
		stop reader
	fi
	if [[ $source = tcpdump ]]; then
		delivered=$(awk '/packets captured/ {print $1}' "$dir/reader.err")
		lost=$((packets - delivered))
	elif [[ -s $dir/reader.json ]]; then
		[[ $(json "$dir/reader.json" .balanced) = true ]] || fail "'$source' does not balance"
		delivered=$(json "$dir/reader.json" .packets.delivered)
		lost=$(json "$dir/reader.json" .packets.dropped)
	fi
	printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$source" "$(json "$dir/generate.json" .duration_s)" \
		"$packets" "$delivered" "$lost" "$used" "$path"
}

# bench_rate SOURCE: packets a second of its slowest run; nothing when a run was without loss
bench_rate() {
	awk -F'\t' -v source="$1" '$1 == source {
		rate = int($3 / $2)
		if (!least || rate < least) least = rate
		if ($4 && !$5) clean = 1
	} END {if (!clean) print least}' "$raw"
}

# bench_slower SOURCE: run it more and more slowly, until nothing is lost
bench_slower() {
	local rate percent line
	rate=$(bench_rate "$1")
	[[ $rate ]] || return 0
	for percent in 90 80 70 60 50 40; do
		line=$(bench_run "$1" --method socket --pps $((rate * percent / 100)))
		echo "$line" >>"$raw.slower"
		[[ $(cut -f5 <<<"$line") != 0 ]] || return 0
	done
}

for ((round = 0; round < rounds; round++)); do
	for ((n = 0; n < ${#sources[@]}; n++)); do
		bench_run "${sources[(n + round) % ${#sources[@]}]}" >>"$raw"
	done
done
: >"$raw.slower"
for source in "${sources[@]}"; do
	[[ $source = nothing || $source = drop || $source = local ]] || bench_slower "$source"
done

python3 - "$raw" "${sources[@]}" <<'END'
import os
import platform
import statistics
import sys


def read(file):
    runs = {}
    for line in open(file, encoding="utf-8"):
        name, *numbers = line.rstrip("\n").split("\t")
        runs.setdefault(name, []).append([float(n) for n in numbers])
    return runs

runs = read(sys.argv[1])
slower = read(sys.argv[1] + ".slower")

def lossless(name):
    """Mpps; 0 when there was no such run."""
    return max((sent / seconds / 1e6 for seconds, sent, got, lost, *_ in
                runs.get(name, []) + slower.get(name, []) if got and not lost), default=0)


def median(name, value):
    return statistics.median(value(*run) for run in runs[name])

def path(seconds, sent, delivered, lost, used, spent):
    return spent / sent

print(f"{os.cpu_count()} CPUs, {platform.system()} {platform.release()}, {len(runs['nothing'])} rounds")
print(f"{'':28} {'path':>6} {'added':>7} {'spread':>7} {'reader':>7} {'Mpps':>6} {'lost %':>8} {'lossless':>9} {'ratio':>6}")
base = {name: median(name, path) for name in ("nothing", "drop", "local")}
for name in sys.argv[2:]:
    taken = name.startswith("xdp:") or "pass=no" in name or name == "drop"
    reference = base["drop" if taken else "local" if name.startswith("nf:") else "nothing"]
    rates = [sent / seconds / 1e6 for seconds, sent, *_ in runs[name]]
    clean, peer = lossless(name), lossless("tcpdump")
    quartiles = statistics.quantiles([path(*run) for run in runs[name]], n=4, method="inclusive")
    shown = name in base
    lost = median(name, lambda s, sent, got, lost, u, p: 100 * lost / sent)
    reader = median(name, lambda s, sent, got, lost, u, p: u / got if got else 0)
    print(f"{name:28} {median(name, path):6.1f} {'' if shown else f'{median(name, path) - reference:+.1f}':>7}"
          f" {quartiles[2] - quartiles[0]:7.1f} {'' if shown else f'{reader:.1f}':>7}"
          f" {statistics.median(rates):6.2f} {'' if shown else f'{lost:.3f}':>8}"
          f" {f'{clean:.2f}' if clean and not shown else '':>9}"
          f" {f'{clean / peer:.2f}' if clean and peer and not shown else '':>6}")
END
