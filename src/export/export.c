/* SPDX-License-Identifier: Apache-2.0 */
/* Opens an export by its target. A new kind is one line in this table. */
#include "weir/export.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kinds.h"

static const struct weir_export_kind export_kinds[] = {
	{"null:", NULL, "nowhere: records are counted only", null_open},
	{NULL, ".json", "JSON lines; '-' is standard output", json_open},
	{NULL, ".csv", "comma-separated values with a header line", csv_open},
	{"ipfix+udp://", NULL, "IPFIX to HOST:PORT, or several with commas", ipfix_udp_open},
	{"ipfix+tcp://", NULL, "IPFIX over TCP", ipfix_tcp_open},
	{"ipfix+tls://", NULL, "IPFIX over TLS", ipfix_tls_open},
	{"ipfix+dtls://", NULL, "IPFIX over DTLS", ipfix_dtls_open},
	{"ipfix+sctp://", NULL, "IPFIX over SCTP, where the kernel has it", ipfix_sctp_open},
	{"netflow9+udp://", NULL, "NetFlow v9 to HOST:PORT", netflow9_udp_open},
	{NULL, ".ipfix", "an IPFIX file (RFC 5655)", ipfix_file_open},
	{NULL, NULL, NULL, NULL},
};

const struct weir_export_kind *weir_export_kinds(void)
{
	return export_kinds;
}

static bool export_matches(const struct weir_export_kind *kind, const char *target)
{
	size_t length = strlen(target), suffix;

	if (kind->prefix)
		return !strncmp(target, kind->prefix, strlen(kind->prefix));
	suffix = strlen(kind->suffix);
	return length >= suffix && !strcmp(target + length - suffix, kind->suffix);
}

static int export_refuse(const char *target, struct weir_error *error)
{
	char known[256] = "";
	size_t used = 0;

	for (const struct weir_export_kind *kind = export_kinds; kind->summary; kind++)
		if (used < sizeof(known))
			used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s%s",
						 used ? ", " : "", kind->prefix ? "" : "NAME",
						 kind->prefix ? kind->prefix : kind->suffix);
	return weir_error_set(error, -EINVAL, "cannot write flows to '%s': use one of %s", target,
			      known);
}

static const struct weir_export_kind *export_find(const char *target)
{
	const struct weir_export_kind *kind = export_kinds;

	if (!strcmp(target, "-"))
		target = ".json";
	while (kind->summary && !export_matches(kind, target))
		kind++;
	return kind->summary ? kind : NULL;
}

int weir_export_check(const char *target, struct weir_error *error)
{
	return export_find(target) ? 0 : export_refuse(target, error);
}

int weir_export_open(const char *target, const struct weir_export_settings *settings,
		     struct weir_export **out, struct weir_error *error)
{
	const struct weir_export_kind *kind = export_find(target);
	int rc;

	if (!kind)
		return export_refuse(target, error);
	rc = kind->open(target, settings, out, error);
	return rc < 0 ? weir_error_wrap(error, "cannot write flows to '%s'", target) : 0;
}
