/* SPDX-License-Identifier: Apache-2.0 */
#include "operation.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "privilege/request.h"

/* As large as the rights allow: beyond the system's limit it takes CAP_NET_ADMIN. */
static void operation_set_buffer(int fd, uint32_t bytes)
{
	int half; /* the kernel doubles it, for its own overhead: socket(7) */

	if (bytes > REQUEST_RECEIVE_BYTES_MAX)
		bytes = REQUEST_RECEIVE_BYTES_MAX;
	half = (int)(bytes / 2);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &half, sizeof(half)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &half, sizeof(half));
}

static int operation_packet_socket(const struct operation_request *request,
				   struct operation_reply *reply)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd >= 0 && request->number)
		operation_set_buffer(fd, request->number);
	if (fd >= 0)
		return fd;
	if (errno == EPERM)
		return weir_error_set(&reply->error, -EPERM,
				      "not permitted: capturing needs CAP_NET_RAW (run as root, or "
				      "'setcap cap_net_raw+ep' on the program, or 'unshare -rn')");
	return weir_error_set_errno(&reply->error, -errno, "cannot open a packet socket");
}

static int operation_adapter_time(const struct operation_request *request,
				  struct operation_reply *reply)
{
	struct hwtstamp_config wanted = {.tx_type = HWTSTAMP_TX_OFF,
					 .rx_filter = HWTSTAMP_FILTER_ALL};
	struct ifreq interface = {.ifr_data = (void *)&wanted};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int rc = fd < 0 ? -errno : 0;

	memcpy(interface.ifr_name, request->first,
	       strnlen(request->first, sizeof(interface.ifr_name) - 1));
	if (rc == 0 && ioctl(fd, SIOCSHWTSTAMP, &interface))
		rc = -errno;
	if (fd >= 0)
		close(fd);
	if (rc == -EOPNOTSUPP || rc == -ERANGE || rc == -EINVAL)
		return weir_error_set(&reply->error, -EOPNOTSUPP,
				      "the adapter of '%s' does not stamp every packet; leave out "
				      "time=adapter",
				      request->first);
	return rc < 0 ? weir_error_set_errno(&reply->error, rc,
					     "cannot have the adapter of '%s' stamp packets",
					     request->first)
		      : 0;
}

static int operation_rename(const struct operation_request *request)
{
	const char *from = request->first, *to = request->second;
	struct stat status;
	int rc = renameat2(AT_FDCWD, from, AT_FDCWD, to, request->number);

	if (!rc || !request->number || errno != EINVAL)
		return rc;
	/* A file system that cannot promise it (some network ones): as near as it goes. */
	if (!lstat(to, &status)) {
		errno = EEXIST;
		return -1;
	}
	return rename(from, to);
}

static int operation_file(const struct operation_request *request)
{
	int rc;

	switch (request->kind) {
	case OPERATION_OPEN:
		rc = open(request->first, (int)request->number | O_CLOEXEC, 0666);
		break;
	case OPERATION_RENAME:
		rc = operation_rename(request);
		break;
	default:
		rc = unlink(request->first);
		break;
	}
	return rc < 0 ? -errno : rc;
}

/*
 * Start the command with the file as its only argument: no shell, so that no
 * name can be taken for anything but a name.
 */
static int operation_command(const struct operation_request *request)
{
	char *const arguments[] = {(char *)request->first, (char *)request->second, NULL};
	posix_spawnattr_t attributes;
	sigset_t none, all;
	pid_t pid;
	int rc;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	rc = posix_spawnp(&pid, request->first, NULL, &attributes, arguments, environ);
	posix_spawnattr_destroy(&attributes);
	while (rc == 0 && request->number && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return -rc;
}

static int operation_xdp_attach(const struct operation_request *request,
				struct operation_reply *reply)
{
	if (request->descriptor_count != request->xdp.queues)
		return weir_error_set(&reply->error, -EINVAL, "sockets are missing");
	return hook_xdp_attach(&request->xdp, request->descriptors, &reply->answer, &reply->error);
}

static int operation_nflog_read(const struct operation_request *request,
				struct operation_reply *reply)
{
	if (request->descriptor_count != 1)
		return weir_error_set(&reply->error, -EINVAL, "the rules' owner is missing");
	return hook_nflog_read(request->descriptors[0], request->number, &reply->answer,
			       &reply->error);
}

int operation_run(const struct operation_request *request, struct operation_reply *reply)
{
	switch (request->kind) {
	case OPERATION_PACKET_SOCKET:
		return operation_packet_socket(request, reply);
	case OPERATION_ADAPTER_TIME:
		return operation_adapter_time(request, reply);
	case OPERATION_FILTER:
		return kernel_compile(request->first, request->number, request->second,
				      &reply->program, &reply->error);
	case OPERATION_COMMAND:
		return operation_command(request);
	case OPERATION_TAP:
		return hook_tap(&request->tap, &reply->answer, &reply->error);
	case OPERATION_SWEEP:
		return hook_sweep((int)request->number);
	case OPERATION_XDP_OPEN:
		return hook_xdp_open(&request->xdp, &reply->answer, &reply->error);
	case OPERATION_XDP_ATTACH:
		return operation_xdp_attach(request, reply);
	case OPERATION_TO_STACK:
		return hook_to_stack((int)request->number, &reply->answer, &reply->error);
	case OPERATION_FANOUT:
		return hook_fanout(&request->fanout, &reply->answer, &reply->error);
	case OPERATION_NFLOG_OPEN:
		return hook_nflog_open(&request->nflog, &reply->answer, &reply->error);
	case OPERATION_NFLOG_READ:
		return operation_nflog_read(request, reply);
	default:
		return operation_file(request);
	}
}
