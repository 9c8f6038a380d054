/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a file says besides packets: its header, its interfaces, and for each
 * source what was seen, lost and recorded since the file began.
 */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "pcap.h"
#include "state.h"
#include "statistics.h"

enum { DESCRIBE_NO_INTERFACE = UINT32_MAX };

/* Where a control block goes; it may be the record that straddles. */
static uint8_t *describe_place(struct recorder *recorder)
{
	if (recorder_used(recorder) >= recorder->buffer->capacity)
		recorder_hand_over(recorder);
	recorder->encoder.last = recorder->encoder.at;
	recorder->last_is_packet = false;
	return recorder->encoder.at;
}

void describe_section(struct recorder *recorder)
{
	struct pcapng_section section = {
		.hardware = recorder->hardware,
		.os = recorder->os,
		.application = "weir " WEIR_VERSION,
		.comment = recorder->comment,
	};

	recorder->encoder.at +=
		pcapng_section(describe_place(recorder), PCAPNG_CONTROL_BYTES_MAX, &section);
	recorder->begun = true;
}

/* Digits of the clock in a pcap file, which knows 6 and 9. */
static uint8_t describe_pcap_digits(const struct recorder *recorder,
				    const struct weir_interface *interface)
{
	bool from_file = !strcmp(interface->source, "file");

	if (recorder->time_resolution)
		return recorder->time_resolution;
	return from_file && interface->time_resolution > 6 ? 9 : 6;
}

static uint32_t describe_snaplen(const struct recorder *recorder,
				 const struct weir_interface *interface)
{
	if (recorder->snaplen && interface->snaplen)
		return format_min(recorder->snaplen, interface->snaplen);
	return recorder->snaplen ? recorder->snaplen : interface->snaplen;
}

static uint32_t describe_divisor(uint8_t digits)
{
	uint32_t divisor = 1;

	for (; digits < 9; digits++)
		divisor *= 10;
	return divisor;
}

static void describe_pcap_header(struct recorder *recorder, const struct weir_interface *interface)
{
	uint8_t digits = describe_pcap_digits(recorder, interface);
	uint32_t snaplen = describe_snaplen(recorder, interface);

	recorder->encoder.at += pcap_header(describe_place(recorder), pcap_network(interface),
					    snaplen ? snaplen : RECORD_PACKET_BYTES_MAX,
					    digits > 6);
	recorder->link_type = interface->link_type;
	recorder->time_resolution = digits;
	recorder->begun = true;
}

static int describe_pcap(struct recorder *recorder, uint32_t index,
			 const struct weir_interface *interface, struct weir_error *error)
{
	if (!recorder->begun)
		describe_pcap_header(recorder, interface);
	if (interface->link_type != recorder->link_type) {
		recorder->failure = -EINVAL;
		return weir_error_set(error, -EINVAL,
				      "cannot record '%s' (link type %u) into '%s': a pcap file "
				      "holds one link type, here %u; write a .pcapng instead",
				      interface->name, interface->link_type, recorder->file->path,
				      recorder->link_type);
	}
	recorder->encoder.interfaces[index] = (struct record_interface){
		.id = 1, .divisor = describe_divisor(recorder->time_resolution)};
	return 0;
}

static void describe_pcapng(struct recorder *recorder, uint32_t index,
			    const struct weir_interface *interface)
{
	struct weir_interface told = *interface;

	if (told.time_resolution > 9)
		told.time_resolution = 9; /* struct weir_packet has no finer time */
	recorder->encoder.at += pcapng_interface(describe_place(recorder), PCAPNG_CONTROL_BYTES_MAX,
						 &told, describe_snaplen(recorder, interface),
						 recorder->os);
	recorder->encoder.interfaces[index] = (struct record_interface){
		.id = ++recorder->described, .divisor = describe_divisor(told.time_resolution)};
}

int describe_interface(struct recorder *recorder, uint32_t index, struct weir_error *error)
{
	const struct weir_interface *interface = weir_interfaces_get(recorder->interfaces, index);

	if (!interface) {
		recorder->failure = -EINVAL;
		return weir_error_set(error, -EINVAL,
				      "a packet names interface %u, of which nothing is known",
				      index);
	}
	if (recorder->encoder.interfaces[index].id)
		return 0;
	if (!recorder_is_pcapng(recorder))
		return describe_pcap(recorder, index, interface, error);
	describe_pcapng(recorder, index, interface);
	return 0;
}

