/* SPDX-License-Identifier: Apache-2.0 */
/* Reads pcapng files, whole and in small windows; the last byte of the input chooses which. */
#include "reader_run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SECTION_BYTES = 28 };

/* A section header in this machine's byte order, or the other, so that the fuzzer need not find it. */
static void run_behind_section(const uint8_t *data, size_t size, bool swapped)
{
	const uint32_t words[7] = {0x0a0d0d0a, SECTION_BYTES, 0x1a2b3c4d, 1, 0, 0, SECTION_BYTES};
	uint8_t *file = malloc(SECTION_BYTES + size);

	if (!file)
		return;
	for (int i = 0; i < 7; i++) {
		uint32_t word = swapped ? __builtin_bswap32(words[i]) : words[i];

		memcpy(file + 4 * i, &word, 4);
	}
	if (swapped) {
		uint16_t major = __builtin_bswap16(1);

		memcpy(file + 12, &major, 2);
		memset(file + 14, 0, 2);
	}
	memcpy(file + SECTION_BYTES, data, size);
	reader_run(file, SECTION_BYTES + size, SECTION_BYTES + size);
	free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	reader_run(data, size, size);
	reader_run(data, size, data[size - 1] + 1u);
	run_behind_section(data, size, data[size - 1] & 1);
	return 0;
}
