#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# TLS and DTLS, to OpenSSL's own server: what arrives is what a file has; and
# whoever cannot prove who he is, on either side, gets nothing.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tls_lib.sh"
need_root
need jq ipfixDump
need_pcaps

ns=weir-$$-tls
make_namespace "$ns"
in_ns() { ip netns exec "$ns" "$@"; }
port=4740
cd "$dir"

# ---- certificates ----

authority ca
authority other
certificate server ca 2 IP:127.0.0.1
certificate expired ca -1 IP:127.0.0.1
certificate elsewhere ca 2 IP:127.0.0.9
certificate client ca 2 DNS:probe
certificate stranger other 2 DNS:probe

listens() { in_ns ss -H -ln"$1" "sport = :$port" | grep -q .; }
mkfifo quiet
exec {quiet}<>quiet # the server ends when its input does

# serve NAME TRANSPORT CERTIFICATE: OpenSSL's server, which wants a client's certificate
serve() {
	local options=() letter=t
	[[ $2 = tls ]] || options=(-dtls -mtu 1400 -timeout) letter=u
	start "$1" "$ns" bash -c "exec openssl s_server -quiet -accept 127.0.0.1:$port \
		-cert $3.pem -key $3.key -CAfile ca.pem -Verify 1 -verify_return_error \
		${options[*]} <quiet"
	wait_for 20 'the server' listens "$letter"
}

# export_to TRANSPORT NAME [OPTION...]
export_to() {
	local transport=$1 name=$2
	shift 2
	run in_ns "$WEIR" flow -r "$pcaps/wikipedia.pcap" -w "ipfix+$transport://127.0.0.1:$port" \
		-w "$name.json" --report "$name.report" "$@"
	assert_eq "$name: exit status" 0 "$status"
	assert_eq "$name: balanced" true "$(jq .balanced "$name.report")"
}

# lost NAME: records that were not sent
lost() {
	jq '[.interfaces[].stages[] | select(.stage == "export") | .dropped.not_sent // 0] | add' "$1.report"
}
flows_in() {
	ipfixDump <"$1" 2>/dev/null | awk '/tid:/ && /count:/ && !/field count/ {
		sub(/.*tid: */, ""); if ($1 + 0 < 1024) n++} END {print n + 0}'
}
has_flows() { (($(flows_in "$1") >= $2)); }

for transport in tls dtls; do
	own=(--tls-ca ca.pem --tls-cert client.pem --tls-key client.key)
	serve "$transport-good" $transport server
	export_to $transport "$transport" "${own[@]}"
	records=$(wc -l <$transport.json)
	assert_eq "$transport: nothing is lost" 0 "$(lost $transport)"
	wait_for 10 "$transport: all records" has_flows "$transport-good.out" "$records"
	assert_eq "$transport: records" "$records" "$(flows_in "$transport-good.out")"

	# the decrypted stream: ipfixDump knows every template, option and own element in it
	ipfixDump --rfc5610 <"$transport-good.out" >dump 2>dump.err ||
		fail "$transport: ipfixDump: $(tail -3 dump.err)"
	assert_eq "$transport: errors of ipfixDump" '' "$(<dump.err)"
	for element in notSentFlowTotalCount ignoredPacketTotalCount flowKeyIndicator \
		payloadOctetDeltaCount; do
		grep -q "$element" dump || fail "$transport: ipfixDump sees no $element"
	done

	# the collector refuses who shows nothing, or a stranger's certificate
	export_to $transport "$transport-none" --tls-ca ca.pem
	assert_eq "$transport: without a certificate nothing is sent" "$records" "$(lost $transport-none)"
	export_to $transport "$transport-stranger" --tls-ca ca.pem --tls-cert stranger.pem --tls-key stranger.key
	assert_eq "$transport: a stranger sends nothing" "$records" "$(lost $transport-stranger)"
	# weir refuses a collector that its CA does not know
	export_to $transport "$transport-other" --tls-ca other.pem --tls-cert client.pem --tls-key client.key
	assert_eq "$transport: to an unknown collector nothing is sent" "$records" "$(lost $transport-other)"
	grep -q 'certificate is refused' run.err || fail "$transport: it is not told why"
	kill "$(pid_of $transport-good)" && await $transport-good

	# and one whose certificate is out of date, or bears another name
	for bad in expired elsewhere; do
		serve "$transport-$bad" $transport $bad
		export_to $transport "$transport-$bad" "${own[@]}"
		assert_eq "$transport: to a collector '$bad' nothing is sent" "$records" "$(lost $transport-$bad)"
		grep -q 'certificate is refused' run.err || fail "$transport, $bad: it is not told why"
		kill "$(pid_of "$transport-$bad")" && await "$transport-$bad"
	done
done

# ---- where nobody listens, the message names the protocol that was asked for ----

export_to dtls nobody
assert_eq 'to nobody nothing is sent' "$(wc -l <nobody.json)" "$(lost nobody)"
assert_match 'to nobody' 'no DTLS session: Connection refused' "$(<run.err)"

# ---- a collector that is restarted is found again, and gets templates first ----

make_net
in_ns() { in_rx "$@"; }
ns=$rx
tells() { grep -c "$2" "$dir/$1.err" | grep -qx "$3"; }
for transport in tls dtls; do
	serve "$transport-first" $transport server
	start flow "$rx" "$WEIR" flow -i "$rx_if" --idle-timeout 200ms --report "$transport-live.report" \
		-w "ipfix+$transport://127.0.0.1:$port" "${own[@]}"
	wait_capture "$rx" "$rx_if"
	generate --flows 500 --count 500 --pps 5000
	wait_for 20 "$transport: records at the first server" has_flows "$transport-first.out" 500
	kill -KILL "$(pid_of $transport-first)" && await $transport-first 2>/dev/null
	generate --flows 500 --count 500 --pps 5000
	wait_for 20 "$transport: word of its absence" tells flow "collector '127.0.0.1:$port'" 1
	serve "$transport-second" $transport server
	wait_for 40 "$transport: word of its return" tells flow 'is there again' 1
	generate --flows 500 --count 500 --pps 5000
	stop flow
	assert_eq "$transport: exit status" 0 "$status"
	assert_eq "$transport: nothing is not sent" 0 "$(lost $transport-live)"
	wait_for 20 "$transport: records at the second server" has_flows "$transport-second.out" 500
	assert_eq "$transport: records that arrived" 1500 \
		$(($(flows_in $transport-first.out) + $(flows_in $transport-second.out)))
	echo "$transport: $(flows_in $transport-first.out) + $(flows_in $transport-second.out) records of 1500 arrived"
	kill "$(pid_of $transport-second)" && await $transport-second
done
