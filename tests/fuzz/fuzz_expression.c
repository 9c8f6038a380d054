/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a record filter: it is refused, or a program that can be run. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "weir/flow.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct weir_flow_record records[2] = {{.ip_version = 4}, {.ip_version = 6}};
	struct weir_flow_expression *expression;
	struct weir_error error;
	char text[4096];

	if (size >= sizeof(text))
		size = sizeof(text) - 1;
	memcpy(text, data, size);
	text[size] = 0;
	if (weir_flow_expression_open(text, &expression, &error) < 0)
		return 0;
	for (int i = 0; i < 2; i++)
		weir_flow_expression_match(expression, &records[i]);
	weir_flow_expression_close(expression);
	return 0;
}
