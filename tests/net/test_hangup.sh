#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# SIGHUP begins another file in the middle of the traffic, and no packet is
# lost by that: with a rotation and without one, by one worker and by several.
# A terminal that is closed ends the recording in good order instead.
. "$(dirname "$0")/lib.sh"
need capinfos python3
make_net

files_of() { # the files of the recording called $1
	find "$dir" -maxdepth 1 -name "$1*.pcap*" | wc -l
}

# begun NAME N RECORDERS: has each of them begun file N? With a rotation, which makes files ahead,
# it has when those before have got their names; without one, when it is there at all.
begun() {
	local hidden complete
	hidden=$(find "$dir" -maxdepth 1 -name ".$1*_$(printf %05d "$2").*.part" | wc -l)
	complete=$(find "$dir" -maxdepth 1 -name "$1*_$(printf %05d $(($2 - 1)))_*" | wc -l)
	((complete >= $3)) || { ((hidden >= $3)) && [[ -e $dir/$1.pcapng || -e $dir/$1_w0.pcapng ]]; }
}

# hang_up NAME TIMES [RECORDERS]: SIGHUPs, each when what the last one asked for has been done
hang_up() {
	local n
	for ((n = 2; n <= $2 + 1; n++)); do
		kill -HUP "$(pid_of "$1")"
		wait_for 10 "file $n of '$1'" begun "$1" $n "${3:-1}"
	done
}

for options in '' '-b files:100 -b packets:1000000' '--workers 2' '--workers 2 --file-per-worker' \
	'--writer plain -F pcap'; do
	name=cap${options//[^a-z0-9]/}
	each=1
	[[ $options != *per-worker ]] || each=2
	# shellcheck disable=SC2086
	start "$name" "$rx" "$WEIR" record -i "$rx_if" -w "$dir/$name.pcapng" $options \
		--report "$dir/report"
	wait_capture "$rx" "$rx_if" "$([[ $options != *workers* ]] && echo 1 || echo 2)"
	start generate "$tx" "$WEIR" generate -i "$tx_if" --dst-mac "$rx_mac" --pps 50000 \
		--flows 100 --json
	before=$(nic "$rx" "$rx_if" rx.packets)
	wait_for 10 'packets' eval '(($(nic "$rx" "$rx_if" rx.packets) > before))'
	hang_up "$name" 4 $each
	stop generate
	sent=$(json "$dir/generate.out" .packets.sent)
	stop "$name"
	assert_eq "$options: exit status" 0 "$status"
	assert_balanced "$dir/report"
	assert_eq "$options: nothing dropped" "$sent 0" \
		"$(json "$dir/report" '.packets | "\(.written) \(.dropped)"')"
	assert_ge "$options: files" $((5 * each)) "$(files_of "$name")"
	total=0 filled=0
	for file in "$dir/$name"*; do
		[[ $file = *.pcap* ]] || continue # what it said
		packets=$(packets_in "$file")
		total=$((total + packets)) filled=$((filled + (packets > 0)))
	done
	assert_eq "$options: packets in all files" "$sent" "$total"
	assert_ge "$options: files with packets" 2 "$filled"
	assert_eq "$options: hidden files left" 0 "$(find "$dir" -name '.*.part' | wc -l)"
done
[[ -e $dir/cap.pcapng ]] || fail 'the first file has lost its name'

# A limit of files counts these too.
start limited "$rx" "$WEIR" record -i "$rx_if" -w "$dir/limited.pcapng" -b packets:1000000 -a files:2
wait_capture "$rx" "$rx_if"
hang_up limited 1 1
kill -HUP "$(pid_of limited)"
await limited 20
assert_eq 'files up to the limit' 2 "$(files_of limited)"

# A pipe cannot be cut into files: the recording ends, as any other command does.
start pipe "$rx" bash -c "'$WEIR' record -i '$rx_if' -w - | cat >'$dir/piped.pcapng'"
wait_capture "$rx" "$rx_if" 0
wait_for 20 'the capture' eval '[[ $(wc -l < <(in_rx cat /proc/net/packet)) = 2 ]]'
kill -HUP "$(pgrep -P "$(pid_of pipe)" weir)"
await pipe 20
assert_eq 'a pipe: exit status' 0 "$status"
packets_in "$dir/piped.pcapng" >/dev/null
start count "$rx" "$WEIR" count -i "$rx_if"
wait_capture "$rx" "$rx_if"
stop count HUP
assert_eq 'count: exit status' 0 "$status"

# The terminal on which it was started is closed, with it as the leader of the session.
cat >"$dir/terminal.py" <<'END'
import os, pty, sys
child, terminal = pty.fork()
if not child:
    os.execvp(sys.argv[1], sys.argv[1:])
print(child, flush=True)
sys.stdin.readline()
os.close(terminal)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
END
mkfifo "$dir/close"
exec {close}<>"$dir/close"
start terminal "$rx" bash -c "exec python3 '$dir/terminal.py' '$WEIR' record -i '$rx_if' \
	-w '$dir/terminal.pcapng' --report '$dir/report' <'$dir/close'"
wait_for 20 'the capture' eval '[[ $(wc -l < <(in_rx cat /proc/net/packet)) = 2 ]]'
kill -HUP "$(head -n 1 "$dir/terminal.out")"
wait_for 10 'the next file' eval '[[ -e $(echo "$dir"/.terminal_00002*) ]]'
generate --count 1000
echo >&"$close"
await terminal 20
assert_eq 'exit status when the terminal is closed' 0 "$(tail -n 1 "$dir/terminal.out")"
assert_balanced "$dir/report"
assert_eq 'packets until then' 1000 "$(json "$dir/report" .packets.written)"
assert_eq 'files until then' 2 "$(files_of terminal)"
