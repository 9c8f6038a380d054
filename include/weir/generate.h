/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The traffic generator: UDP packets of many flows, at a chosen rate, out of
 * one Ethernet interface, with an exact count.
 *
 * Invariants:
 * - Frame n belongs to flow n modulo 'flows'; two flows differ in source
 *   address or source port. The same settings make the same frames.
 * - IP and UDP checksums are right in every frame.
 * - 'sent' counts frames that the interface took, never those only offered.
 * - Frame lengths are without the FCS: a "64 byte" Ethernet frame has 60.
 */
#ifndef WEIR_GENERATE_H
#define WEIR_GENERATE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"

#ifdef __cplusplus
extern "C" {
#endif

enum weir_generate_method {
	WEIR_GENERATE_AUTO,   /* live at top speed where that works, else socket */
	WEIR_GENERATE_SOCKET, /* sendmmsg past the queueing discipline; needs CAP_NET_RAW */
	WEIR_GENERATE_LIVE,   /* XDP live frames; top speed only; needs CAP_BPF and CAP_NET_ADMIN */
	WEIR_GENERATE_XDP,    /* AF_XDP, zero-copy where the driver can; needs CAP_NET_RAW */
};

enum {
	WEIR_GENERATE_FRAME_BYTES_DEFAULT = 60,
	WEIR_GENERATE_FRAME_BYTES_MAX = 65535 + 18,
};
#define WEIR_GENERATE_FLOWS_MAX (UINT32_C(1) << 31)
/* Rates: a billion packets a second, a terabit a second. */
#define WEIR_GENERATE_PACKETS_PER_S_MAX UINT64_C(1000000000)
#define WEIR_GENERATE_BITS_PER_S_MAX    UINT64_C(1000000000000)

/* What to send. All zero but 'interface' is a valid choice. Borrowed during open only. */
struct weir_generate_settings {
	const char *interface;
	enum weir_generate_method method;
	uint64_t count;         /* frames; 0 = until stopped */
	uint64_t duration_ns;   /* 0 = no limit of time */
	uint64_t packets_per_s; /* 0 with bits_per_s 0 = top speed */
	uint64_t bits_per_s;    /* of layer-2 frames without FCS; not together with the above */
	uint64_t seed;          /* of payload, port numbers and the order of sizes */
	uint32_t flows;         /* 0 = 1; at most WEIR_GENERATE_FLOWS_MAX */
	uint32_t frame_bytes;   /* 0 = 60, or the least that the headers need */
	bool imix;              /* 7:4:1 frames of 60, 566 and 1514 bytes instead of frame_bytes */
	bool ipv6;
	bool vlan; /* an 802.1Q tag with vlan_id */
	uint16_t vlan_id;
	const uint8_t *destination_mac;     /* 6 bytes; NULL = broadcast, which a notice tells */
	const uint8_t *source_address;      /* 4 or 16 bytes, of the first flow; NULL = 198.18.0.1
					       or 2001:2::1 (RFC 2544, RFC 5180) */
	const uint8_t *destination_address; /* NULL = 198.19.0.1 or 2001:2:0:1::1 */
	/*
	 * Tell the user something that is not an error ("method 'live' ...,
	 * using 'socket'"). May be NULL. Called by open and run.
	 */
	void (*notice)(void *user, const char *text);
	void *user;
};

struct weir_generate_result {
	uint64_t sent;    /* frames that the interface took */
	uint64_t refused; /* frames that it did not take; others were sent in their place */
	uint64_t bytes;   /* of the frames sent, without FCS */
	bool bytes_known; /* not when frames of different lengths were refused unnamed */
	/*
	 * The interface's own count of transmitted packets over the run, other
	 * traffic included; only where it could be read.
	 */
	uint64_t nic_sent;
	bool nic_sent_known;
	uint64_t duration_ns;             /* from the first frame offered to the last one taken */
	enum weir_generate_method method; /* the one used: not auto */
};

struct weir_generate;

/*
 * Check the settings, open the interface and the senders. On failure nothing
 * is left open and 'error' says what to do. Errors: -EINVAL contradictory or
 * impossible settings (a frame too large for the MTU, or too small for its
 * headers), -ENODEV no such interface (a near name is told), -ENETDOWN it is down, -EPERM (the
 * missing capability is named), -EOPNOTSUPP not an Ethernet interface, or
 * live frames not possible, -ENOMEM, -errno of the system.
 * Thread rule: one thread at a time.
 */
int weir_generate_open(const struct weir_generate_settings *settings, struct weir_generate **out,
		       struct weir_error *error);
/*
 * The method that the run begins with: not auto. Live frames take CAP_BPF and
 * CAP_NET_ADMIN all the time; with another method the caller may give up all
 * capabilities now.
 */
enum weir_generate_method weir_generate_method(const struct weir_generate *generate);
/*
 * Send until count or duration is reached or *stop is not 0 (a signal handler
 * may set it; a signal also ends waits). 'result' is filled in any case, and
 * is exact also after a stop or a failure. Blocks. To be called once.
 * Returns 0 or -errno ('error' says more): -ENETDOWN the interface went down,
 * -ENODEV it is gone, -ENOBUFS it takes nothing any more, -EOPNOTSUPP live
 * frames do not get through it.
 */
int weir_generate_run(struct weir_generate *generate, const volatile sig_atomic_t *stop,
		      struct weir_generate_result *result, struct weir_error *error);
/* Free all; NULL is fine. */
void weir_generate_close(struct weir_generate *generate);
/* "auto", "socket", "live", "xdp"; valid for ever. */
const char *weir_generate_method_name(enum weir_generate_method method);

#ifdef __cplusplus
}
#endif
#endif
