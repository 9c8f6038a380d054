#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# TCP with TSO and GRO on: the frames that a ring sees are super-packets, the
# wire packets that weir tells are the segments that the senders counted.
. "$(dirname "$0")/lib.sh"
need nstat python3 capinfos
make_net gro=on tso=on

cat >"$dir/transfer.py" <<'END'
"""Send 64 MiB to the other end, in pieces of all sizes, and wait for its word at the end."""
import socket, sys
role, address = sys.argv[1:]
if role == "server":
    listener = socket.create_server((address, 5001))
    print("listening", flush=True)
    peer, _ = listener.accept()
    left = 64 << 20
    while left:
        left -= len(peer.recv(min(left, 1 << 20)))
    peer.sendall(b"done")
    peer.recv(1)
else:
    peer = socket.create_connection((address, 5001))
    left, size = 64 << 20, 1
    while left:
        left -= peer.send(bytes(min(left, size)))
        size = size * 7 % 262139
    assert peer.recv(4) == b"done"
END

start server "$rx" python3 "$dir/transfer.py" server "$rx_ip"
wait_for 20 'the server' grep -q listening "$dir/server.out"
for direction in in out inout; do
	start "$direction" "$rx" "$WEIR" record -i "$rx_if" -Q "$direction" -s 128 \
		-w "$dir/$direction.pcapng" --report "$dir/$direction.report"
done
wait_capture "$rx" "$rx_if" 3
in_tx python3 "$dir/transfer.py" client "$rx_ip"
await server

wait_tcp_end
sent=$(segments_out "$tx") answered=$(segments_out "$rx")
for direction in in out inout; do
	stop "$direction"
	assert_eq "exit status of -Q $direction" 0 "$status"
	assert_balanced "$dir/$direction.report"
done
assert_eq 'wire packets that came in' "$sent" "$(json "$dir/in.report" .packets.wire)"
assert_eq 'wire packets that went out' "$answered" "$(json "$dir/out.report" .packets.wire)"
assert_eq 'wire packets both ways' $((sent + answered)) "$(json "$dir/inout.report" .packets.wire)"
frames=$(json "$dir/in.report" .packets.delivered)
assert_eq 'frames in the file' "$frames" "$(packets_in "$dir/in.pcapng")"
assert_ge 'wire packets for each frame: there were super-packets' 2 $((sent / frames))
echo "$sent segments in $frames frames"
