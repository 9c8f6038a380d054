/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/kernel.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/socket.h>

#include "filter/compile.h"

enum { KERNEL_HANDLE_RING_BYTES = 1 << 16 /* the handle is only there to compile with */ };

static void kernel_set(struct kernel_program *program, const struct sock_filter *code,
		       uint32_t count)
{
	memcpy(program->code, code, count * sizeof(*code));
	program->count = count;
}

/* A handle that knows what packets look like to a socket on this interface. */
static int kernel_open_handle(const char *interface, uint32_t link_type, pcap_t **out,
			      struct weir_error *error)
{
	char complaint[PCAP_ERRBUF_SIZE] = "";
	pcap_t *handle;
	int rc;

	if (link_type != DLT_EN10MB) { /* no VLAN tags there to be moved */
		*out = pcap_open_dead(compile_dlt(link_type), WEIR_SNAPLEN_MAX);
		return *out ? 0 : weir_error_set(error, -ENOMEM, "out of memory for the filter");
	}
	handle = pcap_create(interface, complaint);
	if (!handle)
		return weir_error_set(error, -ENODEV, "libpcap: %s", complaint);
	pcap_set_snaplen(handle, WEIR_SNAPLEN_MAX);
	pcap_set_buffer_size(handle, KERNEL_HANDLE_RING_BYTES);
	rc = pcap_activate(handle);
	if (rc < 0) {
		weir_error_set(error,
			       rc == PCAP_ERROR_PERM_DENIED    ? -EPERM
			       : rc == PCAP_ERROR_IFACE_NOT_UP ? -ENETDOWN
							       : -EIO,
			       "libpcap cannot open '%s' to compile the filter: %s", interface,
			       rc == PCAP_ERROR ? pcap_geterr(handle) : pcap_statustostr(rc));
		pcap_close(handle);
		return error ? error->code : -EIO;
	}
	*out = handle;
	return 0;
}

int kernel_compile(const char *interface, uint32_t link_type, const char *expression,
		   struct kernel_program *out, struct weir_error *error)
{
	static const struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, WEIR_SNAPLEN_MAX);
	struct bpf_program program;
	pcap_t *handle;
	int rc;

	_Static_assert(sizeof(struct sock_filter) == sizeof(struct bpf_insn), "same instruction");
	if (!*expression) {
		kernel_set(out, &all, 1);
		return 0;
	}
	rc = kernel_open_handle(interface, link_type, &handle, error);
	if (rc < 0)
		return rc;
	rc = compile_expression(handle, expression, &program, error);
	if (rc == 0) {
		kernel_set(out, (const struct sock_filter *)program.bf_insns, program.bf_len);
		pcap_freecode(&program);
	}
	pcap_close(handle);
	return rc;
}

static int kernel_prepend(struct kernel_program *program, const struct sock_filter *code,
			  uint32_t count)
{
	if (program->count + count > WEIR_FILTER_INSTRUCTIONS_MAX)
		return -E2BIG;
	memmove(program->code + count, program->code, program->count * sizeof(*program->code));
	memcpy(program->code, code, count * sizeof(*code));
	program->count += count;
	return 0;
}

int kernel_adapt(struct kernel_program *program, uint32_t snaplen, enum weir_direction direction)
{
	const struct sock_filter only_outgoing[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, SKF_AD_OFF + SKF_AD_PKTTYPE),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};

	for (uint32_t i = 0; i < program->count; i++)
		if (program->code[i].code == (BPF_RET | BPF_K) && program->code[i].k)
			program->code[i].k = snaplen;
	if (direction != WEIR_DIRECTION_OUT)
		return 0; /* 'in' is PACKET_IGNORE_OUTGOING's work */
	return kernel_prepend(program, only_outgoing,
			      sizeof(only_outgoing) / sizeof(*only_outgoing));
}

int kernel_adapt_incoming(struct kernel_program *program)
{
	const struct sock_filter not_outgoing[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, SKF_AD_OFF + SKF_AD_PKTTYPE),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};

	return kernel_prepend(program, not_outgoing, sizeof(not_outgoing) / sizeof(*not_outgoing));
}

int kernel_adapt_any(struct kernel_program *program, enum weir_direction direction)
{
	/* The types that links_type knows: src/links/type.c */
	const struct sock_filter by_type[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_HATYPE),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARPHRD_ETHER, 12, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARPHRD_LOOPBACK, 8, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARPHRD_NONE, 6, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 519 /* ARPHRD_RAWIP, since 4.14 */, 5, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARPHRD_PPP, 4, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARPHRD_TUNNEL, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARPHRD_TUNNEL6, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARPHRD_SIT, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, WEIR_SNAPLEN_MAX),
		/* the loopback */
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, SKF_AD_OFF + SKF_AD_PKTTYPE),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
			 direction == WEIR_DIRECTION_OUT ? PACKET_HOST : PACKET_OUTGOING, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};

	return kernel_prepend(program, by_type, sizeof(by_type) / sizeof(*by_type));
}

int kernel_attach(int fd, const struct kernel_program *program)
{
	struct sock_fprog wanted = {.len = (unsigned short)program->count,
				    .filter = (struct sock_filter *)program->code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &wanted, sizeof(wanted)) ? -errno : 0;
}

int kernel_attach_none(int fd)
{
	struct sock_filter none = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog wanted = {.len = 1, .filter = &none};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &wanted, sizeof(wanted)) ? -errno : 0;
}
