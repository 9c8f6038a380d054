/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Community ID v1: the same short name for a conversation in every tool that
 * makes it. Specification: https://github.com/corelight/community-id-spec
 */
#ifndef EXPORT_COMMUNITY_H
#define EXPORT_COMMUNITY_H

#include <stdint.h>

#include "weir/flow.h"

enum { COMMUNITY_BYTES = 30 }; /* "1:", 28 of base64 */

/* Write it, without a 0; returns its end. */
char *community_put(char *at, const struct weir_flow_record *record, uint16_t seed);

#endif
