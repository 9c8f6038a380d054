// SPDX-License-Identifier: GPL-2.0
/* The passive tap with its ring in a BPF arena, for tap:...,ring=arena. */
#define TAP_ARENA
#include "tap.bpf.c"
