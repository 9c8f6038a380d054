#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# verify tells whether a recording is whole, plain or compressed by anybody.
. "$(dirname "$0")/../net/lib.sh"
need gzip zstd lz4 sha256sum jq capinfos
"$WEIR" record -q -i fake: -c 20000 -w "$dir/x.pcapng"
"$WEIR" record -q -r "$dir/x.pcapng" -w "$dir/x.pcap"

# verify FILE STATUS REGEX
verify() {
	run "$WEIR" verify "$1"
	assert_eq "status of ${1##*/} ($(<"$dir/run.out"))" "$2" "$status"
	assert_match "${1##*/}" "$3" "$(cat "$dir/run.out" "$dir/run.err")"
}

verify "$dir/x.pcapng" 0 'complete: 20000 packets, none lost$'
verify "$dir/x.pcap" 0 'whole: 20000 packets; it does not tell'
for file in x.pcapng x.pcap; do
	for tool in gzip zstd lz4; do
		$tool -c "$dir/$file" >"$dir/$file.$tool" 2>/dev/null
		verify "$dir/$file.$tool" 0 '(complete|whole): 20000 packets'
		head -c -1000 "$dir/$file.$tool" >"$dir/cut.$tool"
		verify "$dir/cut.$tool" 1 'the compressed data ends too early'
		# bytes in the middle are others
		cp "$dir/$file.$tool" "$dir/spoilt.$tool"
		printf 'xxxxxxxxxxxxxxxx' | dd of="$dir/spoilt.$tool" bs=1 seek=60000 conv=notrunc status=none
		verify "$dir/spoilt.$tool" 1 'cannot decompress'
	done
done
head -c 100000 "$dir/x.pcapng" >"$dir/cut.pcapng"
verify "$dir/cut.pcapng" 1 'damaged: [0-9]+ whole packets, then [0-9]+ bytes that are no record'
echo "no capture" >"$dir/text"
assert_refuses 1 'is not a pcap or pcapng file' "$WEIR" verify "$dir/text"
assert_refuses 1 'is not a pcap or pcapng file' "$WEIR" verify /dev/null
: >"$dir/empty"
assert_refuses 1 'it is empty' "$WEIR" verify "$dir/empty"
assert_refuses 1 'it is a directory' "$WEIR" verify "$dir"

# ---- manifests ----

# spoil FILE OFFSET: a byte becomes another
spoil() {
	printf '\377' | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

for writer in direct plain mmap; do
	mkdir "$dir/$writer"
	"$WEIR" record -q --manifest --writer $writer -i fake: -c 50000 -w "$dir/$writer/x.pcapng" \
		-b filesize:900 -b files:2
	(cd "$dir/$writer" && sha256sum --quiet -c ./*.sha256) || fail "sha256sum on the files of $writer"
	assert_eq "files of $writer that have a manifest" "$(cd "$dir/$writer" && ls ./*.pcapng)" \
		"$(cd "$dir/$writer" && ls ./*.sha256 | sed 's/.sha256$//')"
	for file in "$dir/$writer"/*.pcapng; do
		verify "$file" 0 'none lost; as its manifest says$'
	done
done
odd=$dir/$'odd\nname\\.pcapng.zst'
"$WEIR" record -q --manifest -i fake: -c 20000 -w "$odd"
(cd "$dir" && sha256sum --quiet -c "$odd.sha256") || fail 'sha256sum on an odd name'
verify "$odd" 0 'none lost; as its manifest says$'

"$WEIR" record -q --manifest -i fake: -c 20000 -w "$dir/y.pcapng"
spoil "$dir/y.pcapng" 200001
verify "$dir/y.pcapng" 1 'differs from its manifest, first in bytes 196608 to 262144, packet [0-9]+ or later'
packet=$(grep -o 'packet [0-9]*' "$dir/run.out" | awk '{print $2}')
head -c 196608 "$dir/x.pcapng" >"$dir/head.pcapng"
assert_eq 'the packet that the part begins in' $(($(packets_in "$dir/head.pcapng" 2>/dev/null || :) + 1)) "$packet"
run "$WEIR" verify --json "$dir/y.pcapng"
assert_eq 'manifest in JSON' false "$(json "$dir/run.out" .manifest)"
"$WEIR" record -q --manifest -i fake: -c 20000 -w "$dir/y.pcapng"
verify "$dir/y.pcapng" 0 'as its manifest says$'
truncate -s -100 "$dir/y.pcapng"
verify "$dir/y.pcapng" 1 "differs from its manifest, first in bytes [0-9]+ to "
(cd "$dir" && sha256sum x.pcapng >x.pcapng.sha256)
verify "$dir/x.pcapng" 0 'as its manifest says$'
echo more >>"$dir/x.pcapng"
verify "$dir/x.pcapng" 1 'differs from its manifest, first in bytes 0 to'
echo nothing >"$dir/x.pcapng.sha256"
assert_refuses 1 'holds no SHA-256' "$WEIR" verify "$dir/x.pcapng"

# A file that is written anew is no longer what its manifest says. What weir did not make stays.
"$WEIR" record -q -i fake: -c 10 -w "$dir/y.pcapng"
[[ ! -e $dir/y.pcapng.sha256 ]] || fail 'the manifest of a file that is written over is there'
"$WEIR" record -q -i fake: -c 10 -w "$dir/x.pcapng"
assert_eq 'a foreign manifest' nothing "$(<"$dir/x.pcapng.sha256")"
for manifest in --manifest ''; do
	# shellcheck disable=SC2086
	"$WEIR" record -q $manifest -i fake: -c 10 -w "$dir/always%%.pcapng" -b packets:10
done
assert_eq 'files of one name' always%.pcapng "$(cd "$dir" && echo always*)"

assert_refuses 2 'no place for a manifest' "$WEIR" record -i fake: -c 1 -w - --manifest
