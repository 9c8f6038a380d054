# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034
#
# Sourced: sets 'files' to a folder in memory, gone at the end, and 'pages' to
# what it is made of. A capture file in /dev/shm has a page for each 4 KiB, and
# mapping those takes 7 ns a packet of 60 bytes, 15 where memory is in pieces;
# most file systems cache files in larger folios today. So huge pages are
# taken where they can be had; HUGE=no takes small ones.
files=$(mktemp -d "/dev/shm/weir-bench.XXXXXX")
pages='pages of 4 KiB'
trap 'umount -q "$files" 2>/dev/null; rm -rf "$files"' EXIT
if [[ ${HUGE:-yes} = yes ]] && mount -t tmpfs -o huge=always,size=8G none "$files" 2>/dev/null; then
	pages='huge pages'
fi
