/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nested prefixes become spans that lie side by side, each with the longest
 * prefix that its addresses are in, so that one binary search finds it:
 *
 *   10.0.0.0/8    ├────────────── A ──────────────┤
 *   10.1.0.0/16        ├─ B ─┤
 *   spans         │ A  │  B  │         A          │ none ...
 */
#include "weir/prefixes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"

enum {
	PREFIXES_LINE_BYTES = 256,
	PREFIXES_WORDS = 3,
	PREFIXES_FILE_BYTES_MAX = 512 << 20,
	PREFIXES_DEPTH_MAX = 129, /* prefixes within prefixes: a length each */
	PREFIXES_NONE = UINT32_MAX,
};

/* An address as a number; IPv4 in the upper 32 bits. */
typedef unsigned __int128 prefixes_address;

struct prefixes_entry {
	prefixes_address first, last;
	struct weir_prefix prefix;
};

struct prefixes_span {
	prefixes_address first;
	uint32_t entry; /* PREFIXES_NONE: in no prefix */
};

/* Of one IP version. */
struct prefixes_table {
	struct prefixes_entry *entries; /* in order: the enclosing one first */
	uint32_t entry_count, entry_room;
	struct prefixes_span *spans; /* in order */
	uint32_t span_count;
};

struct weir_prefixes {
	struct prefixes_table v4, v6;
};

static prefixes_address prefixes_number(const uint8_t *address, unsigned int bytes)
{
	prefixes_address number = 0;

	for (unsigned int i = 0; i < bytes; i++)
		number |= (prefixes_address)address[i] << (120 - 8 * i);
	return number;
}

/* ---- reading ---- */

/* Cut a line into words at blanks; returns how many, one more than PREFIXES_WORDS if there are more. */
static int prefixes_cut(char *line, char *words[PREFIXES_WORDS])
{
	int count = 0;

	for (char *word = strtok_r(line, " \t\r", &line); word;
	     word = strtok_r(NULL, " \t\r", &line)) {
		if (count == PREFIXES_WORDS)
			return count + 1;
		words[count++] = word;
	}
	return count;
}

static int prefixes_take_prefix(char *word, unsigned int *bytes, struct prefixes_entry *entry,
				struct weir_error *error)
{
	char *slash = strchr(word, '/');
	uint8_t address[16] = {0};
	uint64_t bits;
	prefixes_address rest;

	if (!slash)
		return weir_error_set(error, -EINVAL, "'%s' is no prefix: it has no length", word);
	*slash = '\0';
	*bytes = strchr(word, ':') ? 16 : 4;
	if (inet_pton(*bytes == 16 ? AF_INET6 : AF_INET, word, address) != 1)
		return weir_error_set(error, -EINVAL, "'%s' is no address", word);
	if (parse_u64(slash + 1, 8 * *bytes, &bits))
		return weir_error_set(error, -EINVAL, "'%s' is no length of a prefix", slash + 1);
	rest = bits == 128 ? 0 : ~(prefixes_address)0 >> bits;
	entry->first = prefixes_number(address, *bytes);
	if (entry->first & rest)
		return weir_error_set(error, -EINVAL, "'%s' has bits beyond its length %s", word,
				      slash + 1);
	entry->last = entry->first | rest;
	entry->prefix.bits = (uint8_t)bits;
	return 0;
}

static int prefixes_take_words(char *words[PREFIXES_WORDS], int count, unsigned int *bytes,
			       struct prefixes_entry *entry, struct weir_error *error)
{
	uint64_t as_number = 0;
	int rc = prefixes_take_prefix(words[0], bytes, entry, error);

	if (rc < 0)
		return rc;
	if (count > 1 && parse_u64(words[1], UINT32_MAX, &as_number))
		return weir_error_set(error, -EINVAL, "'%s' is no AS number", words[1]);
	entry->prefix.as_number = (uint32_t)as_number;
	if (count > 2 &&
	    inet_pton(*bytes == 16 ? AF_INET6 : AF_INET, words[2], entry->prefix.next_hop) != 1)
		return weir_error_set(error, -EINVAL, "'%s' is no next hop of IPv%d", words[2],
				      *bytes == 16 ? 6 : 4);
	return 0;
}

