/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A live libpcap handle as a source: any device and link type that the
 * system's libpcap knows, PF_RING or netmap included where it was built with
 * them. libpcap lends a packet for the time of one callback only, so batches
 * are copied.
 *
 * libpcap opens devices by itself, so the handle has to be made while the
 * process still has its rights; nothing is read from it before they are gone.
 *
 * What pcap_stats counts differs from device to device (pcap_stats(3)), and
 * cannot be read at a cut: the stage is not checked.
 */
#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/fault.h"
#include "filter/compile.h"
#include "filter/kernel.h"
#include "source/kinds.h"
#include "source/spec.h"

enum {
	PCAP_LIVE_TIMEOUT_MS = 10, /* as long may libpcap hold packets back */
	PCAP_LIVE_ALIGNMENT = 16,
	PCAP_LIVE_POLL_MS = 10, /* where there is nothing to wait on */
};
#define PCAP_LIVE_BUFFER_MAX (UINT64_C(1) << 30)

struct pcap_live {
	struct weir_source source; /* first: the engine's view */
	struct weir_source_context context;
	pcap_t *handle;
	char name[SPEC_NAME_BYTES];
	uint32_t interface;
	uint64_t ns_per_fraction;
	uint8_t *arena; /* the bytes of one batch, one after the other */
	size_t arena_bytes, arena_used;
	uint32_t limit;             /* of the batch that is being filled */
	uint64_t delivered;         /* packets handed out */
	uint64_t unplaced;          /* packets that libpcap gave beyond what was asked for */
	uint64_t received, dropped; /* pcap_stats, which has 32 bits, carried on in 64 */
	struct pcap_stat last;
	uint64_t late;    /* packets that came after the stop */
	uint64_t stop_ns; /* Unix time; 0 = it goes on */
	uint64_t fault_seen;
	struct weir_batch batch;
	struct weir_packet packets[WEIR_BATCH_PACKETS_MAX + 1];
};

/* ---- reading ---- */

static void pcap_live_take(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes)
{
	struct pcap_live *live = (struct pcap_live *)user;
	size_t room = live->arena_bytes - live->arena_used;
	struct weir_packet *packet = &live->packets[live->batch.count];
	uint8_t *copy = live->arena + live->arena_used;
	uint64_t time_ns = (uint64_t)header->ts.tv_sec * CLOCK_NS_PER_S +
			   (uint64_t)header->ts.tv_usec * live->ns_per_fraction;
	unsigned int copies = fault_copies("ring", &live->fault_seen);

	if (live->batch.count >= live->limit || header->caplen > room) {
		live->unplaced++;
		return;
	}
	if (live->stop_ns && time_ns > live->stop_ns) {
		live->late++;
		return;
	}
	if (!copies)
		return;
	memcpy(copy, bytes, header->caplen);
	live->arena_used += (header->caplen + PCAP_LIVE_ALIGNMENT - 1) / PCAP_LIVE_ALIGNMENT *
			    PCAP_LIVE_ALIGNMENT;
	*packet = (struct weir_packet){
		.bytes = copy,
		.time_ns = time_ns,
		.captured_len = header->caplen,
		.wire_len = header->len,
		.interface = live->interface,
		.flags = WEIR_PACKET_DIRECTION_UNKNOWN,
	};
	live->batch.count++;
	if (copies == 2)
		live->packets[live->batch.count++] = *packet;
}

static int pcap_live_next(struct weir_source *source, uint32_t limit, struct weir_batch **batch)
{
	struct pcap_live *live = (struct pcap_live *)source;
	int rc;

	live->batch.count = 0;
	live->arena_used = 0;
	live->limit = limit;
	rc = pcap_dispatch(live->handle, (int)limit, pcap_live_take, (u_char *)live);
	if (live->batch.count) { /* an error that came after them will come again */
		live->delivered += live->batch.count;
		*batch = &live->batch;
		return (int)live->batch.count;
	}
	if (rc < 0 && rc != PCAP_ERROR_BREAK)
		return weir_error_set(&source->failure, -ENODEV, "libpcap on '%s': %s", live->name,
				      pcap_geterr(live->handle));
	if (live->stop_ns)
		source->owed = live->delivered; /* it has run dry */
	return 0;
}

static void pcap_live_release(struct weir_source *source, struct weir_batch *batch)
{
	/* The arena is simply written over. */
}

/* ---- counters and the end ---- */

