#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# SIGUSR1 asks for a report, as often as one likes, also while interfaces
# appear and vanish: a report is complete, and the recording does not suffer.
. "$(dirname "$0")/lib.sh"
need capinfos
make_namespace "$rx"
pairs=12 rounds=3

reports() {
	grep -c '^interface  *stage' "$dir/record.err" || :
}
opened() { # so many interfaces have been opened in all
	(($(grep -o '^ring:w[0-9]*' "$dir/record.err" | sort -u | wc -l) >= $1))
}

ip -n "$rx" link add w0 type veth peer name p0
ip -n "$rx" link set w0 up
ip -n "$rx" link set p0 up
start record "$rx" "$WEIR" record -i 'w*' -w "$dir/x.pcapng" --report "$dir/report" -B 64KiB
wait_capture "$rx" w0
# shellcheck disable=SC2016
start asker - bash -c 'while kill -USR1 "$0"; do read -r -t 0.002 -u 9; done' "$(pid_of record)" 9<>"$dir/never"
for ((round = 1; round <= rounds; round++)); do
	for ((i = 1; i <= pairs; i++)); do
		echo "link add w$round$i type veth peer name p$round$i"
		echo "link set w$round$i up"
		echo "link set p$round$i up"
	done | ip -n "$rx" -batch -
	wait_for 30 "the interfaces of round $round in reports" opened $((round * pairs + 1))
	for ((i = 1; i <= pairs; i++)); do
		echo "link del w$round$i"
	done | ip -n "$rx" -batch -
done
wait_for 20 'the last to go' eval '(($(grep -c "has disappeared" "$dir/record.err") >= rounds * pairs))'
kill "$(pid_of asker)"
await asker
asked=$(reports)
kill -USR1 "$(pid_of record)"
wait_for 10 'one more report' eval '(($(reports) > asked))'
stop record
assert_eq "exit status" 0 "$status"
assert_balanced "$dir/report"
assert_ge 'reports' 20 "$asked"
assert_eq 'interfaces in the last report' $((rounds * pairs + 1)) "$(json "$dir/report" '.interfaces | length')"
assert_eq 'NIC counters, where interfaces have come' null "$(json "$dir/report" .context.nic.rx_missed)"
packets_in "$dir/x.pcapng" >/dev/null
