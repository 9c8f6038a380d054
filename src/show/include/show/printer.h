/* SPDX-License-Identifier: Apache-2.0 */
/* Packets as text: a line each, with more below it on request, or JSON. */
#ifndef SHOW_PRINTER_H
#define SHOW_PRINTER_H

#include "show/text.h"
#include "weir/decode.h"
#include "weir/show.h"

struct printer {
	struct weir_show_settings settings;
	uint64_t first_ns, last_ns; /* times of packets shown; 0 = none yet */
	/* local time is asked for once a second */
	uint64_t second; /* of the packet shown last; UINT64_MAX = none yet */
	char clock[32];  /* that second in words */
};

void printer_init(struct printer *printer, const struct weir_show_settings *settings);
/* Add a packet's text. The headers are as decoded to WEIR_DECODE_INNER. */
void printer_packet(struct printer *printer, struct text *text, const struct weir_packet *packet,
		    const struct weir_interface *interface, const struct weir_headers *outer,
		    const struct weir_headers *inner);

#endif
