/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All system calls of recording that name a file, in one place: what the
 * process itself may not do is asked of the privileged broker here, and
 * nowhere else.
 */
#ifndef RECORD_FILES_H
#define RECORD_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "weir/error.h"
#include "weir/privilege.h"

/*
 * Create 'path' for writing, or empty it. Returns a descriptor (close-on-exec)
 * or -errno; 'regular' is false for a pipe, a device, a terminal. A regular
 * file is locked, so that two recorders cannot write the same: -EBUSY.
 */
int files_create(struct weir_privilege *privilege, const char *path, bool *regular);
/* The same for a file that must not exist yet: -EEXIST. */
int files_create_new(struct weir_privilege *privilege, const char *path, bool *regular);
/* Open and lock a regular file for cutting it: -EBUSY when a recorder has it, -EINVAL. */
int files_open_locked(struct weir_privilege *privilege, const char *path, uint64_t *bytes);
/* Like rename, but never over an existing file: -EEXIST. */
int files_rename_new(struct weir_privilege *privilege, const char *from, const char *to);
int files_rename(struct weir_privilege *privilege, const char *from, const char *to);
int files_unlink(struct weir_privilege *privilege, const char *path);
/* Run a command on a complete file. -errno when it cannot be started. */
int files_run(struct weir_privilege *privilege, const char *command, const char *path);
/* Make the entries of the directory of 'path' durable. -errno. */
int files_sync_directory(struct weir_privilege *privilege, const char *path);
/* Bytes that others than root may still use on the file system of 'fd'; UINT64_MAX = unknown. */
uint64_t files_free_bytes(int fd);

/* Write all of 'length' bytes at 'offset'. Returns the bytes written; less with *failure set. */
size_t files_write_at(int fd, const void *bytes, size_t length, uint64_t offset, int *failure);
/* The same through the page cache, though the descriptor may have O_DIRECT. */
size_t files_write_cached_at(int fd, const void *bytes, size_t length, uint64_t offset,
			     int *failure);
/* The same for what cannot seek; waits for a slow reader. */
size_t files_write(int fd, const void *bytes, size_t length, int *failure);
/* Has the reader of a pipe or socket gone? */
bool files_reader_gone(int fd);

#endif
