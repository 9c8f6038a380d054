/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection that somebody makes, read as a stream. The descriptor that
 * is waited on stays the same: it is readable when the listening socket is,
 * and then when the connection is.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/tcp.h"
#include "source/file_input.h"

struct file_listen {
	struct file_input input;
	int listener;
	struct file_input *stream; /* of the connection, once it is made */
};

static int listen_watch(const struct file_listen *listen, int fd)
{
	struct epoll_event event = {.events = EPOLLIN};

	return epoll_ctl(listen->input.wait_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/* 1: there is a connection; 0: not yet; -errno. */
static int listen_accept(struct file_listen *listen)
{
	struct weir_error *failure = &listen->input.failure;
	int fd = accept4(listen->listener, NULL, NULL, SOCK_CLOEXEC), rc;

	if (fd < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED))
		return 0;
	if (fd < 0)
		return weir_error_set_errno(failure, -errno, "cannot accept a connection");
	close(listen->listener); /* others are refused from now on */
	listen->listener = -1;
	rc = listen_watch(listen, fd);
	if (rc < 0) {
		close(fd);
		return weir_error_set_errno(failure, rc, "cannot wait for the connection");
	}
	rc = file_stream_open(fd, true, &listen->stream, failure);
	return rc < 0 ? rc : 1;
}

static int listen_fill(struct file_input *input, size_t wanted)
{
	struct file_listen *listen = (struct file_listen *)input;
	struct file_input *stream;
	int rc = listen->stream ? 1 : listen_accept(listen);

	if (rc <= 0)
		return rc;
	stream = listen->stream;
	stream->offset = input->offset;
	rc = stream->ops->fill(stream, wanted);
	input->bytes = stream->bytes;
	input->length = stream->length;
	input->offset = stream->offset;
	input->position = stream->position;
	input->ended = stream->ended;
	input->cut = stream->cut;
	if (rc < 0)
		input->failure = stream->failure;
	return rc;
}

static void listen_close(struct file_input *input)
{
	struct file_listen *listen = (struct file_listen *)input;

	if (listen->stream)
		listen->stream->ops->close(listen->stream);
	if (listen->listener >= 0)
		close(listen->listener);
	if (input->wait_fd >= 0)
		close(input->wait_fd);
	free(listen);
}

static const struct file_input_ops file_listen_ops = {listen_fill, listen_close};

int file_listen_open(const char *address, struct file_input **out, struct weir_error *error)
{
	struct file_listen *listen = calloc(1, sizeof(*listen));
	int rc = 0;

	if (!listen)
		return weir_error_set(error, -ENOMEM, "out of memory");
	listen->input.ops = &file_listen_ops;
	listen->listener = tcp_listen(address, error);
	listen->input.wait_fd = epoll_create1(EPOLL_CLOEXEC);
	if (listen->listener < 0)
		rc = listen->listener;
	else if (listen->input.wait_fd < 0 || listen_watch(listen, listen->listener) < 0)
		rc = weir_error_set_errno(error, -errno, "cannot wait for a connection");
	if (rc < 0) {
		listen_close(&listen->input);
		return rc;
	}
	*out = &listen->input;
	return 0;
}
