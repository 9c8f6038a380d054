/* SPDX-License-Identifier: Apache-2.0 */
#include "stack.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"

enum { STACK_BURST = 64 /* frames between two looks at the clock and for a stop */ };
#define STACK_STALL_NS (5 * CLOCK_NS_PER_S)

struct stack_sender {
	struct sender base;
	int fd;
	uint64_t refusing_since_ns; /* 0 = the last frame offered was taken */
};

/* No memory for a frame: try again soon, but not for ever. */
static int stack_refused(struct stack_sender *s)
{
	uint64_t now_ns = clock_monotonic_ns();

	s->base.refused++;
	if (!s->refusing_since_ns)
		s->refusing_since_ns = now_ns;
	if (now_ns - s->refusing_since_ns > STACK_STALL_NS)
		return sender_fail(&s->base, -ENOBUFS);
	sched_yield();
	return 0;
}

static int stack_send(struct sender *sender, uint64_t count, uint64_t until_ns)
{
	struct stack_sender *s = (struct stack_sender *)sender;
	const struct sender_supply *supply = sender->supply;

	for (uint64_t i = 0; i < count && i < STACK_BURST; i++) {
		struct iovec frame = supply->frame(supply->user, sender->offered);

		if (write(s->fd, frame.iov_base, frame.iov_len) < 0) {
			if (errno == ENOBUFS || errno == ENOMEM || errno == EAGAIN)
				return stack_refused(s);
			return errno == EINTR ? 0 : sender_fail(sender, -errno);
		}
		s->refusing_since_ns = 0;
		sender->offered++;
		sender->sent++;
	}
	return 0;
}

static void stack_close(struct sender *sender)
{
	free(sender);
}

static const struct sender_ops stack_ops = {
	.method = WEIR_GENERATE_AUTO,
	.burst = STACK_BURST,
	.send = stack_send,
	.close = stack_close,
};

int stack_sender_open(const struct sender_supply *supply, const struct stack_device *device,
		      const struct nic *nic, struct sender **out, struct weir_error *error)
{
	struct stack_sender *s = calloc(1, sizeof(*s));

	if (!s)
		return weir_error_set(error, -ENOMEM, "no memory for a sender");
	s->base = (struct sender){.ops = &stack_ops, .supply = supply, .nic = nic};
	s->fd = device->fd;
	*out = &s->base;
	return 0;
}
