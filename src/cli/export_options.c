/* SPDX-License-Identifier: Apache-2.0 */
/* The options of commands that write flow records: words into export settings. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "flow_options.h"

static int export_take_names(void *options, const char *value, struct weir_error *error)
{
	struct flow_options *flow = options;

	if (!strcmp(value, "zeek"))
		flow->output.names = WEIR_EXPORT_NAMES_ZEEK;
	else if (!strcmp(value, "iana"))
		flow->output.names = WEIR_EXPORT_NAMES_IANA;
	else
		return weir_error_set(error, -EINVAL, "'%s' is not iana or zeek", value);
	return 0;
}

static int export_take_community(void *options, const char *value, struct weir_error *error)
{
	((struct flow_options *)options)->output.community_id = true;
	return 0;
}

static int export_take_u32(const char *value, uint32_t least, uint32_t most, uint32_t *out,
			   struct weir_error *error)
{
	uint64_t n;

	if (parse_u64(value, most, &n) || n < least)
		return weir_error_set(error, -EINVAL, "'%s' is not a number of %u to %u", value,
				      least, most);
	*out = (uint32_t)n;
	return 0;
}

static int export_take_domain(void *options, const char *value, struct weir_error *error)
{
	return export_take_u32(value, 1, UINT32_MAX,
			       &((struct flow_options *)options)->output.network.domain, error);
}

static int export_take_pen(void *options, const char *value, struct weir_error *error)
{
	return export_take_u32(value, 1, UINT32_MAX, &((struct flow_options *)options)->output.pen,
			       error);
}

static int export_take_mtu(void *options, const char *value, struct weir_error *error)
{
	return export_take_u32(value, 512, UINT16_MAX,
			       &((struct flow_options *)options)->output.network.mtu, error);
}

static int export_take_duration(const char *value, uint64_t *out, struct weir_error *error)
{
	if (parse_duration_ns(value, out) || !*out)
		return weir_error_set(error, -EINVAL,
				      "'%s' is not a time (seconds; or 500ms, 5min)", value);
	return 0;
}

/* "600", "600,1000", ",1000": seconds, packets. */
static int export_take_template_refresh(void *options, const char *value, struct weir_error *error)
{
	struct weir_export_network *network = &((struct flow_options *)options)->output.network;
	const char *comma = strchr(value, ',');
	char seconds[32];

	snprintf(seconds, sizeof(seconds), "%.*s", comma ? (int)(comma - value) : 31, value);
	if (comma && (parse_u64(comma + 1, UINT32_MAX, &network->template_packets) ||
		      !network->template_packets))
		return weir_error_set(error, -EINVAL, "'%s' is not a number of packets", comma + 1);
	return *seconds ? export_take_duration(seconds, &network->template_ns, error) : 0;
}

static int export_take_options_interval(void *options, const char *value, struct weir_error *error)
{
	return export_take_duration(
		value, &((struct flow_options *)options)->output.network.options_ns, error);
}

static int export_take_queue(void *options, const char *value, struct weir_error *error)
{
	struct weir_export_network *network = &((struct flow_options *)options)->output.network;

	if (parse_size(value, 1024, &network->queue_bytes) || network->queue_bytes < 64 << 10 ||
	    network->queue_bytes > UINT64_C(1) << 32)
		return weir_error_set(error, -EINVAL, "'%s' is not a size of 64 KiB to 4 GiB",
				      value);
	return 0;
}

/* "filesize:SIZE", "interval:S" */
static int export_take_rotate(void *options, const char *value, struct weir_error *error)
{
	struct weir_export_network *network = &((struct flow_options *)options)->output.network;

	if (!strncmp(value, "filesize:", 9)) {
		if (parse_size(value + 9, 1000, &network->file_bytes) ||
		    network->file_bytes < WEIR_EXPORT_FILE_BYTES_MIN)
			return weir_error_set(error, -EINVAL,
					      "'%s' is not a size of 64 KiB at least (bare: kB)",
					      value + 9);
		return 0;
	}
	if (!strncmp(value, "interval:", 9))
		return export_take_duration(value + 9, &network->file_interval_ns, error);
	return weir_error_set(error, -EINVAL, "'%s' is not filesize:SIZE or interval:SECONDS",
			      value);
}

