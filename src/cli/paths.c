/* SPDX-License-Identifier: Apache-2.0 */
#include "paths.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void paths_add_read(struct paths *paths, const char *path)
{
	if (path && paths->read_count < PATHS_MAX)
		paths->reads[paths->read_count++] = path;
}

void paths_add_write(struct paths *paths, const char *path)
{
	if (path && paths->write_count < PATHS_MAX)
		paths->writes[paths->write_count++] = path;
}

static bool paths_are_one_file(const struct stat *a, const struct stat *b)
{
	/* devices and pipes bear several writers */
	return S_ISREG(a->st_mode) && a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool paths_is_read(const char *write, const char *read)
{
	struct stat output, input;
	int rc = strcmp(read, "-") ? stat(read, &input) : fstat(STDIN_FILENO, &input);

	return !rc && !stat(write, &output) && paths_are_one_file(&output, &input);
}

static bool paths_is_written_twice(const char *write, const char *other)
{
	struct stat a, b;

	if (stat(write, &a))
		return !strcmp(write, other); /* it is yet to be made */
	return !stat(other, &b) && paths_are_one_file(&a, &b);
}

int paths_check(const struct paths *paths, struct weir_error *error)
{
	for (unsigned int w = 0; w < paths->write_count; w++) {
		const char *write = paths->writes[w];

		for (unsigned int r = 0; r < paths->read_count; r++)
			if (paths_is_read(write, paths->reads[r]))
				return weir_error_set(error, -EINVAL,
						      "cannot write '%s': it is the file that is "
						      "read; give another name",
						      write);
		for (unsigned int other = 0; other < w; other++)
			if (paths_is_written_twice(write, paths->writes[other]))
				return weir_error_set(error, -EINVAL,
						      "cannot write '%s' twice: give each output a "
						      "name of its own",
						      write);
	}
	return 0;
}
