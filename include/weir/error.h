/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors of libweir.
 *
 * Every function that can fail returns 0 (or a count) or a negative errno
 * value. Functions of the set-up path also fill the caller's struct
 * weir_error with a sentence that a user can act on: what failed first, the
 * subject in quotes, what to do about it. Nothing in the library prints,
 * exits or aborts on input.
 */
#ifndef WEIR_ERROR_H
#define WEIR_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

enum { WEIR_ERROR_TEXT_BYTES = 512 };

/*
 * One failure, as a chain of causes, outermost first:
 * "cannot open 'ring:eth0': cannot map 64 MiB: out of memory".
 * Owned by the caller; may live on the stack; never allocates. An error that
 * nothing has failed into has an empty text.
 */
struct weir_error {
	int code; /* negative errno value, 0 when nothing failed */
	char text[WEIR_ERROR_TEXT_BYTES];
};

/*
 * Set 'error' (which may be NULL) to a formatted text and return 'code', so
 * that a failing branch is one statement. 'code' is a negative errno value.
 * A text too long is cut at the end. Thread rule: the caller owns 'error'.
 */
int weir_error_set(struct weir_error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Like weir_error_set, with ": " and the system's words for 'code' appended.
 */
int weir_error_set_errno(struct weir_error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Put a formatted text and ": " before what 'error' (which may be NULL)
 * already says; returns error->code (or -EINVAL for NULL). The tail is cut
 * when the text gets too long. Thread rule: the caller owns 'error'.
 */
int weir_error_wrap(struct weir_error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#ifdef __cplusplus
}
#endif
#endif
