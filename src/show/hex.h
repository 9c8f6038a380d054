/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as tcpdump's -x, -X and -A print them. */
#ifndef SHOW_HEX_H
#define SHOW_HEX_H

#include "show/text.h"
#include "weir/show.h"

void hex_bytes(struct text *text, const uint8_t *bytes, uint32_t length, enum weir_show_bytes how);

#endif
