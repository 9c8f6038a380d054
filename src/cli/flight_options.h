/* SPDX-License-Identifier: Apache-2.0 */
/* The options of record's flight recorder, and what the user is told of it. */
#ifndef CLI_FLIGHT_OPTIONS_H
#define CLI_FLIGHT_OPTIONS_H

#include "weir/record.h"

enum { FLIGHT_TRIGGERS_MAX = 8 };

struct flight_options {
	uint64_t before_ns, ring_bytes, after_ns; /* 0 = not given */
	bool on_loss, has_after;
	struct weir_filter *filters[FLIGHT_TRIGGERS_MAX];
	uint32_t filter_count;
	struct weir_record_flown told; /* up to the last flight_tell */
};

int flight_take_before(struct flight_options *flight, const char *value, struct weir_error *error);
int flight_take_after(struct flight_options *flight, const char *value, struct weir_error *error);
int flight_take_trigger(struct flight_options *flight, const char *value, struct weir_error *error);

static inline bool flight_wanted(const struct flight_options *flight)
{
	return flight->before_ns || flight->ring_bytes;
}

/* What the options mean together. -EINVAL with 'error'. 'flight' is borrowed by the settings. */
int flight_check(struct flight_options *flight, struct weir_record_flight *settings,
		 struct weir_error *error);
void flight_options_close(struct flight_options *flight);

/* For --dry-run. */
void flight_dry_run(const struct weir_record_flight *settings);
/* At the start: how much waits. */
void flight_tell_start(const struct weir_record_flight *settings);
/* The triggers since the last time; the sum of all at the end. */
void flight_tell(struct flight_options *flight, const struct weir_sink *sink, bool last);

#endif
