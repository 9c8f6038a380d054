#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# TLS and DTLS between weir's export and weir's collector: what is metered is
# what arrives, also from several exporters at once and with the collector
# restarted; who cannot prove who he is, on either side, is refused and told.
# openssl's own client is refused by the same rules.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tls_lib.sh"
need_root
need jq
make_net
cd "$dir"
port=4740

authority ca
authority other
certificate server ca 2 IP:127.0.0.1
certificate elsewhere ca 2 IP:127.0.0.9
certificate dated ca -1 IP:127.0.0.1
certificate client ca 2 DNS:probe
certificate stranger other 2 DNS:probe
certificate expired ca -1 DNS:probe

# a capture that anybody can make: 400 flows
start record "$rx" "$WEIR" record -i "$rx_if" -w in.pcapng -c 800
wait_capture "$rx" "$rx_if"
generate --flows 400 --count 800 --pps 20000
await record

listens() { in_rx ss -H -lntu "sport = :$1" | grep -c . | grep -qx 2; }
has_records() { (($(wc -l <"$1") >= $2)); }
tells() { grep -q "$2" "$1.err"; }
# What both sides can know: without --fields full, times are sent in milliseconds.
same() { jq -cS 'del(.interfaceName, .flowStartNanoseconds, .flowEndNanoseconds)' "$@" | sort; }

# collector NAME CERTIFICATE PORT: by TLS and DTLS
collector() {
	start "$1" "$rx" "$WEIR" collect --listen "tls://127.0.0.1:$3" --listen "dtls://127.0.0.1:$3" \
		--tls-ca ca.pem --tls-cert "$2.pem" --tls-key "$2.key" -w "$1.json" --report "$1.report"
	wait_for 20 "collector '$1'" listens "$3"
}

# exporter NAME TRANSPORT PORT [OPTION...]: of the capture
exporter() {
	local name=$1 transport=$2 at=$3
	shift 3
	start "$name" "$rx" "$WEIR" flow -r in.pcapng -w "ipfix+$transport://127.0.0.1:$at" \
		-w "$name.json" --report "$name.report" "$@"
}

# lost NAME: records of an exporter that were not sent
lost() {
	jq '[.interfaces[].stages[] | select(.stage == "export") | .dropped.not_sent // 0] | add' "$1.report"
}
own=(--tls-ca ca.pem --tls-cert client.pem --tls-key client.key)

# ---- several exporters at once; those who are refused do not disturb them ----

collector circle server $port
collector elsewhere elsewhere $((port + 1))
collector dated dated $((port + 2))
# strangers who speak no TLS, and one who says nothing
in_rx bash -c "exec 3<>/dev/tcp/127.0.0.1/$port; for i in {1..50}; do
	head -c \$((i * 20)) /dev/urandom >/dev/udp/127.0.0.1/$port
	printf '\x16\xfe\xfd\0\0\0\0\0\0\0\0\0\x20\x01%032d' \$i >/dev/udp/127.0.0.1/$port
	head -c 300 /dev/urandom >/dev/tcp/127.0.0.1/$port || :
done" 2>/dev/null
good=()
bad=()
for t in tls dtls; do
	for i in 1 2 3; do
		good+=($t-$i)
		exporter $t-$i $t $port "${own[@]}"
	done
	bad+=($t-none $t-stranger $t-expired $t-other $t-elsewhere $t-dated)
	exporter $t-none $t $port --tls-ca ca.pem
	exporter $t-stranger $t $port --tls-ca ca.pem --tls-cert stranger.pem --tls-key stranger.key
	exporter $t-expired $t $port --tls-ca ca.pem --tls-cert expired.pem --tls-key expired.key
	exporter $t-other $t $port --tls-ca other.pem --tls-cert client.pem --tls-key client.key
	exporter $t-elsewhere $t $((port + 1)) "${own[@]}"
	exporter $t-dated $t $((port + 2)) "${own[@]}"
done
for name in "${good[@]}" "${bad[@]}"; do
	await "$name"
	assert_eq "$name: exit status" 0 "$status"
	assert_balanced "$name.report"
done
# an exporter that is not weir's: refused as well
! in_rx timeout 5 openssl s_client -connect 127.0.0.1:$port -dtls -CAfile ca.pem <<<hello >client.out 2>&1 ||
	fail 'openssl is let in without a certificate'
wait_for 20 'all records' has_records circle.json 2400
for name in circle elsewhere dated; do
	stop $name
	assert_eq "collector '$name': exit status" 0 "$status"
done
for name in "${bad[@]}"; do
	assert_eq "$name: what was not sent" 400 "$(lost "$name")"
done
for name in {tls,dtls}-{other,elsewhere,dated}; do
	tells $name 'certificate is refused: ' || fail "$name: it is not told why"
done
for reason in 'did not return a certificate' 'issuer certificate' 'has expired'; do
	for t in tls dtls; do
		tells circle "'$t://.* is refused: .*$reason" || fail "$t: '$reason' is not told"
	done
done
assert_eq 'records' 2400 "$(wc -l <circle.json)"
for name in "${good[@]}"; do same "$name.json"; done | sort >expected
same circle.json | diff expected - >/dev/null || fail 'records differ'
assert_eq 'exporters' 6 "$(jq '[.exporters[].exporter] | unique | length' circle.report)"
assert_eq 'lost, malformed' '0 0' "$(jq -r '[[.exporters[].lost], [.exporters[].malformed]] |
	map(add) | join(" ")' circle.report)"
assert_ge 'refused' 9 "$(jq .refused circle.report)"
assert_eq 'let in by those whose certificates do not hold' 0 "$(cat elsewhere.json dated.json | wc -l)"

# ---- a collector that is restarted is found again, each packet accounted for ----

collector first server $port
start flow "$rx" "$WEIR" flow -i "$rx_if" --idle-timeout 200ms --report live.report "${own[@]}" \
	-w "ipfix+tls://127.0.0.1:$port" -w "ipfix+dtls://127.0.0.1:$port"
wait_capture "$rx" "$rx_if"
generate --flows 500 --count 500 --pps 5000
wait_for 20 'records at the first collector' has_records first.json 1000
stop first
generate --flows 500 --count 500 --pps 5000
both_tell() { (($(grep -c "$1" flow.err || :) >= 2)); }
wait_for 20 'word of its absence' both_tell "collector '127.0.0.1:$port': [^i]"
collector second server $port
wait_for 40 'word of its return' both_tell 'is there again'
generate --flows 500 --count 500 --pps 5000
wait_for 20 'records at the second collector' has_records second.json 2000
stop flow
stop second
assert_balanced live.report
assert_eq 'nothing is not sent' 0 "$(lost live)"
assert_eq 'records that arrived' 3000 $(($(wc -l <first.json) + $(wc -l <second.json)))

# ---- what cannot be listened on ----

for t in tls dtls; do
	assert_refuses 1 'needs a certificate' "$WEIR" collect --listen $t://127.0.0.1:$port -w null:
	assert_refuses 1 'must say who vouches' "$WEIR" collect --listen $t://127.0.0.1:$port \
		--tls-cert server.pem --tls-key server.key -w null:
	assert_refuses 1 'cannot use the key' "$WEIR" collect --listen $t://127.0.0.1:$port \
		--tls-ca ca.pem --tls-cert server.pem --tls-key client.key -w null:
done
assert_refuses 1 'use udp://' "$WEIR" collect --listen http://127.0.0.1:$port -w null:
