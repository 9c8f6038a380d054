/* SPDX-License-Identifier: Apache-2.0 */
#include "dry_run.h"

#include <stdio.h>

const char *dry_run_size(uint64_t bytes, char text[FORMAT_BYTES])
{
	if (bytes >= 10 << 20)
		snprintf(text, FORMAT_BYTES, "%llu MiB", (unsigned long long)(bytes >> 20));
	else
		snprintf(text, FORMAT_BYTES, "%llu KiB", (unsigned long long)(bytes + 1023) >> 10);
	return text;
}

void dry_run_print(const struct capture_options *options, struct weir_engine *engine)
{
	const struct weir_account *account = weir_ledger_accounts(weir_engine_ledger(engine));
	uint64_t sum = 0;
	bool known = true;
	char text[FORMAT_BYTES], name[160];

	for (; account; account = weir_account_next(account)) {
		snprintf(name, sizeof(name), "%s:%s", account->source, account->name);
		printf("opens   %-40s %12s%s\n", name,
		       account->memory_bytes ? dry_run_size(account->memory_bytes, text) : "?",
		       weir_source_kind_of(name)->attaches ? "  (its program was not tried)" : "");
		sum += account->memory_bytes;
		known &= account->memory_bytes != 0;
	}
	printf("memory  %-40s %12s%s\n", "of all sources", dry_run_size(sum, text),
	       known ? "" : " and what '?' takes");
	for (uint32_t i = 0; options->write_paths[i]; i++)
		printf("writes  %s\n", options->write_paths[i]);
	if (options->report_path)
		printf("writes  %s\n", options->report_path);
	if (*options->filter)
		printf("filter  %s\n", options->filter);
}
