/* SPDX-License-Identifier: Apache-2.0 */
#include "remote.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/tcp.h"

#define REMOTE_SCHEME "tcp://"

enum {
	/* A peer that takes nothing for so long is given up, at the end or before. */
	REMOTE_PATIENCE_MS = 30000,
};

bool remote_is(const char *path)
{
	return !strncmp(path, REMOTE_SCHEME, strlen(REMOTE_SCHEME));
}

int remote_open(const char *path, struct weir_error *error)
{
	int fd = tcp_dial(path + strlen(REMOTE_SCHEME), error);
	unsigned int patience = REMOTE_PATIENCE_MS;
	int one = 1;

	if (fd < 0)
		return fd;
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	/* tcp(7): of what is sent and not acknowledged, and of a window that stays closed */
	if (setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience, sizeof(patience))) {
		int rc = weir_error_set_errno(error, -errno, "cannot set up '%s'", path);

		close(fd);
		return rc;
	}
	return fd;
}

int remote_finish(int fd, const char *path, struct weir_error *error)
{
	int rc = tcp_finish(fd, REMOTE_PATIENCE_MS);

	return rc ? weir_error_set_errno(error, rc, "'%s' has not taken all that was sent to it",
					 path)
		  : 0;
}
