/* SPDX-License-Identifier: Apache-2.0 */
#include "pacing.h"

#include <time.h>

#include "base/clock.h"

void pacing_wait(struct pacing *pacing, uint32_t bytes)
{
	uint64_t burst_ns, now_ns = clock_monotonic_ns();
	struct timespec wait;

	if (!pacing->rate_bytes)
		return;
	burst_ns = pacing->burst_bytes * CLOCK_NS_PER_S / pacing->rate_bytes;
	if (pacing->next_ns + burst_ns < now_ns)
		pacing->next_ns = now_ns - burst_ns;
	if (pacing->next_ns > now_ns) {
		wait = (struct timespec){
			.tv_sec = (time_t)((pacing->next_ns - now_ns) / CLOCK_NS_PER_S),
			.tv_nsec = (long)((pacing->next_ns - now_ns) % CLOCK_NS_PER_S)};
		nanosleep(&wait, NULL);
	}
	pacing->next_ns += bytes * CLOCK_NS_PER_S / pacing->rate_bytes;
}