static int prefixes_add(struct prefixes_table *table, const struct prefixes_entry *entry,
			struct weir_error *error)
{
	struct prefixes_entry *entries = table->entries;
	uint32_t room = table->entry_room;

	if (table->entry_count == WEIR_PREFIXES_MAX)
		return weir_error_set(error, -E2BIG, "more than %d prefixes", WEIR_PREFIXES_MAX);
	if (table->entry_count == room) {
		room = room ? 2 * room : 1024;
		entries = realloc(entries, room * sizeof(*entries));
		if (!entries)
			return weir_error_set(error, -ENOMEM, "out of memory");
		table->entries = entries;
		table->entry_room = room;
	}
	entries[table->entry_count++] = *entry;
	return 0;
}

static int prefixes_take_line(struct weir_prefixes *prefixes, const char *text, size_t length,
			      struct weir_error *error)
{
	struct prefixes_entry entry = {0};
	char line[PREFIXES_LINE_BYTES];
	char *words[PREFIXES_WORDS];
	unsigned int bytes = 0;
	int count, rc;

	if (length >= sizeof(line))
		return weir_error_set(error, -EINVAL, "it is longer than %d bytes",
				      PREFIXES_LINE_BYTES - 1);
	memcpy(line, text, length);
	line[length] = '\0';
	line[strcspn(line, "#")] = '\0';
	count = prefixes_cut(line, words);
	if (count == 0)
		return 0;
	if (count > PREFIXES_WORDS)
		return weir_error_set(error, -EINVAL,
				      "more than a prefix, an AS number and a next hop");
	rc = prefixes_take_words(words, count, &bytes, &entry, error);
	if (rc < 0)
		return rc;
	return prefixes_add(bytes == 16 ? &prefixes->v6 : &prefixes->v4, &entry, error);
}

static int prefixes_read(struct weir_prefixes *prefixes, const char *text, size_t bytes,
			 struct weir_error *error)
{
	unsigned long number = 0;
	struct weir_error reason;

	for (size_t at = 0; at < bytes;) {
		const char *end = memchr(text + at, '\n', bytes - at);
		size_t length = end ? (size_t)(end - (text + at)) : bytes - at;
		int rc = prefixes_take_line(prefixes, text + at, length, &reason);

		number++;
		if (rc < 0)
			return weir_error_set(error, rc, "line %lu: %s", number, reason.text);
		at += length + 1;
	}
	return 0;
}

/* ---- spans ---- */

static int prefixes_compare(const void *a, const void *b)
{
	const struct prefixes_entry *one = a, *other = b;

	if (one->first != other->first)
		return one->first < other->first ? -1 : 1;
	return (int)one->prefix.bits - (int)other->prefix.bits;
}

static void prefixes_begin_span(struct prefixes_table *table, prefixes_address first,
				uint32_t entry)
{
	if (table->span_count && table->spans[table->span_count - 1].first == first)
		table->span_count--; /* nothing was left of it */
	table->spans[table->span_count++] = (struct prefixes_span){first, entry};
}

/* The entries that end before 'first' (or all) are over: what encloses them goes on. */
static void prefixes_end_spans(struct prefixes_table *table, uint32_t *open, uint32_t *depth,
			       bool all, prefixes_address first)
{
	while (*depth && (all || table->entries[open[*depth - 1]].last < first)) {
		prefixes_address last = table->entries[open[--*depth]].last;

		if (last != ~(prefixes_address)0)
			prefixes_begin_span(table, last + 1,
					    *depth ? open[*depth - 1] : (uint32_t)PREFIXES_NONE);
	}
}

