/* SPDX-License-Identifier: Apache-2.0 */
/* Messages: headers, sets, templates, records. RFC 7011 section 3; RFC 3954 section 5 and 6. */
#include "decoder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/cursor.h"

enum {
	VERSION_NETFLOW9 = 9,
	VERSION_IPFIX = 10,
	HEADER_IPFIX_BYTES = 16,
	SET_HEADER_BYTES = 4,
	SET_NETFLOW9_TEMPLATE = 0,
	SET_NETFLOW9_OPTIONS = 1,
	SET_TEMPLATE = 2,
	SET_OPTIONS = 3,
	SET_DATA_FIRST = 256,
	ENTERPRISE_BIT = 0x8000,
	VARIABLE_LONG = 255, /* RFC 7011 section 7: two more bytes of length follow */
};

/* What is being decoded. */
struct decoding {
	struct weir_collect *collect;
	struct domain *domain;
	bool ipfix, stream;
	uint64_t zero_ns; /* what uptimes count from */
	uint32_t records; /* data records so far */
	bool countable;   /* every data set had its template */
};

/* ---- domains ---- */

/* A place in the table; when it is full, that of the exporter silent for longest. */
static struct domain *collect_add_domain(struct weir_collect *collect, const char *exporter,
					 uint32_t id)
{
	struct domain *domain = domain_open(exporter, id);
	uint32_t place = 0;

	if (!domain)
		return NULL;
	if (collect->domain_count < WEIR_COLLECT_EXPORTERS_MAX) {
		collect->domains[collect->domain_count++] = domain;
		return domain;
	}
	for (uint32_t i = 1; i < collect->domain_count; i++)
		if (collect->domains[i]->used < collect->domains[place]->used)
			place = i;
	domain_close(collect->domains[place]);
	collect->domains[place] = domain;
	return domain;
}

static struct domain *collect_domain(struct weir_collect *collect, const char *exporter,
				     uint32_t id)
{
	struct domain *domain;

	for (uint32_t i = 0; i < collect->domain_count; i++) {
		uint32_t index = (collect->domain_last + i) % collect->domain_count;

		domain = collect->domains[index];
		if (domain->seen.domain == id &&
		    !strncmp(domain->seen.name, exporter, sizeof(domain->seen.name) - 1)) {
			collect->domain_last = index;
			return domain;
		}
	}
	return collect_add_domain(collect, exporter, id);
}

/* ---- data ---- */

/* The next field's bytes; NULL when they are not all there. */
static const uint8_t *decoder_field(struct cursor *c, const struct collect_step *step,
				    uint32_t *bytes)
{
	*bytes = step->bytes;
	if (step->bytes == IPFIX_VARIABLE) {
		*bytes = cursor_u8(c);
		if (*bytes == VARIABLE_LONG)
			*bytes = cursor_be16(c);
	}
	return c->failed ? NULL : cursor_take(c, *bytes);
}

/* One number of an options record that weir understands. */
static void decoder_take_option(struct weir_collect_exporter *seen, uint16_t number, uint64_t value)
{
	switch (number) {
	case 42:
		seen->told_sent = value;
		break;
	case 164:
		seen->told_ignored = value;
		break;
	case 166:
		seen->told_lost_flows = value;
		break;
	case 167:
		seen->told_lost_packets = value;
		break;
	case 168:
		seen->told_lost_octets = value;
		break;
	}
}

static int decoder_options_record(struct decoding *d, struct cursor *c,
				  const struct collect_template *template)
{
	for (uint32_t i = 0; i < template->count; i++) {
		uint32_t bytes;
		const uint8_t *value = decoder_field(c, &template->steps[i], &bytes);

		if (!value)
			return -EINVAL;
		decoder_take_option(&d->domain->seen, template->steps[i].number,
				    collect_number(value, bytes));
	}
	d->domain->seen.options++;
	return 0;
}

static int decoder_flow_record(struct decoding *d, struct cursor *c,
			       const struct collect_template *template)
{
	struct weir_collect_exporter *seen = &d->domain->seen;
	struct collect_record out;

	collect_record_init(&out);
	for (uint32_t i = 0; i < template->count; i++) {
		const struct collect_step *step = &template->steps[i];
		uint32_t bytes;
		const uint8_t *value = decoder_field(c, step, &bytes);

		if (!value)
			return -EINVAL;
		if (step->field)
			collect_record_take(&out, step, value, bytes, d->zero_ns);
	}
	collect_record_finish(&out, d->ipfix);
	seen->records++;
	seen->packets += out.record.forward.packets + out.record.reverse.packets;
	seen->octets += out.record.forward.bytes + out.record.reverse.bytes;
	d->collect->settings.emit(d->collect->settings.user, &out.record);
	return 0;
}

