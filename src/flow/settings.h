/* SPDX-License-Identifier: Apache-2.0 */
/* Whether flow settings can be met. */
#ifndef FLOW_SETTINGS_H
#define FLOW_SETTINGS_H

#include <stdbool.h>

#include "weir/error.h"
#include "weir/flow.h"

/* 0, or -EINVAL and a sentence; 'interfaces' says whether a table of them is there. */
int flow_settings_check(const struct weir_flow_settings *settings, bool interfaces,
			struct weir_error *error);

#endif
