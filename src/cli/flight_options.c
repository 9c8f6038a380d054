/* SPDX-License-Identifier: Apache-2.0 */
#include "flight_options.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/parse.h"
#include "dry_run.h"

#define FLIGHT_BYTES_DEFAULT (UINT64_C(256) << 20)
#define FLIGHT_BYTES_MIN     (UINT64_C(1) << 20) /* it must hold the longest packet */
#define FLIGHT_BYTES_MAX     (UINT64_C(1) << 40)

/* ---- options ---- */

int flight_take_before(struct flight_options *flight, const char *value, struct weir_error *error)
{
	uint64_t amount;

	if (!parse_duration_ns(value, &amount) && amount) {
		flight->before_ns = amount;
		return 0;
	}
	if (!parse_size(value, 1, &amount) && amount >= FLIGHT_BYTES_MIN &&
	    amount <= FLIGHT_BYTES_MAX) {
		flight->ring_bytes = amount;
		return 0;
	}
	return weir_error_set(error, -EINVAL,
			      "'%s' is not a time (30s, 5min) or an amount of memory from 1MiB "
			      "(100MB, 2GiB)",
			      value);
}

int flight_take_after(struct flight_options *flight, const char *value, struct weir_error *error)
{
	if (parse_duration_ns(value, &flight->after_ns))
		return weir_error_set(error, -EINVAL, "'%s' is not a time such as 10s", value);
	flight->has_after = true;
	return 0;
}

int flight_take_trigger(struct flight_options *flight, const char *value, struct weir_error *error)
{
	int rc;

	if (!strcmp(value, "loss")) {
		flight->on_loss = true;
		return 0;
	}
	if (!*value)
		return weir_error_set(error, -EINVAL,
				      "an empty filter matches every packet: name what is to "
				      "happen, or 'loss'");
	if (flight->filter_count == FLIGHT_TRIGGERS_MAX)
		return weir_error_set(error, -EINVAL, "more than %d triggers: join some by 'or'",
				      FLIGHT_TRIGGERS_MAX);
	rc = weir_filter_open(value, &flight->filters[flight->filter_count], error);
	flight->filter_count += rc == 0;
	return rc;
}

int flight_check(struct flight_options *flight, struct weir_record_flight *settings,
		 struct weir_error *error)
{
	bool triggers = flight->filter_count || flight->on_loss || flight->has_after;

	if (!flight_wanted(flight))
		return triggers ? weir_error_set(error, -EINVAL,
						 "--trigger and --after need --before: how much is "
						 "to be kept until something happens (30s, 100MB)")
				: 0;
	*settings = (struct weir_record_flight){
		.ring_bytes = flight->ring_bytes ? flight->ring_bytes : FLIGHT_BYTES_DEFAULT,
		.before_ns = flight->before_ns,
		.after_ns = flight->has_after ? flight->after_ns
					      : WEIR_RECORD_AFTER_S * (uint64_t)CLOCK_NS_PER_S,
		.filters = flight->filters,
		.filter_count = flight->filter_count,
		.on_loss = flight->on_loss,
	};
	return 0;
}

void flight_options_close(struct flight_options *flight)
{
	for (uint32_t i = 0; i < flight->filter_count; i++)
		weir_filter_close(flight->filters[i]);
}

/* ---- what the user is told ---- */

void flight_dry_run(const struct weir_record_flight *settings)
{
	char text[FORMAT_BYTES];

	printf("memory  %-40s %12s\n", "of packets before a trigger",
	       dry_run_size(settings->ring_bytes, text));
}

void flight_tell_start(const struct weir_record_flight *settings)
{
	char text[FORMAT_BYTES];

	fprintf(stderr, "waiting for a trigger, or SIGUSR2: packets ");
	if (settings->before_ns)
		fprintf(stderr, "of the last %g s ", (double)settings->before_ns / CLOCK_NS_PER_S);
	fprintf(stderr, "are kept, in %s of memory\n", dry_run_size(settings->ring_bytes, text));
}

static void flight_tell_new(const struct flight_options *flight,
			    const struct weir_record_flown *now)
{
	static const char *const what[] = {"a packet that matches", "packets were lost", "SIGUSR2"};
	char time[FORMAT_BYTES];

	for (int t = 0; t < WEIR_RECORD_TRIGGER_COUNT; t++) {
		uint64_t count = now->triggers[t] - flight->told.triggers[t];

		if (count)
			fprintf(stderr, "trigger at %s: %s (%" PRIu64 ")\n",
				format_time_of_day(now->last_ns, time), what[t], count);
	}
}

void flight_tell(struct flight_options *flight, const struct weir_sink *sink, bool last)
{
	struct weir_record_flown now;

	weir_sink_record_flown(sink, &now);
	flight_tell_new(flight, &now);
	flight->told = now;
	if (!last)
		return;
	if (!now.last_ns)
		fprintf(stderr, "no trigger came: no packet was recorded\n");
	if (now.crowded_out)
		fprintf(stderr,
			"%" PRIu64 " packets fell out of the memory before their time: a larger "
			"--before SIZE would have held them\n",
			now.crowded_out);
}