/* Records up to the padding, which is shorter than a record can be. */
static int decoder_data(struct decoding *d, struct cursor c,
			const struct collect_template *template)
{
	int rc = 0;

	while (rc == 0 && cursor_left(&c) >= template->least_bytes) {
		rc = template->options ? decoder_options_record(d, &c, template)
				       : decoder_flow_record(d, &c, template);
		d->records += rc == 0;
	}
	return rc;
}

static int decoder_data_set(struct decoding *d, uint16_t id, struct cursor c)
{
	const struct collect_template *template = domain_find(d->domain, id);

	if (template)
		return decoder_data(d, c, template);
	d->countable = false;
	if (d->stream)
		d->domain->seen.no_template++;
	else
		domain_wait(d->domain, id, c.bytes + c.offset, (uint32_t)cursor_left(&c),
			    d->zero_ns);
	return 0;
}

/* ---- templates ---- */

/* Data that has waited for it. Its records were not in the sequence of this message. */
static void decoder_release(struct decoding *d, const struct collect_template *template)
{
	struct decoding past = *d;
	struct domain_waiting waiting;

	while (domain_take(d->domain, template->id, &waiting)) {
		past.zero_ns = waiting.zero_ns;
		if (decoder_data(&past, cursor_of(waiting.bytes, waiting.count), template) < 0)
			d->domain->seen.malformed++;
		free(waiting.bytes);
	}
}

static int decoder_learn(struct decoding *d, struct collect_template *template)
{
	uint16_t id = template->id;
	const struct collect_template *known;

	d->domain->seen.templates++;
	if (!template->least_bytes) { /* records of no bytes would never end */
		free(template);
		d->domain->seen.templates_refused++;
		return 0;
	}
	if (domain_learn(d->domain, template) < 0) {
		d->domain->seen.templates_refused++;
		return 0;
	}
	known = domain_find(d->domain, id);
	if (known)
		decoder_release(d, known);
	return 0;
}

static int decoder_fields(struct decoding *d, struct cursor *c, struct collect_template *template,
			  uint32_t count, bool enterprises)
{
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < count; i++) {
		uint16_t number = cursor_be16(c), bytes = cursor_be16(c);
		bool enterprise = enterprises && number & ENTERPRISE_BIT;
		uint32_t pen = enterprise ? cursor_be32(c) : 0;

		if (c->failed)
			return -EINVAL;
		rc = template_add(template, enterprise ? number & ~ENTERPRISE_BIT : number, pen,
				  bytes, d->collect->settings.pen);
	}
	return rc;
}

static int decoder_new_template(struct decoding *d, struct cursor *c, uint16_t id, uint32_t count,
				bool options)
{
	struct collect_template *template;
	int rc;

	if (id < SET_DATA_FIRST || count > TEMPLATE_FIELDS_MAX)
		return -EINVAL;
	template = template_open(id, (uint16_t)count, options);
	if (!template)
		return -ENOMEM;
	rc = decoder_fields(d, c, template, count, d->ipfix);
	if (rc < 0) {
		free(template);
		return rc;
	}
	return decoder_learn(d, template);
}

/* A template set, or the templates of options, as IPFIX has them. */
static int decoder_templates(struct decoding *d, struct cursor c, bool options)
{
	int rc = 0;

	while (rc == 0 && cursor_left(&c) >= 4) { /* padding is shorter */
		uint16_t id = cursor_be16(&c), count = cursor_be16(&c);

		if (count == 0 && d->ipfix && id) {
			domain_withdraw(d->domain, id);
			continue;
		}
		if (id == 0 && count == 0)
			return 0; /* padding that is longer than it should be */
		if (options)
			cursor_be16(&c); /* which of them are scopes makes no difference here */
		rc = c.failed ? -EINVAL : decoder_new_template(d, &c, id, count, options);
	}
	return rc;
}

/* As NetFlow v9 has them: lengths in bytes. */
static int decoder_options_template9(struct decoding *d, struct cursor c)
{
	int rc = 0;

	while (rc == 0 && cursor_left(&c) >= 6) {
		uint16_t id = cursor_be16(&c), scope = cursor_be16(&c), options = cursor_be16(&c);

		if (id == 0)
			return 0; /* padding */
		if (scope % 4 || options % 4)
			return -EINVAL;
		rc = decoder_new_template(d, &c, id, (scope + options) / 4u, true);
	}
	return rc;
}

