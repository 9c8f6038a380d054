/* SPDX-License-Identifier: Apache-2.0 */
/* The words of the report for stages and reasons. */
#include "weir/ledger.h"

static const char *const stage_names[] = {
	[WEIR_STAGE_RING] = "ring",     [WEIR_STAGE_FILE] = "file",
	[WEIR_STAGE_FILTER] = "filter", [WEIR_STAGE_DISPATCH] = "dispatch",
	[WEIR_STAGE_SINK] = "sink",     [WEIR_STAGE_DISK] = "disk",
	[WEIR_STAGE_EXPORT] = "export",
};
_Static_assert(sizeof(stage_names) / sizeof(*stage_names) == WEIR_STAGE_COUNT, "a name per stage");

static const char *const reason_names[] = {
	[WEIR_REASON_RING_FULL] = "ring_full",   [WEIR_REASON_GSO_UNSUPPORTED] = "gso_unsupported",
	[WEIR_REASON_AFTER_STOP] = "after_stop", [WEIR_REASON_INVALID] = "invalid",
	[WEIR_REASON_TRUNCATED] = "truncated",   [WEIR_REASON_MALFORMED] = "malformed",
	[WEIR_REASON_NO_BUFFER] = "no_buffer",   [WEIR_REASON_QUEUE_FULL] = "queue_full",
	[WEIR_REASON_DISK_FULL] = "disk_full",   [WEIR_REASON_DISK_SLOW] = "disk_slow",
	[WEIR_REASON_IO_ERROR] = "io_error",     [WEIR_REASON_READER_GONE] = "reader_gone",
	[WEIR_REASON_SAMPLED] = "sampled",       [WEIR_REASON_LIMIT] = "limit",
	[WEIR_REASON_NOT_SENT] = "not_sent",     [WEIR_REASON_UNTRIGGERED] = "untriggered",
};
_Static_assert(sizeof(reason_names) / sizeof(*reason_names) == WEIR_REASON_COUNT,
	       "a name per reason");

const char *weir_stage_name(enum weir_stage stage)
{
	return stage_names[stage];
}

const char *weir_reason_name(enum weir_reason reason)
{
	return reason_names[reason];
}
