#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# AF_XDP over one to four workers that share four queues: what count, record and
# flow have, written or dropped, is what the sender sent and the driver's own
# counters of the queues say.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tap_lib.sh"
need_bpf
need capinfos
make_net queues=4
packets=8000 flows=64
# A CPU's packets go to the queues by flow, not all to one.
cpus=$(nproc --all)
for queue in 0 1 2 3; do
	in_tx tee "/sys/class/net/$tx_if/queues/tx-$queue/xps_cpus" \
		<<<"$(printf %x $(((1 << (cpus > 31 ? 31 : cpus)) - 1)))" >/dev/null
done

driver_packets() { # of all queues, as veth counts what its XDP program saw
	in_rx ethtool -S "$rx_if" | awk '/rx_queue_[0-9]+_xdp_packets:/ {sum += $2} END {print sum}'
}
# capture_by WORKERS COMMAND...: have it capture what is sent
capture_by() {
	local workers=$1 before
	shift
	start xdp "$rx" "$WEIR" "$@" -i "xdp:$rx_if" --workers "$workers" --report "$dir/xdp.json"
	wait_for 20 'the program' eval '[[ $(attached "$rx" "$rx_if") = "0 1" ]]'
	before=$(driver_packets)
	send "$packets" --method socket --flows "$flows"
	stop xdp
	what="$1, $workers workers"
	assert_eq "status ($what)" 0 "$status"
	assert_balanced "$dir/xdp.json"
	assert_eq "packets at the driver ($what)" "$packets" $(($(driver_packets) - before))
	assert_eq "seen; delivered and dropped ($what)" "$packets $packets" \
		"$(seen xdp in) $(json "$dir/xdp.json" '.packets | .delivered + .dropped')"
	assert_eq "workers without packets ($what)" 0 \
		"$(json "$dir/xdp.json" '[.interfaces[] | select(.frames == 0)] | length')"
}

for workers in 1 2 3 4; do
	capture_by "$workers" count
done
for workers in 2 4; do
	capture_by "$workers" record -w "$dir/xdp.pcapng"
	assert_eq "packets in the file ($what)" "$(json "$dir/xdp.json" .packets.written)" \
		"$(packets_in "$dir/xdp.pcapng")"
	assert_eq "written and dropped ($what)" "$packets" \
		"$(json "$dir/xdp.json" '.packets | .written + .dropped')"
	assert_eq "interfaces in the file ($what)" 1 "$(capinfos -I "$dir/xdp.pcapng" | grep -c '^Interface #')"
done
capture_by 3 flow -w "$dir/xdp.flows.json"
assert_eq "flows and their packets ($what)" "$flows $(json "$dir/xdp.json" .packets.delivered)" \
	"$(jq -rs '"\(length) \(map(.packetDeltaCount) | add)"' "$dir/xdp.flows.json")"
