/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiles an expression and, if it is wrong, finds out where. libpcap says
 * "syntax error" without a place, so the place is found by trial: it is
 * behind the longest run of words that some ending can make valid.
 */
#include "filter/compile.h"

#include <ctype.h>
#include <stdbool.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMPILE_TEXT_MAX = 4096, COMPILE_WORDS_MAX = 64, COMPILE_SHOWN_MAX = 160 };

int compile_dlt(uint32_t link_type)
{
	switch (link_type) {
	case 100: /* LINKTYPE_ATM_RFC1483 */
		return DLT_ATM_RFC1483;
	case 101: /* LINKTYPE_RAW */
		return DLT_RAW;
	case 102: /* LINKTYPE_SLIP_BSDOS */
		return DLT_SLIP_BSDOS;
	case 103: /* LINKTYPE_PPP_BSDOS */
		return DLT_PPP_BSDOS;
	default:
		return (int)link_type;
	}
}

/* Can the first 'length' bytes become an expression by some ending? */
static bool compile_is_viable(pcap_t *handle, const char *expression, size_t length)
{
	static const char *const endings[] = {
		"",    "ip",    "1",           "1.1.1.1", "port 1", "host 1.1.1.1",
		"= 1", "] = 1", "0:0:0:0:0:1", "tcp"};
	char text[COMPILE_TEXT_MAX];
	struct bpf_program program;
	int open = 0;
	int used;

	for (size_t i = 0; i < length; i++)
		open += (expression[i] == '(') - (expression[i] == ')');
	for (size_t e = 0; e < sizeof(endings) / sizeof(*endings); e++) {
		used = snprintf(text, sizeof(text), "%.*s %s", (int)length, expression, endings[e]);
		for (int i = 0; i < open && used + 1 < (int)sizeof(text); i++)
			text[used++] = ')';
		text[used] = '\0';
		if (pcap_compile(handle, &program, text, 1, PCAP_NETMASK_UNKNOWN) == 0) {
			pcap_freecode(&program);
			return true;
		}
	}
	return false;
}

/* The offset at which a faulty expression goes wrong. */
static size_t compile_find_place(pcap_t *handle, const char *expression, const char *complaint)
{
	const char *quote = strpbrk(complaint, "'\"");
	const char *end = quote ? strchr(quote + 1, *quote) : NULL;
	size_t length = strlen(expression);
	size_t at = 0, place = 0;

	/* "unknown port 'x'": the word itself is told. */
	if (end && end - quote > 1 && end - quote < COMPILE_SHOWN_MAX) {
		char word[COMPILE_SHOWN_MAX];
		const char *found;

		snprintf(word, sizeof(word), "%.*s", (int)(end - quote - 1), quote + 1);
		found = strstr(expression, word);
		if (found)
			return (size_t)(found - expression);
	}
	for (int words = 0; words < COMPILE_WORDS_MAX && at < length; words++) {
		while (at < length && isspace((unsigned char)expression[at]))
			at++;
		place = at;
		while (at < length && !isspace((unsigned char)expression[at]))
			at++;
		if (!compile_is_viable(handle, expression, at))
			return place;
	}
	return length; /* all is well as far as it goes: the end is missing */
}

int compile_expression(pcap_t *handle, const char *expression, struct bpf_program *out,
		       struct weir_error *error)
{
	char complaint[PCAP_ERRBUF_SIZE];
	size_t place;

	if (strlen(expression) >= COMPILE_TEXT_MAX - 64)
		return weir_error_set(error, -EINVAL, "the filter is longer than %d bytes",
				      COMPILE_TEXT_MAX - 64);
	if (pcap_compile(handle, out, expression, 1, PCAP_NETMASK_UNKNOWN) == 0)
		return 0;
	snprintf(complaint, sizeof(complaint), "%s", pcap_geterr(handle));
	place = compile_find_place(handle, expression, complaint);
	if (strlen(expression) > COMPILE_SHOWN_MAX)
		return weir_error_set(error, -EINVAL, "filter: %s, at byte %zu", complaint,
				      place + 1);
	return weir_error_set(error, -EINVAL, "filter: %s\n  %s\n  %*s^", complaint, expression,
			      (int)place, "");
}
