/* SPDX-License-Identifier: Apache-2.0 */
#include "record_recover.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

static void record_tell_recovered(void *user, const struct weir_recovered *r)
{
	if (r->result == -EBUSY)
		fprintf(stderr, "'%s' is being written by a recorder: left alone\n", r->from);
	else if (r->result)
		fprintf(stderr, "'%s' could not be recovered: %s\n", r->from,
			r->result == -EINVAL ? "not a capture file of this machine"
					     : strerror(-r->result));
	else if (!r->to)
		fprintf(stderr, "'%s' held no packet: removed\n", r->from);
	else
		fprintf(stderr, "recovered '%s': %" PRIu64 " packets, %" PRIu64 " bytes cut off\n",
			r->to, r->packets, r->bytes_cut);
	if (user && r->result && r->result != -EBUSY)
		*(int *)user = STATUS_ERROR;
}

int record_recover(const struct command *command, const char *path)
{
	struct weir_error error;
	int status = STATUS_OK;
	int count = weir_record_recover(path, NULL, record_tell_recovered, &status, &error);

	if (count < 0)
		return options_fail(command, STATUS_ERROR, &error);
	if (!count)
		fprintf(stderr, "nothing was left behind in '%s'\n", path);
	return status;
}

void record_recover_before(const struct weir_record_settings *settings)
{
	const char *slash = strrchr(settings->path, '/');
	char directory[PATH_MAX] = ".";

	if (!weir_record_rotates(&settings->rotation))
		return;
	if (slash && slash - settings->path + 1 < PATH_MAX)
		snprintf(directory, sizeof(directory), "%.*s", (int)(slash - settings->path + 1),
			 settings->path);
	/* Where it is not possible, they stay as they are: no name is used twice. */
	weir_record_recover(directory, settings->privilege, record_tell_recovered, NULL, NULL);
}
