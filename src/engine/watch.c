/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event only says that something has changed: then all interfaces are
 * listed and those opened that match and are not yet open, by the kernel's
 * index, which is not used twice. So it does not matter how many events were
 * lost, nor that an interface has gone and come again in between.
 */
#include "watch.h"

#include <errno.h>
#include <fnmatch.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "watch_shares.h"
#include "worker.h"

enum {
	WATCH_OPENS_PER_TURN = 4, /* each takes milliseconds: then the others have their turn */
	WATCH_RETRY_MS =
		1000, /* when interfaces could not be listed: for want of descriptors, most likely */
	WATCH_REFUSED_MAX = 1024, /* interfaces that could not be opened, and are not tried again */
	WATCH_MESSAGE_BYTES = 8192,
	WATCH_READS_MAX = 64, /* messages taken off the socket in one turn */
	WATCH_NAME_BYTES = 600,
};

struct watch_pattern {
	char prefix[32]; /* "ring:" or "" */
	char glob[64];
	char options[512]; /* ",blocks=4" or "" */
	struct weir_source_settings settings;
};

struct watch {
	struct worker *worker;
	struct watch_shares *shares;
	struct weir_source_context context, quiet;
	int fd;
	bool stale;        /* something has changed since the last scan that was complete */
	uint64_t retry_ns; /* no list before this (monotonic); 0 = the last one could be had */
	uint32_t pattern_count;
	struct watch_pattern patterns[WATCH_PATTERNS_MAX];
	uint32_t refused_count;
	int refused[WATCH_REFUSED_MAX];
};

/* ---- patterns ---- */

static const struct weir_source_kind *watch_kind(const char *name, size_t length)
{
	for (const struct weir_source_kind *kind = weir_source_kinds(); kind->prefix; kind++)
		if (strlen(kind->prefix) == length && !memcmp(kind->prefix, name, length))
			return kind;
	return NULL;
}

/* Length of "ring:", 0 when there is no such prefix. */
static size_t watch_prefix_length(const char *name)
{
	size_t length = strcspn(name, ":");

	return name[length] == ':' && watch_kind(name, length) ? length + 1 : 0;
}

bool watch_is_pattern(const char *name)
{
	size_t prefix = watch_prefix_length(name);
	const struct weir_source_kind *kind = prefix ? watch_kind(name, prefix - 1) : NULL;

	if (kind && kind->needs == WEIR_SOURCE_NEEDS_NOTHING)
		return false; /* a file may be called so */
	return name[strcspn(name, "*?[,")] != ',' && name[strcspn(name, "*?[")] != '\0';
}

static int watch_parse(const char *name, struct watch_pattern *out, struct weir_error *error)
{
	size_t prefix = watch_prefix_length(name);
	const char *glob = name + prefix;
	size_t length = strcspn(glob, ",");

	if (prefix >= sizeof(out->prefix) || length >= sizeof(out->glob) ||
	    strlen(glob + length) >= sizeof(out->options))
		return weir_error_set(error, -ENAMETOOLONG, "the pattern '%s' is too long", name);
	snprintf(out->prefix, sizeof(out->prefix), "%.*s", (int)prefix, name);
	snprintf(out->glob, sizeof(out->glob), "%.*s", (int)length, glob);
	snprintf(out->options, sizeof(out->options), "%s", glob + length);
	if (!strcmp(out->prefix, "pcap:"))
		return weir_error_set(error, -EINVAL,
				      "libpcap cannot open interfaces later; name them, or leave "
				      "out 'pcap:'");
	return 0;
}

/* ---- opening ---- */

static bool watch_has(const struct watch *watch, int device)
{
	for (uint32_t i = 0; i < watch->worker->source_count; i++)
		if (watch->worker->sources[i].device == device)
			return true;
	for (uint32_t i = 0; i < watch->refused_count; i++)
		if (watch->refused[i] == device)
			return true;
	return false;
}

static void watch_refuse(struct watch *watch, int device)
{
	if (watch->refused_count == WATCH_REFUSED_MAX) /* the oldest has gone, most likely */
		memmove(watch->refused, watch->refused + 1,
			--watch->refused_count * sizeof(*watch->refused));
	watch->refused[watch->refused_count++] = device;
}

static void watch_notice(struct watch *watch, const char *text)
{
	if (watch->context.notice)
		watch->context.notice(watch->context.user, text);
}

static int watch_open_one(struct watch *watch, const struct watch_pattern *pattern,
			  const struct if_nameindex *interface, struct weir_error *error)
{
	char name[WATCH_NAME_BYTES];
	int rc;

	snprintf(name, sizeof(name), "%s%s%s", pattern->prefix, interface->if_name,
		 pattern->options);
	rc = worker_add_source(watch->worker, name, (int)interface->if_index, &pattern->settings,
			       &watch->quiet, error);
	if (rc < 0 && rc != -ENODEV) /* it may be gone again, or be called something else */
		watch_refuse(watch, (int)interface->if_index);
	return rc == -ENODEV ? 0 : rc;
}

