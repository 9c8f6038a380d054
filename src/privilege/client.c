/* SPDX-License-Identifier: Apache-2.0 */
/* The unprivileged side: starts the broker, asks it, ends it. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker.h"
#include "message.h"
#include "operation.h"
#include "privilege/request.h"

struct weir_privilege {
	pthread_mutex_t lock; /* one request at a time */
	int fd;
	pid_t pid;
	struct operation_request request;
	struct operation_reply reply;
};

int weir_privilege_start(const struct weir_privilege_settings *settings,
			 struct weir_privilege **out, struct weir_error *error)
{
	struct weir_privilege *privilege = calloc(1, sizeof(*privilege));
	int pair[2];
	int rc;

	if (!privilege)
		return weir_error_set(error, -ENOMEM, "out of memory");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		rc = weir_error_set_errno(error, -errno, "cannot make a socket pair");
		free(privilege);
		return rc;
	}
	privilege->pid = fork();
	if (privilege->pid < 0) {
		rc = weir_error_set_errno(error, -errno, "cannot fork the broker");
		close(pair[0]);
		close(pair[1]);
		free(privilege);
		return rc;
	}
	if (privilege->pid == 0) {
		close(pair[0]);
		_exit(broker_serve(pair[1], settings));
	}
	close(pair[1]);
	privilege->fd = pair[0];
	pthread_mutex_init(&privilege->lock, NULL);
	*out = privilege;
	return 0;
}

void weir_privilege_close(struct weir_privilege *privilege)
{
	if (!privilege)
		return;
	close(privilege->fd); /* the broker's loop ends */
	while (waitpid(privilege->pid, NULL, 0) < 0 && errno == EINTR)
		;
	pthread_mutex_destroy(&privilege->lock);
	free(privilege);
}

/* privilege->request is filled; the lock is held. Returns as operation_run. */
static int client_ask(struct weir_privilege *privilege)
{
	struct operation_request *request = &privilege->request;
	struct operation_reply *reply = &privilege->reply;
	int rc;

	memset(reply, 0, sizeof(*reply));
	rc = message_send(privilege->fd, request, sizeof(*request), request->descriptors,
			  request->descriptor_count);
	if (rc == 0)
		rc = message_receive(privilege->fd, reply, sizeof(*reply),
				     reply->answer.descriptors, &reply->answer.count);
	if (rc < 0)
		return weir_error_set(&reply->error, rc, "the broker process is gone");
	if (reply->rc < 0)
		return reply->rc;
	return reply->answer.count ? reply->answer.descriptors[0] : 0;
}

static void client_copy_text(char to[PATH_MAX], const char *from)
{
	snprintf(to, PATH_MAX, "%s", from ? from : "");
}

/*
 * Begin a request: what to fill it into. It is the broker's, locked, or one
 * of our own that is carried out here. NULL on lack of memory.
 */
static struct weir_privilege *client_begin(struct weir_privilege *privilege, bool *is_own)
{
	*is_own = !privilege;
	if (!privilege)
		return calloc(1, sizeof(*privilege));
	pthread_mutex_lock(&privilege->lock);
	privilege->request.descriptor_count = 0;
	return privilege;
}

/* Ask the broker, or do it here. */
static int client_run(struct weir_privilege *asked, bool is_own, struct weir_error *error)
{
	int rc = is_own ? operation_run(&asked->request, &asked->reply) : client_ask(asked);

	if (rc < 0 && error) {
		*error = asked->reply.error;
		error->code = rc;
	}
	return rc;
}

static void client_end(struct weir_privilege *asked, bool is_own)
{
	if (is_own)
		free(asked);
	else
		pthread_mutex_unlock(&asked->lock);
}

/* A request of a number and two strings; 'program' and 'error' may be NULL. */
static int client_call(struct weir_privilege *privilege, enum operation_kind kind, uint32_t number,
		       const char *first, const char *second, struct kernel_program *program,
		       struct weir_error *error)
{
	bool is_own;
	struct weir_privilege *asked = client_begin(privilege, &is_own);
	int rc;

	if (!asked)
		return weir_error_set(error, -ENOMEM, "out of memory");
	asked->request.kind = kind;
	asked->request.number = number;
	client_copy_text(asked->request.first, first);
	client_copy_text(asked->request.second, second);
	rc = client_run(asked, is_own, error);
	if (rc >= 0 && program)
		*program = asked->reply.program;
	client_end(asked, is_own);
	return rc;
}

/* Carry out a request for a hook that has been put into 'asked', and end it. */
static int client_hook(struct weir_privilege *asked, bool is_own, enum operation_kind kind,
		       struct hook_answer *answer, struct weir_error *error)
{
	int rc;

	asked->request.kind = kind;
	rc = client_run(asked, is_own, error);
	*answer = asked->reply.answer;
	client_end(asked, is_own);
	return rc < 0 ? rc : 0;
}

int request_tap(struct weir_privilege *privilege, const struct hook_tap_request *request,
		struct hook_answer *answer, struct weir_error *error)
{
	bool is_own;
	struct weir_privilege *asked = client_begin(privilege, &is_own);

	if (!asked)
		return weir_error_set(error, -ENOMEM, "out of memory");
	asked->request.tap = *request;
	return client_hook(asked, is_own, OPERATION_TAP, answer, error);
}

