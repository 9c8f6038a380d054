/* SPDX-License-Identifier: Apache-2.0 */
#include "tap_match.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"

/* The first 'bits' bits of a mask in network order. */
static void tap_match_mask(struct tap_match *out, uint64_t bits)
{
	for (uint64_t i = 0; i < 4; i++) {
		uint64_t here = bits > 32 * i ? bits - 32 * i : 0;

		out->mask[i] = here >= 32 ? UINT32_MAX
			       : here     ? htonl(UINT32_MAX << (32 - here))
					  : 0;
	}
}

static int tap_match_host(const char *text, struct tap_match *out, struct weir_error *error)
{
	char address[SPEC_VALUE_BYTES];
	char *slash;
	uint64_t bits;

	snprintf(address, sizeof(address), "%s", text);
	slash = strchr(address, '/');
	if (slash)
		*slash = '\0';
	if (inet_pton(AF_INET, address, out->address) == 1)
		out->what |= TAP_MATCH_IPV4;
	else if (inet_pton(AF_INET6, address, out->address) == 1)
		out->what |= TAP_MATCH_IPV6;
	else
		return weir_error_set(error, -EINVAL,
				      "option 'host=%s' is not an address such as 10.0.0.1, "
				      "10.0.0.0/8 or 2001:db8::/32",
				      text);
	bits = out->what & TAP_MATCH_IPV4 ? 32 : 128;
	if (slash && parse_u64(slash + 1, bits, &bits))
		return weir_error_set(error, -EINVAL,
				      "option 'host=%s': '/%s' is not a prefix length", text,
				      slash + 1);
	tap_match_mask(out, bits);
	return 0;
}

static int tap_match_protocol(const char *text, struct tap_match *out, struct weir_error *error)
{
	static const struct {
		const char *name;
		uint8_t number;
	} known[] = {{"icmp", 1}, {"igmp", 2}, {"tcp", 6},    {"udp", 17},
		     {"gre", 47}, {"esp", 50}, {"icmp6", 58}, {"sctp", 132}};
	uint64_t number;

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (!strcmp(known[i].name, text)) {
			out->protocol = known[i].number;
			return 0;
		}
	}
	if (parse_u64(text, UINT8_MAX, &number))
		return weir_error_set(error, -EINVAL,
				      "option 'proto=%s' is not icmp, icmp6, igmp, tcp, udp, sctp, "
				      "gre, esp or a number of 0 to 255",
				      text);
	out->protocol = (uint8_t)number;
	return 0;
}

int tap_match_parse(const struct tap_match_options *options, struct tap_match *out,
		    struct weir_error *error)
{
	int rc = 0;

	memset(out, 0, sizeof(*out));
	if (*options->host)
		rc = tap_match_host(options->host, out, error);
	if (rc == 0 && *options->protocol) {
		out->what |= TAP_MATCH_PROTOCOL;
		rc = tap_match_protocol(options->protocol, out, error);
	}
	if (options->port != TAP_MATCH_NONE) {
		out->what |= TAP_MATCH_PORT;
		out->port = (uint16_t)options->port;
	}
	if (options->vlan != TAP_MATCH_NONE) {
		out->what |= TAP_MATCH_VLAN;
		out->vlan = (uint16_t)options->vlan;
	}
	return rc;
}
