/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of files that are rotated, from the path that the user gave.
 *
 *   template         complete                        while being written
 *   cap.pcapng       cap_00001_20261127093027.pcapng .cap_00001.pcapng.part
 *   cap_%H%M.pcapng  cap_0930.pcapng                 .cap_0930_00001.pcapng.part
 *
 * Times are local, as in other tools. Pure functions.
 */
#ifndef BASE_NAMES_H
#define BASE_NAMES_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

/* -ENAMETOOLONG when it does not fit. 'to' has PATH_MAX bytes. */
int names_hidden(char *to, const char *template, uint32_t number, uint64_t time_ns);
/* 'counted' puts the number in, even if the template has a time of its own. */
int names_complete(char *to, const char *template, uint32_t number, uint64_t time_ns, bool counted);
/* The name under which a hidden file left behind is recovered; -EINVAL if it is not one. */
int names_recovered(char *to, const char *hidden);
/* Where the suffix (".pcapng", ".pcap.zst", ...) of a path begins: at its end if it has none. */
const char *names_suffix(const char *path);

#endif
