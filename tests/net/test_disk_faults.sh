#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Where nothing can be written at all: one line says so before anything is
# captured. Names with odd characters stay what they are, for the
# post-rotate command too. Two recorders in one directory keep to their files.
. "$(dirname "$0")/lib.sh"
need capinfos
make_net

# ---- a read-only file system, a directory without permission, no room for a file ----

mkdir "$dir"/{fixed,full,closed}
mount -t tmpfs -o size=1M tmpfs "$dir/fixed" || skip 'a tmpfs cannot be mounted'
trap 'umount "$dir/fixed"; lib_clean_up' EXIT
mount -o remount,ro "$dir/fixed"
mount -t tmpfs -o nr_inodes=1 tmpfs "$dir/full"
trap 'umount "$dir/fixed" "$dir/full"; lib_clean_up' EXIT
chmod 555 "$dir/closed"
printf '\xd4\xc3\xb2\xa1\2\0\4\0\0\0\0\0\0\0\0\0\0\0\4\0\1\0\0\0' >"$dir/none.pcap"
for rotation in '' '-b packets:10'; do
	# shellcheck disable=SC2086
	assert_refuses 1 "cannot create '$dir/fixed/.*Read-only file system" \
		in_rx "$WEIR" record -i "$rx_if" -w "$dir/fixed/x.pcapng" $rotation
	# shellcheck disable=SC2086
	assert_refuses 1 "cannot create '$dir/full/.*No space left on device" \
		in_rx "$WEIR" record -i "$rx_if" -w "$dir/full/x.pcapng" $rotation
	# shellcheck disable=SC2086
	assert_refuses 1 "cannot create '$dir/closed/.*Permission denied" \
		as_nobody - "$WEIR" record -r "$dir/none.pcap" -w "$dir/closed/x.pcapng" $rotation
done

# ---- odd names ----

cat >"$dir/done" <<'X'
#!/bin/sh
[ -f "$1" ] && echo x >>"$(dirname "$0")/known"
X
chmod +x "$dir/done"
odd=("a b  c" "it's \"odd\"" '$(touch pwned);`id`' 'é中' $'new\nline' '-w' '*?[x]' "$(printf 'n%.0s' {1..220})")
for name in "${odd[@]}"; do
	mkdir "$dir/odd"
	rm -f "$dir/known"
	start record "$rx" "$WEIR" record -i "$rx_if" -w "$dir/odd/$name.pcapng" -b packets:60 \
		-z "$dir/done" --report "$dir/report"
	wait_capture "$rx" "$rx_if"
	generate --count 100 --pps 10000
	stop record
	assert_eq "'$name': exit status" 0 "$status"
	assert_balanced "$dir/report"
	total=0
	for file in "$dir/odd/$name"_*.pcapng; do
		total=$((total + $(packets_in "$file")))
	done
	assert_eq "'$name': packets" 100 "$total"
	assert_eq "'$name': files" 2 "$(find "$dir/odd" -type f -printf x | wc -c)"
	wait_for 20 "'$name': the commands" test "$(wc -l <"$dir/known")" = 2
	rm -r "$dir/odd"
done

# ---- two in one directory, with one name ----

mkdir "$dir/both"
for name in first second; do
	start $name "$rx" "$WEIR" record -i "$rx_if" -w "$dir/both/x.pcapng" -b packets:300 \
		--report "$dir/$name.json"
done
wait_capture "$rx" "$rx_if" 2
generate --count 1000 --pps 20000
stop first
stop second
assert_balanced "$dir/first.json"
assert_balanced "$dir/second.json"
total=0
for file in "$dir"/both/x_*; do
	total=$((total + $(packets_in "$file")))
done
assert_eq 'packets of both' 2000 "$total"
assert_eq 'hidden files left' '' "$(find "$dir/both" -name '.x*')"

# The names that a recording would give are there: they stay what they are.
mkdir "$dir/taken"
now=$(date +%s)
for second in {0..120}; do
	printf -v when '%(%Y%m%d%H%M%S)T' $((now + second))
	echo theirs >"$dir/taken/x_00001_$when.pcapng"
done
start record "$rx" "$WEIR" record -i "$rx_if" -w "$dir/taken/x.pcapng" -b packets:60
wait_capture "$rx" "$rx_if"
generate --count 100 --pps 10000
stop record
assert_eq 'exit status beside taken names' 0 "$status"
assert_eq 'files of others' 121 "$(grep -lx theirs "$dir"/taken/x_00001_* | wc -l)"
total=0
for file in "$dir"/taken/x_0000[23]_*; do
	total=$((total + $(packets_in "$file")))
done
assert_eq 'packets beside taken names' 100 "$total"

# A single file is that of the first.
start first "$rx" "$WEIR" record -i "$rx_if" -w "$dir/one.pcapng"
wait_capture "$rx" "$rx_if"
assert_refuses 1 "'$dir/one.pcapng' is being written by another recorder" \
	in_rx "$WEIR" record -i "$rx_if" -w "$dir/one.pcapng"
generate --count 100 --pps 10000
stop first
assert_eq 'packets of the first' 100 "$(packets_in "$dir/one.pcapng")"
