/* SPDX-License-Identifier: Apache-2.0 */
/* Strings of variable length: RFC 7011 sections 6.1.6 and 7. */
#ifndef EXPORT_IPFIX_STRING_H
#define EXPORT_IPFIX_STRING_H

#include <stddef.h>
#include <stdint.h>

enum { IPFIX_STRING_BYTES_MAX = 63 };

/*
 * Write the length and the text (of at most 'max' bytes, to its NUL) up to
 * IPFIX_STRING_BYTES_MAX; bytes that are no UTF-8 become '?', and none is cut in
 * two. Returns the end: at most IPFIX_STRING_BYTES_MAX + 1 bytes.
 */
uint8_t *ipfix_put_string(uint8_t *at, const char *text, size_t max);

#endif
