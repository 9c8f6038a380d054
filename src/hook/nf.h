/* SPDX-License-Identifier: Apache-2.0 */
/* The tap on netfilter's hooks. */
#ifndef HOOK_NF_H
#define HOOK_NF_H

#include "hook/hook.h"

/* hook_tap for HOOK_NETFILTER; what has been got is in 'answer' also after a failure. */
int nf_set_up(const struct hook_tap_request *request, struct hook_answer *answer,
	      struct weir_error *error);

#endif
