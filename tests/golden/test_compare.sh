#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The bench harness concludes when the rounds agree, and only then.
. "$(dirname "$0")/../net/lib.sh"
compare=$(dirname "$0")/../../bench/compare

# A command that prints the next of its values in each round.
cat >"$dir/next" <<'END'
#!/bin/bash
value=$(head -n 1 "$1")
sed -i 1d "$1"
echo "value $value"
END
chmod +x "$dir/next"

# compare_values "OURS" "PEER'S" [option]...: with the values of as many rounds
compare_values() {
	printf '%s\n' $1 >"$dir/ours"
	printf '%s\n' $2 >"$dir/peer"
	run "$compare" --metric value --rounds "$(wc -l <"$dir/ours")" "${@:3}" \
		--command ours "$dir/next $dir/ours" --value 'value (.*)' \
		--command peer "$dir/next $dir/peer" --value 'value (.*)'
}

compare_values '10 11 9 10' '20 20 20 20'
assert_eq 'status when all rounds agree' 0 "$status"
sed -E '1d; s|^(.{34}) .* .*[?%]$|\1|' "$dir/run.out" | diff - <(
	cat <<'END'
         value       min       max
ours     10.00      9.00     11.00
peer     20.00     20.00     20.00
ours / peer: ratio 0.500, quartiles 0.487 to 0.512, range 0.450 to 0.550
END
) || fail 'the table is another one'

compare_values '10 11 9 10' '20 20 20 20' --at-most 0.4
assert_eq 'status above --at-most' 1 "$status"
compare_values '18 22 18 22' '20 20 20 20'
assert_eq 'status when rounds contradict each other' 3 "$status"
assert_match 'the verdict' 'too noisy to tell: the quartiles do not lie' "$(<"$dir/run.out")"
compare_values '2 10 3 12' '20 20 20 20'
assert_eq 'status when rounds scatter' 3 "$status"
assert_match 'the verdict' 'too noisy to tell: the quartiles are [0-9]+% of' "$(<"$dir/run.out")"

run "$compare" --metric wall_s --rounds 4 --command a true --command b false
assert_eq 'status when a command fails' 1 "$status"
assert_match 'what is said of it' 'b: it ended with status 1' "$(<"$dir/run.err")"
