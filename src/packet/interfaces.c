/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of interfaces. It grows by chunks that never move, so a reader
 * needs no lock: the count is published after the entry (release/acquire).
 */
#include "weir/packet.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { INTERFACES_CHUNK = 64, INTERFACES_CHUNKS = WEIR_INTERFACES_MAX / INTERFACES_CHUNK };

struct weir_interfaces {
	pthread_mutex_t lock; /* of writers */
	_Atomic uint32_t count;
	struct weir_interface *chunks[INTERFACES_CHUNKS];
};

int weir_interfaces_open(struct weir_interfaces **out)
{
	struct weir_interfaces *table = calloc(1, sizeof(*table));

	if (!table)
		return -ENOMEM;
	pthread_mutex_init(&table->lock, NULL);
	*out = table;
	return 0;
}

void weir_interfaces_close(struct weir_interfaces *table)
{
	if (!table)
		return;
	for (int i = 0; i < INTERFACES_CHUNKS; i++)
		free(table->chunks[i]);
	pthread_mutex_destroy(&table->lock);
	free(table);
}

static int interfaces_append(struct weir_interfaces *table, const struct weir_interface *interface)
{
	uint32_t index = atomic_load_explicit(&table->count, memory_order_relaxed);
	struct weir_interface **chunk;

	if (index == WEIR_INTERFACES_MAX)
		return -ENOSPC;
	chunk = &table->chunks[index / INTERFACES_CHUNK];
	if (!*chunk)
		*chunk = calloc(INTERFACES_CHUNK, sizeof(**chunk));
	if (!*chunk)
		return -ENOMEM;
	(*chunk)[index % INTERFACES_CHUNK] = *interface;
	/* pairs with the acquire in weir_interfaces_count */
	atomic_store_explicit(&table->count, index + 1, memory_order_release);
	return (int)index;
}

int weir_interfaces_add(struct weir_interfaces *table, const struct weir_interface *interface)
{
	int index;

	pthread_mutex_lock(&table->lock);
	index = interfaces_append(table, interface);
	pthread_mutex_unlock(&table->lock);
	return index;
}

static bool interfaces_equal(const struct weir_interface *a, const struct weir_interface *b)
{
	return !strcmp(a->name, b->name) && !strcmp(a->netns, b->netns) &&
	       !strcmp(a->description, b->description) && !strcmp(a->source, b->source) &&
	       !strcmp(a->filter, b->filter) && a->link_type == b->link_type &&
	       a->snaplen == b->snaplen && a->time_resolution == b->time_resolution &&
	       a->fcs_bytes == b->fcs_bytes &&
	       !memcmp(a->hardware_address, b->hardware_address, sizeof(a->hardware_address));
}

int weir_interfaces_share(struct weir_interfaces *table, const struct weir_interface *interface)
{
	uint32_t count;
	int index = -ENOENT;

	pthread_mutex_lock(&table->lock);
	count = atomic_load_explicit(&table->count, memory_order_relaxed);
	for (uint32_t i = 0; index < 0 && i < count; i++)
		if (interfaces_equal(&table->chunks[i / INTERFACES_CHUNK][i % INTERFACES_CHUNK],
				     interface))
			index = (int)i;
	if (index < 0)
		index = interfaces_append(table, interface);
	pthread_mutex_unlock(&table->lock);
	return index;
}

uint32_t weir_interfaces_count(const struct weir_interfaces *table)
{
	/* pairs with the release in interfaces_append */
	return atomic_load_explicit((_Atomic uint32_t *)&table->count, memory_order_acquire);
}

const struct weir_interface *weir_interfaces_get(const struct weir_interfaces *table,
						 uint32_t index)
{
	if (index >= weir_interfaces_count(table))
		return NULL;
	return &table->chunks[index / INTERFACES_CHUNK][index % INTERFACES_CHUNK];
}
