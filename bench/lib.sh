# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
#
# Sourced by the benchmarks in this folder, after tests/net/lib.sh.

# cpu_ns NAME: CPU time of a process so far, of all its threads; ticks would be too coarse
cpu_ns() {
	awk '{sum += $1} END {printf "%.0f\n", sum}' "/proc/$(pid_of "$1")"/task/*/schedstat
}

# settle NAME TENTHS: until it has been idle for so many tenths of a second; of libpcap's
# programs the kernel keeps the last, partly filled block back for up to a second
settle() {
	local last=0 now idle=0
	while ((idle < $2)); do
		read -r -t 0.1 -u "$lib_never" || :
		now=$(cpu_ns "$1")
		((now - last > 2000000)) && idle=0 || idle=$((idle + 1))
		last=$now
	done
}
