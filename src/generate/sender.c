/* SPDX-License-Identifier: Apache-2.0 */
#include "generate/sender.h"

#include <errno.h>
#include <time.h>

#include "base/clock.h"

#define SENDER_SETTLE_NS (5 * CLOCK_NS_PER_S / 2) /* as in live_sender.c */

int sender_fail(struct sender *sender, int code)
{
	const char *name = sender->nic->name;
	int state = nic_check(sender->nic);

	if (state == -ENODEV)
		return weir_error_set(&sender->failure, state, "interface '%s' is gone", name);
	if (state == -ENETDOWN)
		return weir_error_set(&sender->failure, state, "interface '%s' went down", name);
	if (code == -EMSGSIZE)
		return weir_error_set(&sender->failure, code,
				      "frames of %u bytes do not fit the MTU of '%s' any more",
				      sender->supply ? sender->supply->bytes_max
						     : sender->frames->bytes_max,
				      name);
	if (code == -ENOBUFS)
		return weir_error_set(&sender->failure, code,
				      "interface '%s' has taken no frame for seconds", name);
	return weir_error_set_errno(&sender->failure, code, "cannot send on '%s'", name);
}

uint64_t sender_silently_dropped(uint64_t sent, uint64_t refused, uint64_t transmitted,
				 uint64_t dropped)
{
	if (transmitted >= sent || dropped <= refused)
		return 0;
	return sent - transmitted == dropped - refused ? sent - transmitted : 0;
}

void sender_start(struct sender *sender, struct sender_counters *counters)
{
	counters->are_known = !nic_transmitted(sender->nic, &counters->transmitted_start,
					       &counters->dropped_start);
}

void sender_settle(struct sender *sender, const struct sender_counters *counters)
{
	const struct timespec pause = {.tv_nsec = CLOCK_NS_PER_MS};
	uint64_t deadline_ns = clock_monotonic_ns() + SENDER_SETTLE_NS;
	uint64_t transmitted, dropped, lost;

	while (counters->are_known && !nic_transmitted(sender->nic, &transmitted, &dropped)) {
		transmitted -= counters->transmitted_start;
		dropped -= counters->dropped_start;
		lost = sender_silently_dropped(sender->sent, sender->refused, transmitted, dropped);
		sender->sent -= lost;
		sender->refused += lost;
		if (transmitted >= sender->sent || clock_monotonic_ns() > deadline_ns)
			return;
		nanosleep(&pause, NULL);
	}
}
