#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# kernel: trixie trixie-backports
#
# The kernel's reasons and the way to sockets differ between versions: the
# network test of weir path, on others.
mount -t cgroup2 cgroup2 /sys/fs/cgroup
exec bash "$(dirname "$0")/../net/test_path.sh"
