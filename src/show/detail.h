/* SPDX-License-Identifier: Apache-2.0 */
/* All headers of a packet, a line each, those within tunnels included. */
#ifndef SHOW_DETAIL_H
#define SHOW_DETAIL_H

#include "show/text.h"
#include "weir/decode.h"

void detail_packet(struct text *text, const struct weir_packet *packet,
		   const struct weir_headers *outer);

#endif
