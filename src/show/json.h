/* SPDX-License-Identifier: Apache-2.0 */
/* A packet as one JSON object in one line. */
#ifndef SHOW_JSON_H
#define SHOW_JSON_H

#include "show/text.h"
#include "weir/decode.h"

/* 'bytes': add the captured bytes in hexadecimal. */
void json_packet(struct text *text, const struct weir_packet *packet,
		 const struct weir_interface *interface, const struct weir_headers *outer,
		 const struct weir_headers *inner, bool bytes);

#endif
