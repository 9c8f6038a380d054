/* SPDX-License-Identifier: Apache-2.0 */
/* A recording that goes to another host: "tcp://HOST:PORT", as one stream. */
#ifndef RECORD_REMOTE_H
#define RECORD_REMOTE_H

#include <stdbool.h>

#include "weir/error.h"

bool remote_is(const char *path);
/* Connect; returns the descriptor, or -errno. */
int remote_open(const char *path, struct weir_error *error);
/* All was written: see that the peer has taken it. -errno when it has not. */
int remote_finish(int fd, const char *path, struct weir_error *error);

#endif
