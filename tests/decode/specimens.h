/* SPDX-License-Identifier: Apache-2.0 */
/* Packets made by hand, one for each kind of header and each way to break it. */
#ifndef TESTS_DECODE_SPECIMENS_H
#define TESTS_DECODE_SPECIMENS_H

#include <stddef.h>
#include <stdint.h>

enum { SPECIMEN_BYTES_MAX = 1024 };

struct specimen {
	const char *name;
	uint32_t link_type;
	uint32_t wire_len; /* 0: as long as 'hex' */
	const char *hex;   /* blanks do not count; "(xx*n)" is n times the byte xx */
	const char *outer; /* what decode_text says of the outer headers */
	const char *inner; /* of the innermost; NULL: the same */
};

extern const struct specimen specimens[];
extern const size_t specimen_count;

/* The bytes of 'hex'; returns how many. Aborts when 'hex' is not well made. */
uint32_t specimen_bytes(const struct specimen *specimen, uint8_t bytes[SPECIMEN_BYTES_MAX]);

#endif