static int prefixes_make_spans(struct prefixes_table *table)
{
	uint32_t open[PREFIXES_DEPTH_MAX], depth = 0;

	if (!table->entry_count)
		return 0;
	qsort(table->entries, table->entry_count, sizeof(*table->entries), prefixes_compare);
	table->spans = malloc((2 * (size_t)table->entry_count + 1) * sizeof(*table->spans));
	if (!table->spans)
		return -ENOMEM;
	for (uint32_t i = 0; i < table->entry_count; i++) {
		const struct prefixes_entry *entry = &table->entries[i];

		prefixes_end_spans(table, open, &depth, false, entry->first);
		if (depth && table->entries[open[depth - 1]].prefix.bits == entry->prefix.bits)
			depth--; /* the same prefix again: the later line counts */
		prefixes_begin_span(table, entry->first, i);
		open[depth++] = i;
	}
	prefixes_end_spans(table, open, &depth, true, 0);
	return 0;
}

/* ---- open, close, find ---- */

int weir_prefixes_parse(const char *text, size_t bytes, struct weir_prefixes **out,
			struct weir_error *error)
{
	struct weir_prefixes *prefixes = calloc(1, sizeof(*prefixes));
	int rc;

	if (!prefixes)
		return weir_error_set(error, -ENOMEM, "out of memory");
	rc = prefixes_read(prefixes, text, bytes, error);
	if (rc == 0 &&
	    (prefixes_make_spans(&prefixes->v4) < 0 || prefixes_make_spans(&prefixes->v6) < 0))
		rc = weir_error_set(error, -ENOMEM, "out of memory");
	if (rc < 0) {
		weir_prefixes_close(prefixes);
		return rc;
	}
	*out = prefixes;
	return 0;
}

static int prefixes_read_file(FILE *file, char **text, size_t *bytes)
{
	size_t room = 1 << 16;

	*bytes = 0;
	*text = malloc(room);
	while (*text) {
		size_t got = fread(*text + *bytes, 1, room - *bytes, file);
		char *more;

		*bytes += got;
		if (*bytes < room)
			return ferror(file) ? -EIO : 0;
		if (room >= PREFIXES_FILE_BYTES_MAX)
			return -EFBIG;
		room *= 2;
		more = realloc(*text, room);
		if (!more)
			return -ENOMEM;
		*text = more;
	}
	return -ENOMEM;
}

int weir_prefixes_open(const char *path, struct weir_prefixes **out, struct weir_error *error)
{
	FILE *file = fopen(path, "re");
	struct weir_error reason;
	char *text = NULL;
	size_t bytes = 0;
	int rc;

	if (!file)
		return weir_error_set_errno(error, -errno, "cannot open '%s'", path);
	rc = prefixes_read_file(file, &text, &bytes);
	fclose(file);
	if (rc < 0)
		weir_error_set_errno(error, rc, "cannot read '%s'", path);
	else if ((rc = weir_prefixes_parse(text, bytes, out, &reason)) < 0)
		weir_error_set(error, rc, "'%s', %s", path, reason.text);
	free(text);
	return rc;
}

void weir_prefixes_close(struct weir_prefixes *prefixes)
{
	if (!prefixes)
		return;
	free(prefixes->v4.entries);
	free(prefixes->v4.spans);
	free(prefixes->v6.entries);
	free(prefixes->v6.spans);
	free(prefixes);
}

const struct weir_prefix *weir_prefixes_find(const struct weir_prefixes *prefixes,
					     unsigned int ip_version, const uint8_t *address)
{
	const struct prefixes_table *table = ip_version == 4 ? &prefixes->v4 : &prefixes->v6;
	prefixes_address number = prefixes_number(address, ip_version == 4 ? 4 : 16);
	uint32_t low = 0, high = table->span_count; /* the span looked for is before 'high' */

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (table->spans[middle].first <= number)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || table->spans[low - 1].entry == PREFIXES_NONE)
		return NULL;
	return &table->entries[table->spans[low - 1].entry].prefix;
}
