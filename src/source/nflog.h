/* SPDX-License-Identifier: Apache-2.0 */
/* nf: without BPF: packets that a rule of netfilter's logs to a socket (NFLOG). */
#ifndef SOURCE_NFLOG_H
#define SOURCE_NFLOG_H

#include "tap_source.h"

/*
 * Have a source that has been entered read from NFLOG instead of a ring, on
 * 'hook' (enum hook_netfilter). -errno
 */
int nflog_attach(struct tap *tap, uint32_t hook, const struct weir_source_settings *settings,
		 struct weir_error *error);

#endif