static int export_take_rate(void *options, const char *value, struct weir_error *error)
{
	struct weir_export_network *network = &((struct flow_options *)options)->output.network;
	uint64_t mbit;

	if (parse_u64(value, 1000000, &mbit))
		return weir_error_set(error, -EINVAL, "'%s' is not a number of Mbit/s", value);
	network->rate_limited = true;
	network->rate_bytes = mbit * 1000000 / 8;
	return 0;
}

static int export_take_balance(void *options, const char *value, struct weir_error *error)
{
	((struct flow_options *)options)->output.network.balance = true;
	return 0;
}

static int export_take_reduced(void *options, const char *value, struct weir_error *error)
{
	((struct flow_options *)options)->output.reduced_size = true;
	return 0;
}

static int export_take_ca(void *options, const char *value, struct weir_error *error)
{
	((struct flow_options *)options)->output.network.tls_ca = value;
	return 0;
}

static int export_take_certificate(void *options, const char *value, struct weir_error *error)
{
	((struct flow_options *)options)->output.network.tls_certificate = value;
	return 0;
}

static int export_take_key(void *options, const char *value, struct weir_error *error)
{
	((struct flow_options *)options)->output.network.tls_key = value;
	return 0;
}

int export_want_json(struct flow_options *flow, struct weir_error *error)
{
	for (uint32_t i = 0; i < flow->target_count; i++)
		if (!strcmp(flow->targets[i], "-"))
			return 0;
	return flow->capture.json ? flow_take_write(flow, "-", error) : 0;
}

const struct option_row export_rows[] = {
	{'w', "write", "TARGET",
	 "write records to NAME.json, NAME.csv, NAME.ipfix, '-' (JSON lines), null:, or send them "
	 "to ipfix+udp://HOST:PORT (+tcp, +tls, +dtls, +sctp) or netflow9+udp://HOST:PORT; may be "
	 "repeated: all get all",
	 flow_take_write},
	{0, "rotate", "COND",
	 "begin another .ipfix file at filesize:kB or interval:SECONDS (of the clock); may be "
	 "repeated. Files are hidden until they are complete",
	 export_take_rotate},
	{0, "names", "SET",
	 "call fields as in the IANA registry (iana, default) or Zeek's conn.log",
	 export_take_names},
	{0, "community-id", NULL, "add the Community ID (version 1)", export_take_community},
	{0, "domain", "N", "observation domain of IPFIX (default 1)", export_take_domain},
	{0, "pen", "N", "enterprise number of elements that the IANA has none for (default 32473)",
	 export_take_pen},
	{0, "reduced-size", NULL, "send counters in 4 bytes where they fit", export_take_reduced},
	{0, "mtu", "BYTES", "of the way to the collector (default: what the system knows, to 1500)",
	 export_take_mtu},
	{0, "template-refresh", "S[,N]",
	 "send templates again after so many seconds, or N datagrams (default 600,4096)",
	 export_take_template_refresh},
	{0, "options-interval", "S", "send options records so often (default 60)",
	 export_take_options_interval},
	{0, "export-rate", "MBIT", "send no faster (default 100 by datagrams; 0: no limit)",
	 export_take_rate},
	{0, "export-queue", "SIZE",
	 "keep so much for a collector that is slow or away (default 8 MiB; bare: KiB)",
	 export_take_queue},
	{0, "balance", NULL,
	 "where a target names several collectors (HOST:PORT,HOST:PORT): divide the flows among "
	 "them (default: the first that is there gets all)",
	 export_take_balance},
	{0, "tls-ca", "FILE",
	 "who vouches for the other side, by TLS and DTLS (default: the system's)", export_take_ca},
	{0, "tls-cert", "FILE", "certificate, with its chain, to show to the other side",
	 export_take_certificate},
	{0, "tls-key", "FILE", "its key (default: in the same file)", export_take_key},
	{0, NULL, NULL, NULL, NULL},
};
