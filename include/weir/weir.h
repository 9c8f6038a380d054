/* SPDX-License-Identifier: Apache-2.0 */
/* All of libweir's public interface. */
#ifndef WEIR_WEIR_H
#define WEIR_WEIR_H

#include "decode.h"
#include "drop_reason.h"
#include "engine.h"
#include "error.h"
#include "collect.h"
#include "export.h"
#include "filter.h"
#include "generate.h"
#include "flow.h"
#include "flow_sink.h"
#include "ledger.h"
#include "links.h"
#include "packet.h"
#include "path.h"
#include "prefixes.h"
#include "privilege.h"
#include "record.h"
#include "replay.h"
#include "report.h"
#include "show.h"
#include "sink.h"
#include "source.h"

#endif
