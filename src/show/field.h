/* SPDX-License-Identifier: Apache-2.0 */
/* Reads of packet bytes by offset, checked against what was captured. */
#ifndef SHOW_FIELD_H
#define SHOW_FIELD_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#include "weir/packet.h"

/* 'bytes' bytes at 'offset', or NULL when they were not all captured. */
static inline const uint8_t *field_at(const struct weir_packet *packet, uint32_t offset,
				      uint32_t bytes)
{
	if (offset > packet->captured_len || bytes > packet->captured_len - offset)
		return NULL;
	return packet->bytes + offset;
}

static inline uint16_t field_be16(const uint8_t *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return be16toh(value);
}

static inline uint32_t field_be32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return be32toh(value);
}

#endif
