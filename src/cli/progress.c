/* SPDX-License-Identifier: Apache-2.0 */
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/format.h"

#define PROGRESS_EVERY_NS (CLOCK_NS_PER_S / 5)
/* Of something that takes less, nobody needs to be told. */
#define PROGRESS_AFTER_NS (CLOCK_NS_PER_S / 2)

void progress_begin(struct progress *progress, bool wanted)
{
	*progress = (struct progress){.on = wanted && isatty(STDERR_FILENO),
				      .next_ns = PROGRESS_AFTER_NS};
}

static void progress_left(char *text, unsigned int size, double seconds)
{
	uint64_t left = (uint64_t)(seconds + 0.5);

	if (left >= 3600)
		snprintf(text, size, "%" PRIu64 " h %02" PRIu64 " min", left / 3600,
			 left / 60 % 60);
	else if (left >= 60)
		snprintf(text, size, "%" PRIu64 " min %02" PRIu64 " s", left / 60, left % 60);
	else
		snprintf(text, size, "%" PRIu64 " s", left);
}

void progress_text(char *text, unsigned int size, uint64_t done, uint64_t of, uint64_t duration_ns,
		   const char *unit)
{
	double seconds = (double)duration_ns / (double)CLOCK_NS_PER_S;
	double rate = seconds > 0 ? (double)done / seconds : 0;
	char amount[FORMAT_BYTES], speed[FORMAT_BYTES], left[FORMAT_BYTES];

	format_count(done, amount);
	format_rate(rate, speed);
	if (!of || rate <= 0 || done > of) {
		snprintf(text, size, "%s %s, %s a second", amount, unit, speed);
		return;
	}
	progress_left(left, sizeof(left), (double)(of - done) / rate);
	snprintf(text, size, "%3.0f %%, %s %s, %s a second, %s left",
		 100 * (double)done / (double)of, amount, unit, speed, left);
}

void progress_tell(struct progress *progress, uint64_t done, uint64_t of, uint64_t duration_ns,
		   const char *unit)
{
	char text[80];

	if (!progress->on || duration_ns < progress->next_ns)
		return;
	progress->next_ns = duration_ns + PROGRESS_EVERY_NS;
	progress->shown = true;
	progress_text(text, sizeof(text), done, of, duration_ns, unit);
	fprintf(stderr, "\r%s\033[K", text); /* erase to the end of the line, ECMA-48 EL */
	fflush(stderr);
}

void progress_end(struct progress *progress)
{
	if (progress->shown)
		fprintf(stderr, "\r\033[K");
	progress->shown = false;
}
