/* SPDX-License-Identifier: Apache-2.0 */
/* The broker's side: a loop that serves one client until it goes away. */
#ifndef PRIVILEGE_BROKER_H
#define PRIVILEGE_BROKER_H

#include "weir/privilege.h"

/* Serve requests on 'fd' until its other end is closed; returns the exit status. */
int broker_serve(int fd, const struct weir_privilege_settings *settings);

#endif
