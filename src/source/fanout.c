/* SPDX-License-Identifier: Apache-2.0 */
/* Joining: the kernel's words for a mode, and the programs of those that have one. */
#include "fanout.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "privilege/request.h"

enum { FANOUT_TYPE_SHIFT = 16 /* of the second argument: packet(7) */ };

static const struct fanout_word {
	const char *name;
	uint16_t type;
} fanout_words[WEIR_FANOUT_MODE_COUNT] = {
	[WEIR_FANOUT_NONE] = {"none", 0},
	[WEIR_FANOUT_HASH] = {"hash", PACKET_FANOUT_HASH},
	[WEIR_FANOUT_LB] = {"lb", PACKET_FANOUT_LB},
	[WEIR_FANOUT_CPU] = {"cpu", PACKET_FANOUT_CPU},
	[WEIR_FANOUT_QM] = {"qm", PACKET_FANOUT_QM},
	[WEIR_FANOUT_RND] = {"rnd", PACKET_FANOUT_RND},
	[WEIR_FANOUT_ROLLOVER] = {"rollover", PACKET_FANOUT_ROLLOVER},
	[WEIR_FANOUT_CBPF] = {"cbpf", PACKET_FANOUT_CBPF},
	[WEIR_FANOUT_EBPF] = {"ebpf", PACKET_FANOUT_EBPF},
	[WEIR_FANOUT_EBPF_INNER] = {"ebpf-inner", PACKET_FANOUT_EBPF},
};

const char *weir_fanout_mode_name(enum weir_fanout_mode mode)
{
	return fanout_words[mode].name;
}

/*
 * A number from the addresses of an IP packet, the same for both directions.
 * Positions are relative to the network header, since where a packet begins
 * depends on its direction (packet_rcv_fanout sees received ones without the
 * link header). What is not IP, or tagged in the packet itself, goes to the
 * first member.
 */
static int fanout_attach_classic(int fd)
{
#define FANOUT_FOLD(offset)                                                                        \
	BPF_STMT(BPF_MISC | BPF_TAX, 0),                                                           \
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_NET_OFF + (offset)),                        \
		BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 0)
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_PROTOCOL),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 5, 0),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_NET_OFF + 12),
		FANOUT_FOLD(16),
		/* over the 22 of IPv6 to the end */
		BPF_STMT(BPF_JMP | BPF_JA, 22),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_NET_OFF + 8),
		FANOUT_FOLD(12),
		FANOUT_FOLD(16),
		FANOUT_FOLD(20),
		FANOUT_FOLD(24),
		FANOUT_FOLD(28),
		FANOUT_FOLD(32),
		FANOUT_FOLD(36),
		/* Knuth 6.4: the golden ratio spreads near numbers; its high bits are the good ones. */
		BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, 2654435761u),
		BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 16),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};
#undef FANOUT_FOLD
	struct sock_fprog program = {.len = sizeof(code) / sizeof(*code), .filter = code};

	return setsockopt(fd, SOL_PACKET, PACKET_FANOUT_DATA, &program, sizeof(program)) ? -errno
											 : 0;
}

static bool fanout_is_ebpf(enum weir_fanout_mode mode)
{
	return mode == WEIR_FANOUT_EBPF || mode == WEIR_FANOUT_EBPF_INNER;
}

/* The eBPF program, or the classic one in its place. Returns its descriptor, -1 = none. */
static int fanout_load(struct weir_fanout *fanout, const struct weir_source_context *context)
{
	const struct hook_fanout_request request = {.is_inner = fanout->mode ==
								WEIR_FANOUT_EBPF_INNER};
	struct hook_answer answer;
	struct weir_error error;
	char text[sizeof(error.text) + 80];
	int rc = request_fanout(context->privilege, &request, &answer, &error);

	if (rc == 0)
		return answer.descriptors[0];
	fanout->mode = WEIR_FANOUT_CBPF;
	snprintf(text, sizeof(text),
		 "%s; packets are spread by a classic BPF program, by their outermost addresses",
		 error.text);
	if (context->notice)
		context->notice(context->user, text);
	return -1;
}

static int fanout_enter(int fd, struct weir_fanout *fanout, struct weir_error *error)
{
	unsigned int type = fanout_words[fanout->mode].type;
	unsigned int argument = 0;
	socklen_t size = sizeof(argument);

	if (fanout->rollover)
		type |= PACKET_FANOUT_FLAG_ROLLOVER;
	if (fanout->group == WEIR_FANOUT_GROUP_OWN)
		type |= PACKET_FANOUT_FLAG_UNIQUEID;
	else
		argument = (unsigned int)fanout->group;
	argument |= type << FANOUT_TYPE_SHIFT;
	if (setsockopt(fd, SOL_PACKET, PACKET_FANOUT, &argument, sizeof(argument)))
		return weir_error_set_errno(error, -errno,
					    "cannot join a fanout group by '%s' (a group has one "
					    "interface, one mode and one kind of source, and the "
					    "interface must be up)",
					    fanout_words[fanout->mode].name);
	if (getsockopt(fd, SOL_PACKET, PACKET_FANOUT, &argument, &size))
		return weir_error_set_errno(error, -errno, "cannot tell the fanout group");
	fanout->group = (int32_t)(argument & UINT16_MAX);
	return 0;
}

/* The first member in this process brings the program. */
static int fanout_attach(int fd, const struct weir_fanout *fanout, int program,
			 struct weir_error *error)
{
	int rc = 0;

	if (program >= 0)
		rc = setsockopt(fd, SOL_PACKET, PACKET_FANOUT_DATA, &program, sizeof(program))
			     ? -errno
			     : 0;
	else if (fanout->member == 0 && fanout->mode == WEIR_FANOUT_CBPF)
		rc = fanout_attach_classic(fd);
	return rc < 0 ? weir_error_set_errno(error, rc, "the kernel refuses a group's program") : 0;
}

int fanout_join(int fd, struct weir_fanout *fanout, const struct weir_source_context *context,
		struct weir_error *error)
{
	int program = -1;
	int rc;

	if (fanout->member == 0 && fanout_is_ebpf(fanout->mode))
		program = fanout_load(fanout, context);
	rc = fanout_enter(fd, fanout, error);
	if (rc == 0)
		rc = fanout_attach(fd, fanout, program, error);
	if (program >= 0)
		close(program);
	return rc;
}

void fanout_read_rollover(int fd, struct weir_account *account)
{
	struct tpacket_rollover_stats statistics;
	socklen_t size = sizeof(statistics);

	if (getsockopt(fd, SOL_PACKET, PACKET_ROLLOVER_STATS, &statistics, &size))
		return;
	weir_cell_set(&account->rolled_over, statistics.tp_all);
	weir_cell_set(&account->rolled_over_huge, statistics.tp_huge);
	weir_cell_set(&account->rolled_over_failed, statistics.tp_failed);
}
