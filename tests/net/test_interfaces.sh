#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# weir interfaces says what ip and ethtool say, in 80 columns and as JSON, and
# attaches nothing unless it is told to.
. "$(dirname "$0")/lib.sh"
need ip ethtool jq
make_net queues=2 mtu=1400
ip -n "$rx" link add down0 type veth peer name down1

in_rx "$WEIR" interfaces --json >"$dir/all"
of() { # of INTERFACE EXPRESSION
	jq -r "select(.name == \"$1\") | $2" "$dir/all"
}
assert_eq 'names' "$(ip -n "$rx" -j link | jq -r '.[].ifname' | sort)" "$(jq -r .name "$dir/all" | sort)"
assert_eq 'index' "$(in_rx cat "/sys/class/net/$rx_if/ifindex")" "$(of "$rx_if" .index)"
assert_eq 'address' "$rx_mac" "$(of "$rx_if" .mac)"
assert_eq 'MTU' 1400 "$(of "$rx_if" .mtu)"
assert_eq 'queues' 2/2 "$(of "$rx_if" '"\(.rx_queues)/\(.tx_queues)"')"
assert_eq 'states' 'up down' "$(of "$rx_if" .state) $(of down0 .state)"
assert_eq 'driver' veth "$(of "$rx_if" .driver)"
assert_eq 'speed in Mbit/s' \
	"$(in_rx ethtool "$rx_if" 2>/dev/null | sed -n 's/.*Speed: \([0-9]*\)Mb.*/\1/p')" \
	"$(of "$rx_if" '.speed_bits_per_s / 1000000')"
for offload in gro:rx-gro tso:tx-tcp-segmentation gso:tx-generic-segmentation; do
	before=$(of "$rx_if" ".offloads | index(\"${offload%:*}\") != null")
	word=$([[ $before = true ]] && echo off || echo on)
	in_rx ethtool -K "$rx_if" "${offload#*:}" "$word" >/dev/null 2>&1 || continue
	in_rx "$WEIR" interfaces --json >"$dir/all"
	after=$(of "$rx_if" ".offloads | index(\"${offload%:*}\") != null")
	[[ $before != "$after" ]] || fail "$offload was turned $word, but reads $after as before"
done
assert_match 'sources' 'ring' "$(of "$rx_if" '.sources | join(" ")')"

in_rx "$WEIR" interfaces >"$dir/table"
assert_eq 'lines beyond 80 columns' 0 "$(grep -c '.\{81\}' "$dir/table" || :)"
assert_eq 'programs attached' 0 "$(ip -n "$rx" -j link | jq '[.[] | select(.xdp)] | length')"
in_rx "$WEIR" interfaces --try "$rx_if" >"$dir/tried"
assert_match 'what the trial said' 'native \(tried\)' "$(<"$dir/tried")"
assert_eq 'programs left behind' 0 "$(ip -n "$rx" -j link | jq '[.[] | select(.xdp)] | length')"

assert_eq 'those of a pattern' 'down0 down1' \
	"$(in_rx "$WEIR" interfaces --json 'down*' | jq -r .name | sort | tr '\n' ' ' | sed 's/ $//')"
run bash -c '"$1" interfaces >/dev/full' - "$WEIR"
assert_eq 'status with a full disk' 1 "$status"
assert_match 'what is said of it' 'cannot write the output' "$(<"$dir/run.err")"
run bash -c '"$1" interfaces | true' - "$WEIR"
assert_eq 'words when the reader is gone' '' "$(<"$dir/run.err")"
assert_refuses 1 "no interface 'rx1'; did you mean 'rx0'?" in_rx "$WEIR" interfaces rx1
assert_eq 'lines of help beyond 80 columns' 0 "$("$WEIR" help interfaces | grep -c '.\{81\}' || :)"
