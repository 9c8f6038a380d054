#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A hundred interfaces appear during a recording by pattern, carry packets,
# and vanish: all packets are in the file, the ledger balances, and neither
# descriptors nor memory are left behind.
. "$(dirname "$0")/lib.sh"
need jq capinfos python3 prlimit
make_namespace "$rx"

cat >"$dir/churn.py" <<'P'
# churn.py PID NAME FIRST LAST PACKETS: pairs <name><i>/p<i>; once <name><i> is captured by
# the process (not only by its broker, which compiles filters there), packets go out of p<i>
import glob, os, socket, subprocess, sys, time
pid, name = sys.argv[1:3]
first, last, packets = map(int, sys.argv[3:])
numbers = range(first, last + 1)

def batch(lines):
    subprocess.run(["ip", "-batch", "-"], input="\n".join(lines), text=True, check=True)

def sockets():
    for entry in glob.glob(f"/proc/{pid}/fd/*"):
        try:
            link = os.readlink(entry)
        except FileNotFoundError:
            continue
        if link.startswith("socket:["):
            yield link[8:-1]

def captured():
    inodes = set(sockets())
    with open("/proc/net/packet") as table:
        rows = [line.split() for line in table][1:]
    return {int(row[4]) for row in rows if row[5] == "1" and row[8] in inodes}

batch([f"link add {name}{i} type veth peer name p{i}" for i in numbers])
batch([f"link set {end}{i} up" for i in numbers for end in (name, "p")])
waiting = {socket.if_nametoindex(f"{name}{i}"): i for i in numbers}
deadline = time.monotonic() + 60
while waiting:
    for index in captured() & waiting.keys():
        s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        s.bind((f"p{waiting.pop(index)}", 0))
        for _ in range(packets):
            s.send(bytes.fromhex("020000000002020000000001" "88b5") + bytes(46))
        s.close()
    if time.monotonic() > deadline:
        sys.exit(f"not captured in time: {sorted(waiting.values())}")
batch([f"link del {name}{i}" for i in numbers])
P

descriptors() {
	find "/proc/$(pid_of record)/fd" -mindepth 1 | wc -l
}
mappings() {
	wc -l <"/proc/$(pid_of record)/maps"
}
gone() { # gone N: so many interfaces have been seen to go
	(($(grep -c 'has disappeared' "$dir/record.err") >= $1))
}

ip -n "$rx" link add w0 type veth peer name p0
ip -n "$rx" link set w0 up
ip -n "$rx" link set p0 up
start record "$rx" "$WEIR" record -i 'w*' -w "$dir/x.pcapng" --report "$dir/report" -B 1MiB \
	ether proto 0x88b5
wait_capture "$rx" w0
in_rx python3 "$dir/churn.py" "$(pid_of record)" w 1 20 10
wait_for 20 'the first to be let go' gone 20
fds=$(descriptors) maps=$(mappings)
in_rx python3 "$dir/churn.py" "$(pid_of record)" w 21 100 10
wait_for 20 'all to be let go' gone 100
wait_for 10 'the last to be closed' eval '(($(descriptors) <= fds))'
assert_ge 'mappings before' "$(($(mappings) - 4))" "$maps"
stop record
assert_eq 'exit status' 0 "$status"
assert_balanced "$dir/report"
assert_eq 'packets in the file' 1000 "$(packets_in "$dir/x.pcapng")"
assert_eq 'packets seen' 1000 "$(json "$dir/report" .packets.seen)"
assert_eq 'interfaces in the report' 101 "$(json "$dir/report" '.interfaces | length')"
assert_eq 'what was dropped' 0 "$(json "$dir/report" .packets.dropped)"

# Nothing matches yet, and then something does.
start show "$rx" "$WEIR" show -i 'socket:late[0-9]' -c 3 -t -q
wait_for 10 'the word that nothing matches' grep -qs "no interface matches 'late\[0-9\]'" "$dir/show.err"
in_rx python3 "$dir/churn.py" "$(pid_of show)" late 5 5 3
await show
assert_eq 'lines' 3 "$(grep -c '^late5 P' "$dir/show.out")"

assert_refuses 1 "libpcap cannot open interfaces later" in_rx "$WEIR" count -i 'pcap:w*'

# Several workers share the interfaces, those that are there and those that come.
for i in 1 2 3; do
	ip -n "$rx" link add "v$i" type veth peer name "q$i"
	ip -n "$rx" link set "v$i" up
	ip -n "$rx" link set "q$i" up
done
start record "$rx" "$WEIR" record -i v3 -i 'v*' --workers 3 --file-per-worker -w "$dir/v.pcapng" \
	--report "$dir/report" -B 1MiB ether proto 0x88b5
for i in 1 2 3; do
	wait_capture "$rx" "v$i"
done
in_rx python3 "$dir/churn.py" "$(pid_of record)" v 11 30 10
stop record
assert_eq 'exit status' 0 "$status"
assert_balanced "$dir/report"
assert_eq 'packets seen by three workers' 200 "$(json "$dir/report" .packets.seen)"
# two of three by pattern, and the named one's three members
assert_eq 'interfaces in the report' $((2 + 3 + 20)) "$(json "$dir/report" '.interfaces | length')"
for worker in 0 1 2; do # those that were there count, too
	assert_ge "packets of worker $worker" 50 "$(packets_in "$dir/v_w$worker.pcapng")"
done

# Without descriptors the interfaces cannot even be listed: that is told once, and tried again.
add_pairs() {
	for i in "$@"; do
		ip -n "$rx" link add "u$i" type veth peer name "d$i"
		ip -n "$rx" link set "u$i" up
	done
}
add_pairs 1
start few "$rx" "$WEIR" count -i 'u*' --report "$dir/report"
wait_capture "$rx" u1
prlimit --pid "$(pid_of few)" --nofile=4:
add_pairs 2
wait_for 20 'the word that none is left' grep -qs 'cannot list the interfaces' "$dir/few.err"
add_pairs 3 4
prlimit --pid "$(pid_of few)" --nofile=1024:
for i in 2 3 4; do
	wait_capture "$rx" "u$i"
done
stop few
assert_eq 'exit status' 0 "$status"
assert_balanced "$dir/report"
assert_eq 'times told' 1 "$(grep -c 'cannot list the interfaces' "$dir/few.err")"
