/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a table of prefixes: it is refused, or every address finds its longest prefix. */
#include <stddef.h>
#include <stdint.h>

#include "weir/prefixes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t addresses[][16] = {
		{0}, {10, 1, 2, 3}, {192, 0, 2, 1}, {0x20, 0x01, 0x0d, 0xb8}, {255, 255, 255, 255}};
	struct weir_prefixes *prefixes;
	struct weir_error error;

	if (weir_prefixes_parse((const char *)data, size, &prefixes, &error) < 0)
		return 0;
	for (size_t i = 0; i < sizeof(addresses) / sizeof(*addresses); i++) {
		weir_prefixes_find(prefixes, 4, addresses[i]);
		weir_prefixes_find(prefixes, 6, addresses[i]);
	}
	weir_prefixes_close(prefixes);
	return 0;
}