/* A file's interfaces have other names than it. */
void describe_place_source(const struct recorder *recorder, struct recorder_source *source)
{
	const struct weir_account *account = source->account;
	uint32_t count = weir_interfaces_count(recorder->interfaces);

	source->interface = DESCRIBE_NO_INTERFACE;
	for (uint32_t i = 0; i < count && source->interface == DESCRIBE_NO_INTERFACE; i++) {
		const struct weir_interface *interface =
			weir_interfaces_get(recorder->interfaces, i);

		if (!strcmp(interface->name, account->name) &&
		    !strcmp(interface->netns, account->netns) &&
		    !strcmp(interface->source, account->source))
			source->interface = i;
	}
}

static uint64_t describe_since(uint64_t now, uint64_t base)
{
	return now == UINT64_MAX || base == UINT64_MAX ? UINT64_MAX : now - base;
}

static uint64_t describe_sum(uint64_t a, uint64_t b)
{
	return a == UINT64_MAX || b == UINT64_MAX ? UINT64_MAX : a + b;
}

/* Add what one source of an interface has counted since the file began. */
static void describe_add(struct recorder_source *source, bool filtered, uint64_t now_ns,
			 struct pcapng_statistics *sum)
{
	const struct pcapng_statistics *base = &source->base;
	struct pcapng_statistics now = {};

	statistics_of(source->account, filtered, &now);
	source->told_dropped = now.os_dropped;
	source->told_ns = now_ns;
	sum->received = describe_sum(sum->received, describe_since(now.received, base->received));
	sum->interface_dropped =
		describe_sum(sum->interface_dropped,
			     describe_since(now.interface_dropped, base->interface_dropped));
	sum->accepted = describe_sum(sum->accepted, describe_since(now.accepted, base->accepted));
	sum->os_dropped =
		describe_sum(sum->os_dropped, describe_since(now.os_dropped, base->os_dropped));
	sum->delivered += source->recorded;
	if (base->now_ns < sum->start_ns)
		sum->start_ns = base->now_ns;
}

/* Members of a fanout group are several sources of one interface, of which the first tells. */
static bool describe_is_first(const struct recorder *recorder, uint32_t source)
{
	for (uint32_t i = 0; i < source; i++)
		if (recorder->sources[i]->interface == recorder->sources[source]->interface)
			return false;
	return true;
}

static void describe_counters(struct recorder *recorder, uint32_t index, uint64_t now_ns)
{
	struct pcapng_statistics sum = {.start_ns = now_ns, .end_ns = now_ns, .now_ns = now_ns};
	const struct weir_interface *interface;

	if (index == DESCRIBE_NO_INTERFACE || describe_interface(recorder, index, NULL))
		return;
	interface = weir_interfaces_get(recorder->interfaces, index);
	for (uint32_t i = 0; i < recorder->source_count; i++)
		if (recorder->sources[i]->interface == index)
			describe_add(recorder->sources[i], *interface->filter, now_ns, &sum);
	sum.id = recorder->encoder.interfaces[index].id - 1;
	sum.digits = interface->time_resolution;
	recorder->encoder.at +=
		pcapng_statistics(describe_place(recorder), PCAPNG_CONTROL_BYTES_MAX, &sum);
}

void describe_reset(struct recorder *recorder, uint64_t now_ns)
{
	uint32_t count = weir_interfaces_count(recorder->interfaces);

	memset(recorder->encoder.interfaces, 0, count * sizeof(*recorder->encoder.interfaces));
	recorder->described = 0;
	recorder->begun = false;
	for (uint32_t i = 0; i < recorder->source_count; i++) {
		struct recorder_source *source = recorder->sources[i];

		statistics_of(source->account, false, &source->base);
		source->base.now_ns = now_ns;
		source->recorded = 0;
	}
}

void describe_end(struct recorder *recorder, uint64_t now_ns)
{
	static const struct weir_interface ethernet = {.link_type = 1, .time_resolution = 6};
	const struct weir_interface *interface = weir_interfaces_get(recorder->interfaces, 0);

	/* A pcap file without packets still needs a link type: that of some interface. */
	if (!recorder->begun)
		describe_pcap_header(recorder, interface ? interface : &ethernet);
	for (uint32_t i = 0; i < recorder->source_count && recorder_is_pcapng(recorder); i++)
		if (describe_is_first(recorder, i))
			describe_counters(recorder, recorder->sources[i]->interface, now_ns);
}

/*
 * Only when something was lost: each block locates the loss within a second,
 * while a file without losses keeps the single block that Wireshark shows.
 */
void describe_losses(struct recorder *recorder, uint64_t now_ns)
{
	struct pcapng_statistics now;

	for (uint32_t i = 0; i < recorder->source_count; i++) {
		struct recorder_source *source = recorder->sources[i];

		if (now_ns < source->told_ns + CLOCK_NS_PER_S)
			continue;
		statistics_of(source->account, false, &now);
		if (now.os_dropped != source->told_dropped)
			describe_counters(recorder, source->interface, now_ns);
	}
}
