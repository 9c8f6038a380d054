/* SPDX-License-Identifier: Apache-2.0 */
/* Decoded headers as one line of text, for tests: what is 0 or absent is left out. */
#ifndef TESTS_DECODE_TEXT_H
#define TESTS_DECODE_TEXT_H

#include <stddef.h>

#include "weir/decode.h"

enum { DECODE_TEXT_BYTES = 640 };

/*
 * Write 'headers' of the packet at 'bytes' (addresses are read there) to
 * 'text', which has DECODE_TEXT_BYTES.
 */
void decode_text(const struct weir_headers *headers, const uint8_t *bytes, char *text);

#endif
