# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034
#
# Sourced by the tests in this folder: two namespaces of the test's own,
# joined by a veth pair, with nothing on the wire but what the test sends;
# programs in the background; witnesses that are not weir; assertions.
# Whatever happens, all of it is gone when the test ends.
#
#	. "$(dirname "$0")/lib.sh"
#	make_net
#	start record "$rx" "$WEIR" record -i "$rx_if" -w "$dir/x.pcapng" --report "$dir/report"
#	wait_capture "$rx" "$rx_if"
#	in_tx "$WEIR" generate -i "$tx_if" --count 1000 --dst-mac "$rx_mac"
#	stop record
#	assert_eq 'packets in the file' 1000 "$(packets_in "$dir/x.pcapng")"

set -eEuo pipefail
export LC_ALL=C

# the program under test
WEIR=${WEIR:-$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../../build/src/cli/weir}
dir=$(mktemp -d "${TMPDIR:-/tmp}/weir-test.XXXXXX") # of this test alone, removed at its end
tx=weir-$$-tx rx=weir-$$-rx     # names of the namespaces: sender, receiver
tx_if=tx0 rx_if=rx0             # the ends of the veth pair in them
tx_mac=02:00:00:00:00:01 rx_mac=02:00:00:00:00:02
tx_ip=10.100.0.1 rx_ip=10.100.0.2
status=0                        # exit status of the last await, stop or run
sent=0                          # packets sent by the last generate

lib_poll_s=0.02
lib_namespaces=()
declare -A lib_pids=()          # of the programs started and not yet awaited, by name
mkfifo "$dir/never"
exec {lib_never}<>"$dir/never"  # nobody ever writes here: reading it is a pause without a process

# ---- the end of a test ----

# fail TEXT...: end the test as failed, with what the programs in the background said
fail() {
	echo "FAIL: ${0##*/}:${BASH_LINENO[-2]}: $*" >&2
	local file
	for file in "$dir"/*.err; do
		[[ -s $file ]] || continue
		echo "--- the end of ${file##*/}:"
		tail -n 15 "$file"
	done >&2
	exit 1
}

# skip REASON...: end the test as skipped
skip() {
	echo "skip: $*"
	exit 77
}

lib_failed_at() {
	fail "$1: '$2' ended with status $3"
}

lib_clean_up() {
	local name namespace
	trap '' INT TERM ERR # a second ^C must not leave namespaces behind
	set +e
	for name in "${!lib_pids[@]}"; do
		kill "${lib_pids[$name]}" 2>/dev/null
		lib_within 5 lib_ended "${lib_pids[$name]}" || kill -KILL "${lib_pids[$name]}"
		wait "${lib_pids[$name]}"
	done 2>/dev/null
	for namespace in "${lib_namespaces[@]}"; do
		ip netns del "$namespace"
	done
	if [[ ${WEIR_TEST_KEEP:-} ]]; then
		echo "kept: $dir" >&2
	else
		rm -rf "$dir"
	fi
}
trap lib_clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'lib_failed_at "${BASH_SOURCE[0]##*/}:$LINENO" "$BASH_COMMAND" "$?"' ERR

# ---- what a test needs ----

# need TOOL...: skip the test where one is missing
need() {
	local tool
	for tool in "$@"; do
		command -v "$tool" >/dev/null || skip "'$tool' is not installed (scripts/install-deps test)"
	done
}

need_root() {
	[[ $(id -u) = 0 ]] || skip 'needs root, to make network namespaces'
}

# Sets 'pcaps' to a folder of captures for comparison with other readers.
need_pcaps() {
	local beside
	beside=$(dirname "${BASH_SOURCE[0]}")/../../../shared/data/pcaps
	pcaps=${WEIR_TEST_PCAPS:-$beside}
	[[ -d $pcaps ]] || skip "no sample captures: set WEIR_TEST_PCAPS to a folder of pcap files"
}

# ---- waiting, always for something and never longer than a deadline ----

# lib_within SECONDS COMMAND...: poll until COMMAND succeeds; 1 when time is up
lib_within() {
	local deadline=$((SECONDS + $1 + 1))
	shift
	until "$@"; do
		((SECONDS < deadline)) || return 1
		read -r -t "$lib_poll_s" -u "$lib_never" || : # a pause
	done
}

# wait_for SECONDS WHAT COMMAND...: poll until COMMAND succeeds, fail the test when time is up
wait_for() {
	local seconds=$1 what=$2
	shift 2
	lib_within "$seconds" "$@" || fail "waited $seconds s in vain for $what"
}

lib_ended() {
	! kill -0 "$1" 2>/dev/null
}

