/* SPDX-License-Identifier: Apache-2.0 */
/* weir interfaces: what there is to capture from, in a table or as JSON. */
#include <errno.h>
#include <fnmatch.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/format.h"
#include "base/parse.h"
#include "commands.h"
#include "weir/links.h"

enum { INTERFACES_NOT_TRIED = 1 /* no errno, which are negative here */ };

struct interfaces_options {
	bool json, try_xdp;
};

static int interfaces_take_json(void *options, const char *value, struct weir_error *error)
{
	((struct interfaces_options *)options)->json = true;
	return 0;
}

static int interfaces_take_try(void *options, const char *value, struct weir_error *error)
{
	((struct interfaces_options *)options)->try_xdp = true;
	return 0;
}

/* ---- words ---- */

struct interfaces_word {
	uint32_t bit;
	const char *word;
};

static const struct interfaces_word interfaces_offloads[] = {
	{WEIR_LINK_GRO, "gro"},         {WEIR_LINK_GRO_HW, "gro-hw"},
	{WEIR_LINK_LRO, "lro"},         {WEIR_LINK_TSO, "tso"},
	{WEIR_LINK_GSO, "gso"},         {WEIR_LINK_RX_VLAN, "rx-vlan"},
	{WEIR_LINK_RX_HASH, "rx-hash"}, {0, NULL},
};

static const struct interfaces_word interfaces_xdp[] = {
	{WEIR_LINK_XDP_BASIC, "basic"},
	{WEIR_LINK_XDP_REDIRECT, "redirect"},
	{WEIR_LINK_XDP_TRANSMIT, "transmit"},
	{WEIR_LINK_XDP_ZERO_COPY, "zero-copy"},
	{WEIR_LINK_XDP_OFFLOAD, "offload"},
	{WEIR_LINK_XDP_MULTI_BUFFER, "multi-buffer"},
	{WEIR_LINK_XDP_TRANSMIT_MULTI_BUFFER, "transmit-multi-buffer"},
	{0, NULL},
};

static const char *interfaces_state(const struct weir_link *link)
{
	if (!link->up)
		return "down";
	return link->running ? "up" : "no-link";
}

static const char *interfaces_time(const struct weir_link *link)
{
	if (!link->time_known)
		return "?";
	if (link->time_receive_hardware)
		return "adapter";
	return link->time_receive_software ? "kernel" : "none";
}

/* In short; what was tried counts more than what is told. */
static const char *interfaces_xdp_mode(const struct weir_link *link, int tried)
{
	if (tried <= 0)
		return tried == 0 ? "native (tried)" : "fails (tried)";
	if (!link->xdp_known)
		return "?";
	if (link->xdp & WEIR_LINK_XDP_ZERO_COPY)
		return "zero-copy";
	return link->xdp & WEIR_LINK_XDP_BASIC ? "native" : "generic";
}

static const char *interfaces_speed(const struct weir_link *link, char text[FORMAT_BYTES])
{
	return link->speed_bits_per_s ? format_rate((double)link->speed_bits_per_s, text) : "?";
}

static const char *interfaces_queues(const struct weir_link *link, char text[FORMAT_BYTES])
{
	if (!link->rx_queues || !link->tx_queues)
		return "?";
	snprintf(text, FORMAT_BYTES, "%u/%u", link->rx_queues, link->tx_queues);
	return text;
}

/* ---- the table ---- */

static void interfaces_print_words(const struct interfaces_word *words, uint32_t bits)
{
	bool any = false;

	for (; words->word; words++) {
		if (bits & words->bit)
			printf(" %s", words->word);
		any |= bits & words->bit;
	}
	if (!any)
		printf(" none");
}

static void interfaces_print(const struct weir_link *link, int tried)
{
	char speed[FORMAT_BYTES], queues[FORMAT_BYTES];

	printf("%-15s %-7s %-11.11s %7s %7s %6u %-8s %s\n", link->name, interfaces_state(link),
	       *link->driver ? link->driver : "?", interfaces_queues(link, queues),
	       interfaces_speed(link, speed), link->mtu, interfaces_time(link),
	       interfaces_xdp_mode(link, tried));
	printf("%-15s sources", "");
	for (const struct weir_source_kind *kind = weir_source_kinds(); kind->prefix; kind++)
		if (weir_link_serves(link, kind))
			printf(" %s", kind->prefix);
	printf("\n%-15s offloads", "");
	if (link->offloads_known)
		interfaces_print_words(interfaces_offloads, link->offloads);
	else
		printf(" ?");
	putchar('\n');
	if (tried < 0)
		printf("%-15s an XDP program cannot be attached: %s\n", "", strerror(-tried));
}

/* ---- JSON ---- */

static json_t *interfaces_json_words(const struct interfaces_word *words, uint32_t bits, bool known)
{
	json_t *array = known ? json_array() : json_null();

	for (; known && words->word; words++)
		if (bits & words->bit)
			json_array_append_new(array, json_string(words->word));
	return array;
}

static json_t *interfaces_json_number(uint64_t value)
{
	return value ? json_integer((json_int_t)value) : json_null();
}

