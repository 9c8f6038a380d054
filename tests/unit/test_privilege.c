/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "privilege/request.h"

enum { SKIPPED = 77 };

/* Run 'check' in a child that has dropped its privileges; returns its exit status. */
static int run_dropped(int (*check)(struct weir_privilege *, const char *), const char *directory)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		char file[256];
		struct weir_privilege_settings settings = {.write_paths = {file}};
		struct weir_privilege *privilege;

		snprintf(file, sizeof(file), "%s/allowed", directory);
		if (weir_privilege_start(&settings, &privilege, NULL) || weir_privilege_drop(NULL))
			_exit(100);
		status = check(privilege, directory);
		weir_privilege_close(privilege);
		_exit(status);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 200;
}

static int field_of(const char *name)
{
	char line[256];
	unsigned int value = 0;
	FILE *file = fopen("/proc/self/status", "r");

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, strlen(name)))
			sscanf(line + strlen(name), ":%x", &value);
	if (file)
		fclose(file);
	return (int)value;
}

static int check_status(struct weir_privilege *privilege, const char *directory)
{
	if (field_of("CapEff") || field_of("CapPrm"))
		return 1;
	if (field_of("NoNewPrivs") != 1)
		return 2;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(__clang__)
	if (field_of("Seccomp") != 2)
		return 3;
#endif
	return 0;
}

static int check_socket(struct weir_privilege *privilege, const char *directory)
{
	struct weir_error error = {0};
	int fd = request_packet_socket(privilege, 0, &error);

	if (fd < 0)
		return strstr(error.text, "CAP_NET_RAW") ? SKIPPED : 1;
	if (request_packet_socket(NULL, 0, &error) != -EPERM)
		return 2; /* one's own rights must be gone */
	return strstr(error.text, "CAP_NET_RAW") ? 0 : 3;
}

static int check_files(struct weir_privilege *privilege, const char *directory)
{
	char path[512];

	/* Outside of what was named: even the broker refuses. */
	snprintf(path, sizeof(path), "%s/sub/must-not-appear", directory);
	if (request_open(privilege, path, O_WRONLY | O_CREAT) != -EACCES)
		return 1;
	snprintf(path, sizeof(path), "%s/new", directory);
	if (request_open(privilege, path, O_WRONLY | O_CREAT) < 0)
		return 2;
	if (request_unlink(privilege, path))
		return 3;
	/* A link in the directory must not lead the broker out of it. */
	snprintf(path, sizeof(path), "%s/link", directory);
	if (request_open(privilege, path, O_WRONLY) >= 0)
		return 4;
	return 0;
}

static void dropping_leaves_no_capability(void **state)
{
	assert_int_equal(run_dropped(check_status, "/tmp"), 0);
}

static void the_broker_opens_sockets_that_the_client_cannot(void **state)
{
	int status = run_dropped(check_socket, "/tmp");

	if (status == SKIPPED) {
		print_message("skipped: this user has no CAP_NET_RAW\n");
		skip();
	}
	assert_int_equal(status, 0);
}

static void the_broker_writes_only_where_the_user_said(void **state)
{
	char directory[] = "/tmp/weir-privilege-XXXXXX";
	char below[64], link[64];

	if (geteuid() != 0) {
		print_message("skipped: only root can make directories of somebody else's\n");
		skip();
	}
	assert_non_null(mkdtemp(directory));
	snprintf(below, sizeof(below), "%s/sub", directory);
	assert_int_equal(mkdir(below, 0755), 0);
	snprintf(link, sizeof(link), "%s/link", directory);
	assert_int_equal(symlink("/etc/shadow", link), 0);
	/* Somebody else's, as a home directory is to root without capabilities. */
	assert_int_equal(chown(directory, 12345, 12345), 0);
	assert_int_equal(chown(below, 12345, 12345), 0);
	assert_int_equal(run_dropped(check_files, directory), 0);
	assert_int_equal(unlink(link), 0);
	assert_int_equal(rmdir(below), 0);
	assert_int_equal(rmdir(directory), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dropping_leaves_no_capability),
		cmocka_unit_test(the_broker_opens_sockets_that_the_client_cannot),
		cmocka_unit_test(the_broker_writes_only_where_the_user_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
