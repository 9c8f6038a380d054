/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounds-checked reader over bytes that the world wrote.
 *
 * A read that does not fit leaves the cursor where it is, sets 'failed' and
 * yields 0: a parser may read a whole header and look at 'failed' once.
 */
#ifndef BASE_CURSOR_H
#define BASE_CURSOR_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cursor {
	const uint8_t *bytes;
	size_t length; /* bytes in all */
	size_t offset; /* of the next byte to be read; <= length */
	bool failed;   /* some read did not fit */
	bool swapped;  /* the native-order reads swap (files of the other byte order) */
};

static inline struct cursor cursor_of(const void *bytes, size_t length)
{
	return (struct cursor){.bytes = bytes, .length = length};
}

static inline size_t cursor_left(const struct cursor *c)
{
	return c->length - c->offset;
}

/* The next 'n' bytes, or NULL when they are not all there. */
static inline const uint8_t *cursor_take(struct cursor *c, size_t n)
{
	const uint8_t *at = c->bytes + c->offset;

	if (n > cursor_left(c)) {
		c->failed = true;
		return NULL;
	}
	c->offset += n;
	return at;
}

static inline bool cursor_skip(struct cursor *c, size_t n)
{
	return cursor_take(c, n) != NULL;
}

static inline uint8_t cursor_u8(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 1);

	return p ? *p : 0;
}

/* Big-endian (network order) reads. */
static inline uint16_t cursor_be16(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 2);
	uint16_t v = 0;

	if (p)
		memcpy(&v, p, 2);
	return be16toh(v);
}

static inline uint32_t cursor_be32(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 4);
	uint32_t v = 0;

	if (p)
		memcpy(&v, p, 4);
	return be32toh(v);
}

static inline uint64_t cursor_be64(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 8);
	uint64_t v = 0;

	if (p)
		memcpy(&v, p, 8);
	return be64toh(v);
}

/* Reads in the file's byte order: this machine's, or the other with 'swapped'. */
static inline uint16_t cursor_u16(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 2);
	uint16_t v = 0;

	if (p)
		memcpy(&v, p, 2);
	return c->swapped ? __builtin_bswap16(v) : v;
}

static inline uint32_t cursor_u32(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 4);
	uint32_t v = 0;

	if (p)
		memcpy(&v, p, 4);
	return c->swapped ? __builtin_bswap32(v) : v;
}

static inline uint64_t cursor_u64(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 8);
	uint64_t v = 0;

	if (p)
		memcpy(&v, p, 8);
	return c->swapped ? __builtin_bswap64(v) : v;
}

#endif
