/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interfaces by pattern, shared out among workers: each is one worker's, that
 * which has the fewest when somebody first sees it. Shared by the watches of
 * all workers; any thread.
 */
#ifndef ENGINE_WATCH_SHARES_H
#define ENGINE_WATCH_SHARES_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

struct watch_shares;

/* The owner of an interface that was named, and of those that match no pattern. */
#define WATCH_NOBODY UINT32_MAX

int watch_shares_open(uint32_t workers, struct watch_shares **out);
void watch_shares_close(struct watch_shares *shares);
/* Give an interface to a worker, or to WATCH_NOBODY, if it is not given yet. -ENOMEM */
int watch_shares_give(struct watch_shares *shares, int device, uint32_t worker);

/* Is an interface one that a pattern is about? */
typedef bool watch_shares_match(const void *user, const char *name);
/*
 * List all interfaces. Those that match and have no owner get one, while no
 * one else lists: so every worker whose listing comes after an interface does
 * find its own. Free with if_freenameindex. -ENOMEM, -errno.
 */
int watch_shares_list(struct watch_shares *shares, watch_shares_match *match, const void *user,
		      struct if_nameindex **out);
/* Whose an interface is. */
uint32_t watch_shares_owner(struct watch_shares *shares, int device);

#endif
