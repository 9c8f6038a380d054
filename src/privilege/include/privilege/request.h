/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be asked of the broker. With 'privilege' NULL the same is done in
 * this process, with its own rights: library users and tests need no broker.
 * Any thread may ask; requests are served one at a time.
 */
#ifndef PRIVILEGE_REQUEST_H
#define PRIVILEGE_REQUEST_H

#include "filter/kernel.h"
#include "hook/hook.h"
#include "weir/error.h"
#include "weir/privilege.h"

/*
 * A packet socket (AF_PACKET, SOCK_RAW, protocol 0: deaf until it is bound),
 * with a receive buffer of 'receive_bytes' (0: the system's default; at most
 * REQUEST_RECEIVE_BYTES_MAX, as much of it as the rights allow).
 * Returns the descriptor or -EPERM (CAP_NET_RAW is named), -errno.
 */
enum { REQUEST_RECEIVE_BYTES_MAX = 1 << 30 };
int request_packet_socket(struct weir_privilege *privilege, uint32_t receive_bytes,
			  struct weir_error *error);
/*
 * Have an interface's adapter stamp every packet that it receives; it goes on
 * doing so. -EOPNOTSUPP where it cannot, -EPERM (CAP_NET_ADMIN), -errno.
 */
int request_adapter_time(struct weir_privilege *privilege, const char *interface,
			 struct weir_error *error);
/* kernel_compile with the broker's rights. */
int request_filter(struct weir_privilege *privilege, const char *interface, uint32_t link_type,
		   const char *expression, struct kernel_program *out, struct weir_error *error);
/*
 * Open a file (flags as open(2), mode 0666 less umask), rename, unlink: first
 * with one's own rights, and only if these do not suffice with the broker's.
 * -errno; -EEXIST where a rename may not 'replace' a file that is there.
 */
int request_open(struct weir_privilege *privilege, const char *path, int flags);
int request_rename(struct weir_privilege *privilege, const char *from, const char *to,
		   bool replace);
int request_unlink(struct weir_privilege *privilege, const char *path);
/*
 * Run a command with 'path' as its argument, without a shell: by the broker,
 * which does not wait for its end; without a broker its end is waited for.
 * -errno when it cannot be started.
 */
int request_command(struct weir_privilege *privilege, const char *command, const char *path);
/*
 * hook_tap, hook_xdp_open, hook_xdp_attach with the broker's rights. The
 * descriptors in 'answer' are the caller's.
 */
int request_tap(struct weir_privilege *privilege, const struct hook_tap_request *request,
		struct hook_answer *answer, struct weir_error *error);
int request_xdp_open(struct weir_privilege *privilege, const struct hook_xdp_request *request,
		     struct hook_answer *answer, struct weir_error *error);
int request_xdp_attach(struct weir_privilege *privilege, const struct hook_xdp_request *request,
		       const int *sockets, struct hook_answer *answer, struct weir_error *error);
/* hook_to_stack with the broker's rights. The descriptors in 'answer' are the caller's. */
int request_to_stack(struct weir_privilege *privilege, int interface, struct hook_answer *answer,
		     struct weir_error *error);
/* hook_sweep with the broker's rights. */
int request_sweep(struct weir_privilege *privilege, int interface);

/* hook_nflog_open, hook_nflog_read with the broker's rights. */
int request_nflog_open(struct weir_privilege *privilege, const struct hook_nflog_request *request,
		       struct hook_answer *answer, struct weir_error *error);
int request_nflog_read(struct weir_privilege *privilege, int rules, bool stops, uint64_t *packets,
		       struct weir_error *error);

/* hook_fanout with the broker's rights. The descriptor in 'answer' is the caller's. */
int request_fanout(struct weir_privilege *privilege, const struct hook_fanout_request *request,
		   struct hook_answer *answer, struct weir_error *error);

#endif
