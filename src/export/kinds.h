/* SPDX-License-Identifier: Apache-2.0 */
/* The opening functions of all kinds of exports, for the table in export.c. */
#ifndef EXPORT_KINDS_H
#define EXPORT_KINDS_H

#include "weir/export.h"

int null_open(const char *target, const struct weir_export_settings *settings,
	      struct weir_export **out, struct weir_error *error);
int json_open(const char *target, const struct weir_export_settings *settings,
	      struct weir_export **out, struct weir_error *error);
int csv_open(const char *target, const struct weir_export_settings *settings,
	     struct weir_export **out, struct weir_error *error);
int ipfix_udp_open(const char *target, const struct weir_export_settings *settings,
		   struct weir_export **out, struct weir_error *error);
int ipfix_tcp_open(const char *target, const struct weir_export_settings *settings,
		   struct weir_export **out, struct weir_error *error);
int ipfix_sctp_open(const char *target, const struct weir_export_settings *settings,
		    struct weir_export **out, struct weir_error *error);
int ipfix_tls_open(const char *target, const struct weir_export_settings *settings,
		   struct weir_export **out, struct weir_error *error);
int ipfix_dtls_open(const char *target, const struct weir_export_settings *settings,
		    struct weir_export **out, struct weir_error *error);
int ipfix_file_open(const char *target, const struct weir_export_settings *settings,
		    struct weir_export **out, struct weir_error *error);
int netflow9_udp_open(const char *target, const struct weir_export_settings *settings,
		      struct weir_export **out, struct weir_error *error);

#endif
