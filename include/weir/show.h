/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Showing: a line of text, or a JSON object, per packet.
 *
 * Invariants:
 * - Whatever a packet or a file contains, only printable ASCII, newlines and
 *   tabs are written.
 * - What could not be decoded is said so, and why.
 */
#ifndef WEIR_SHOW_H
#define WEIR_SHOW_H

#include <stdbool.h>

#include "error.h"
#include "packet.h"
#include "sink.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The time at the start of a line; the order is that of tcpdump's -t, -tt, ... */
enum weir_show_time {
	WEIR_SHOW_TIME_OF_DAY,     /* local: 12:00:03.250123 */
	WEIR_SHOW_TIME_NONE,       /* -t */
	WEIR_SHOW_TIME_UNIX,       /* -tt: seconds since 1970, UTC */
	WEIR_SHOW_TIME_SINCE_LAST, /* -ttt: since the packet before */
	WEIR_SHOW_TIME_DATE,       /* -tttt: local, with the date */
	WEIR_SHOW_TIME_SINCE_FIRST /* -ttttt: since the first packet */
};

/* A packet's bytes below its line. */
enum weir_show_bytes {
	WEIR_SHOW_BYTES_NONE,
	WEIR_SHOW_BYTES_HEX,       /* as tcpdump -x */
	WEIR_SHOW_BYTES_HEX_ASCII, /* as tcpdump -X */
	WEIR_SHOW_BYTES_ASCII,     /* as tcpdump -A */
};

struct weir_show_settings {
	bool json;           /* one object a packet; time, addresses and bytes below don't matter */
	bool verbose;        /* all headers, a line each, below the packet's line */
	bool link_addresses; /* in the line */
	bool nanoseconds;    /* nine digits of a second instead of six */
	bool with_link;      /* the bytes from the link header on, not from the network header on */
	enum weir_show_time time;
	enum weir_show_bytes bytes;
	int fd; /* where to write; borrowed for the life of the sink */
};

/*
 * Open the sink that shows packets. 'interfaces' is borrowed for the sink's
 * life. -ENOMEM, -EINVAL. The engine closes it.
 *
 * consume() returns 1 when the reader of a pipe has gone (EPIPE), and -errno
 * when writing failed otherwise. It waits for a reader that is slow: a full
 * pipe holds the worker up, and what is lost then is counted at the source.
 */
int weir_sink_open_show(const struct weir_show_settings *settings,
			const struct weir_interfaces *interfaces, struct weir_sink **out,
			struct weir_error *error);

#ifdef __cplusplus
}
#endif
#endif
