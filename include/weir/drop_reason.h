/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why the kernel dropped a packet, in its own words: the names of enum
 * skb_drop_reason, which differ from version to version, as the running
 * kernel's type information has them.
 */
#ifndef WEIR_DROP_REASON_H
#define WEIR_DROP_REASON_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { WEIR_DROP_REASON_BYTES = 48 };

struct weir_drop_reasons;

/*
 * Read the names; no privileges are needed. NULL when there are none to be
 * had. Free with weir_drop_reasons_close. Thread rule: any.
 */
struct weir_drop_reasons *weir_drop_reasons_open(void);
/* NULL is fine. */
void weir_drop_reasons_close(struct weir_drop_reasons *reasons);
/*
 * The name of a weir_packet.drop_reason: "NETFILTER_DROP". Without a
 * name its number, "#12", or "#2:5" of a subsystem; so it is where 'reasons'
 * is NULL. Returns 'text'. Thread rule: any.
 */
const char *weir_drop_reason_name(const struct weir_drop_reasons *reasons, uint16_t reason,
				  char text[WEIR_DROP_REASON_BYTES]);

#ifdef __cplusplus
}
#endif
#endif
