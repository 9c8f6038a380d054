/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verifies a file, plain or compressed; when the first byte is odd, beside a
 * manifest, which is what stands before the first zero byte.
 */
#include "folder.h"
#include "weir/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct weir_verified verified;
	struct weir_error error;
	const uint8_t *zero;
	char path[128];
	size_t text = 0;

	if (!size)
		return 0;
	folder_make();
	if (data[0] & 1) {
		zero = memchr(data + 1, 0, size - 1);
		text = zero ? (size_t)(zero - data) : size - 1;
		folder_put("x.sha256", data + 1, text ? text - 1 : 0);
	}
	folder_put("x", data + 1 + text, size - 1 - text);
	folder_path(path, "x");
	weir_record_verify(path, &verified, &error);
	folder_delete("x");
	folder_delete("x.sha256");
	return 0;
}
