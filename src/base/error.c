/* SPDX-License-Identifier: Apache-2.0 */
#include "weir/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int weir_error_set(struct weir_error *error, int code, const char *format, ...)
{
	va_list arguments;

	if (!error)
		return code;
	error->code = code;
	va_start(arguments, format);
	vsnprintf(error->text, sizeof(error->text), format, arguments);
	va_end(arguments);
	return code;
}

int weir_error_set_errno(struct weir_error *error, int code, const char *format, ...)
{
	va_list arguments;
	size_t used;

	if (!error)
		return code;
	error->code = code;
	va_start(arguments, format);
	vsnprintf(error->text, sizeof(error->text), format, arguments);
	va_end(arguments);
	used = strlen(error->text);
	snprintf(error->text + used, sizeof(error->text) - used, ": %s", strerror(-code));
	return code;
}

int weir_error_wrap(struct weir_error *error, const char *format, ...)
{
	char cause[WEIR_ERROR_TEXT_BYTES];
	va_list arguments;
	size_t used;

	if (!error)
		return -EINVAL;
	memcpy(cause, error->text, sizeof(cause));
	va_start(arguments, format);
	vsnprintf(error->text, sizeof(error->text), format, arguments);
	va_end(arguments);
	used = strlen(error->text);
	snprintf(error->text + used, sizeof(error->text) - used, ": %s", cause);
	return error->code;
}