static int pcap_live_read_counters(struct weir_source *source)
{
	struct pcap_live *live = (struct pcap_live *)source;
	struct pcap_stat now;

	source->owed = live->stop_ns ? UINT64_MAX : live->delivered;
	if (pcap_stats(live->handle, &now) < 0) {
		weir_row_unknown(source->row, WEIR_UNKNOWN_IN | 1u << (WEIR_UNKNOWN_REASONS +
								       WEIR_REASON_RING_FULL));
		return 0;
	}
	live->received += now.ps_recv - live->last.ps_recv;
	live->dropped += now.ps_drop - live->last.ps_drop;
	live->last = now;
	weir_cell_set(&source->row->in, live->received);
	weir_cell_set(&source->row->dropped[WEIR_REASON_RING_FULL], live->dropped);
	weir_cell_set(&source->row->dropped[WEIR_REASON_NO_BUFFER], live->unplaced);
	weir_cell_set(&source->row->dropped[WEIR_REASON_AFTER_STOP], live->late);
	return 0;
}

/*
 * A socket can be told to let nothing further in. Of other devices what came
 * until now is read, and no more: a busy one would never run dry.
 */
static void pcap_live_stop(struct weir_source *source)
{
	struct pcap_live *live = (struct pcap_live *)source;

	kernel_attach_none(pcap_fileno(live->handle));
	live->stop_ns = clock_unix_ns();
}

static void pcap_live_close(struct weir_source *source)
{
	struct pcap_live *live = (struct pcap_live *)source;

	if (live->handle)
		pcap_close(live->handle);
	if (live->arena)
		munmap(live->arena, live->arena_bytes);
	free(live);
}

static const struct weir_source_ops pcap_live_ops = {
	.name = "pcap",
	.next = pcap_live_next,
	.release = pcap_live_release,
	.read_counters = pcap_live_read_counters,
	.stop = pcap_live_stop,
	.close = pcap_live_close,
};

/* ---- opening ---- */

/* compile_dlt the other way round. */
static uint32_t pcap_live_link_type(int dlt)
{
	for (uint32_t type = 100; type < 104; type++)
		if (compile_dlt(type) == dlt)
			return type;
	return (uint32_t)dlt;
}

static int pcap_live_activate(struct pcap_live *live, const struct weir_source_settings *settings,
			      struct weir_error *error)
{
	uint32_t snaplen = settings->snaplen ? settings->snaplen : WEIR_SNAPLEN_DEFAULT;
	char text[PCAP_ERRBUF_SIZE + 64];
	int rc;

	pcap_set_snaplen(live->handle, (int)snaplen);
	pcap_set_promisc(live->handle, settings->promiscuous);
	pcap_set_timeout(live->handle, PCAP_LIVE_TIMEOUT_MS);
	pcap_set_tstamp_precision(live->handle, PCAP_TSTAMP_PRECISION_NANO);
	if (settings->ring_bytes > PCAP_LIVE_BUFFER_MAX)
		return weir_error_set(error, -EINVAL, "a buffer of more than 1 GiB");
	if (settings->ring_bytes)
		pcap_set_buffer_size(live->handle, (int)settings->ring_bytes);
	rc = pcap_activate(live->handle);
	if (rc == PCAP_ERROR_PERM_DENIED || rc == PCAP_ERROR_PROMISC_PERM_DENIED)
		return weir_error_set(error, -EPERM,
				      "not permitted: capturing needs CAP_NET_RAW (run as root)");
	if (rc < 0)
		return weir_error_set(error, rc == PCAP_ERROR_NO_SUCH_DEVICE ? -ENODEV : -EIO,
				      "libpcap: %s",
				      *pcap_geterr(live->handle) ? pcap_geterr(live->handle)
								 : pcap_statustostr(rc));
	if (rc > 0 && live->context.notice) {
		snprintf(text, sizeof(text), "libpcap on '%s': %s", live->name,
			 *pcap_geterr(live->handle) ? pcap_geterr(live->handle)
						    : pcap_statustostr(rc));
		live->context.notice(live->context.user, text);
	}
	return 0;
}

static int pcap_live_choose(struct pcap_live *live, const struct weir_source_settings *settings,
			    struct weir_error *error)
{
	static const pcap_direction_t directions[] = {PCAP_D_INOUT, PCAP_D_IN, PCAP_D_OUT};
	const char *expression = weir_filter_expression(settings->filter);
	char complaint[PCAP_ERRBUF_SIZE] = "";
	struct bpf_program program;
	int rc;

