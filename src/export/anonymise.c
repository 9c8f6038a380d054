/* SPDX-License-Identifier: Apache-2.0 */
#include "anonymise.h"

#include <endian.h>
#include <string.h>

struct sip {
	uint64_t a, b, c, d;
};

static uint64_t sip_rotate(uint64_t value, int bits)
{
	return value << bits | value >> (64 - bits);
}

static void sip_round(struct sip *s)
{
	s->a += s->b;
	s->b = sip_rotate(s->b, 13) ^ s->a;
	s->a = sip_rotate(s->a, 32);
	s->c += s->d;
	s->d = sip_rotate(s->d, 16) ^ s->c;
	s->a += s->d;
	s->d = sip_rotate(s->d, 21) ^ s->a;
	s->c += s->b;
	s->b = sip_rotate(s->b, 17) ^ s->c;
	s->c = sip_rotate(s->c, 32);
}

static void sip_word(struct sip *s, uint64_t word)
{
	s->d ^= word;
	sip_round(s);
	sip_round(s);
	s->a ^= word;
}

/* SipHash-2-4 (Aumasson, Bernstein) of words, little-endian as it is specified. */
static uint64_t sip_hash(const uint64_t key[2], const uint64_t *words, unsigned int count)
{
	struct sip s = {
		key[0] ^ UINT64_C(0x736f6d6570736575), key[1] ^ UINT64_C(0x646f72616e646f6d),
		key[0] ^ UINT64_C(0x6c7967656e657261), key[1] ^ UINT64_C(0x7465646279746573)};

	for (unsigned int i = 0; i < count; i++)
		sip_word(&s, words[i]);
	sip_word(&s, (uint64_t)count * 8 << 56);
	s.c ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(&s);
	return s.a ^ s.b ^ s.c ^ s.d;
}

void anonymise_address(const uint8_t key[WEIR_EXPORT_KEY_BYTES], uint8_t *address,
		       unsigned int bytes)
{
	uint64_t secret[2], words[3] = {0}, flips;
	uint8_t pseudonym[16], *prefix = (uint8_t *)words; /* the bits before; then their number */

	memcpy(secret, key, sizeof(secret));
	secret[0] = le64toh(secret[0]);
	secret[1] = le64toh(secret[1]);
	memcpy(pseudonym, address, bytes);
	for (unsigned int bit = 0; bit < bytes * 8; bit++) {
		uint64_t input[3] = {le64toh(words[0]), le64toh(words[1]), bit | bytes << 8};
		uint8_t mask = (uint8_t)(0x80 >> bit % 8);

		flips = sip_hash(secret, input, 3);
		if (flips & 1)
			pseudonym[bit / 8] ^= mask;
		prefix[bit / 8] |= address[bit / 8] & mask;
	}
	memcpy(address, pseudonym, bytes);
}
