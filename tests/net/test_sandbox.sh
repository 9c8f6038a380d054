#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# While weir captures, only the broker has capabilities: every thread of the
# capturing process has none, no way to get any, and is under seccomp.
. "$(dirname "$0")/lib.sh"
need_root
make_net

check_threads() { # PID
	local status threads=0
	for status in /proc/"$1"/task/*/status; do
		assert_eq "CapEff of ${status%/status}" 0000000000000000 \
			"$(awk '$1 == "CapEff:" { print $2 }' "$status")"
		assert_eq "CapPrm of ${status%/status}" 0000000000000000 \
			"$(awk '$1 == "CapPrm:" { print $2 }' "$status")"
		assert_eq "NoNewPrivs of ${status%/status}" 1 \
			"$(awk '$1 == "NoNewPrivs:" { print $2 }' "$status")"
		[[ ${WEIR_SANITIZED:-} ]] ||
			assert_eq "Seccomp of ${status%/status}" 2 \
				"$(awk '$1 == "Seccomp:" { print $2 }' "$status")"
		threads=$((threads + 1))
	done
	((threads >= 2)) || fail "only $threads threads seen"
}

is_in_sandbox() { # the disk's thread is started in it
	local tasks=(/proc/"$1"/task/*)
	grep -q '^NoNewPrivs:.*1' "/proc/$1/status" && ((${#tasks[@]} >= 2))
}

start record "$rx" "$WEIR" record -i "$rx_if" -w "$dir/x.pcapng" udp
wait_capture "$rx" "$rx_if"
wait_for 20 'the sandbox, and a second thread' is_in_sandbox "$(pid_of record)"
check_threads "$(pid_of record)"

broker=$(pgrep -P "$(pid_of record)" weir-broker)
[[ $broker ]] || fail 'there is no broker'
[[ ${WEIR_SANITIZED:-} ]] || # TSan has a thread of its own
	assert_eq 'threads of the broker' 1 "$(ls "/proc/$broker/task" | wc -l)"
stop record
assert_eq 'exit status' 0 "$status"
[[ ! -d /proc/$broker ]] || fail 'the broker has outlived its client'

# Killed without warning, the client takes the broker with it.
start record "$rx" "$WEIR" record -i "$rx_if" -w "$dir/y.pcapng"
wait_capture "$rx" "$rx_if"
broker=$(pgrep -P "$(pid_of record)" weir-broker)
stop record KILL
wait_for 5 'the end of the broker' test ! -d "/proc/$broker"

# Root without capabilities may not write where others' files are; the broker does it.
mkdir "$dir/home"
chown 12345:12345 "$dir" "$dir/home"
start record "$rx" "$WEIR" record -i "$rx_if" -c 1 -w "$dir/home/z.pcapng" --report "$dir/z.json"
wait_capture "$rx" "$rx_if"
stop record
assert_eq 'exit status in somebody else'"'"'s directory' 0 "$status"
[[ -s $dir/home/z.pcapng && -s $dir/z.json ]] || fail 'file or report is missing'