static const struct watch_pattern *watch_match(const struct watch *watch, const char *name)
{
	for (uint32_t i = 0; i < watch->pattern_count; i++)
		if (!fnmatch(watch->patterns[i].glob, name, 0))
			return &watch->patterns[i];
	return NULL;
}

static bool watch_matches(const void *user, const char *name)
{
	return watch_match(user, name);
}

static int watch_list(struct watch *watch, struct if_nameindex **out, struct weir_error *error)
{
	int rc = watch_shares_list(watch->shares, watch_matches, watch, out);

	return rc < 0 ? weir_error_set_errno(error, rc, "cannot list the interfaces") : 0;
}

/*
 * Open up to 'limit' interfaces of this worker's that are not open; 'all' is freed.
 * Returns how many were tried, or -errno of the first failure; further ones are told.
 */
static int watch_scan(struct watch *watch, struct if_nameindex *all, uint32_t limit,
		      struct weir_error *error)
{
	uint32_t tried = 0;
	int first = 0;

	for (struct if_nameindex *one = all; one->if_index && tried < limit; one++) {
		const struct watch_pattern *pattern = watch_match(watch, one->if_name);
		struct weir_error own = {0};
		int rc;

		if (!pattern || watch_has(watch, (int)one->if_index) ||
		    watch_shares_owner(watch->shares, (int)one->if_index) != watch->worker->index)
			continue;
		tried++;
		rc = watch_open_one(watch, pattern, one, &own);
		if (rc == -EOPNOTSUPP || (rc < 0 && first))
			watch_notice(watch, own.text);
		else if (rc < 0) {
			first = rc;
			if (error)
				*error = own;
		}
	}
	if_freenameindex(all);
	return first ? first : (int)tried;
}

int watch_add(struct watch *watch, const char *name, const struct weir_source_settings *settings,
	      struct weir_error *error)
{
	struct watch_pattern *pattern = &watch->patterns[watch->pattern_count];
	uint32_t before = watch->worker->source_count;
	struct if_nameindex *all;
	int rc;

	if (watch->pattern_count == WATCH_PATTERNS_MAX)
		return weir_error_set(error, -ENOSPC, "more than %d patterns", WATCH_PATTERNS_MAX);
	rc = watch_parse(name, pattern, error);
	if (rc < 0)
		return rc;
	pattern->settings = *settings;
	if (!pattern->settings.ring_bytes)
		pattern->settings.ring_bytes = WATCH_RING_BYTES;
	watch->pattern_count++;
	rc = watch_list(watch, &all, error);
	if (rc == 0)
		rc = watch_scan(watch, all, UINT32_MAX, error);
	return rc < 0 ? rc : (int)(watch->worker->source_count - before);
}

void watch_tell_none(struct watch *watch)
{
	char text[160];

	snprintf(text, sizeof(text), "no interface matches '%s', waiting for one",
		 watch->patterns[watch->pattern_count - 1].glob);
	watch_notice(watch, text);
}

/* ---- events ---- */

/* Take what there is off the socket; what it says does not matter. */
void watch_read(struct watch *watch)
{
	char message[WATCH_MESSAGE_BYTES];

	for (int n = 0; n < WATCH_READS_MAX; n++) {
		ssize_t got = recv(watch->fd, message, sizeof(message), MSG_DONTWAIT);

		if (got < 0 && errno != ENOBUFS) /* ENOBUFS: some were lost */
			return;
		watch->stale = true;
	}
}

bool watch_turn(struct watch *watch, uint64_t now_ns)
{
	struct if_nameindex *all;
	struct weir_error error;
	int rc;

	if (!watch->stale || now_ns < watch->retry_ns)
		return false;
	rc = watch_list(watch, &all, &error);
	if (rc < 0) {
		if (!watch->retry_ns) /* else it has been told */
			watch_notice(watch, error.text);
		watch->retry_ns = now_ns + WATCH_RETRY_MS * (uint64_t)CLOCK_NS_PER_MS;
		return false;
	}
	watch->retry_ns = 0;
	rc = watch_scan(watch, all, WATCH_OPENS_PER_TURN, &error);
	if (rc < 0)
		watch_notice(watch, error.text);
	watch->stale = rc < 0 || rc == WATCH_OPENS_PER_TURN;
	return watch->stale;
}

int watch_fd(const struct watch *watch)
{
	return watch->fd;
}

int watch_open(struct worker *worker, struct watch_shares *shares,
	       const struct weir_source_context *context, struct watch **out,
	       struct weir_error *error)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
	struct watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return weir_error_set(error, -ENOMEM, "out of memory");
	watch->worker = worker;
	watch->shares = shares;
	watch->context = watch->quiet = *context;
	/* That each of many interfaces was down when it was made is no news. */
	watch->quiet.notice = NULL;
	watch->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (watch->fd < 0 || bind(watch->fd, (struct sockaddr *)&address, sizeof(address))) {
		int rc = weir_error_set_errno(error, -errno, "cannot watch for interfaces");

		watch_close(watch);
		return rc;
	}
	*out = watch;
	return 0;
}

void watch_close(struct watch *watch)
{
	if (!watch)
		return;
	if (watch->fd >= 0)
		close(watch->fd);
	free(watch);
}
