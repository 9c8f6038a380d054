/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frames to be sent: a template with all that is constant, and the plan
 * of what varies (bpf/generate_plan.h), worked out once from the settings.
 */
#ifndef GENERATE_FRAME_H
#define GENERATE_FRAME_H

#include <stdint.h>

#include "generate_plan.h"
#include "weir/generate.h"

/* What the frames need to know of the interface. */
struct frame_link {
	uint32_t index;
	uint32_t mtu;
	uint8_t mac[6];
};

struct frame_set {
	struct generate_plan plan;
	uint32_t bytes_max; /* of the longest frame */
	uint8_t *template;  /* bytes_max bytes; owned */
};

/*
 * Work the settings out. -EINVAL with a sentence when a frame would not fit
 * the MTU or its own headers, or the flows not the addresses; -ENOMEM.
 */
int frame_set_open(struct frame_set *set, const struct weir_generate_settings *settings,
		   const struct frame_link *link, struct weir_error *error);
void frame_set_close(struct frame_set *set);

/*
 * Turn 'bytes', which was once copied from the template (and is aligned to
 * 2), into frame 'number'; returns its length.
 */
uint32_t frame_write(const struct frame_set *set, uint64_t number, uint8_t *bytes);

/* The bytes of 'count' frames from number 'first' on. */
uint64_t frame_bytes(const struct frame_set *set, uint64_t first, uint64_t count);

#endif
