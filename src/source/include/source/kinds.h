/* SPDX-License-Identifier: Apache-2.0 */
/* The opening functions of all kinds of sources, for the table in source.c. */
#ifndef SOURCE_KINDS_H
#define SOURCE_KINDS_H

#include "weir/source.h"

int ring_open(const char *subject, const struct weir_source_settings *settings,
	      const struct weir_source_context *context, struct weir_source **out,
	      struct weir_error *error);
int tap_open(const char *subject, const struct weir_source_settings *settings,
	     const struct weir_source_context *context, struct weir_source **out,
	     struct weir_error *error);
int socket_open(const char *subject, const struct weir_source_settings *settings,
		const struct weir_source_context *context, struct weir_source **out,
		struct weir_error *error);
int xdp_open(const char *subject, const struct weir_source_settings *settings,
	     const struct weir_source_context *context, struct weir_source **out,
	     struct weir_error *error);
int pcap_live_open(const char *subject, const struct weir_source_settings *settings,
		   const struct weir_source_context *context, struct weir_source **out,
		   struct weir_error *error);
int nf_open(const char *subject, const struct weir_source_settings *settings,
	    const struct weir_source_context *context, struct weir_source **out,
	    struct weir_error *error);
int trace_open(const char *subject, const struct weir_source_settings *settings,
	       const struct weir_source_context *context, struct weir_source **out,
	       struct weir_error *error);
int file_open(const char *subject, const struct weir_source_settings *settings,
	      const struct weir_source_context *context, struct weir_source **out,
	      struct weir_error *error);
int follow_open(const char *subject, const struct weir_source_settings *settings,
		const struct weir_source_context *context, struct weir_source **out,
		struct weir_error *error);
int fake_open(const char *subject, const struct weir_source_settings *settings,
	      const struct weir_source_context *context, struct weir_source **out,
	      struct weir_error *error);

#endif
