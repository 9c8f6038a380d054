#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The passive tap with its ring in a BPF arena: every packet on each hook and on
# each CPU, lost ones counted, the bytes as a packet socket has them, also those
# of frames that the kernel has to collect; shared by workers; nothing stays.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tap_lib.sh"
need_bpf
need tcpdump taskset
make_net queues=2
run "$WEIR" count -i tap:lo,ring=arena -a duration:0.1
! grep -q 'has no BPF arena' "$dir/run.err" || skip "$(<"$dir/run.err")"
packets=20000
last=$(($(nproc --all) - 1))

# on_cpu CPU COUNT: the sender, on whose CPU the program runs
on_cpu() {
	taskset -pc "$1" "$BASHPID" >"$dir/taskset.out"
	send "$2"
	taskset -pc "0-$last" "$BASHPID" >"$dir/taskset.out"
}

# ---- every packet, on each hook ----

exact() {
	local source=$1
	shift
	capture tap "$rx" "$source" "$@"
	on_cpu 0 "$packets" # the first record of all is this CPU's
	on_cpu "$last" "$packets"
	stop tap
	assert_eq "status of '$source'" 0 "$status"
	assert_balanced "$dir/tap.json"
	assert_eq "packets seen by '$source'" $((2 * packets)) "$(seen tap in)"
	assert_eq "packets delivered by '$source'" $((2 * packets)) "$(seen tap out)"
	assert_eq "what '$source' leaves" '0 0' "$(attached "$rx" "$rx_if")"
}
exact "tap:$rx_if,ring=arena"
exact "tap:$rx_if,ring=arena,hook=xdp,pass=no,proto=udp"
exact "tap:$rx_if,ring=arena" --workers 2

# ---- a reader that sleeps ----

capture tap "$rx" "tap:$rx_if,ring=arena" -B 256KiB
kill -STOP "$(pid_of tap)"
send "$packets"
kill -CONT "$(pid_of tap)"
stop tap
assert_balanced "$dir/tap.json"
assert_eq 'packets seen' "$packets" "$(seen tap in)"
assert_ge 'packets lost' 1 "$(seen tap dropped.ring_full)"
assert_eq 'delivered and lost' "$packets" $(($(seen tap out) + $(seen tap dropped.ring_full)))

# ---- the bytes: frames of 43 to 162 bytes from a socket, as a packet socket has them ----

start tap "$tx" "$WEIR" record -i "tap:$tx_if,ring=arena" -s 112 -c 120 -w "$dir/tap.pcapng" \
	'udp port 5009'
start ring "$tx" "$WEIR" record -i "ring:$tx_if" -s 112 -c 120 -w "$dir/ring.pcapng" 'udp port 5009'
wait_capture "$tx" "$tx_if"
wait_for 20 'the tap' eval '[[ $(attached "$tx" "$tx_if") = "2 0" ]]'
in_tx python3 - "$rx_ip" <<'END'
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for length in range(1, 121):
    s.sendto(bytes(range(1, length + 1)), (sys.argv[1], 5009))
END
await tap
await ring
for file in tap ring; do
	tcpdump -KtnnexXr "$dir/$file.pcapng" 2>"$dir/tcpdump.err" >"$dir/$file.text"
	assert_eq "packets in $file.pcapng" 120 "$(grep -c 'UDP' "$dir/$file.text")"
done
assert_eq 'the same bytes' '' "$(diff "$dir/ring.text" "$dir/tap.text" || :)"

# ---- death ----

start tap "$rx" "$WEIR" count -i "tap:$rx_if,ring=arena"
wait_for 20 'the attachment' eval '[[ $(attached "$rx" "$rx_if") != "0 0" ]]'
kill -KILL "$(pid_of tap)"
await tap
wait_for 5 'nothing to be attached' eval '[[ $(attached "$rx" "$rx_if") = "0 0" ]]'

# ---- refusals ----

assert_refuses 1 'ring=arenas' in_rx "$WEIR" count -i "tap:$rx_if,ring=arenas"
assert_refuses 1 'not permitted' without_root "$WEIR" count -i tap:lo,ring=arena
