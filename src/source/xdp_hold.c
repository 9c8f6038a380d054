/* SPDX-License-Identifier: Apache-2.0 */
#include "xdp_hold.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "privilege/request.h"

static int xdp_map(void **out, int fd, size_t bytes, struct weir_error *error)
{
	*out = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (*out != MAP_FAILED)
		return 0;
	*out = NULL;
	return weir_error_set_errno(error, -errno,
				    "cannot map %zu MiB of packet memory: take fewer frames= or a "
				    "smaller -B",
				    bytes >> 20);
}

static int xdp_take_memory(struct xdp_hold *hold, int fd, struct weir_error *error)
{
	struct stat file;
	int rc = fstat(fd, &file) ? -errno : 0;

	if (rc < 0)
		weir_error_set_errno(error, rc, "cannot tell the size of packet memory");
	hold->memory_bytes = rc < 0 ? 0 : (size_t)file.st_size; /* whole pages, be they huge */
	if (rc == 0)
		rc = xdp_map((void **)&hold->memory, fd, hold->memory_bytes, error);
	close(fd);
	return rc;
}

/* Map the memory and the rings of the sockets, whose descriptors are taken over, and bind. */
static int xdp_take_sockets(struct xdp_hold *hold, const struct hook_answer *answer,
			    struct weir_error *error)
{
	const struct hook_xdp_request *request = &hold->request;
	int rc;

	for (uint32_t i = 0; i < request->queues; i++)
		hold->queues[i].fd = answer->descriptors[HOOK_XDP_SOCKETS + i];
	rc = xdp_take_memory(hold, answer->descriptors[HOOK_XDP_MEMORY], error);
	for (uint32_t i = 0; rc == 0 && i < request->queues; i++) {
		struct xdp_queue *queue = &hold->queues[i];

		rc = xdp_queue_open(queue, queue->fd, request, hold->memory, error);
		if (rc == 0)
			rc = xdp_queue_bind(queue, &hold->queues[0], request, request->queue + i,
					    error);
	}
	return rc;
}

/* Map the program's counters and take over its link. */
static int xdp_take_program(struct xdp_hold *hold, const struct hook_answer *answer,
			    struct weir_error *error)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int rc;

	hold->program = answer->descriptors[HOOK_XDP_LINK];
	hold->has_tai = answer->has_tai;
	hold->control_bytes = (answer->controls * sizeof(*hold->controls) + page - 1) / page * page;
	rc = xdp_map((void **)&hold->controls, answer->descriptors[HOOK_XDP_CONTROLS],
		     hold->control_bytes, error);
	close(answer->descriptors[HOOK_XDP_CONTROLS]);
	for (uint32_t i = 0; rc == 0 && i < hold->request.queues; i++)
		hold->queues[i].control = &hold->controls[hold->request.queue + i];
	return rc;
}

static int xdp_attach(struct xdp_hold *hold, struct weir_privilege *privilege,
		      struct hook_answer *answer, struct weir_error *error)
{
	int sockets[XDP_QUEUES_MAX];
	int rc = request_xdp_open(privilege, &hold->request, answer, error);

	if (rc == 0)
		rc = xdp_take_sockets(hold, answer, error);
	if (rc < 0)
		return rc;
	for (uint32_t i = 0; i < hold->request.queues; i++)
		sockets[i] = hold->queues[i].fd;
	rc = request_xdp_attach(privilege, &hold->request, sockets, answer, error);
	return rc < 0 ? rc : xdp_take_program(hold, answer, error);
}

/* Before the program takes the first packet, there must be a way back. */
static int xdp_open_stack(struct xdp_hold *hold, struct weir_privilege *privilege,
			  struct weir_error *error)
{
	struct hook_answer answer;
	int rc = request_to_stack(privilege, hold->request.interface, &answer, error);

	if (rc < 0)
		return rc;
	hold->stack = answer.descriptors[HOOK_TO_STACK_FRAMES];
	hold->stack_link = answer.descriptors[HOOK_TO_STACK_LINK];
	return 0;
}

int xdp_hold_open(struct weir_privilege *privilege, const struct hook_xdp_request *request,
		  bool to_stack, struct xdp_hold **out, struct hook_answer *answer,
		  struct weir_error *error)
{
	struct xdp_hold *hold = calloc(1, sizeof(*hold));
	int rc;

	if (!hold)
		return weir_error_set(error, -ENOMEM, "out of memory");
	pthread_mutex_init(&hold->lock, NULL);
	hold->users = 1;
	hold->program = hold->stack = hold->stack_link = -1;
	hold->request = *request;
	for (uint32_t i = 0; i < XDP_QUEUES_MAX; i++)
		hold->queues[i].fd = -1;
	rc = to_stack ? xdp_open_stack(hold, privilege, error) : 0;
	if (rc == 0)
		rc = xdp_attach(hold, privilege, answer, error);
	if (rc < 0)
		xdp_hold_drop(hold);
	else
		*out = hold;
	return rc;
}

void xdp_hold_join(struct xdp_hold *hold)
{
	pthread_mutex_lock(&hold->lock);
	hold->users++;
	pthread_mutex_unlock(&hold->lock);
}

void xdp_hold_detach(struct xdp_hold *hold)
{
	pthread_mutex_lock(&hold->lock);
	if (hold->program >= 0)
		close(hold->program);
	hold->program = -1;
	pthread_mutex_unlock(&hold->lock);
}

void xdp_hold_drop(struct xdp_hold *hold)
{
	bool is_last;

	pthread_mutex_lock(&hold->lock);
	is_last = --hold->users == 0;
	pthread_mutex_unlock(&hold->lock);
	if (!is_last)
		return;
	xdp_hold_detach(hold);
	for (uint32_t i = 0; i < XDP_QUEUES_MAX; i++)
		xdp_queue_close(&hold->queues[i]);
	if (hold->stack >= 0)
		close(hold->stack);
	if (hold->stack_link >= 0)
		close(hold->stack_link);
	if (hold->controls)
		munmap(hold->controls, hold->control_bytes);
	if (hold->memory)
		munmap(hold->memory, hold->memory_bytes);
	pthread_mutex_destroy(&hold->lock);
	free(hold);
}
