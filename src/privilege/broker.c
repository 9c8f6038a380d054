/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The privileged process. It trusts nothing that it is asked: the request is
 * of fixed size, its strings are ended here, its kind is from a closed list,
 * and its paths must be among those the user named on the command line.
 */
#include "broker.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "message.h"
#include "operation.h"

enum {
	BROKER_UNSWEPT_MAX = 64,
	BROKER_PAUSE_NS = 10 * 1000 * 1000,
	BROKER_PAUSES_MAX = 100,
};

static size_t broker_directory_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) + 1 : 0;
}

/* Is 'path' in the very directory of one of the files that the user writes to? */
static bool broker_may_write(const struct weir_privilege_settings *settings, const char *path)
{
	size_t length = broker_directory_length(path);

	for (int i = 0; i < WEIR_PRIVILEGE_PATHS_MAX && settings->write_paths[i]; i++) {
		const char *allowed = settings->write_paths[i];

		if (broker_directory_length(allowed) == length && !memcmp(allowed, path, length))
			return true;
	}
	return false;
}

static bool broker_may_read(const struct weir_privilege_settings *settings, const char *path)
{
	for (int i = 0; i < WEIR_PRIVILEGE_PATHS_MAX && settings->read_paths[i]; i++)
		if (!strcmp(settings->read_paths[i], path))
			return true;
	return false;
}

/* Is it on the list? What is allowed may be narrowed on the way. */
static bool broker_allows(const struct weir_privilege_settings *settings,
			  struct operation_request *request)
{
	switch (request->kind) {
	case OPERATION_PACKET_SOCKET:
	case OPERATION_FILTER:
	case OPERATION_TAP:
	case OPERATION_ADAPTER_TIME:
	case OPERATION_XDP_OPEN:
	case OPERATION_XDP_ATTACH:
	case OPERATION_SWEEP:
	case OPERATION_TO_STACK:
	case OPERATION_FANOUT:
	case OPERATION_NFLOG_OPEN:
	case OPERATION_NFLOG_READ:
		return true;
	case OPERATION_OPEN:
		if ((request->number & O_ACCMODE) == O_RDONLY &&
		    broker_may_read(settings, request->first))
			return true;
		request->number |= O_NOFOLLOW; /* a link put there may lead anywhere */
		return broker_may_write(settings, request->first);
	case OPERATION_RENAME:
		return broker_may_write(settings, request->first) &&
		       broker_may_write(settings, request->second);
	case OPERATION_UNLINK:
		return broker_may_write(settings, request->first);
	case OPERATION_COMMAND:
		return settings->command && !strcmp(settings->command, request->first) &&
		       broker_may_write(settings, request->second);
	default:
		return false;
	}
}

static bool broker_yields_descriptor(uint32_t kind)
{
	return kind == OPERATION_PACKET_SOCKET || kind == OPERATION_OPEN;
}

/* Keep what requests may need, and nothing that they don't. */
static void broker_keep_capabilities(void)
{
	static const unsigned int kept[] = {CAP_NET_RAW, CAP_NET_ADMIN, CAP_DAC_OVERRIDE,
					    CAP_FOWNER,  CAP_BPF,       CAP_PERFMON,
					    CAP_IPC_LOCK};

	if (capng_get_caps_process())
		return;
	for (unsigned int capability = 0; capability <= CAP_LAST_CAP; capability++) {
		bool keep = false;

		for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
			keep |= kept[i] == capability;
		if (!keep)
			capng_update(CAPNG_DROP,
				     CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_INHERITABLE,
				     capability);
	}
	capng_apply(CAPNG_SELECT_CAPS);
}

static void broker_prepare(void)
{
	/* Ctrl-C reaches the whole group: the client decides when it is over. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
	signal(SIGCHLD, SIG_IGN); /* nobody asks how a command ended */
	prctl(PR_SET_NAME, "weir-broker");
	broker_keep_capabilities();
}

/* Interfaces whose clsact taps have to be swept when the client dies without asking for it. */
struct broker_unswept {
	uint32_t count;
	int interfaces[BROKER_UNSWEPT_MAX];
};

static void broker_note_tap(struct broker_unswept *unswept, const struct operation_request *request,
			    const struct operation_reply *reply)
{
	if (request->kind == OPERATION_TAP && reply->rc == 0 && reply->answer.needs_sweep &&
	    unswept->count < BROKER_UNSWEPT_MAX)
		unswept->interfaces[unswept->count++] = request->tap.interface;
	for (uint32_t i = 0; request->kind == OPERATION_SWEEP && i < unswept->count; i++) {
		if (unswept->interfaces[i] != (int)request->number)
			continue;
		unswept->interfaces[i] = unswept->interfaces[--unswept->count];
		break;
	}
}

/* Our parent's descriptors, the owners of its taps, are all closed when we have another parent. */
static void broker_sweep(const struct broker_unswept *unswept, pid_t client)
{
	const struct timespec pause = {.tv_nsec = BROKER_PAUSE_NS};

	for (int n = 0; unswept->count && getppid() == client && n < BROKER_PAUSES_MAX; n++)
		nanosleep(&pause, NULL);
	for (uint32_t i = 0; i < unswept->count; i++)
		hook_sweep(unswept->interfaces[i]);
}

int broker_serve(int fd, const struct weir_privilege_settings *settings)
{
	static struct operation_request request;
	static struct operation_reply reply;
	struct broker_unswept unswept = {0};
	pid_t client = getppid();

	broker_prepare();
	/* until the client is gone */
	while (message_receive(fd, &request, sizeof(request), request.descriptors,
			       &request.descriptor_count) == 0) {
		int rc;

		request.first[sizeof(request.first) - 1] = '\0';
		request.second[sizeof(request.second) - 1] = '\0';
		memset(&reply, 0, sizeof(reply));
		rc = broker_allows(settings, &request) ? operation_run(&request, &reply) : -EACCES;
		reply.rc = rc < 0 ? rc : 0;
		broker_note_tap(&unswept, &request, &reply);
		if (rc >= 0 && broker_yields_descriptor(request.kind))
			reply.answer = (struct hook_answer){.count = 1, .descriptors = {rc}};
		message_send(fd, &reply, sizeof(reply), reply.answer.descriptors,
			     reply.answer.count);
		hook_close(&reply.answer);
		for (uint32_t i = 0; i < request.descriptor_count; i++)
			close(request.descriptors[i]);
	}
	broker_sweep(&unswept, client);
	return 0;
}
