/* SPDX-License-Identifier: Apache-2.0 */
#include "weir/drop_reason.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DROP_REASONS_MAX = 512 }; /* Linux 6.18 has 128 */

struct weir_drop_reasons {
	char names[DROP_REASONS_MAX][WEIR_DROP_REASON_BYTES];
};

static void drop_reason_enter(struct weir_drop_reasons *reasons, uint32_t value, const char *name)
{
	static const char prefix[] = "SKB_DROP_REASON_";

	if (!name || value >= DROP_REASONS_MAX)
		return;
	if (!strncmp(name, prefix, sizeof(prefix) - 1))
		name += sizeof(prefix) - 1;
	snprintf(reasons->names[value], WEIR_DROP_REASON_BYTES, "%s", name);
}

static int drop_reasons_read(struct weir_drop_reasons *reasons, const struct btf *btf)
{
	int id = btf__find_by_name_kind(btf, "skb_drop_reason", BTF_KIND_ENUM);
	const struct btf_type *type = id < 0 ? NULL : btf__type_by_id(btf, (uint32_t)id);
	const struct btf_enum *values = type ? btf_enum(type) : NULL;

	for (uint32_t i = 0; type && i < btf_vlen(type); i++)
		drop_reason_enter(reasons, (uint32_t)values[i].val,
				  btf__name_by_offset(btf, values[i].name_off));
	return type ? 0 : -1;
}

struct weir_drop_reasons *weir_drop_reasons_open(void)
{
	libbpf_print_fn_t print = libbpf_set_print(NULL); /* the library never prints */
	struct weir_drop_reasons *reasons = calloc(1, sizeof(*reasons));
	struct btf *btf = reasons ? btf__load_vmlinux_btf() : NULL;

	libbpf_set_print(print);
	if (!btf || drop_reasons_read(reasons, btf) < 0) {
		free(reasons);
		reasons = NULL;
	}
	btf__free(btf);
	return reasons;
}

void weir_drop_reasons_close(struct weir_drop_reasons *reasons)
{
	free(reasons);
}

const char *weir_drop_reason_name(const struct weir_drop_reasons *reasons, uint16_t reason,
				  char text[WEIR_DROP_REASON_BYTES])
{
	uint32_t subsystem = reason >> 12, number = reason & 0xfff;

	if (subsystem)
		snprintf(text, WEIR_DROP_REASON_BYTES, "#%u:%u", subsystem, number);
	else if (reasons && number < DROP_REASONS_MAX && reasons->names[number][0])
		snprintf(text, WEIR_DROP_REASON_BYTES, "%s", reasons->names[number]);
	else
		snprintf(text, WEIR_DROP_REASON_BYTES, "#%u", number);
	return text;
}
