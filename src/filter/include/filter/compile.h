/* SPDX-License-Identifier: Apache-2.0 */
/* What the two kinds of filter programs share: libpcap's compiler and its complaints. */
#ifndef FILTER_COMPILE_H
#define FILTER_COMPILE_H

#include <pcap/pcap.h>
#include <stdint.h>

#include "weir/error.h"

/* The DLT_ value of a LINKTYPE_ value; they differ for a few, for historical reasons. */
int compile_dlt(uint32_t link_type);
/*
 * Compile with 'handle'. Fails with -EINVAL: libpcap's words, the expression,
 * and a mark under the place where it goes wrong.
 */
int compile_expression(pcap_t *handle, const char *expression, struct bpf_program *out,
		       struct weir_error *error);

#endif
