/* SPDX-License-Identifier: Apache-2.0 */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "privilege/request.h"

/* Lock a regular file; others have nothing to protect. */
static int files_lock(int fd, bool *regular)
{
	struct stat status;

	if (fstat(fd, &status))
		return -errno;
	*regular = S_ISREG(status.st_mode);
	if (!*regular)
		return 0;
	/* File systems without locks (some network ones) protect nothing. */
	if (flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
		return -EBUSY;
	/* A recovery may have had the lock between, and found nothing worth keeping. */
	if (fstat(fd, &status))
		return -errno;
	if (!status.st_nlink)
		return -EBUSY;
	return ftruncate(fd, 0) ? -errno : 0;
}

static int files_create_as(struct weir_privilege *privilege, const char *path, int flags,
			   bool *regular)
{
	/* Emptied only once it is locked. */
	int fd = request_open(privilege, path, O_CREAT | O_CLOEXEC | flags);
	int rc = fd < 0 ? fd : files_lock(fd, regular);

	if (rc < 0 && fd >= 0)
		close(fd);
	return rc < 0 ? rc : fd;
}

int files_create(struct weir_privilege *privilege, const char *path, bool *regular)
{
	return files_create_as(privilege, path, O_WRONLY, regular);
}

int files_create_new(struct weir_privilege *privilege, const char *path, bool *regular)
{
	return files_create_as(privilege, path, O_RDWR | O_EXCL, regular);
}

int files_open_locked(struct weir_privilege *privilege, const char *path, uint64_t *bytes)
{
	int fd = request_open(privilege, path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	struct stat status;
	int rc = 0;

	if (fd < 0)
		return fd;
	if (fstat(fd, &status))
		rc = -errno;
	else if (!S_ISREG(status.st_mode))
		rc = -EINVAL;
	else if (flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
		rc = -EBUSY;
	if (rc)
		close(fd);
	*bytes = rc ? 0 : (uint64_t)status.st_size;
	return rc ? rc : fd;
}

int files_rename_new(struct weir_privilege *privilege, const char *from, const char *to)
{
	return request_rename(privilege, from, to, false);
}

int files_rename(struct weir_privilege *privilege, const char *from, const char *to)
{
	return request_rename(privilege, from, to, true);
}

int files_unlink(struct weir_privilege *privilege, const char *path)
{
	return request_unlink(privilege, path);
}

int files_run(struct weir_privilege *privilege, const char *command, const char *path)
{
	return request_command(privilege, command, path);
}

int files_sync_directory(struct weir_privilege *privilege, const char *path)
{
	const char *slash = strrchr(path, '/');
	char directory[PATH_MAX] = ".";
	int fd, rc;

	if (slash && (size_t)(slash - path) >= sizeof(directory))
		return -ENAMETOOLONG;
	if (slash) {
		memcpy(directory, path, (size_t)(slash - path));
		memcpy(directory + (slash - path), "/", 2);
	}
	fd = request_open(privilege, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fd;
	rc = fsync(fd) ? -errno : 0;
	close(fd);
	return rc;
}

uint64_t files_free_bytes(int fd)
{
	struct statfs status;

	if (fstatfs(fd, &status))
		return UINT64_MAX;
	return (uint64_t)status.f_bavail * (uint64_t)status.f_bsize;
}

size_t files_write_at(int fd, const void *bytes, size_t length, uint64_t offset, int *failure)
{
	size_t done = 0;

	*failure = 0;
	while (done < length) {
		ssize_t n = pwrite(fd, (const char *)bytes + done, length - done,
				   (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			*failure = n < 0 ? -errno : -EIO;
			break;
		}
		done += (size_t)n;
	}
	return done;
}

size_t files_write_cached_at(int fd, const void *bytes, size_t length, uint64_t offset,
			     int *failure)
{
	int flags = fcntl(fd, F_GETFL);
	bool direct = flags >= 0 && flags & O_DIRECT;
	size_t done;

	if (direct)
		fcntl(fd, F_SETFL, flags & ~O_DIRECT);
	done = files_write_at(fd, bytes, length, offset, failure);
	if (direct)
		fcntl(fd, F_SETFL, flags);
	return done;
}

size_t files_write(int fd, const void *bytes, size_t length, int *failure)
{
	size_t done = 0;

	*failure = 0;
	while (done < length) {
		ssize_t n = write(fd, (const char *)bytes + done, length - done);

		if (n < 0 && errno == EAGAIN) {
			poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			*failure = n < 0 ? -errno : -EIO;
			break;
		}
		done += (size_t)n;
	}
	return done;
}

bool files_reader_gone(int fd)
{
	struct pollfd status = {.fd = fd};

	return poll(&status, 1, 0) == 1 && status.revents & (POLLERR | POLLHUP);
}
