#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# weir show as a user meets it: lines and objects from a live interface, a
# filter, a reader that goes away, and options that there are not.
. "$(dirname "$0")/lib.sh"
need jq python3
make_net

send_udp() { # send_udp COUNT PORT
	in_tx python3 - "$rx_ip" "$1" "$2" <<'END'
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(int(sys.argv[2])):
    s.sendto(b'w\x1b[2J', (sys.argv[1], int(sys.argv[3])))
END
}

start show "$rx" "$WEIR" show -i "$rx_if" -c 3 -tt -A --report "$dir/report" udp dst port 9
wait_capture "$rx" "$rx_if"
send_udp 2 8
send_udp 3 9
await show
assert_eq 'exit status' 0 "$status"
assert_balanced "$dir/report"
assert_eq 'lines' 3 "$(grep -c "^[0-9.]* $rx_if In  IP $tx_ip:[0-9]* > $rx_ip:9 UDP data 5 len 47$" "$dir/show.out")"
assert_eq 'escape characters' 0 "$(grep -c $'\033' "$dir/show.out" || :)"

start show "$rx" "$WEIR" show -i "$rx_if" -c 5 --json -q udp
wait_capture "$rx" "$rx_if"
send_udp 5 9
await show
assert_eq 'objects' 5 "$(jq -r .destination_port "$dir/show.out" | grep -cx 9)"
assert_eq 'direction' host "$(jq -r .direction "$dir/show.out" | sort -u)"
assert_eq 'nothing on stderr' '' "$(<"$dir/show.err")"

start head "$rx" bash -c 'exec "$1" show -i "$2" > >(head -n 2)' - "$WEIR" "$rx_if"
wait_capture "$rx" "$rx_if"
for _ in 1 2 3 4 5; do send_udp 200 9; done
await head
assert_eq 'lines before the reader went' 2 "$(wc -l <"$dir/head.out")"
assert_eq 'words after that' '' "$(<"$dir/head.err")"

assert_refuses 2 "option '-n': weir never looks up names" "$WEIR" show -n
run "$WEIR" show --verbsoe
assert_eq 'status for an option that there is not' 2 "$status"
assert_match 'the near one' "did you mean '--verbose'" "$(<"$dir/run.err")"
assert_eq 'lines of help beyond 80 columns' 0 "$("$WEIR" help show | grep -c '.\{81\}' || :)"
