#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A user who is not root captures in a user namespace of their own.
. "$(dirname "$0")/lib.sh"
need_root # only to become somebody else
need_user_namespaces
need capinfos jq

mkdir -m 777 "$dir/nobody"
cat >"$dir/inside" <<'END'
set -euo pipefail
cd "$2"
ip link add a0 type veth peer name b0 address 02:00:00:00:00:02
ip link set a0 up
ip link set b0 up
"$1" record -i ring:b0 -c 1000 -w x.pcapng --report report &
deadline=$((SECONDS + 20))
until awk 'NR > 1 && $6 == 1 {up = 1} END {exit !up}' /proc/net/packet; do
	((SECONDS < deadline))
done
"$1" generate -i a0 --count 1500 --pps 10000 --dst-mac 02:00:00:00:00:02
wait $!
END
run without_root bash "$dir/inside" "$WEIR" "$dir/nobody"
assert_eq "exit status ($(tail -n 5 "$dir/run.err"))" 0 "$status"
assert_eq 'packets in the file' 1000 "$(packets_in "$dir/nobody/x.pcapng")"
assert_balanced "$dir/nobody/report"

assert_refuses 1 CAP_NET_RAW as_nobody - "$WEIR" count -i lo
