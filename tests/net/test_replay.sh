#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What weir replay sends is what was in the file: the same bytes in the same
# order, with the times it was asked for, and counted by others as by itself.
. "$(dirname "$0")/lib.sh"
need jq capinfos tshark tcpdump python3
make_net

# A file of 200 frames, 5 ms apart, with one too long for the MTU, one cut off, one out of order.
python3 - "$dir/in.pcap" <<'END'
import struct, sys
out = open(sys.argv[1], "wb")
out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
def add(us, captured, wire):
    data = bytes.fromhex("020000000002020000000001" "88b5") + us.to_bytes(8, "big") + bytes(9000)
    out.write(struct.pack("<IIII", 1700000000 + us // 1000000, us % 1000000, captured, wire))
    out.write(data[:captured])
for n in range(200):
    add(5000 * n, 60 + n, 60 + n)
add(1000000, 2000, 2000)
add(1005000, 64, 300)
add(1002000, 60, 60)
END

start tcpdump "$rx" tcpdump -i "$rx_if" -Q in -U -w "$dir/out.pcap" ether proto 0x88b5
wait_capture "$rx" "$rx_if"
begin_ms=$(($(date +%s%N) / 1000000))
run in_tx "$WEIR" replay "$dir/in.pcap" -i "$tx_if" --json --report "$dir/report"
assert_eq 'exit status' 0 "$status"
wait_for 10 'all packets' eval '[[ $(packets_by_tcpdump "$dir/out.pcap") = 202 ]]'
stop tcpdump
assert_eq 'sent' 202 "$(json "$dir/report" .packets.sent)"
assert_eq 'counted by the interface' 202 "$(json "$dir/report" .packets.nic_sent)"
assert_eq 'the same on stdout' "$(<"$dir/report")" "$(<"$dir/run.out")"
assert_eq 'too long, padded, out of order' '1 1 1' \
	"$(json "$dir/report" '.file | "\(.too_long) \(.padded) \(.out_of_order)"')"
assert_eq 'bytes' "$(capinfos -Mrd "$dir/out.pcap" | awk '/^Data size/ {print $3}')" "$(json "$dir/report" .packets.bytes)"
payloads() { # of the first 200 frames
	tshark -r "$1" -c 200 -T fields -e frame.len -e data.data 2>/dev/null
}
diff <(payloads "$dir/in.pcap") <(payloads "$dir/out.pcap") >/dev/null || fail 'other frames were sent'

# Nothing goes out before its time: the file takes a second, at twice the speed half of it. Counted
# from before the start, for the first frame may be late on a busy machine.
duration() { # duration FILE BEGIN_MS: until its last packet
	tshark -r "$1" -T fields -e frame.time_epoch 2>/dev/null | tail -n 1 |
		awk -v begin="$2" '{printf "%d", $1 * 1000 - begin}'
}
assert_ge 'milliseconds, original' 1004 "$(duration "$dir/out.pcap" "$begin_ms")"
for option in '--speed 2x:502' '--pps 400:490' '--mbit 0.5:490'; do
	start tcpdump "$rx" tcpdump -i "$rx_if" -Q in -U -w "$dir/out.pcap" ether proto 0x88b5
	wait_capture "$rx" "$rx_if"
	begin_ms=$(($(date +%s%N) / 1000000))
	# shellcheck disable=SC2086
	run in_tx "$WEIR" replay -r "$dir/in.pcap" -i "$tx_if" ${option%:*} -q
	assert_eq "exit status with ${option%:*}" 0 "$status"
	wait_for 10 'all packets' eval '[[ $(packets_by_tcpdump "$dir/out.pcap") = 202 ]]'
	stop tcpdump
	assert_ge "milliseconds with ${option%:*}" "${option#*:}" "$(duration "$dir/out.pcap" "$begin_ms")"
done

# At top speed, again and again, a part of the file, and until it is stopped.
run in_tx "$WEIR" replay "$dir/in.pcap" -i "$tx_if" --top --loop 500 -q --json less 100
sent=$((500 * 42)) # 60 to 100 bytes, and the one out of order
assert_eq 'sent at top speed' $sent "$(json "$dir/run.out" .packets.sent)"
assert_eq 'filtered' 161 "$(json "$dir/run.out" .file.filtered)"
assert_eq 'and counted' $sent "$(json "$dir/run.out" .packets.nic_sent)"
run in_tx "$WEIR" replay "$dir/in.pcap" -i "$tx_if" --top --loop 0 -c 1000 -q --json
assert_eq 'sent up to a number' 1000 "$(json "$dir/run.out" .packets.sent)"
start replay "$tx" "$WEIR" replay "$dir/in.pcap" -i "$tx_if" --loop 0 --json
before=$(nic "$tx" "$tx_if" tx.packets)
wait_for 10 'the first packets' eval '(($(nic "$tx" "$tx_if" tx.packets) > before + 10))'
stop replay
assert_eq 'exit status after a stop' 0 "$status"
assert_eq 'the account after a stop' true "$(json "$dir/replay.out" .balanced)"

# By AF_XDP: the same frames, as exactly counted, with their own times and at top speed.
start tcpdump "$rx" tcpdump -i "$rx_if" -Q in -U -w "$dir/out.pcap" ether proto 0x88b5
wait_capture "$rx" "$rx_if"
begin_ms=$(($(date +%s%N) / 1000000))
run in_tx "$WEIR" replay "$dir/in.pcap" -i "$tx_if" --method xdp --json
assert_eq 'exit status by AF_XDP' 0 "$status"
wait_for 10 'all packets' eval '[[ $(packets_by_tcpdump "$dir/out.pcap") = 202 ]]'
stop tcpdump
assert_match 'time that others had the CPU' '^[0-9]+$' "$(json "$dir/run.out" .cpu_wait_ns)"
assert_eq 'sent by AF_XDP, and counted' 'xdp 202 202' \
	"$(json "$dir/run.out" '"\(.method) \(.packets.sent) \(.packets.nic_sent)"')"
assert_eq 'bytes by AF_XDP' "$(capinfos -Mrd "$dir/out.pcap" | awk '/^Data size/ {print $3}')" \
	"$(json "$dir/run.out" .packets.bytes)"
diff <(payloads "$dir/in.pcap") <(payloads "$dir/out.pcap") >/dev/null || fail 'other frames by AF_XDP'
assert_ge 'milliseconds by AF_XDP' 1004 "$(duration "$dir/out.pcap" "$begin_ms")"
before=$(nic "$rx" "$rx_if" rx.packets)
run in_tx "$WEIR" replay "$dir/in.pcap" -i "$tx_if" --method xdp --top --loop 500 -q --json
sent=$((500 * 202))
assert_eq 'sent by AF_XDP at top speed' $sent "$(json "$dir/run.out" .packets.sent)"
wait_for 10 'all of them at the receiver' eval '[[ $(nic "$rx" "$rx_if" rx.packets) = $((before + sent)) ]]'
start replay "$tx" "$WEIR" replay "$dir/in.pcap" -i "$tx_if" --method xdp --top --loop 0 --json
before=$(nic "$tx" "$tx_if" tx.packets)
wait_for 10 'the first packets' eval '(($(nic "$tx" "$tx_if" tx.packets) > before + 1000))'
stop replay
assert_eq 'the account after a stop, by AF_XDP' 'true true' \
	"$(json "$dir/replay.out" '"\(.balanced) \(.packets.nic_sent == .packets.sent)"')"
assert_refuses 2 "'xpd' is not auto, socket or xdp" in_tx "$WEIR" replay "$dir/in.pcap" -i "$tx_if" --method xpd
assert_refuses 2 "'live' sends no file" in_tx "$WEIR" replay "$dir/in.pcap" -i "$tx_if" --method live

assert_refuses 2 'no file given' in_tx "$WEIR" replay -i "$tx_if"
assert_refuses 2 'no interface given' in_tx "$WEIR" replay "$dir/in.pcap"
assert_refuses 2 'contradict each other' in_tx "$WEIR" replay "$dir/in.pcap" -i "$tx_if" --top --pps 1
assert_refuses 1 "no interface 'tx1'" in_tx "$WEIR" replay "$dir/in.pcap" -i tx1
assert_refuses 1 "No such file" in_tx "$WEIR" replay "$dir/none" -i "$tx_if"
assert_refuses 1 "has no packet that can be sent" in_tx "$WEIR" replay "$dir/in.pcap" -i "$tx_if" tcp
assert_refuses 1 "more than 0 MiB of memory" in_tx "$WEIR" replay "$dir/in.pcap" -i "$tx_if" --memory 100KiB
ip -n "$tx" link set "$tx_if" down
assert_refuses 1 "is down" in_tx "$WEIR" replay "$dir/in.pcap" -i "$tx_if"
