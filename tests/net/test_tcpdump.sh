#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The table in docs/tcpdump.md, line by line and none left out: both commands on
# the same traffic, and the packets in their files, or what they show, are the same.
. "$(dirname "$0")/lib.sh"
need tcpdump dumpcap capinfos python3 stdbuf
make_net
ip -n "$rx" addr flush dev "$rx_if" # so that nobody answers
table=$(dirname "$0")/../../docs/tcpdump.md
declare -A ran=() # lines of the table that have been run

# traffic.py INTERFACE [BULK [PAUSE]]: 40 packets; BULK long ones; 40 more after PAUSE seconds

cat >"$dir/traffic.py" <<'P'
import socket, struct, sys, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind((sys.argv[1], 0))
ethernet = bytes.fromhex("020000000002020000000001")
def ipv4(protocol, payload):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0,
                       bytes([10, 100, 0, 1]), bytes([10, 100, 0, 2]))
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xffff) + (total >> 16)
    return head[:10] + struct.pack("!H", ~(total + (total >> 16)) & 0xffff) + head[12:] + payload
def udp(port, size):
    return ipv4(17, struct.pack("!HHHH", 1000, port, 8 + size, 0) + (bytes(range(256)) * 6)[:size])
tcp = ipv4(6, struct.pack("!HHIIBBHHH", 1000, 80, 1, 0, 0x50, 4, 0, 0, 0)) # RST: no answer
def mixed():
    for n in range(8):
        s.send(ethernet + b"\x08\0" + udp(53, 20 + n))
        s.send(ethernet + b"\x08\0" + udp(9, 1300))
        s.send(ethernet + b"\x08\0" + tcp)
        s.send(ethernet + b"\x81\0\0\x64\x08\0" + udp(53, 30))
        s.send(ethernet + b"\x08\x06" + bytes.fromhex("0001080006040002" "020000000001" "0a640001"
                                                      "020000000002" "0a640002"))
mixed()
for n in range(int(sys.argv[2]) if len(sys.argv) > 2 else 0):
    s.send(ethernet + b"\x08\0" + udp(9, 1300))
    if n % 20 == 0:
        time.sleep(0.001)
if len(sys.argv) > 3:
    time.sleep(float(sys.argv[3]))
    mixed()
P

packets_of() { # as text, without times; of two interfaces the order is anybody's
	tcpdump -nt -XX -r "$1" 2>/dev/null | grep $'^\t0x' || :
}

packets_of_all() { # of a directory's files, as they were written one after the other
	local file
	find "$1" -name 'x*' -printf '%T@ %p\n' | sort -n | while read -r _ file; do
		case $file in
		*.gz) packets_of <(zcat "$file") ;;
		*) packets_of "$file" ;;
		esac
	done
}

count_all() {
	packets_of_all "$1" | grep -c $'^\t0x0000:' || :
}

