#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# An option that would do nothing is refused, with what to do instead; with what
# it is for, it is taken.
. "$(dirname "$0")/lib.sh"
need jq

flow=("$WEIR" flow -q -i fake: -c 100)
collect=("$WEIR" collect -q --listen udp://127.0.0.1:0)

# ---- of exports ----

for option in '--balance' '--mtu 600' '--template-refresh 60' '--tls-ca x' '--tls-cert x' \
	'--names zeek' '--community-id'; do
	# shellcheck disable=SC2086
	assert_refuses 2 "^weir flow: ${option%% *} .*or leave it out$" \
		"${flow[@]}" -w "$dir/x.ipfix" $option
done
for option in '--domain 2' '--pen 9' '--reduced-size' '--options-interval 5' '--export-rate 5' \
	'--export-queue 64'; do
	# shellcheck disable=SC2086
	assert_refuses 2 "^weir flow: ${option%% *} .*or leave it out$" "${flow[@]}" -w "$dir/x.json" $option
done
assert_refuses 2 'name it .--tls-cert FILE' \
	"${flow[@]}" -w ipfix+tls://127.0.0.1:1 --tls-key "$dir/x"
assert_refuses 2 '^weir flow: --balance .*name several' \
	"${flow[@]}" -w ipfix+udp://127.0.0.1:1 --balance
assert_refuses 2 '^weir collect: --tls-ca .*or leave it out$' "${collect[@]}" -w null: --tls-ca x
assert_refuses 2 '^weir collect: --mtu .*or leave it out$' "${collect[@]}" -w "$dir/x.json" --mtu 600
[[ ! -e $dir/x.json && ! -e $dir/x.ipfix ]] || fail 'an output was made'
# what listens by TLS takes them
assert_refuses 1 "CA certificates '$dir/none'" "$WEIR" collect -q --listen tls://127.0.0.1:0 \
	-w null: --tls-cert "$dir/none" --tls-ca "$dir/none"

# all get all: also standard output
run "${flow[@]}" -w "$dir/x.json" --json
assert_eq 'exit status with --json beside a file' 0 "$status"
assert_ge 'records in the file' 1 "$(wc -l <"$dir/x.json")"
assert_eq 'records on standard output' "$(wc -l <"$dir/x.json")" "$(wc -l <"$dir/run.out")"
run "${flow[@]}" -w "$dir/x.ipfix" -w "$dir/x.json" -w - --names zeek --pen 9 --export-queue 64 \
	--rotate filesize:100 --json
assert_eq "exit status of options with what they are for ($(<"$dir/run.err"))" 0 "$status"
assert_eq 'records on standard output, once' "$(wc -l <"$dir/x.json")" "$(wc -l <"$dir/run.out")"
