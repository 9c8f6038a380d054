#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# An option that would do nothing is refused, with what to do instead; with what
# it is for, it is taken.
. "$(dirname "$0")/lib.sh"
need jq capinfos

count=("$WEIR" count -q -c 100)
record=("$WEIR" record -q -i fake: -c 100)
flow=("$WEIR" flow -q -i fake: -c 100)
collect=("$WEIR" collect -q --listen udp://127.0.0.1:0)

# ---- of exports ----

for option in '--balance' '--mtu 600' '--template-refresh 60' '--tls-ca x' '--tls-cert x' \
	'--names zeek' '--community-id'; do
	# shellcheck disable=SC2086
	assert_refuses 2 "^weir flow: ${option%% *} .*or leave it out$" \
		"${flow[@]}" -w "$dir/x.ipfix" $option
done
for option in '--domain 2' '--pen 9' '--reduced-size' '--options-interval 5' '--export-rate 5' \
	'--export-queue 64'; do
	# shellcheck disable=SC2086
	assert_refuses 2 "^weir flow: ${option%% *} .*or leave it out$" "${flow[@]}" -w "$dir/x.json" $option
done
assert_refuses 2 'name it .--tls-cert FILE' \
	"${flow[@]}" -w ipfix+tls://127.0.0.1:1 --tls-key "$dir/x"
assert_refuses 2 '^weir flow: --balance .*name several' \
	"${flow[@]}" -w ipfix+udp://127.0.0.1:1 --balance
assert_refuses 2 '^weir collect: --tls-ca .*or leave it out$' "${collect[@]}" -w null: --tls-ca x
assert_refuses 2 '^weir collect: --mtu .*or leave it out$' "${collect[@]}" -w "$dir/x.json" --mtu 600
[[ ! -e $dir/x.json && ! -e $dir/x.ipfix ]] || fail 'an output was made'
# what listens by TLS takes them
assert_refuses 1 "CA certificates '$dir/none'" "$WEIR" collect -q --listen tls://127.0.0.1:0 \
	-w null: --tls-cert "$dir/none" --tls-ca "$dir/none"

# all get all: also standard output
run "${flow[@]}" -w "$dir/x.json" --json
assert_eq 'exit status with --json beside a file' 0 "$status"
assert_ge 'records in the file' 1 "$(wc -l <"$dir/x.json")"
assert_eq 'records on standard output' "$(wc -l <"$dir/x.json")" "$(wc -l <"$dir/run.out")"
run "${flow[@]}" -w "$dir/x.ipfix" -w "$dir/x.json" -w - --names zeek --pen 9 --export-queue 64 \
	--rotate filesize:100 --json
assert_eq "exit status of options with what they are for ($(<"$dir/run.err"))" 0 "$status"
assert_eq 'records on standard output, once' "$(wc -l <"$dir/x.json")" "$(wc -l <"$dir/run.out")"

assert_refuses 2 '^weir flow: --aggregate-interval .*--aggregate FIELDS' \
	"${flow[@]}" -w null: --aggregate-interval 5
assert_refuses 2 '^weir flow: --sort .*--top N' "${flow[@]}" -w null: --sort bytes

# ---- of all captures ----

run "${record[@]}" -w "$dir/kept.pcap"
assert_eq 'exit status of record' 0 "$status"
assert_refuses 2 '--fanout divides .*--workers N' "${count[@]}" -i fake: --fanout lb
assert_refuses 2 '--fanout divides .*--workers N' "${flow[@]}" -w null: --workers 1 --fanout ebpf
assert_refuses 2 '--fanout is for ring: and socket:' \
	"${count[@]}" -r "$dir/kept.pcap" --workers 2 --fanout lb
assert_refuses 2 '-B is the size of a kernel.s ring.*leave it out' "${count[@]}" -r "$dir/kept.pcap" -B 4096
assert_refuses 2 '-B is the size of a kernel.s ring.*leave it out' "${count[@]}" -B 4096 -r "$dir/kept.pcap"
assert_refuses 2 '-p is about an interface.*leave it out' "${count[@]}" -p -r "$dir/kept.pcap"
for command in count collect replay generate; do
	assert_refuses 2 'one report only' "$WEIR" $command --report "$dir/a" --report "$dir/b"
done
assert_refuses 2 '--max-gap is of the gaps in the file' "$WEIR" replay "$dir/kept.pcap" -i lo --top --max-gap 1

# ---- of recordings ----

assert_refuses 2 'a recording has one output' "${record[@]}" -w "$dir/x.pcap" -w "$dir/y.pcap"
assert_refuses 2 '--json has nothing to print: --report FILE' "${record[@]}" -w "$dir/x.pcap" --json
for suffix in pcap.gz pcapng.xz pcap.bz2; do
	assert_refuses 1 'compressed as .zst or .lz4, not as' "${record[@]}" -w "$dir/x.$suffix"
done
assert_refuses 1 'microseconds are for .pcap' "${record[@]}" -w "$dir/x.pcapng" --time-precision micro
assert_refuses 1 'a compressed file has a writer of its own' \
	"${record[@]}" -w "$dir/x.pcapng.zst" --writer plain
assert_refuses 2 '--file-per-worker is for several workers.*--workers N' \
	"${record[@]}" -w "$dir/x.pcap" --file-per-worker
assert_refuses 2 '--merge-delay is for several workers.*--workers N' \
	"${record[@]}" -w "$dir/x.pcap" --merge-delay 1s
assert_refuses 2 'nothing is merged: leave it out, or --merge-delay' \
	"${record[@]}" -w "$dir/x.pcap" --workers 2 --file-per-worker --merge-delay 1s
assert_refuses 2 '--disk-full oldest .*-b filesize' "${record[@]}" -w "$dir/x.pcap" --disk-full oldest
for option in '-z true' '--sync 1s' '--keep-free 1GiB' '--writer plain' '--file-per-worker'; do
	# shellcheck disable=SC2086
	assert_refuses 2 "'-' is one stream; leave out ${option%% *}" "${record[@]}" -w - $option
done
assert_refuses 2 '--recover captures nothing' "${record[@]}" -w "$dir/x.pcap" --recover "$dir"
for file in "$dir"/*x.*; do
	[[ $file = "$dir/x.json" || $file = "$dir"/x_*.ipfix ]] || fail "an output was made: '$file'"
done
run "${record[@]}" -w "$dir/y.pcap" -b packets:50 --disk-full oldest --keep-free 1 --dispatch 2 \
	--merge-delay 50ms --time-precision micro --writer plain --sync never
assert_eq "exit status of options with what they are for ($(<"$dir/run.err"))" 0 "$status"
assert_eq 'packets recorded' 100 "$(($(for file in "$dir"/y*.pcap; do packets_in "$file"; done | paste -sd +)))"
