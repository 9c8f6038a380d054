#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# --dry-run tells what would be opened and written, and does neither: no file
# is made, and what cannot be opened is an error.
. "$(dirname "$0")/../net/lib.sh"
printf '\xd4\xc3\xb2\xa1\2\0\4\0\0\0\0\0\0\0\0\0\0\0\4\0\1\0\0\0' >"$dir/in.pcap"

run "$WEIR" record --dry-run -r "$dir/in.pcap" -w "$dir/out.pcapng" udp port 53
assert_eq 'exit status' 0 "$status"
assert_match 'the file' '^opens +file:in.pcap +[0-9]+ KiB' "$(<"$dir/run.out")"
assert_match 'the output' "writes +$dir/out.pcapng" "$(<"$dir/run.out")"
assert_match 'the filter' 'filter +udp port 53' "$(<"$dir/run.out")"
[[ ! -e $dir/out.pcapng ]] || fail 'the output was made'
assert_refuses 1 'No such file' "$WEIR" show --dry-run -r "$dir/none"
run "$WEIR" show --dry-run -r "$dir/in.pcap" udp and
assert_eq 'status for a bad filter' 1 "$status"

need_user_namespaces
run without_root "$WEIR" count --dry-run -i lo,block=64KiB,blocks=32 -i socket:any
assert_match 'the ring' 'opens +ring:lo +2048 KiB' "$(<"$dir/run.out")"
assert_match 'the socket' 'opens +socket:any +[0-9]+ MiB' "$(<"$dir/run.out")"
assert_match 'the sum' 'memory +of all sources +[0-9]+ MiB' "$(<"$dir/run.out")"
run without_root "$WEIR" count --dry-run -B 1024 -i tap:lo -i xdp:lo,frames=512
assert_match 'a tap, which is not attached' 'opens +tap:lo +[0-9]+ KiB +.its program was not tried' "$(<"$dir/run.out")"
assert_match 'AF_XDP' 'opens +xdp:lo +[0-9]+ MiB +.its program was not tried' "$(<"$dir/run.out")"
[[ $(<"$dir/run.out") != *'?'* ]] || fail 'something is not known'
