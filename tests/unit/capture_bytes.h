/* SPDX-License-Identifier: Apache-2.0 */
/* Builds pcap and pcapng files byte by byte, in either byte order, for tests. */
#ifndef TESTS_CAPTURE_BYTES_H
#define TESTS_CAPTURE_BYTES_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { CAPTURE_BYTES_MAX = 1 << 16 };

struct capture_bytes {
	uint8_t bytes[CAPTURE_BYTES_MAX];
	size_t length;
	bool big_endian;
};

static inline void put8(struct capture_bytes *out, uint8_t value)
{
	assert(out->length < CAPTURE_BYTES_MAX);
	out->bytes[out->length++] = value;
}

static inline void put_number(struct capture_bytes *out, uint64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		put8(out, (uint8_t)(value >> 8 * (out->big_endian ? bytes - 1 - i : i)));
}

static inline void put16(struct capture_bytes *out, uint16_t value)
{
	put_number(out, value, 2);
}

static inline void put32(struct capture_bytes *out, uint32_t value)
{
	put_number(out, value, 4);
}

static inline void put64(struct capture_bytes *out, uint64_t value)
{
	put_number(out, value, 8);
}

/* 'length' bytes 0, 1, 2, ... */
static inline void put_payload(struct capture_bytes *out, uint32_t length)
{
	for (uint32_t i = 0; i < length; i++)
		put8(out, (uint8_t)i);
}

static inline void put_padding(struct capture_bytes *out)
{
	while (out->length % 4)
		put8(out, 0);
}

/* ---- pcap ---- */

static inline void put_pcap_header(struct capture_bytes *out, uint32_t magic, uint32_t snaplen,
				   uint32_t network)
{
	put32(out, magic);
	put16(out, 2);
	put16(out, 4);
	put64(out, 0);
	put32(out, snaplen);
	put32(out, network);
}

static inline void put_pcap_record(struct capture_bytes *out, uint32_t seconds, uint32_t fraction,
				   uint32_t captured, uint32_t wire)
{
	put32(out, seconds);
	put32(out, fraction);
	put32(out, captured);
	put32(out, wire);
}

/* ---- pcapng: begin a block, put its body, end it ---- */

static inline size_t begin_block(struct capture_bytes *out, uint32_t type)
{
	size_t at = out->length;

	put32(out, type);
	put32(out, 0);
	return at;
}

static inline void end_block(struct capture_bytes *out, size_t at)
{
	uint32_t length;
	size_t end;

	put_padding(out);
	length = (uint32_t)(out->length - at + 4);
	put32(out, length);
	end = out->length;
	out->length = at + 4;
	put32(out, length);
	out->length = end;
}

static inline void put_section(struct capture_bytes *out)
{
	size_t at = begin_block(out, 0x0a0d0d0a);

	put32(out, 0x1a2b3c4d);
	put16(out, 1);
	put16(out, 0);
	put64(out, UINT64_MAX);
	end_block(out, at);
}

static inline size_t begin_interface(struct capture_bytes *out, uint16_t link_type,
				     uint32_t snaplen)
{
	size_t at = begin_block(out, 1);

	put16(out, link_type);
	put16(out, 0);
	put32(out, snaplen);
	return at;
}

static inline void put_interface(struct capture_bytes *out, uint16_t link_type, uint32_t snaplen)
{
	end_block(out, begin_interface(out, link_type, snaplen));
}

static inline void put_option(struct capture_bytes *out, uint16_t code, uint16_t length)
{
	put16(out, code);
	put16(out, length);
}

static inline size_t begin_enhanced(struct capture_bytes *out, uint32_t interface, uint64_t units,
				    uint32_t captured, uint32_t wire)
{
	size_t at = begin_block(out, 6);

	put32(out, interface);
	put32(out, (uint32_t)(units >> 32));
	put32(out, (uint32_t)units);
	put32(out, captured);
	put32(out, wire);
	put_payload(out, captured);
	put_padding(out);
	return at;
}

static inline void put_enhanced(struct capture_bytes *out, uint32_t interface, uint64_t units,
				uint32_t captured, uint32_t wire)
{
	end_block(out, begin_enhanced(out, interface, units, captured, wire));
}

#endif
