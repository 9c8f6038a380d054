/* SPDX-License-Identifier: Apache-2.0 */
/* Reads pcap files, whole and in small windows; the last byte of the input chooses which. */
#include "reader_run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	reader_run(data, size, size);
	reader_run(data, size, data[size - 1] + 1u);
	return 0;
}
