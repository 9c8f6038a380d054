/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of the fuzzer's own, in memory, for what is read or renamed by its name. */
#ifndef FUZZ_FOLDER_H
#define FUZZ_FOLDER_H

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64];

static inline void folder_remove(void)
{
	rmdir(folder);
}

/* Make it, once. */
static inline void folder_make(void)
{
	if (*folder)
		return;
	strcpy(folder,
	       access("/dev/shm", W_OK) ? "/tmp/weir-fuzz-XXXXXX" : "/dev/shm/weir-fuzz-XXXXXX");
	if (!mkdtemp(folder))
		abort();
	atexit(folder_remove);
}

static inline void folder_path(char path[128], const char *name)
{
	snprintf(path, 128, "%s/%s", folder, name);
}

static inline void folder_put(const char *name, const uint8_t *data, size_t size)
{
	char path[128];
	int fd;

	folder_path(path, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
}

static inline void folder_delete(const char *name)
{
	char path[128];

	folder_path(path, name);
	unlink(path);
}

#endif