int request_xdp_open(struct weir_privilege *privilege, const struct hook_xdp_request *request,
		     struct hook_answer *answer, struct weir_error *error)
{
	bool is_own;
	struct weir_privilege *asked = client_begin(privilege, &is_own);

	if (!asked)
		return weir_error_set(error, -ENOMEM, "out of memory");
	asked->request.xdp = *request;
	return client_hook(asked, is_own, OPERATION_XDP_OPEN, answer, error);
}

int request_xdp_attach(struct weir_privilege *privilege, const struct hook_xdp_request *request,
		       const int *sockets, struct hook_answer *answer, struct weir_error *error)
{
	bool is_own;
	struct weir_privilege *asked = client_begin(privilege, &is_own);

	if (!asked)
		return weir_error_set(error, -ENOMEM, "out of memory");
	asked->request.xdp = *request;
	asked->request.descriptor_count = request->queues;
	memcpy(asked->request.descriptors, sockets, request->queues * sizeof(*sockets));
	return client_hook(asked, is_own, OPERATION_XDP_ATTACH, answer, error);
}

int request_sweep(struct weir_privilege *privilege, int interface)
{
	return client_call(privilege, OPERATION_SWEEP, (uint32_t)interface, NULL, NULL, NULL, NULL);
}

int request_to_stack(struct weir_privilege *privilege, int interface, struct hook_answer *answer,
		     struct weir_error *error)
{
	bool is_own;
	struct weir_privilege *asked = client_begin(privilege, &is_own);

	if (!asked)
		return weir_error_set(error, -ENOMEM, "out of memory");
	asked->request.number = (uint32_t)interface;
	return client_hook(asked, is_own, OPERATION_TO_STACK, answer, error);
}

int request_fanout(struct weir_privilege *privilege, const struct hook_fanout_request *request,
		   struct hook_answer *answer, struct weir_error *error)
{
	bool is_own;
	struct weir_privilege *asked = client_begin(privilege, &is_own);

	if (!asked)
		return weir_error_set(error, -ENOMEM, "out of memory");
	asked->request.fanout = *request;
	return client_hook(asked, is_own, OPERATION_FANOUT, answer, error);
}

int request_nflog_open(struct weir_privilege *privilege, const struct hook_nflog_request *request,
		       struct hook_answer *answer, struct weir_error *error)
{
	bool is_own;
	struct weir_privilege *asked = client_begin(privilege, &is_own);

	if (!asked)
		return weir_error_set(error, -ENOMEM, "out of memory");
	asked->request.nflog = *request;
	return client_hook(asked, is_own, OPERATION_NFLOG_OPEN, answer, error);
}

int request_nflog_read(struct weir_privilege *privilege, int rules, bool stops, uint64_t *packets,
		       struct weir_error *error)
{
	bool is_own;
	struct weir_privilege *asked = client_begin(privilege, &is_own);
	struct hook_answer answer;
	int rc;

	if (!asked)
		return weir_error_set(error, -ENOMEM, "out of memory");
	asked->request.number = stops;
	asked->request.descriptor_count = 1;
	asked->request.descriptors[0] = rules;
	rc = client_hook(asked, is_own, OPERATION_NFLOG_READ, &answer, error);
	*packets = answer.packets;
	return rc;
}

int request_packet_socket(struct weir_privilege *privilege, uint32_t receive_bytes,
			  struct weir_error *error)
{
	return client_call(privilege, OPERATION_PACKET_SOCKET, receive_bytes, NULL, NULL, NULL,
			   error);
}

int request_adapter_time(struct weir_privilege *privilege, const char *interface,
			 struct weir_error *error)
{
	return client_call(privilege, OPERATION_ADAPTER_TIME, 0, interface, NULL, NULL, error);
}

int request_filter(struct weir_privilege *privilege, const char *interface, uint32_t link_type,
		   const char *expression, struct kernel_program *out, struct weir_error *error)
{
	return client_call(privilege, OPERATION_FILTER, link_type, interface, expression, out,
			   error);
}

/* With one's own rights first: files need no privileges where the user has the rights. */
static int client_file(struct weir_privilege *privilege, enum operation_kind kind, uint32_t number,
		       const char *first, const char *second)
{
	int rc;

	if (strlen(first) >= PATH_MAX || (second && strlen(second) >= PATH_MAX))
		return -ENAMETOOLONG;
	rc = client_call(NULL, kind, number, first, second, NULL, NULL);
	if ((rc == -EACCES || rc == -EPERM) && privilege) {
		int brokered = client_call(privilege, kind, number, first, second, NULL, NULL);

		return brokered == -EPIPE ? rc : brokered;
	}
	return rc;
}

int request_open(struct weir_privilege *privilege, const char *path, int flags)
{
	return client_file(privilege, OPERATION_OPEN, (uint32_t)flags, path, NULL);
}

int request_rename(struct weir_privilege *privilege, const char *from, const char *to, bool replace)
{
	return client_file(privilege, OPERATION_RENAME, replace ? 0 : RENAME_NOREPLACE, from, to);
}

int request_unlink(struct weir_privilege *privilege, const char *path)
{
	return client_file(privilege, OPERATION_UNLINK, 0, path, NULL);
}

int request_command(struct weir_privilege *privilege, const char *command, const char *path)
{
	if (strlen(command) >= PATH_MAX || strlen(path) >= PATH_MAX)
		return -ENAMETOOLONG;
	return client_call(privilege, OPERATION_COMMAND, !privilege, command, path, NULL, NULL);
}
