/* SPDX-License-Identifier: Apache-2.0 */
/* What the common options of captures mean together, before anything is opened. */
#include <errno.h>
#include <string.h>

#include "capture.h"
#include "paths.h"

static bool capture_reads_path(const char *name)
{
	return !strncmp(name, "file:", 5) || !strncmp(name, "follow:", 7);
}

/* What is read of the files named, and what is written to. */
static int capture_check_paths(const struct capture_options *o, struct weir_error *error)
{
	struct paths paths = {0};

	for (uint32_t i = 0; i < o->input_count; i++)
		if (capture_reads_path(o->inputs[i].name))
			paths_add_read(&paths, strchr(o->inputs[i].name, ':') + 1);
	for (uint32_t i = 0; o->write_paths[i]; i++)
		paths_add_write(&paths, o->write_paths[i]);
	paths_add_write(&paths, o->report_path);
	return paths_check(&paths, error);
}

static int capture_check_fanout(const struct capture_options *o, struct weir_error *error)
{
	if (!o->fanout_wanted)
		return 0;
	if (o->workers < 2)
		return weir_error_set(error, -EINVAL,
				      "--fanout divides packets among workers: say how many "
				      "(--workers N), or leave it out");
	for (uint32_t i = 0; i < o->input_count; i++)
		if (weir_source_kind_of(o->inputs[i].name)->has_fanout)
			return 0;
	return weir_error_set(error, -EINVAL,
			      "--fanout is for ring: and socket:, whose packets the kernel can "
			      "divide: leave it out");
}

/* What only a device has, where all inputs are files. */
static int capture_check_files(const struct capture_options *o, struct weir_error *error)
{
	bool rings = false, stays = false;

	for (uint32_t i = 0; i < o->input_count; i++) {
		if (!capture_reads_path(o->inputs[i].name))
			return 0;
		rings |= o->inputs[i].settings.ring_bytes != 0;
		stays |= !o->inputs[i].settings.promiscuous;
	}
	if (rings)
		return weir_error_set(error, -EINVAL,
				      "-B is the size of a kernel's ring, and a file has none: "
				      "leave it out");
	return stays ? weir_error_set(error, -EINVAL,
				      "-p is about an interface, and only files are read: leave it "
				      "out")
		     : 0;
}

static int capture_check_times(const struct capture_options *o, struct weir_error *error)
{
	for (uint32_t i = 0; i < o->input_count; i++) {
		const struct weir_source_settings *settings = &o->inputs[i].settings;

		if ((settings->from_ns || settings->to_ns) &&
		    !capture_reads_path(o->inputs[i].name))
			return weir_error_set(error, -EINVAL,
					      "--from and --to choose from a file's packets (-r); "
					      "for a live capture there is -a duration:TIME");
		if (settings->to_ns && settings->to_ns < settings->from_ns)
			return weir_error_set(error, -EINVAL, "--to is before --from");
	}
	return 0;
}

int capture_check(const struct capture_options *options, bool writes_files,
		  struct weir_error *error)
{
	int rc = 0;

	if ((options->file_bytes || options->file_limit) && !writes_files)
		return weir_error_set(
			error, -EINVAL,
			"-a filesize and -a files go with a recording (weir record -w FILE)");
	rc = capture_check_fanout(options, error);
	if (rc == 0)
		rc = capture_check_files(options, error);
	if (rc == 0)
		rc = capture_check_times(options, error);
	return rc < 0 ? rc : capture_check_paths(options, error);
}
