/* SPDX-License-Identifier: Apache-2.0 */
#include "watch_shares.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "weir/engine.h"

struct watch_share {
	int device;
	uint32_t worker;
};

struct watch_shares {
	pthread_mutex_t lock;
	uint32_t workers;
	uint32_t owned[WEIR_WORKERS_MAX]; /* how many each has */
	uint32_t count, room;
	struct watch_share *shares; /* of interfaces that are there: so they are bounded */
};

int watch_shares_open(uint32_t workers, struct watch_shares **out)
{
	struct watch_shares *shares = calloc(1, sizeof(*shares));

	if (!shares)
		return -ENOMEM;
	pthread_mutex_init(&shares->lock, NULL);
	shares->workers = workers;
	*out = shares;
	return 0;
}

void watch_shares_close(struct watch_shares *shares)
{
	if (!shares)
		return;
	pthread_mutex_destroy(&shares->lock);
	free(shares->shares);
	free(shares);
}

/* ---- under the lock ---- */

static const struct watch_share *watch_shares_find(const struct watch_shares *shares, int device)
{
	for (uint32_t i = 0; i < shares->count; i++)
		if (shares->shares[i].device == device)
			return &shares->shares[i];
	return NULL;
}

static int watch_shares_enter(struct watch_shares *shares, int device, uint32_t worker)
{
	if (shares->count == shares->room) {
		uint32_t room = shares->room ? 2 * shares->room : 16;
		struct watch_share *more = realloc(shares->shares, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		shares->shares = more;
		shares->room = room;
	}
	shares->shares[shares->count++] = (struct watch_share){device, worker};
	if (worker != WATCH_NOBODY)
		shares->owned[worker]++;
	return 0;
}

static bool watch_shares_is_there(const struct if_nameindex *all, int device)
{
	while (all->if_index && (int)all->if_index != device)
		all++;
	return all->if_index;
}

/* The kernel does not use an index again, so what is gone is gone. */
static void watch_shares_forget(struct watch_shares *shares, const struct if_nameindex *all)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < shares->count; i++) {
		const struct watch_share *share = &shares->shares[i];

		if (watch_shares_is_there(all, share->device))
			shares->shares[kept++] = *share;
		else if (share->worker != WATCH_NOBODY)
			shares->owned[share->worker]--;
	}
	shares->count = kept;
}

static uint32_t watch_shares_idlest(const struct watch_shares *shares)
{
	uint32_t best = 0;

	for (uint32_t i = 1; i < shares->workers; i++)
		if (shares->owned[i] < shares->owned[best])
			best = i;
	return best;
}

/* Each of 'all' that matches gets a worker, unless it has one. */
static int watch_shares_assign(struct watch_shares *shares, watch_shares_match *match,
			       const void *user, const struct if_nameindex *all)
{
	int rc = 0;

	for (; rc == 0 && all->if_index; all++)
		if (match(user, all->if_name) && !watch_shares_find(shares, (int)all->if_index))
			rc = watch_shares_enter(shares, (int)all->if_index,
						watch_shares_idlest(shares));
	return rc;
}

/* ---- for all ---- */

int watch_shares_give(struct watch_shares *shares, int device, uint32_t worker)
{
	int rc = 0;

	pthread_mutex_lock(&shares->lock);
	if (!watch_shares_find(shares, device))
		rc = watch_shares_enter(shares, device, worker);
	pthread_mutex_unlock(&shares->lock);
	return rc;
}

int watch_shares_list(struct watch_shares *shares, watch_shares_match *match, const void *user,
		      struct if_nameindex **out)
{
	struct if_nameindex *all;
	int rc;

	pthread_mutex_lock(&shares->lock);
	all = if_nameindex();
	rc = all ? 0 : -errno;
	if (rc == 0) {
		watch_shares_forget(shares, all);
		rc = watch_shares_assign(shares, match, user, all);
	}
	pthread_mutex_unlock(&shares->lock);
	if (rc == 0)
		*out = all;
	else if (all)
		if_freenameindex(all);
	return rc;
}

uint32_t watch_shares_owner(struct watch_shares *shares, int device)
{
	const struct watch_share *share;
	uint32_t owner;

	pthread_mutex_lock(&shares->lock);
	share = watch_shares_find(shares, device);
	owner = share ? share->worker : WATCH_NOBODY;
	pthread_mutex_unlock(&shares->lock);
	return owner;
}
