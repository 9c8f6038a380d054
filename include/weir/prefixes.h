/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of address prefixes: whose they are, and where packets to
 * them go. A table is made from a text, a prefix a line:
 *
 *   # prefix          AS number   next hop
 *   192.0.2.0/24      64500       198.51.100.1
 *   2001:db8::/32     64501
 *
 * An AS number of 0 is unknown; a next hop may be missing, and is of the
 * prefix's IP version. The longest prefix that an address is in counts.
 */
#ifndef WEIR_PREFIXES_H
#define WEIR_PREFIXES_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { WEIR_PREFIXES_MAX = 4 << 20 };

struct weir_prefixes;

struct weir_prefix {
	uint32_t as_number;   /* 0 = unknown */
	uint8_t bits;         /* length of the prefix */
	uint8_t next_hop[16]; /* IPv4: the first four bytes; all zero = unknown */
};

/*
 * Make a table from a text of 'bytes' bytes, which need not end in a zero.
 * -EINVAL with the line's number and what is wrong with it, -E2BIG beyond
 * WEIR_PREFIXES_MAX, -ENOMEM. Free with weir_prefixes_close. Any thread.
 */
int weir_prefixes_parse(const char *text, size_t bytes, struct weir_prefixes **out,
			struct weir_error *error);
/* The same from a file; also -errno of reading it. */
int weir_prefixes_open(const char *path, struct weir_prefixes **out, struct weir_error *error);
/* NULL is fine. */
void weir_prefixes_close(struct weir_prefixes *prefixes);

/*
 * What is known of an address (4 or 16 bytes, by 'ip_version'); NULL when it
 * is in no prefix. Valid as long as the table. Any thread.
 */
const struct weir_prefix *weir_prefixes_find(const struct weir_prefixes *prefixes,
					     unsigned int ip_version, const uint8_t *address);

#ifdef __cplusplus
}
#endif
#endif
