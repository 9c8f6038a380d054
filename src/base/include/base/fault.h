/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults on request, for the ledger's mutation tests (law 1). In a build with
 * -Dfaults=true, WEIR_FAULT=STAGE:swallow:K or STAGE:double:K makes the named
 * stage pass its K-th packet on zero times or twice without telling anybody.
 * In any other build these calls are constants and cost nothing.
 */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include <stdint.h>

#ifdef WEIR_FAULTS
/* How often packet number (*seen)++ is to be passed on by 'stage': 0, 1 or 2. */
unsigned int fault_copies(const char *stage, uint64_t *seen);
#else
static inline unsigned int fault_copies(const char *stage, uint64_t *seen)
{
	(void)stage;
	(void)seen;
	return 1;
}
#endif

#endif