# begin 'PEER' 'WEIR' [SED]: start both in $dir/peer and $dir/weir. It is a line of the table, which
# SED changes so that there is something to be seen with so little traffic.
begin() {
	local peer=$1 ours=$2 small=${3:-} at
	grep -qF "| \`${peer//|/\\|}\` | \`${ours//|/\\|}\`" "$table" || fail "not in the table: $peer"
	ran[${peer//|/\\|} ${ours//|/\\|}]=yes
	rm -rf "$dir/peer" "$dir/weir"
	mkdir -m 777 "$dir/peer" "$dir/weir"
	for at in peer weir; do
		cp "$dir/old.pcap" "$dir/$at" 2>/dev/null || :
		[[ $peer != *'r x.pcap'* ]] || cp "$dir/old.pcap" "$dir/$at/x.pcap"
		echo 'udp port 53' >"$dir/$at/f"
	done
	peer=$(sed "s/eth0/$rx_if/g; s/| cat/> >(cat >x.pcap)/; $small" <<<"$peer")
	ours=$(sed "s/eth0/$rx_if/g; s/| cat/> >(cat >x.pcap)/; $small" <<<"$ours")
	# tcpdump would give up root, and then not be allowed to write here; and on
	# SIGINT it forgets what is in its ring, so that has to be in the file before
	peer=${peer/#tcpdump/tcpdump -Z root -U -l}
	peer=${peer/#dumpcap -S/stdbuf -oL dumpcap -S} # else its figures come at its end
	start peer "$rx" bash -c "cd $dir/peer && exec $peer"
	start weir "$rx" bash -c "cd $dir/weir && exec ${ours/#weir/$WEIR}"
	[[ $peer =~ \ -[a-z]*i\  ]] || return 0 # it reads a file, or lists
	wait_for 20 'the peer to listen' \
		grep -qsE 'listening on|^File: |^Interface ' "$dir/peer.err" "$dir/peer.out"
	wait_for 20 'weir to listen' listens "$(grep -o -- '-[a-z]*i ' <<<"$ours" | wc -l)"
}

# both 'PEER' 'WEIR' [SED [TRAFFIC]]: run them side by side, compare their files
both() {
	local peer=$1 small=${3:-} traffic=${4:-}
	begin "$1" "$2" "$small"
	if [[ $peer != *' -r '* ]]; then
		# shellcheck disable=SC2086
		in_tx python3 "$dir/traffic.py" "$tx_if" $traffic
		[[ $peer != *'-i lo'* ]] || in_rx python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(5): s.sendto(b"weir", ("127.0.0.1", 9))'
	fi
	if [[ $peer =~ (-c\ |-a\ packets:|-a\ duration:|-a\ files:|-r\ ) ]]; then
		await weir 30
	else
		stop weir # which drains its ring first
		wait_for 10 "all packets with '$1'" caught_up
		kill -INT "$(pid_of peer)"
	fi
	await peer 30
	if [[ $small ]]; then
		wait_for 10 "the same packets in several files with '$1'" same_in_several
		return
	fi
	for file in "$dir"/peer/x*; do
		ours=("$dir"/weir/x*)
		diff <(packets_of "$file") <(packets_of "${ours[0]}") >"$dir/diff" ||
			fail "other packets with '$1': $(head -20 "$dir/diff")"
		[[ -s $file && $(packets_of "$file" | wc -l) -gt 0 ]] || fail "no packets with '$1'"
		assert_eq "packets and type of file with '$1'" "$(capinfos -Mtc "$file" | tail -n +2)" \
			"$(capinfos -Mtc "${ours[0]}" | tail -n +2)"
	done
}

listens() { # so many sockets of weir's own (not of its broker, which compiles filters) are open
	local inodes
	inodes=$(find "/proc/$(pid_of weir)/fd" -lname 'socket:*' -printf '%l\n' 2>/dev/null | tr -dc '0-9\n')
	(($(in_rx awk '$6 == 1 {print $9}' /proc/net/packet | grep -cxF "${inodes:-none}" || :) >= $1))
}

caught_up() { # the peer's files have what weir's have
	[[ $(count_all "$dir/weir") = "$(count_all "$dir/peer")" ]]
}

same_in_several() {
	local at
	for at in peer weir; do
		(($(find "$dir/$at" -name 'x*' | wc -l) > 1)) || return 1
	done
	(($(count_all "$dir/weir") > 0)) && diff <(packets_of_all "$dir/peer") <(packets_of_all "$dir/weir") >/dev/null
}

shown() { # lines that are a packet's first
	grep -cE '^[0-9]{2}:' "$dir/$1.out" || :
}

# lines 'PEER' 'WEIR' N: both show N packets, a line each
lines() {
	begin "$1" "$2"
	in_tx python3 "$dir/traffic.py" "$tx_if"
	wait_for 10 "$3 lines with '$1'" eval '(($(shown peer) >= '"$3"'))'
	wait_for 10 "$3 lines with '$2'" eval '(($(shown weir) >= '"$3"'))'
	if [[ $1 = *' -c '* ]]; then
		await weir
		await peer
	else
		stop weir
		stop peer
	fi
	assert_eq "lines of '$1' and '$2'" "$3 $3" "$(shown peer) $(shown weir)"
}

# looks 'PEER' 'WEIR' 'FILTER OF PEER' 'FILTER OF WEIR': what the filters leave is the same, and is there
looks() {
	begin "$1" "${2}"
	await peer
	await weir
	diff <(eval "$3" <"$dir/peer.out") <(eval "$4" <"$dir/weir.out") >"$dir/diff" ||
		fail "'$2' shows something else: $(head -20 "$dir/diff")"
	(($(eval "$3" <"$dir/peer.out" | wc -l) >= 8)) || fail "'$1' shows nothing"
}

both 'tcpdump -i eth0 -w x.pcap' 'weir record -i eth0 -w x.pcap'
cp "$dir/peer/x.pcap" "$dir/old.pcap"
both 'tcpdump -i eth0 -w x.pcap udp port 53' 'weir record -i eth0 -w x.pcap udp port 53'
both "tcpdump -i eth0 -w x.pcap 'host 10.100.0.2 and not port 53'" "weir record -i eth0 -w x.pcap 'host 10.100.0.2 and not port 53'"
both "tcpdump -i eth0 -w x.pcap 'tcp[tcpflags] & tcp-rst != 0'" "weir record -i eth0 -w x.pcap 'tcp[tcpflags] & tcp-rst != 0'"
both 'tcpdump -i eth0 -w x.pcap vlan 100' 'weir record -i eth0 -w x.pcap vlan 100'
both 'tcpdump -i eth0 -F f -w x.pcap' 'weir record -i eth0 -w x.pcap $(cat f)'
both 'tcpdump -i eth0 -c 10 -w x.pcap' 'weir record -i eth0 -c 10 -w x.pcap'
both 'tcpdump -i eth0 -s 64 -w x.pcap' 'weir record -i eth0 -s 64 -w x.pcap'
both 'tcpdump -i eth0 -Q in -w x.pcap' 'weir record -i eth0 -Q in -w x.pcap'
both 'tcpdump -i eth0 -p -w x.pcap' 'weir record -i eth0 -p -w x.pcap'
both 'tcpdump -i eth0 -B 4096 -w x.pcap' 'weir record -i eth0 -B 4096 -w x.pcap'
both 'tcpdump -i eth0 -U -w x.pcap' 'weir record -i eth0 -U -w x.pcap'
both 'tcpdump -i eth0 --time-stamp-precision=nano -w x.pcap' 'weir record -i eth0 --time-precision nano -w x.pcap'
both 'tcpdump -i any -w x.pcap' 'weir record -i pcap:any -w x.pcap'
both 'tcpdump -i eth0 -w - | cat' 'weir record -i eth0 -w - -F pcap | cat'
both 'tcpdump -r old.pcap -w x.pcap tcp' 'weir record -r old.pcap -w x.pcap tcp'
both 'tcpdump -r old.pcap -c 5 -w x.pcap' 'weir record -r old.pcap -c 5 -w x.pcap'
both 'dumpcap -i eth0 -w x.pcapng' 'weir record -i eth0 -w x.pcapng'
both 'dumpcap -i eth0 -f '\''not arp'\'' -w x.pcapng' 'weir record -i eth0 -w x.pcapng not arp'
both 'dumpcap -i eth0 -P -w x.pcap' 'weir record -i eth0 -w x.pcap'
both 'dumpcap -i eth0 -s 64 -w x.pcapng' 'weir record -i eth0 -s 64 -w x.pcapng'
both 'dumpcap -i eth0 -B 4 -w x.pcapng' 'weir record -i eth0 -B 4MiB -w x.pcapng'
both 'dumpcap -i eth0 -c 10 -w x.pcapng' 'weir record -i eth0 -c 10 -w x.pcapng'
both 'dumpcap -i eth0 -a packets:10 -w x.pcapng' 'weir record -i eth0 -a packets:10 -w x.pcapng'
both 'dumpcap -i eth0 -a duration:2 -w x.pcapng' 'weir record -i eth0 -a duration:2 -w x.pcapng'
both 'dumpcap -i eth0 -i lo -w x.pcapng' 'weir record -i eth0 -i lo -w x.pcapng'

both 'tcpdump -i eth0 -C 100 -W 5 -w x.pcap' 'weir record -i eth0 -C 100 -W 5 -w x.pcap' 's/-C 100/-C 1/' 1200
both "tcpdump -i eth0 -G 3600 -w 'x_%H.pcap'" "weir record -i eth0 -G 3600 -w 'x_%H.pcap'" \
	's/3600/1/; s/%H/%s/' '0 1.2'
both "tcpdump -i eth0 -G 60 -z gzip -w 'x_%M.pcap'" "weir record -i eth0 -G 60 -z gzip -w 'x_%M.pcap'" \
	's/-G 60/-G 1/; s/%M/%s/' '0 1.2'
both 'dumpcap -i eth0 -b filesize:100000 -b files:5 -w x.pcapng' 'weir record -i eth0 -b filesize:100000 -b files:5 -w x.pcapng' \
	's/100000/1000/' 1200
both 'dumpcap -i eth0 -b interval:3600 -w x.pcapng' 'weir record -i eth0 -b interval:3600 -w x.pcapng' 's/3600/1/' '0 1.2'
both 'dumpcap -i eth0 -b packets:10 -w x.pcapng' 'weir record -i eth0 -b packets:10 -w x.pcapng' 's/:10/:10/'
both 'dumpcap -i eth0 -b packets:10 -a files:2 -w x.pcapng' 'weir record -i eth0 -b packets:10 -a files:2 -w x.pcapng' 's/:10/:10/'

# What is only looked at: as many lines, the same times, addresses and bytes.
lines 'tcpdump -ni eth0' 'weir show -i eth0' 40
lines 'tcpdump -ni eth0 icmp or arp' 'weir show -i eth0 icmp or arp' 8
lines 'tcpdump -ni any' 'weir show -i any' 40
lines 'tcpdump -ni any -y LINUX_SLL2' 'weir show -i pcap:any' 40
lines 'tcpdump -nei eth0 -c 10' 'weir show -ei eth0 -c 10' 10
stations='[0-9a-f:]{17} > [0-9a-f:]{17}'
assert_eq 'stations' "$(grep -oE "$stations" "$dir/peer.out")" "$(grep -oE "$stations" "$dir/weir.out")"
without_lines='grep -vE "^[0-9:.]+ "'
first='sed -E "s/^ +//; s/ .*//"'
both_words='cut -d" " -f1,2'
looks 'tcpdump -nr x.pcap' 'weir show -r x.pcap' "$first" "$first"
looks 'tcpdump -nr x.pcap -tt' 'weir show -r x.pcap -tt' "$first" "$first"
looks 'tcpdump -nr x.pcap -ttt' 'weir show -r x.pcap -ttt' "$first" "$first"
looks 'tcpdump -nr x.pcap -tttt' 'weir show -r x.pcap -tttt' "$both_words" "$both_words"
for option in -XX -x -X -A; do
	looks "tcpdump -nr x.pcap $option" "weir show -r x.pcap $option" "$without_lines" "$without_lines"
done
looks 'tcpdump -nvr x.pcap' 'weir show -vr x.pcap' 'grep -oE "ttl [0-9]+, id [0-9]+"' \
	'sed -nE "s/.* id ([0-9]+), .* TTL ([0-9]+),.*/ttl \2, id \1/p"'
begin 'tcpdump --count -r x.pcap tcp' 'weir count -r x.pcap tcp'
await peer
await weir
assert_eq 'counted' "$(awk '{print $1}' "$dir/peer.out")" "$(awk '/packets \(/ {print $1}' "$dir/weir.err")"

for peer in tcpdump dumpcap; do
	begin "$peer -D" 'weir interfaces'
	await peer
	await weir
	for name in lo "$rx_if"; do
		grep -q "\b$name\b" "$dir/peer.out" && grep -q "\b$name\b" "$dir/weir.out" || fail "no '$name' in -D"
	done
done
begin 'dumpcap -S -i eth0' 'weir count -i eth0'
in_tx python3 "$dir/traffic.py" "$tx_if"
wait_for 10 'the statistics' grep -qE "^$rx_if +40 +0" "$dir/peer.out"
stop weir
stop peer
assert_eq 'counted live' 40 "$(awk '/packets \(/ {print $1}' "$dir/weir.err")"

while IFS='`' read -r _ peer _ ours _; do
	[[ ${ran[$peer $ours]:-} ]] || fail "a line of the table is not run: $peer"
done < <(grep '^| `' "$table")
