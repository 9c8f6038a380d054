#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What the documents point to exists: each relative link, and each path into a
# folder of this tree that is set as code (`src/cli/main.c`).
. "$(dirname "$0")/../net/lib.sh"
cd "$(dirname "$0")/../.." || fail 'no tree of sources'
documents=(*.md docs/*.md docs/internals/*.md)
targets() { # targets PATTERN DOCUMENT: what stands there, without the marks around it
	grep -oE -- "$1" "$2" | sed -E 's/^(\]\(|`)//; s/[)`#].*$//' || :
}

links=0 paths=0
for document in "${documents[@]}"; do
	while read -r link; do
		[[ ! $link || $link == *://* ]] && continue
		links=$((links + 1))
		[[ -e $(dirname "$document")/$link ]] || fail "'$document' links to '$link', which is not there"
	done < <(targets '\]\([^)]+\)' "$document")
	while read -r path; do
		[[ $path == *[/_]x.* ]] && continue # a stand-in for any name
		paths=$((paths + 1))
		# a test or a bench is also named without its ending
		compgen -G "${path%/}" >/dev/null || compgen -G "$path.*" >/dev/null ||
			fail "'$document' names '$path', which is not there"
	done < <(targets '`(src|include|bpf|tests|bench|docs|scripts)/[A-Za-z0-9_./*-]*`' "$document")
done
((links > 10)) || fail "only $links links found"
((paths > 10)) || fail "only $paths paths found"