	/* Of the two cooked headers the newer one tells the interface; tcpdump takes it too. */
	if (pcap_datalink(live->handle) == DLT_LINUX_SLL)
		pcap_set_datalink(live->handle, DLT_LINUX_SLL2);
	if (settings->direction != WEIR_DIRECTION_INOUT &&
	    pcap_setdirection(live->handle, directions[settings->direction]) < 0)
		return weir_error_set(error, -EOPNOTSUPP, "libpcap: %s", pcap_geterr(live->handle));
	if (*expression) {
		rc = compile_expression(live->handle, expression, &program, error);
		if (rc < 0)
			return rc;
		rc = pcap_setfilter(live->handle, &program);
		pcap_freecode(&program);
		if (rc < 0)
			return weir_error_set(error, -EIO, "libpcap: %s",
					      pcap_geterr(live->handle));
	}
	if (pcap_setnonblock(live->handle, 1, complaint) < 0)
		return weir_error_set(error, -EIO, "libpcap: %s", complaint);
	return 0;
}

static int pcap_live_enter(struct pcap_live *live, const struct weir_source_settings *settings,
			   struct weir_error *error)
{
	bool nano = pcap_get_tstamp_precision(live->handle) == PCAP_TSTAMP_PRECISION_NANO;
	struct weir_interface interface = {
		.link_type = pcap_live_link_type(pcap_datalink(live->handle)),
		.snaplen = settings->snaplen == WEIR_SNAPLEN_DEFAULT ? 0 : settings->snaplen,
		.time_resolution = nano ? 9 : 6,
		.source = "pcap",
	};
	int index;

	live->ns_per_fraction = nano ? 1 : CLOCK_NS_PER_US;
	snprintf(interface.name, sizeof(interface.name), "%.*s", (int)sizeof(interface.name) - 1,
		 live->name);
	snprintf(interface.filter, sizeof(interface.filter), "%s",
		 weir_filter_expression(settings->filter));
	index = weir_interfaces_add(live->context.interfaces, &interface);
	if (index < 0)
		return weir_error_set_errno(error, index, "no room for a further interface");
	live->interface = (uint32_t)index;
	live->source.account =
		weir_ledger_account(live->context.ledger, interface.name, "", "pcap", 0);
	if (live->source.account)
		live->source.row = weir_ledger_row(live->context.ledger, live->source.account,
						   WEIR_STAGE_RING, "", false);
	live->arena_bytes = (size_t)WEIR_BATCH_PACKETS_MAX *
			    ((size_t)pcap_snapshot(live->handle) + PCAP_LIVE_ALIGNMENT);
	live->arena = mmap(NULL, live->arena_bytes, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (live->arena == MAP_FAILED)
		live->arena = NULL;
	return live->source.row && live->arena ? 0
					       : weir_error_set(error, -ENOMEM, "out of memory");
}

int pcap_live_open(const char *subject, const struct weir_source_settings *settings,
		   const struct weir_source_context *context, struct weir_source **out,
		   struct weir_error *error)
{
	char complaint[PCAP_ERRBUF_SIZE] = "";
	struct pcap_live *live;
	int rc;

	if (!*subject || strlen(subject) >= sizeof(live->name))
		return weir_error_set(error, -EINVAL, "pcap: needs the name of a device");
	live = calloc(1, sizeof(*live));
	if (!live)
		return weir_error_set(error, -ENOMEM, "out of memory");
	strcpy(live->name, subject);
	live->source.ops = &pcap_live_ops;
	live->source.filtered = true;
	live->context = *context;
	live->batch.packets = live->packets;
	live->handle = pcap_create(subject, complaint);
	rc = live->handle ? pcap_live_activate(live, settings, error)
			  : weir_error_set(error, -ENODEV, "libpcap: %s", complaint);
	if (rc == 0)
		rc = pcap_live_choose(live, settings, error);
	if (rc == 0)
		rc = pcap_live_enter(live, settings, error);
	if (rc < 0) {
		pcap_live_close(&live->source);
		return rc;
	}
	live->source.wait_fd = pcap_get_selectable_fd(live->handle);
	live->source.poll_interval_ms = PCAP_LIVE_POLL_MS;
	*out = &live->source;
	return 0;
}
