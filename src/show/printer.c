/* SPDX-License-Identifier: Apache-2.0 */
#include "show/printer.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "detail.h"
#include "hex.h"
#include "json.h"
#include "line.h"
#include "names.h"

void printer_init(struct printer *printer, const struct weir_show_settings *settings)
{
	memset(printer, 0, sizeof(*printer));
	printer->settings = *settings;
	printer->second = UINT64_MAX;
}

/* Seconds and their fraction, after what came before. */
static void printer_fraction(const struct printer *printer, struct text *text, uint64_t ns)
{
	if (printer->settings.nanoseconds)
		text_add(text, ".%09" PRIu64, ns % CLOCK_NS_PER_S);
	else
		text_add(text, ".%06" PRIu64, ns % CLOCK_NS_PER_S / CLOCK_NS_PER_US);
}

static void printer_clock(struct printer *printer, struct text *text, uint64_t ns)
{
	bool with_date = printer->settings.time != WEIR_SHOW_TIME_OF_DAY;
	time_t second = (time_t)(ns / CLOCK_NS_PER_S);
	struct tm local;

	if (printer->second != (uint64_t)second) {
		printer->second = (uint64_t)second;
		if (!localtime_r(&second, &local) ||
		    !strftime(printer->clock, sizeof(printer->clock),
			      with_date ? "%Y-%m-%d %H:%M:%S" : "%H:%M:%S", &local))
			strcpy(printer->clock, "?");
	}
	text_word(text, printer->clock);
	printer_fraction(printer, text, ns);
}

/* A difference of times; a capture may run backwards. */
static void printer_since(const struct printer *printer, struct text *text, uint64_t ns,
			  uint64_t since_ns)
{
	uint64_t distance = ns < since_ns ? since_ns - ns : ns - since_ns;
	uint64_t seconds = distance / CLOCK_NS_PER_S;

	text_add(text, "%s%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64, ns < since_ns ? "-" : "",
		 seconds / 3600, seconds / 60 % 60, seconds % 60);
	printer_fraction(printer, text, distance);
}

static void printer_time(struct printer *printer, struct text *text, uint64_t ns)
{
	switch (printer->settings.time) {
	case WEIR_SHOW_TIME_NONE:
		return;
	case WEIR_SHOW_TIME_UNIX:
		text_add(text, "%" PRIu64, ns / CLOCK_NS_PER_S);
		printer_fraction(printer, text, ns);
		break;
	case WEIR_SHOW_TIME_SINCE_LAST:
		printer_since(printer, text, ns, printer->last_ns ? printer->last_ns : ns);
		break;
	case WEIR_SHOW_TIME_SINCE_FIRST:
		printer_since(printer, text, ns, printer->first_ns ? printer->first_ns : ns);
		break;
	default:
		printer_clock(printer, text, ns);
		break;
	}
	text_put(text, " ", 1);
}

/* Where a packet was seen and how it came; a pcap file tells neither. */
static void printer_origin(struct text *text, const struct weir_packet *packet,
			   const struct weir_interface *interface)
{
	size_t length = strnlen(interface->name, sizeof(interface->name));

	if (length) {
		text_foreign(text, interface->name, length);
		text_put(text, " ", 1);
	}
	if (length || (packet->flags & WEIR_PACKET_DIRECTION_MASK) != WEIR_PACKET_DIRECTION_UNKNOWN)
		text_add(text, "%-3s ", names_direction_short(packet->flags));
}

static void printer_line(struct printer *printer, struct text *text,
			 const struct weir_packet *packet, const struct weir_interface *interface,
			 const struct weir_headers *outer, const struct weir_headers *inner)
{
	printer_time(printer, text, packet->time_ns);
	printer_origin(text, packet, interface);
	if (printer->settings.link_addresses)
		line_link_addresses(text, packet, outer);
	line_headers(text, packet, outer);
	if (outer->reason == WEIR_DECODE_REASON_LINK && outer->status == WEIR_DECODE_UNSUPPORTED)
		text_add(text, " type %u", interface->link_type);
	if (inner->tunnel_depth > outer->tunnel_depth) {
		text_add(text, " | %s", names_tunnel(inner->tunnel));
		if (inner->tunnel_id)
			text_add(text, " %u", inner->tunnel_id);
		if (inner->tunnel_depth > 1)
			text_add(text, " (%u deep)", inner->tunnel_depth);
		text_word(text, " | ");
		line_headers(text, packet, inner);
	}
	if (packet->captured_len < packet->wire_len)
		text_add(text, " len %u (%u captured)\n", packet->wire_len, packet->captured_len);
	else
		text_add(text, " len %u\n", packet->wire_len);
}

static void printer_bytes(const struct printer *printer, struct text *text,
			  const struct weir_packet *packet, const struct weir_headers *outer)
{
	uint32_t from = 0;

	if (!printer->settings.with_link && outer->network_offset != WEIR_OFFSET_NONE &&
	    outer->network_offset <= packet->captured_len)
		from = outer->network_offset;
	hex_bytes(text, packet->bytes + from, packet->captured_len - from, printer->settings.bytes);
}

void printer_packet(struct printer *printer, struct text *text, const struct weir_packet *packet,
		    const struct weir_interface *interface, const struct weir_headers *outer,
		    const struct weir_headers *inner)
{
	if (!printer->first_ns)
		printer->first_ns = packet->time_ns;
	if (printer->settings.json) {
		json_packet(text, packet, interface, outer, inner,
			    printer->settings.bytes != WEIR_SHOW_BYTES_NONE);
	} else {
		printer_line(printer, text, packet, interface, outer, inner);
		if (printer->settings.verbose)
			detail_packet(text, packet, outer);
		if (printer->settings.bytes != WEIR_SHOW_BYTES_NONE)
			printer_bytes(printer, text, packet, outer);
	}
	printer->last_ns = packet->time_ns;
}