# Are there, in a namespace, so many packet sockets bound to the interface, running, and held by a
# program that was started? (libpcap, asked to compile a filter, opens one for a moment elsewhere.)
# /proc/net/packet: sk RefCnt Type Proto Iface R Rmem User Inode
lib_capturing() {
	local namespace=$1 interface=$2 want=$3 index name running
	for name in "${!lib_pids[@]}"; do
		! lib_ended "${lib_pids[$name]}" || fail "'$name' has ended instead of capturing"
	done
	index=$(ip netns exec "$namespace" cat "/sys/class/net/$interface/ifindex")
	running=$(ip netns exec "$namespace" awk -v index_wanted="$index" \
		'$5 == index_wanted && $6 == 1 {print "socket:[" $9 "]"}' /proc/net/packet)
	(($(for name in "${!lib_pids[@]}"; do
		readlink "/proc/${lib_pids[$name]}"/fd/*
	done 2>/dev/null | sort -u | grep -cxFf <(echo "$running") || :) >= want))
}

# wait_capture NAMESPACE INTERFACE [N]: until N (1) sockets of started programs capture there
wait_capture() {
	wait_for 20 "a capture on '$2'" lib_capturing "$1" "$2" "${3:-1}"
}

# ---- programs ----

in_tx() {
	ip netns exec "$tx" "$@"
}

in_rx() {
	ip netns exec "$rx" "$@"
}

# start NAME NAMESPACE COMMAND...: in the background; '-' is the test's own namespace.
# Output in $dir/NAME.out and $dir/NAME.err.
start() {
	local name=$1 namespace=$2 enter=()
	shift 2
	[[ $namespace = - ]] || enter=(ip netns exec "$namespace")
	rm -f "$dir/$name.out" "$dir/$name.err" # nobody takes those of an earlier one for its own
	# a shell without job control has its background ignore SIGINT, nohup SIGHUP: undo that
	env --default-signal=INT,HUP "${enter[@]}" "$@" \
		</dev/null >"$dir/$name.out" 2>"$dir/$name.err" {lib_never}>&- &
	lib_pids[$name]=$!
}

# pid_of NAME: of a program that was started
pid_of() {
	echo "${lib_pids[$1]}"
}

# await NAME [SECONDS]: until it ends by itself; its exit status is in $status
await() {
	local name=$1 pid=${lib_pids[$1]}
	wait_for "${2:-60}" "the end of '$name'" lib_ended "$pid"
	status=0
	wait "$pid" || status=$?
	unset "lib_pids[$name]"
}

# stop NAME [SIGNAL [SECONDS]]: ask it to end (SIGINT), await that
stop() {
	kill -"${2:-INT}" "${lib_pids[$1]}"
	await "$1" "${3:-60}"
}

# run COMMAND...: in the foreground, output in $dir/run.out and $dir/run.err, exit status in $status
run() {
	status=0
	"$@" </dev/null >"$dir/run.out" 2>"$dir/run.err" || status=$?
}

need_user_namespaces() {
	need setpriv unshare
	without_root true 2>/dev/null || skip 'user namespaces are not permitted here'
}

# Sets up $dir/bin: weir with its library, where anyone may read them (a checkout may be private).
lib_copy_weir() {
	[[ ! -e $dir/bin/weir ]] || return 0
	chmod 755 "$dir"
	mkdir "$dir/bin"
	cp "$WEIR" "$(ldd "$WEIR" | awk '/libweir/ {print $3}')" "$dir/bin/"
}

# as_nobody NAMESPACE COMMAND...: without a capability ('-' is the test's own namespace); a weir
# among the words is one that nobody may execute
as_nobody() {
	local enter=()
	[[ $1 = - ]] || enter=(ip netns exec "$1")
	shift
	lib_copy_weir
	LD_LIBRARY_PATH=$dir/bin "${enter[@]}" setpriv --reuid=65534 --regid=65534 --clear-groups \
		--inh-caps=-all --bounding-set=-all "${@/#$WEIR/$dir/bin/weir}"
}

# without_root COMMAND...: likewise, but in a user and a network namespace of its own
without_root() {
	lib_copy_weir
	LD_LIBRARY_PATH=$dir/bin setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all \
		unshare --map-root-user --net "${@/#$WEIR/$dir/bin/weir}"
}

# ---- the network ----

# make_namespace NAME: with IPv6 off, so that it sends nothing by itself
make_namespace() {
	ip netns add "$1"
	lib_namespaces+=("$1")
	ip netns exec "$1" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 \
		net.ipv6.conf.default.disable_ipv6=1
	ip -n "$1" link set lo up
}

lib_set_up_end() {
	local namespace=$1 interface=$2 mac=$3 ip=$4 peer_mac=$5 peer_ip=$6 mtu=$7
	ip -n "$namespace" link set "$interface" address "$mac" mtu "$mtu"
	ip -n "$namespace" addr add "$ip/24" dev "$interface"
	ip -n "$namespace" link set "$interface" up
	ip -n "$namespace" neigh replace "$peer_ip" lladdr "$peer_mac" dev "$interface" nud permanent
}

# make_net [queues=N] [mtu=N] [gro=on|off] [tso=on|off]: the two namespaces and the pair between them.
# gro is the receiver's (needed for XDP live frames from the sender), tso the sender's.
make_net() {
	local queues=1 mtu=1500 gro=on tso=on option
	need_root
	need ip ethtool
	for option in "$@"; do
		case $option in
		queues=* | mtu=* | gro=* | tso=*) local "$option" ;;
		*) fail "make_net: unknown option '$option'" ;;
		esac
	done
	make_namespace "$tx"
	make_namespace "$rx"
	ip link add "$tx_if" netns "$tx" numtxqueues "$queues" numrxqueues "$queues" type veth \
		peer name "$rx_if" netns "$rx" numtxqueues "$queues" numrxqueues "$queues"
	in_tx ethtool -K "$tx_if" tso "$tso" gso "$tso" >/dev/null
	in_rx ethtool -K "$rx_if" gro "$gro" >/dev/null
	lib_set_up_end "$tx" "$tx_if" "$tx_mac" "$tx_ip" "$rx_mac" "$rx_ip" "$mtu"
	lib_set_up_end "$rx" "$rx_if" "$rx_mac" "$rx_ip" "$tx_mac" "$tx_ip" "$mtu"
	wait_for 5 "the carrier of '$rx_if'" in_rx grep -qx 1 "/sys/class/net/$rx_if/carrier"
}

# generate OPTION...: traffic from the sender's to the receiver's end; $sent is how many packets
generate() {
	run in_tx "$WEIR" generate -i "$tx_if" --dst-mac "$rx_mac" --json "$@"
	assert_eq "exit status of weir generate ($(head -c 300 "$dir/run.err"))" 0 "$status"
	sent=$(json "$dir/run.out" .packets.sent)
}

# ---- witnesses ----

# nic NAMESPACE INTERFACE FIELD: the kernel's counter, e.g. rx.packets, tx.packets, rx.dropped
nic() {
	need jq
	ip -n "$1" -j -s -s link show dev "$2" | jq ".[0].stats64.$3"
}

# packets_in FILE: as Wireshark's capinfos counts them
packets_in() {
	capinfos -Mrc "$1" | awk '/^Number of packets/ {print $NF}'
}

# packets_by_tcpdump FILE [FILTER]: as libpcap's reader counts them
packets_by_tcpdump() {
	tcpdump --count -r "$@" 2>/dev/null | awk '{print $1}'
}

# packets_in_turn FILE...: how many packets of one 'generate' with more flows than packets there are
# in the files; fails unless each is the successor of the last (ports first, then addresses)
packets_in_turn() {
	local file
	for file in "$@"; do
		tcpdump -nnqt -r "$file" udp 2>>"$dir/in_turn.err"
	done | awk -v ports=32768 '{
		split($2, at, ".")
		if (!n)
			first = at[5]
		turn = ((at[2] * 256 + at[3]) * 256 + at[4]) * ports + (at[5] - first + ports) % ports
		if (n++ && turn != last + 1) {
			print "packet " n " has number " turn - start " after " last - start >"/dev/stderr"
			wrong = 1
			exit
		}
		if (n == 1)
			start = turn
		last = turn
	} END {if (!wrong) print n + 0; exit wrong}'
}

# segments_out NAMESPACE: TCP segments sent since the namespace was made, anew or again
segments_out() {
	ip netns exec "$1" nstat -asz TcpOutSegs TcpRetransSegs |
		awk '$1 ~ /^Tcp/ {sum += $2} END {print sum}'
}

lib_tcp_ended() {
	local namespace
	for namespace in "$tx" "$rx"; do
		[[ -z $(ip netns exec "$namespace" ss -Htan state connected | grep -v TIME-WAIT) ]] || return 1
	done
}

# wait_tcp_end: until the last FIN is acknowledged and segments_out stands still
wait_tcp_end() {
	wait_for 20 'the end of all connections' lib_tcp_ended
}

# json FILE EXPRESSION: a value out of a JSON file (jq)
json() {
	jq -r "$2" "$1"
}

# ---- assertions ----

# assert_eq WHAT EXPECTED ACTUAL
assert_eq() {
	[[ $2 = "$3" ]] || fail "$1: expected '$2', got '$3'"
}

# assert_ge WHAT LEAST ACTUAL
assert_ge() {
	(($3 >= $2)) || fail "$1: expected at least '$2', got '$3'"
}

# assert_match WHAT REGEX TEXT
assert_match() {
	[[ $3 =~ $2 ]] || fail "$1: expected a match of '$2', got '$3'"
}

# assert_balanced REPORT: the machine-readable report says that every packet is accounted for
assert_balanced() {
	assert_eq "balanced in ${1##*/}" true "$(json "$1" .balanced)"
}

# assert_refuses STATUS REGEX COMMAND...: it ends with that status, and says why in one line on
# stderr (that matches); a line that tells of --help, or shows a place in a filter, may follow
assert_refuses() {
	local expected=$1 regex=$2 lines
	shift 2
	run "$@"
	lines=$(grep -vcE "^(try '|  )" "$dir/run.err" || :)
	assert_eq "exit status of '${*##*/}' ($(head -c 300 "$dir/run.err"))" "$expected" "$status"
	assert_eq "lines on stderr of '${*##*/}' ($(head -c 300 "$dir/run.err"))" 1 "$lines"
	assert_match "stderr of '${*##*/}'" "$regex" "$(<"$dir/run.err")"
}
