/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prefix-preserving anonymisation (after Xu, Fan, Ammar and Moon, "Prefix-
 * preserving IP address anonymization", ICNP 2002): two addresses that share
 * their first n bits share the first n bits of their pseudonyms, and no more.
 * Bit n is flipped or not by a keyed function of the n bits before it, here
 * SipHash-2-4.
 */
#ifndef EXPORT_ANONYMISE_H
#define EXPORT_ANONYMISE_H

#include <stdint.h>

#include "weir/export.h"

/* Replace an address of 4 or 16 bytes. */
void anonymise_address(const uint8_t key[WEIR_EXPORT_KEY_BYTES], uint8_t *address,
		       unsigned int bytes);

#endif
