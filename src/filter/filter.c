/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The user-space programs of a filter, one per link type met. Programs are
 * added by preparing (off the packet path) and only read by matching.
 */
#include "weir/filter.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "filter/compile.h"

enum { FILTER_LINK_TYPES_MAX = 32 };

struct filter_program {
	uint32_t link_type;
	struct bpf_program code;
};

struct weir_filter {
	char *expression;
	pthread_mutex_t lock;   /* of those that prepare */
	_Atomic uint32_t count; /* of programs, published after the program */
	struct filter_program programs[FILTER_LINK_TYPES_MAX];
};

int weir_filter_open(const char *expression, struct weir_filter **out, struct weir_error *error)
{
	struct weir_filter *filter = calloc(1, sizeof(*filter));

	if (filter)
		filter->expression = strdup(expression ? expression : "");
	if (!filter || !filter->expression) {
		free(filter);
		return weir_error_set(error, -ENOMEM, "out of memory for the filter");
	}
	pthread_mutex_init(&filter->lock, NULL);
	*out = filter;
	return 0;
}

void weir_filter_close(struct weir_filter *filter)
{
	if (!filter)
		return;
	for (uint32_t i = 0; i < filter->count; i++)
		pcap_freecode(&filter->programs[i].code);
	pthread_mutex_destroy(&filter->lock);
	free(filter->expression);
	free(filter);
}

const char *weir_filter_expression(const struct weir_filter *filter)
{
	return filter ? filter->expression : "";
}

static const struct filter_program *filter_find(const struct weir_filter *filter,
						uint32_t link_type)
{
	/* pairs with the release in weir_filter_prepare */
	uint32_t count =
		atomic_load_explicit((_Atomic uint32_t *)&filter->count, memory_order_acquire);

	for (uint32_t i = 0; i < count; i++)
		if (filter->programs[i].link_type == link_type)
			return &filter->programs[i];
	return NULL;
}

/* Under the lock. */
static int filter_add(struct weir_filter *filter, uint32_t link_type, struct weir_error *error)
{
	uint32_t count = atomic_load_explicit(&filter->count, memory_order_relaxed);
	struct filter_program *program = &filter->programs[count];
	pcap_t *handle;
	int rc;

	if (count == FILTER_LINK_TYPES_MAX)
		return weir_error_set(error, -ENOSPC, "more than %d link types in one input",
				      FILTER_LINK_TYPES_MAX);
	handle = pcap_open_dead(compile_dlt(link_type), WEIR_SNAPLEN_MAX);
	if (!handle)
		return weir_error_set(error, -ENOMEM, "out of memory for the filter");
	rc = compile_expression(handle, filter->expression, &program->code, error);
	pcap_close(handle);
	if (rc < 0)
		return rc;
	program->link_type = link_type;
	/* pairs with the acquire in filter_find */
	atomic_store_explicit(&filter->count, count + 1, memory_order_release);
	return 0;
}

int weir_filter_prepare(struct weir_filter *filter, uint32_t link_type, struct weir_error *error)
{
	int rc = 0;

	if (!*filter->expression)
		return 0;
	pthread_mutex_lock(&filter->lock);
	if (!filter_find(filter, link_type))
		rc = filter_add(filter, link_type, error);
	pthread_mutex_unlock(&filter->lock);
	return rc;
}

bool weir_filter_match(const struct weir_filter *filter, uint32_t link_type,
		       const struct weir_packet *packet)
{
	const struct filter_program *program;

	if (!*filter->expression)
		return true;
	program = filter_find(filter, link_type);
	return program && bpf_filter(program->code.bf_insns, packet->bytes, packet->wire_len,
				     packet->captured_len) != 0;
}