/* ---- messages ---- */

static int decoder_set(struct decoding *d, uint16_t id, struct cursor c)
{
	if (id >= SET_DATA_FIRST)
		return decoder_data_set(d, id, c);
	if (id == (d->ipfix ? SET_TEMPLATE : SET_NETFLOW9_TEMPLATE))
		return decoder_templates(d, c, false);
	if (d->ipfix && id == SET_OPTIONS)
		return decoder_templates(d, c, true);
	if (!d->ipfix && id == SET_NETFLOW9_OPTIONS)
		return decoder_options_template9(d, c);
	return d->ipfix ? -EINVAL : 0; /* RFC 7011 section 3.3.2: the others are not used */
}

static int decoder_sets(struct decoding *d, struct cursor *c)
{
	int rc = 0;

	while (rc == 0 && cursor_left(c) >= SET_HEADER_BYTES) {
		uint16_t id = cursor_be16(c), bytes = cursor_be16(c);
		const uint8_t *set;

		if (bytes < SET_HEADER_BYTES)
			return -EINVAL;
		set = cursor_take(c, bytes - SET_HEADER_BYTES);
		if (!set)
			return -EINVAL;
		rc = decoder_set(d, id, cursor_of(set, bytes - SET_HEADER_BYTES));
	}
	return rc;
}

static int decoder_run(struct decoding *d, struct cursor *c, uint32_t sequence, size_t count)
{
	struct weir_collect_exporter *seen = &d->domain->seen;
	int rc;

	seen->version = d->ipfix ? VERSION_IPFIX : VERSION_NETFLOW9;
	seen->messages++;
	seen->bytes += count;
	domain_check_sequence(d->domain, sequence);
	rc = decoder_sets(d, c);
	if (rc < 0)
		seen->malformed++;
	domain_advance(d->domain, d->ipfix ? d->records : 1,
		       rc == 0 && (d->countable || !d->ipfix));
	return rc;
}

int weir_collect_message(struct weir_collect *collect, const char *exporter, bool stream,
			 const uint8_t *bytes, size_t count)
{
	struct cursor c = cursor_of(bytes, count);
	struct decoding d = {.collect = collect, .stream = stream, .countable = true};
	uint16_t version = cursor_be16(&c), length = cursor_be16(&c);
	uint32_t uptime_ms, time_s, sequence, id;

	d.ipfix = version == VERSION_IPFIX;
	uptime_ms = d.ipfix ? 0 : cursor_be32(&c);
	time_s = cursor_be32(&c);
	sequence = cursor_be32(&c);
	id = cursor_be32(&c);
	if (c.failed || (version != VERSION_IPFIX && version != VERSION_NETFLOW9) ||
	    (d.ipfix && (length != count)))
		return -EINVAL;
	if (!d.ipfix)
		d.zero_ns = time_s * CLOCK_NS_PER_S - uptime_ms * (uint64_t)CLOCK_NS_PER_MS;
	d.domain = collect_domain(collect, exporter, id);
	if (!d.domain)
		return -ENOMEM;
	d.domain->used = ++collect->clock;
	return decoder_run(&d, &c, sequence, count);
}

void weir_collect_forget(struct weir_collect *collect, const char *exporter)
{
	for (uint32_t i = 0; i < collect->domain_count; i++)
		if (!strncmp(collect->domains[i]->seen.name, exporter,
			     sizeof(collect->domains[i]->seen.name) - 1))
			domain_forget(collect->domains[i]);
}

/* ---- open and close ---- */

int weir_collect_open(const struct weir_collect_settings *settings, struct weir_collect **out,
		      struct weir_error *error)
{
	struct weir_collect *collect = calloc(1, sizeof(*collect));

	if (!collect)
		return weir_error_set(error, -ENOMEM, "cannot collect: out of memory");
	collect->settings = *settings;
	if (!collect->settings.pen)
		collect->settings.pen = IPFIX_EXAMPLE_PEN;
	*out = collect;
	return 0;
}

void weir_collect_close(struct weir_collect *collect)
{
	if (!collect)
		return;
	listeners_close(collect->listeners);
	for (uint32_t i = 0; i < collect->domain_count; i++)
		domain_close(collect->domains[i]);
	free(collect);
}

const struct weir_collect_exporter *weir_collect_exporter(const struct weir_collect *collect,
							  uint32_t index)
{
	return index < collect->domain_count ? &collect->domains[index]->seen : NULL;
}

uint64_t weir_collect_refused(const struct weir_collect *collect)
{
	return collect->refused;
}
