/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that one command reads and writes, none of them twice: an output
 * in the place of an input destroys it before it is read, and two outputs in
 * one place destroy each other.
 */
#ifndef CLI_PATHS_H
#define CLI_PATHS_H

#include "weir/error.h"

enum { PATHS_MAX = 320 };

struct paths {
	const char *reads[PATHS_MAX], *writes[PATHS_MAX];
	unsigned int read_count, write_count;
};

/* Add a path, if it is not NULL and there is room. '-' to read is standard input. */
void paths_add_read(struct paths *paths, const char *path);
void paths_add_write(struct paths *paths, const char *path);
/* 0, or -EINVAL when two of them are one file. */
int paths_check(const struct paths *paths, struct weir_error *error);

#endif
