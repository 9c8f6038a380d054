/* SPDX-License-Identifier: Apache-2.0 */
/* What weir/decode.h promises of any packet's headers, whatever the bytes. */
#ifndef TESTS_DECODE_PROMISES_H
#define TESTS_DECODE_PROMISES_H

#include "weir/decode.h"

/* The promise that 'headers' break, of which 'captured' bytes were there; NULL if none. */
const char *promise_broken(const struct weir_headers *headers, uint32_t captured);
/* The same of a packet, decoded in every way there is. */
const char *promise_broken_by(const struct weir_packet *packet, uint32_t link_type);

#endif
