/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that trace the stack: where it drops packets, and where it gives them to sockets. */
#ifndef HOOK_TRACE_H
#define HOOK_TRACE_H

#include "hook/hook.h"

/* hook_tap for HOOK_TRACE; what has been got is in 'answer' also after a failure. */
int trace_set_up(const struct hook_tap_request *request, struct hook_answer *answer,
		 struct weir_error *error);

#endif
