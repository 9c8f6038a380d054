#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What the program says of itself: help within 80 columns, a manual page for
# each command and each source, completion that shells accept.
. "$(dirname "$0")/../net/lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
commands=$("$WEIR" --help | awk '/^  [a-z]/ {print $1}')
[[ $commands ]] || fail 'no commands in the help'

assert_eq "lines of the help beyond 80 columns" "" "$("$WEIR" --help | grep ".\{81\}" || :)"
for command in $commands; do
	"$WEIR" help "$command" >"$dir/help"
	assert_eq "lines of 'help $command' beyond 80 columns" '' "$(grep '.\{81\}' "$dir/help" || :)"
	assert_eq "'$command --help' beside 'help $command'" "$(<"$dir/help")" "$("$WEIR" "$command" --help)"
	"$WEIR" manual "$command" >"$dir/page"
	if command -v mandoc >/dev/null; then
		assert_eq "mandoc on the page of $command" '' \
			"$(mandoc -T lint -W warning "$dir/page" | grep -v 'missing date' || :)"
	fi
	grep -q "^\\\\fB$command\\\\fP$" "$root/docs/man/weir.1" || fail "weir.1 does not tell of '$command'"
	grep -q "^  '$command',$" "$root/docs/man/meson.build" || fail "no page of '$command' is installed"
	# each option of the help is in the page and in both completions
	for option in $(grep -o -- '--[a-z][a-z0-9-]*' <<<"$(awk '/^  (-.,|   ) --/' "$dir/help")"); do
		grep -qF -- "${option//-/\\-}" "$dir/page" || fail "'$option' of '$command' is not in its page"
		for shell in bash zsh; do
			"$WEIR" completion $shell >"$dir/$shell"
			grep -q -- "$option" "$dir/$shell" || fail "$shell does not complete '$option'"
		done
	done
done
options=0
for kind in $(sed -n 's/^	{"\([a-z]*\)",.*/\1/p' "$root/src/source/source.c"); do
	grep -q "^\\\\fB$kind:" "$root/docs/man/weir.1" || fail "weir.1 does not tell of source '$kind:'"
	# which options a source has, it says itself when it is given another
	paragraph=$(sed -n "/^\\\\fB$kind:/,/^\\.[TP]P/p" "$root/docs/man/weir.1")
	said=$("$WEIR" count -i "$kind:lo,nosuch=1" --dry-run 2>&1 || :)
	for option in $(sed -n "s/.*unknown option 'nosuch'; there are: //p" <<<"$said"); do
		[[ ${paragraph//\\-/-} == *"fB$option="* ]] || fail "weir.1 does not tell of '$kind:,$option='"
		options=$((options + 1))
	done
done
((options > 20)) || fail "only $options options of sources found"
if command -v mandoc >/dev/null; then
	assert_eq 'mandoc on the pages by hand' '' \
		"$(mandoc -T lint -W warning "$root"/docs/man/*.[13] | grep -v 'missing date' || :)"
fi

bash -n "$dir/bash" || fail 'bash does not accept its completion'
if command -v zsh >/dev/null; then
	zsh -n "$dir/zsh" || fail 'zsh does not accept its completion'
fi
complete() { # complete WORD...: what bash offers for the last one
	bash -c '. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _weir; echo "${COMPREPLY[*]}"' "$dir/bash" "$@"
}
assert_eq 'commands' 'record replay' "$(complete weir re)"
assert_eq 'options' '--no-promiscuous' "$(complete weir show --no)"
assert_eq 'interfaces' 'lo' "$(complete weir show -i lo)"
assert_eq 'files' "$dir/page" "$(complete weir show -r "$dir/pag")"

run bash -c '"$0" --help >/dev/full' "$WEIR"
assert_eq 'status for help that cannot be written' 1 "$status"
run "$WEIR" completion fish
assert_eq 'status for another shell' 2 "$status"
run "$WEIR" shwo
assert_eq 'status for no such command' 2 "$status"
assert_match 'the near one' "did you mean 'show'" "$(<"$dir/run.err")"
