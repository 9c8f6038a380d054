/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recovers a file that was left behind. What comes of it is whole: recovered
 * once more, it keeps all its packets and loses no byte.
 */
#include "folder.h"
#include "weir/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
	uint64_t packets, cut;
	bool kept;
};

static void note(void *user, const struct weir_recovered *recovered)
{
	struct outcome *outcome = user;

	outcome->kept = !recovered->result && recovered->to;
	outcome->packets = recovered->packets;
	outcome->cut = recovered->bytes_cut;
}

static struct outcome recover(void)
{
	struct outcome outcome = {0};
	struct weir_error error;

	weir_record_recover(folder, NULL, note, &outcome, &error);
	return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome first, second;
	char from[128], to[128];

	folder_make();
	folder_put(".x.pcapng.part", data, size);
	first = recover();
	if (first.kept) {
		folder_path(from, "x.pcapng");
		folder_path(to, ".x.pcapng.part");
		if (rename(from, to))
			abort();
		second = recover();
		if (!second.kept || second.packets != first.packets || second.cut)
			abort();
	}
	folder_delete(".x.pcapng.part");
	folder_delete("x.pcapng");
	return 0;
}
