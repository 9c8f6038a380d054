/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How messages get to a collector. All operations run on the sender's thread
 * and may wait, but never longer than the limits named here.
 */
#ifndef EXPORT_TRANSPORT_H
#define EXPORT_TRANSPORT_H

#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "weir/error.h"
#include "weir/export.h"

enum {
	TRANSPORT_CONNECT_MS = 3000, /* a connection, or a handshake */
	TRANSPORT_PATIENCE_MS = 200, /* for a peer that does not take the next message */
	TRANSPORT_STALL_MS = 10000,  /* for the rest of a message that was taken in part */
	TRANSPORT_PROBE_MS = 100,    /* for an answer that nobody listens there */
	TRANSPORT_HOST_BYTES = 256,
	TRANSPORT_STREAM_BYTES = 8192, /* of a message, where the transport sets no limit */
};

struct transport;

struct transport_ops {
	/* Connect, or open the file. 0 or -errno, with words in t->failure. */
	int (*connect)(struct transport *t);
	/*
	 * Send a message whole. 0; -EAGAIN: nothing was sent, the peer is slow;
	 * other -errno: not sent, the connection is of no more use.
	 */
	int (*send)(struct transport *t, const uint8_t *bytes, uint32_t count);
	/*
	 * Is the peer still there, as far as the kernel knows? 0; 1: yes, and
	 * it is time to disconnect and connect anew; -errno.
	 */
	int (*check)(struct transport *t);
	/* End the connection in good order; connect may follow. Words in t->failure when it cannot be. */
	void (*disconnect)(struct transport *t);
	/* Free. */
	void (*close)(struct transport *t);
	bool datagrams; /* templates must be repeated */
	bool sessions; /* each connection is a session of its own: sequence and templates begin anew */
};

struct transport {
	const struct transport_ops *ops;
	char host[TRANSPORT_HOST_BYTES], port[32]; /* host: or a path */
	uint32_t mtu;                              /* asked for by the user, 0 = find out */
	uint32_t message_bytes; /* how long a message may be; as of the last connect or check */
	int fd;
	struct weir_error failure;
};

/* Make one for "HOST:PORT" ("[ADDR]:PORT"; the port may be left out) or a path. */
int transport_open_udp(const char *address, const struct weir_export_settings *settings,
		       struct transport **out, struct weir_error *error);
int transport_open_tcp(const char *address, const struct weir_export_settings *settings,
		       struct transport **out, struct weir_error *error);
int transport_open_sctp(const char *address, const struct weir_export_settings *settings,
			struct transport **out, struct weir_error *error);
int transport_open_tls(const char *address, const struct weir_export_settings *settings,
		       struct transport **out, struct weir_error *error);
int transport_open_dtls(const char *address, const struct weir_export_settings *settings,
			struct transport **out, struct weir_error *error);
int transport_open_file(const char *path, const struct weir_export_settings *settings,
			struct transport **out, struct weir_error *error);

/* ---- for the transports themselves ---- */

/* Split an address into t->host and t->port. -EINVAL. */
int transport_parse(struct transport *t, const char *address, const char *default_port,
		    struct weir_error *error);
/* A non-blocking socket connected to t's host: t->fd. -errno with t->failure. */
int transport_dial(struct transport *t, int type, int protocol);
/* Wait for events of poll(2) on t->fd. 0, -EAGAIN when time is up, -errno. */
int transport_wait(const struct transport *t, short events, int timeout_ms);
/* Has a stream's peer closed or reset it? 0 or -errno. */
int transport_check_stream(struct transport *t);
/*
 * What an ICMP message has said of a datagram: 0 or -errno. On the same host
 * it is there before send returns, so the message refused is the last one.
 * From elsewhere it comes later, and the messages on their way then are lost;
 * the sequence shows it.
 */
int transport_refusal(const struct transport *t);
/* Close t->fd. */
void transport_hang_up(struct transport *t);

#endif
