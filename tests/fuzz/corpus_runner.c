/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feeds a fuzz target with each file of its corpus, and with each beginning
 * of that file: what a fuzzer once found, and every cut of it, is run by
 * 'make check' with any compiler. Each input lies in an allocation of its
 * exact size, so that a sanitizer sees the first byte read beyond it.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CORPUS_FILE_BYTES_MAX = 1 << 20, CORPUS_CUTS_MAX = 2048 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run_input(const uint8_t *bytes, size_t size)
{
	uint8_t *exact = malloc(size ? size : 1);

	if (!exact)
		abort();
	memcpy(exact, bytes, size);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
}

static int run_file(const char *path)
{
	static uint8_t bytes[CORPUS_FILE_BYTES_MAX];
	FILE *file = fopen(path, "rb");
	size_t size;

	if (!file) {
		perror(path);
		return -1;
	}
	size = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	for (size_t cut = 0; cut < size && cut < CORPUS_CUTS_MAX; cut++)
		run_input(bytes, cut);
	run_input(bytes, size);
	return 0;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
	struct dirent **entries;
	char path[4096];
	int count, failed = 0;

	if (argc != 2) {
		fprintf(stderr, "usage: %s CORPUS_FOLDER\n", argv[0]);
		return 2;
	}
	count = scandir(argv[1], &entries, is_visible, alphasort);
	if (count <= 0) {
		fprintf(stderr, "no corpus in '%s'\n", argv[1]);
		return 1;
	}
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", argv[1], entries[i]->d_name);
		failed |= run_file(path);
		free(entries[i]);
	}
	free(entries);
	printf("%d files\n", count);
	return failed ? 1 : 0;
}
