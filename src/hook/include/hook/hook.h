/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Putting weir's BPF programs where packets pass: the part of a source that
 * needs capabilities. It runs in the broker; what comes out of it are
 * descriptors (maps to be mapped, links that keep a program attached) that a
 * process without any rights can use. Closing a link's last descriptor
 * detaches the program, so nothing stays behind when a process is killed.
 */
#ifndef HOOK_HOOK_H
#define HOOK_HOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "tap_record.h"
#include "weir/error.h"
#include "weir/source.h"
#include "xdp_note.h"

enum {
	/* of one answer; the kernel's own limit is 253 (SCM_MAX_FD, net/scm.h) */
	HOOK_DESCRIPTORS_MAX = XDP_QUEUES_MAX + 3,
	HOOK_NOTICE_BYTES = 256,
	HOOK_RING_CPUS_MAX = 1024,
};

/* How XDP is attached. */
enum hook_mode { HOOK_MODE_AUTO, HOOK_MODE_NATIVE, HOOK_MODE_SKB };
/* "auto", "native", "skb" */
const char *hook_mode_name(enum hook_mode mode);

/* Descriptors and what the user should know of how they were got. */
struct hook_answer {
	uint32_t count;
	int descriptors[HOOK_DESCRIPTORS_MAX];
	char notice[HOOK_NOTICE_BYTES]; /* a fallback that was taken, or "" */
	uint32_t mode;                  /* enum hook_mode: what was got */
	uint32_t controls;              /* CPUs that can be: entries of the control map */
	bool needs_sweep;               /* hook_sweep has to follow the closing of the links */
	bool has_tai;                   /* time stamps are of CLOCK_TAI, else CLOCK_MONOTONIC */
	uint64_t packets;               /* hook_nflog_read */
};

/* CPUs that can be, each of which has an entry in a control map; -errno. */
int hook_cpus(void);

/* ---- the tap ---- */

/* HOOK_TC is tcx, or clsact where that is missing. */
enum hook_place { HOOK_TC, HOOK_XDP, HOOK_NETFILTER, HOOK_CLSACT, HOOK_TRACE };

/* Netfilter's hooks, in the order of enum nf_inet_hooks (linux/netfilter.h). */
enum hook_netfilter {
	HOOK_PREROUTING,
	HOOK_INPUT,
	HOOK_FORWARD,
	HOOK_OUTPUT,
	HOOK_POSTROUTING,
	HOOK_NETFILTER_COUNT
};

/* Where the stack is traced. */
enum hook_trace { HOOK_TRACE_DROP, HOOK_TRACE_SOCKET, HOOK_TRACE_COUNT };

struct hook_tap_request {
	int32_t interface;  /* index */
	uint32_t place;     /* enum hook_place */
	uint32_t mode;      /* enum hook_mode, of HOOK_XDP */
	uint32_t direction; /* enum weir_direction, of HOOK_TC, HOOK_CLSACT */
	uint32_t rings;     /* CPUs that get a ring */
	uint32_t slots;     /* of each, a power of two */
	uint32_t snaplen;
	bool discards;      /* HOOK_XDP: the host does not get the packets */
	uint32_t netfilter; /* enum hook_netfilter, of HOOK_NETFILTER */
	uint32_t trace;     /* enum hook_trace, of HOOK_TRACE */
	/*
	 * HOOK_TC, HOOK_XDP, HOOK_CLSACT: make the records a BPF arena, to be mapped at this
	 * address; 0: a BPF array.
	 */
	uint64_t arena;
	struct tap_match match;
};

/* Bytes of an arena with the records of that many rings: as long as its mapping has to be. */
uint64_t hook_arena_bytes(uint32_t rings, uint32_t slots);

/* The order of a tap's descriptors; one or two links end them (netfilter: IPv4, IPv6). */
enum { HOOK_TAP_CONTROLS, HOOK_TAP_RECORDS, HOOK_TAP_LINKS };

/*
 * Load and attach a tap. Errors: -EPERM (the capabilities are named), -EBUSY
 * another XDP program is attached (it is named), -ENOMEM, -EOPNOTSUPP the
 * kernel or the driver cannot, -errno. The descriptors belong to the caller.
 */
int hook_tap(const struct hook_tap_request *request, struct hook_answer *answer,
	     struct weir_error *error);

