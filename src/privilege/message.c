/* SPDX-License-Identifier: Apache-2.0 */
#include "message.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

union message_control {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(int) * HOOK_DESCRIPTORS_MAX)];
};

int message_send(int socket, const void *bytes, size_t size, const int *descriptors, uint32_t count)
{
	struct iovec vector = {.iov_base = (void *)bytes, .iov_len = size};
	struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
	union message_control control = {0};
	ssize_t sent;

	if (count) {
		message.msg_control = control.space;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int) * count);
		memcpy(CMSG_DATA(&control.header), descriptors, sizeof(int) * count);
	}
	do
		sent = sendmsg(socket, &message, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)size ? 0 : -EPIPE;
}

static void message_take(struct msghdr *message, int *descriptors, uint32_t *count)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);

	*count = 0;
	if (!header || header->cmsg_type != SCM_RIGHTS)
		return;
	*count = (uint32_t)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
	memcpy(descriptors, CMSG_DATA(header), *count * sizeof(int));
}

int message_receive(int socket, void *bytes, size_t size, int *descriptors, uint32_t *count)
{
	struct iovec vector = {.iov_base = bytes, .iov_len = size};
	union message_control control = {0};
	struct msghdr message = {.msg_iov = &vector,
				 .msg_iovlen = 1,
				 .msg_control = control.space,
				 .msg_controllen = sizeof(control.space)};
	ssize_t got;

	do
		got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	message_take(&message, descriptors, count);
	return got == (ssize_t)size ? 0 : -EPIPE;
}
