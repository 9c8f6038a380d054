/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of the interfaces that come and go while a capture runs, as
 * rtnetlink tells them. A packet may be read when its interface is gone
 * already: then only who listened all along still knows the name.
 */
#ifndef SOURCE_LINK_NAMES_H
#define SOURCE_LINK_NAMES_H

#include "weir/error.h"

enum {
	LINK_NAMES_MAX = 256, /* the latest are kept */
};

struct link_names;

/* Listen from now on. 0 or -errno; link_names_close in any case. */
int link_names_open(struct link_names **out, struct weir_error *error);
void link_names_close(struct link_names *self); /* NULL is safe */

/* Take in what was told, so that the kernel's queue does not run over; never waits. */
void link_names_read(struct link_names *self);
/* The name of an interface told since open, read anew; until the next call. NULL: not known. */
const char *link_names_find(struct link_names *self, int index);

#endif
