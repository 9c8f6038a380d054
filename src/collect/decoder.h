/* SPDX-License-Identifier: Apache-2.0 */
/* The collector's own parts, for its files. */
#ifndef COLLECT_DECODER_H
#define COLLECT_DECODER_H

#include "domain.h"

struct listeners;

struct weir_collect {
	struct weir_collect_settings settings;
	struct domain *domains[WEIR_COLLECT_EXPORTERS_MAX];
	uint32_t domain_count,
		domain_last;         /* the one found last: the next message is often its too */
	uint64_t clock;              /* counts messages */
	uint64_t refused;            /* exporters that could not prove who they are, or too many */
	struct listeners *listeners; /* NULL until there is one */
};

/* Close and free; NULL is fine. */
void listeners_close(struct listeners *listeners);

#endif
