/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Privileges live in one small process.
 *
 * A program that captures calls weir_privilege_start before it makes any
 * thread: a single-threaded broker is forked, which alone keeps capabilities
 * and answers a closed list of requests (a packet socket, a kernel filter,
 * files the user named) by passing file descriptors. Then the program calls
 * weir_privilege_drop: it loses all capabilities for good and enters seccomp.
 * Everything it reads from the network or from files is parsed after that.
 */
#ifndef WEIR_PRIVILEGE_H
#define WEIR_PRIVILEGE_H

#include "error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct weir_privilege;

enum { WEIR_PRIVILEGE_PATHS_MAX = 64 };

/* What the broker may touch besides the network, fixed before it is forked. */
struct weir_privilege_settings {
	const char *
		read_paths[WEIR_PRIVILEGE_PATHS_MAX]; /* files it may open for reading; NULL ends */
	const char *write_paths
		[WEIR_PRIVILEGE_PATHS_MAX]; /* files whose directory it may write to; NULL ends */
	const char *command; /* the one program it may start, with such a file as argument; or NULL */
};

/*
 * Fork the broker. To be called before any thread exists. Close with
 * weir_privilege_close, which ends the broker. -errno, -EBUSY when the
 * process has threads already.
 */
int weir_privilege_start(const struct weir_privilege_settings *settings,
			 struct weir_privilege **out, struct weir_error *error);
/*
 * Give up all capabilities (no way back: no_new_privs) and enter seccomp with
 * all threads (TSYNC). In a build with a sanitizer seccomp is left out, since
 * sanitizers need system calls that nothing else does. -errno.
 */
int weir_privilege_drop(struct weir_error *error);
/* End the broker and free; NULL is fine. */
void weir_privilege_close(struct weir_privilege *privilege);

#ifdef __cplusplus
}
#endif
#endif