static json_t *interfaces_json(const struct weir_link *link, int tried)
{
	const uint8_t *mac = link->hardware_address;
	json_t *object = json_object(), *sources = json_array(), *time = json_null();
	char address[18], name[NAME_MAX];

	snprintf(address, sizeof(address), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		 mac[3], mac[4], mac[5]);
	for (const struct weir_source_kind *kind = weir_source_kinds(); kind->prefix; kind++)
		if (weir_link_serves(link, kind))
			json_array_append_new(sources, json_string(kind->prefix));
	if (link->time_known)
		time = json_pack("{s:b, s:b}", "kernel", link->time_receive_software, "adapter",
				 link->time_receive_hardware);
	json_object_set_new(object, "name",
			    json_string(format_utf8(link->name, name, sizeof(name))));
	json_object_set_new(object, "index", json_integer(link->index));
	json_object_set_new(object, "state", json_string(interfaces_state(link)));
	json_object_set_new(object, "driver",
			    *link->driver ? json_string(link->driver) : json_null());
	json_object_set_new(object, "mac", json_string(address));
	json_object_set_new(object, "mtu", json_integer(link->mtu));
	json_object_set_new(object, "rx_queues", interfaces_json_number(link->rx_queues));
	json_object_set_new(object, "tx_queues", interfaces_json_number(link->tx_queues));
	json_object_set_new(object, "speed_bits_per_s",
			    interfaces_json_number(link->speed_bits_per_s));
	json_object_set_new(
		object, "offloads",
		interfaces_json_words(interfaces_offloads, link->offloads, link->offloads_known));
	json_object_set_new(object, "time_stamping", time);
	json_object_set_new(object, "xdp",
			    interfaces_json_words(interfaces_xdp, link->xdp, link->xdp_known));
	if (tried != INTERFACES_NOT_TRIED)
		json_object_set_new(object, "xdp_tried",
				    json_string(tried ? strerror(-tried) : "native"));
	json_object_set_new(object, "sources", sources);
	return object;
}

/* ---- the command ---- */

static bool interfaces_wanted(const struct weir_link *link, int count, char **patterns)
{
	for (int i = 0; i < count; i++)
		if (!fnmatch(patterns[i], link->name, 0))
			return true;
	return count == 0;
}

static const char *interfaces_nearest(const struct weir_links *links, const char *name)
{
	const char **names = calloc(links->count + 1, sizeof(*names));
	const char *near;

	if (!names)
		return NULL;
	for (uint32_t i = 0; i < links->count; i++)
		names[i] = links->links[i].name;
	near = parse_nearest(name, names, links->count, sizeof(*names));
	free(names);
	return near;
}

/* Each pattern must have meant something. */
static int interfaces_check(const struct command *command, const struct weir_links *links,
			    int count, char **patterns)
{
	for (int i = 0; i < count; i++) {
		struct weir_error error;
		const char *near;
		bool found = false;

		for (uint32_t k = 0; k < links->count; k++)
			found |= interfaces_wanted(&links->links[k], 1, patterns + i);
		if (found)
			continue;
		near = interfaces_nearest(links, patterns[i]);
		if (near)
			weir_error_set(&error, -ENODEV, "no interface '%s'; did you mean '%s'?",
				       patterns[i], near);
		else
			weir_error_set(&error, -ENODEV, "no interface '%s'", patterns[i]);
		return options_fail(command, STATUS_ERROR, &error);
	}
	return STATUS_OK;
}

static void interfaces_tell(const struct interfaces_options *o, const struct weir_link *link)
{
	int tried = o->try_xdp ? weir_link_try_xdp(link) : INTERFACES_NOT_TRIED;

	if (o->json) {
		json_t *object = interfaces_json(link, tried);

		json_dumpf(object, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(object);
	} else {
		interfaces_print(link, tried);
	}
}

static int interfaces_run(const struct command *command, int argc, char **argv)
{
	struct interfaces_options options = {0};
	struct weir_links links;
	struct weir_error error;
	int first, status;

	status = options_parse(command, argc, argv, &options, &first);
	if (status >= 0)
		return status;
	if (weir_links_open(&links, &error) < 0)
		return options_fail(command, STATUS_ERROR, &error);
	status = interfaces_check(command, &links, argc - first, argv + first);
	if (status == STATUS_OK && !options.json)
		printf("%-15s %-7s %-11s %7s %7s %6s %-8s %s\n", "NAME", "STATE", "DRIVER",
		       "QUEUES", "BIT/S", "MTU", "TIME", "XDP");
	for (uint32_t i = 0; status == STATUS_OK && i < links.count; i++)
		if (interfaces_wanted(&links.links[i], argc - first, argv + first))
			interfaces_tell(&options, &links.links[i]);
	weir_links_close(&links);
	return status;
}

static const struct option_row interfaces_rows[] = {
	{0, "json", NULL, "print a JSON object per interface", interfaces_take_json},
	{0, "try", NULL,
	 "attach an XDP program for an instant, to be sure; some NICs reset their queues then",
	 interfaces_take_try},
	{0, NULL, NULL, NULL, NULL},
};

static const struct option_group interfaces_groups[] = {
	{"Output", interfaces_rows},
	{NULL, NULL},
};

const struct command interfaces_command = {
	.name = "interfaces",
	.summary = "list interfaces and what each of them can do",
	.operands = "[NAME or PATTERN]...",
	.description =
		"Lists the network interfaces of this namespace. QUEUES are for receiving and "
		"sending; TIME says who can stamp packets (adapter: the NIC too); XDP is "
		"zero-copy, "
		"native, or generic (in the stack); '?' is what cannot be found out.",
	.examples = "  weir interfaces\n"
		    "  weir interfaces 'veth*'\n"
		    "  weir interfaces --json | jq -r 'select(.state == \"up\").name'\n",
	.groups = interfaces_groups,
	.run = interfaces_run,
};