/*
 * Remove the clsact taps of an interface whose owners are gone: those whose
 * links have been closed, by whatever end of their process. Returns how many
 * there were, or -errno.
 */
int hook_sweep(int interface);

/* ---- netfilter without BPF: a rule that logs to a socket (NFLOG) ---- */

struct hook_nflog_request {
	int32_t interface; /* index */
	uint32_t hook;     /* enum hook_netfilter */
	uint32_t snaplen;
	uint32_t buffer_bytes; /* of the socket */
};

/* The order of the descriptors: the socket that packets come from, the owner of the rules. */
enum { HOOK_NFLOG_PACKETS, HOOK_NFLOG_RULES };

/*
 * Log the packets of an interface on one hook, IPv4 and IPv6, by a table of
 * rules that the kernel removes when the last descriptor of its owner is
 * closed. The messages are numbered. -EPERM (the capability is named), -EBUSY,
 * -EOPNOTSUPP, -errno. The descriptors belong to the caller.
 */
int hook_nflog_open(const struct hook_nflog_request *request, struct hook_answer *answer,
		    struct weir_error *error);

/*
 * How many packets the rules of that owner have met, in answer->packets; with
 * 'stops' they are first put out of force, for good. -errno
 */
int hook_nflog_read(int rules, bool stops, struct hook_answer *answer, struct weir_error *error);

/* ---- AF_XDP ---- */

enum hook_bind { HOOK_BIND_AUTO, HOOK_BIND_ZEROCOPY, HOOK_BIND_COPY };

struct hook_xdp_request {
	int32_t interface;    /* index */
	uint32_t mode;        /* enum hook_mode */
	uint32_t bind;        /* enum hook_bind */
	uint32_t queue;       /* the first one */
	uint32_t queues;      /* how many: one socket each */
	uint32_t ring;        /* entries of a receive ring, a power of two */
	uint32_t frames;      /* for each queue, at most 2 * ring */
	uint32_t frame_bytes; /* 2048 or 4096 */
	bool is_huge;         /* memory of huge pages */
	bool is_busy;         /* the reader drives the driver's polling */
	bool is_scattered;    /* a packet may take several frames */
	bool wants_time;      /* of the NIC's clock */
	bool wants_hash;      /* of the NIC */
};

/* The order of the descriptors; one socket for each queue ends them. */
enum { HOOK_XDP_MEMORY, HOOK_XDP_SOCKETS };

/*
 * First step: AF_XDP sockets that share the first one's memory, a file; the
 * frames are, queue after queue, all in the fill rings. The sockets are not bound, because old
 * kernels (before 6.4) let nobody map the rings of a bound socket; the caller
 * maps and binds. -EPERM, -ENOBUFS the limit of locked memory, -ENOMEM,
 * -errno. The descriptors belong to the caller.
 */
int hook_xdp_open(const struct hook_xdp_request *request, struct hook_answer *answer,
		  struct weir_error *error);

/* The order of the descriptors. */
enum { HOOK_XDP_CONTROLS, HOOK_XDP_LINK };

/*
 * Second step: load and attach the program that leads the packets of the
 * queues into the sockets. Errors as hook_tap.
 */
int hook_xdp_attach(const struct hook_xdp_request *request, const int *sockets,
		    struct hook_answer *answer, struct weir_error *error);

/* ---- back into the stack ---- */

/* The order of the descriptors. */
enum { HOOK_TO_STACK_FRAMES, HOOK_TO_STACK_LINK };

/*
 * A descriptor to which Ethernet frames are written, one at a time, that the
 * host's stack shall receive as if from 'interface', behind its XDP; and the
 * link that leads them there. Both go with their last descriptor. -EPERM,
 * -EINVAL a kernel without tcx, -errno.
 */
int hook_to_stack(int interface, struct hook_answer *answer, struct weir_error *error);

/* ---- fanout ---- */

struct hook_fanout_request {
	bool is_inner; /* by the innermost pair of addresses, else the outermost */
};

/*
 * Load the program that tells the members of a fanout group apart; its
 * descriptor is the only one. -EPERM (the capabilities are named), -errno.
 */
int hook_fanout(const struct hook_fanout_request *request, struct hook_answer *answer,
		struct weir_error *error);

/* Close all descriptors of an answer. */
void hook_close(struct hook_answer *answer);

#endif
