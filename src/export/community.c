/* SPDX-License-Identifier: Apache-2.0 */
#include "community.h"

#include <endian.h>
#include <stdbool.h>
#include <string.h>

enum { SHA1_BLOCK_BYTES = 64, SHA1_DIGEST_BYTES = 20, COMMUNITY_INPUT_MAX = 40 };

static uint32_t sha1_rotate(uint32_t value, int bits)
{
	return value << bits | value >> (32 - bits);
}

/* SHA-1 (FIPS 180-4) of what fits into one block: a name is no secret. */
static void sha1_short(const uint8_t *input, size_t length, uint8_t digest[SHA1_DIGEST_BYTES])
{
	static const uint32_t constant[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
	uint32_t state[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
	uint8_t block[SHA1_BLOCK_BYTES] = {0};
	uint32_t word[80];

	memcpy(block, input, length);
	block[length] = 0x80;
	block[62] = (uint8_t)(length * 8 >> 8);
	block[63] = (uint8_t)(length * 8);
	memcpy(word, block, sizeof(block));
	for (int t = 0; t < 16; t++)
		word[t] = be32toh(word[t]);
	for (int t = 16; t < 80; t++)
		word[t] = sha1_rotate(word[t - 3] ^ word[t - 8] ^ word[t - 14] ^ word[t - 16], 1);
	for (int t = 0; t < 80; t++) {
		uint32_t f = t < 20   ? (b & c) | (~b & d)
			     : t < 40 ? b ^ c ^ d
			     : t < 60 ? (b & c) | (b & d) | (c & d)
				      : b ^ c ^ d;
		uint32_t next = sha1_rotate(a, 5) + f + e + constant[t / 20] + word[t];

		e = d;
		d = c;
		c = sha1_rotate(b, 30);
		b = a;
		a = next;
	}
	state[0] = htobe32(state[0] + a);
	state[1] = htobe32(state[1] + b);
	state[2] = htobe32(state[2] + c);
	state[3] = htobe32(state[3] + d);
	state[4] = htobe32(state[4] + e);
	memcpy(digest, state, SHA1_DIGEST_BYTES);
}

static char *community_base64(char *at, const uint8_t *bytes)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t padded[SHA1_DIGEST_BYTES + 1] = {0};

	memcpy(padded, bytes, SHA1_DIGEST_BYTES);
	for (int i = 0; i < SHA1_DIGEST_BYTES; i += 3) {
		uint32_t group = (uint32_t)padded[i] << 16 | (uint32_t)padded[i + 1] << 8 |
				 padded[i + 2];

		for (int shift = 18; shift >= 0; shift -= 6)
			*at++ = alphabet[group >> shift & 63];
	}
	at[-1] = '=';
	return at;
}

/* The answering type of an ICMP type, or -1 if there is none: then the ID has a direction. */
static int community_icmp_answer(uint8_t protocol, uint8_t type)
{
	static const uint8_t pairs4[][2] = {{8, 0}, {13, 14}, {15, 16}, {10, 9}, {17, 18}};
	static const uint8_t pairs6[][2] = {{128, 129}, {133, 134}, {135, 136},
					    {130, 131}, {144, 145}, {139, 140}};
	const uint8_t(*pairs)[2] = protocol == 1 ? pairs4 : pairs6;
	size_t count = protocol == 1 ? sizeof(pairs4) / 2 : sizeof(pairs6) / 2;

	for (size_t i = 0; i < count; i++)
		for (int k = 0; k < 2; k++)
			if (pairs[i][k] == type)
				return pairs[i][!k];
	return -1;
}

struct community_ports {
	uint16_t source, destination;
	bool ordered; /* the two ends may change places */
	bool present;
};

static struct community_ports community_ports_of(const struct weir_flow_record *record)
{
	struct community_ports ports = {record->source_port, record->destination_port, true, true};

	if ((record->protocol == 1 && record->ip_version == 4) ||
	    (record->protocol == 58 && record->ip_version == 6)) {
		uint8_t type = (uint8_t)(record->destination_port >> 8);
		int answer = community_icmp_answer(record->protocol, type);

		ports.ordered = answer >= 0;
		ports.source = type;
		ports.destination = answer >= 0 ? (uint16_t)answer
						: record->destination_port & 0xff;
	} else if (record->protocol != 6 && record->protocol != 17 && record->protocol != 132) {
		ports.present = false;
	}
	return ports;
}

char *community_put(char *at, const struct weir_flow_record *record, uint16_t seed)
{
	struct community_ports ports = community_ports_of(record);
	const uint8_t *first = record->source_address, *second = record->destination_address;
	size_t bytes = record->ip_version == 4 ? 4 : 16;
	int order = memcmp(first, second, bytes);
	uint8_t input[COMMUNITY_INPUT_MAX], *in = input, digest[SHA1_DIGEST_BYTES];
	uint16_t words[3] = {htobe16(seed), htobe16(ports.source), htobe16(ports.destination)};

	if (ports.ordered && (order > 0 || (order == 0 && ports.source > ports.destination))) {
		first = record->destination_address;
		second = record->source_address;
		words[1] = htobe16(ports.destination);
		words[2] = htobe16(ports.source);
	}
	memcpy(in, &words[0], 2);
	memcpy(in + 2, first, bytes);
	memcpy(in + 2 + bytes, second, bytes);
	in += 2 + 2 * bytes;
	*in++ = record->protocol;
	*in++ = 0;
	if (ports.present) {
		memcpy(in, &words[1], 4);
		in += 4;
	}
	sha1_short(input, (size_t)(in - input), digest);
	*at++ = '1';
	*at++ = ':';
	return community_base64(at, digest);
}
