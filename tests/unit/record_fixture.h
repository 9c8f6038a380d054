/* SPDX-License-Identifier: Apache-2.0 */
/* A recording sink with a ledger and a directory of its own, packets for it, and what reads them back. */
#ifndef TESTS_RECORD_FIXTURE_H
#define TESTS_RECORD_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "weir/record.h"

enum { BATCH = 200 };

struct fixture {
	struct weir_ledger *ledger;
	struct weir_account *account;
	struct weir_row *ring, *row;
	struct weir_interfaces *interfaces;
	struct weir_sink *sink;
	struct weir_error error;
	char directory[64], path[128];
	uint8_t bytes[70000];
	uint64_t given; /* packets */
};

static inline void add_interface(struct fixture *f, const char *name, uint32_t link_type)
{
	struct weir_interface interface = {
		.source = "ring", .link_type = link_type, .time_resolution = 9};

	strcpy(interface.name, name);
	assert_true(weir_interfaces_add(f->interfaces, &interface) >= 0);
}

static inline int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->directory, "/tmp/weir-test-XXXXXX");
	assert_non_null(mkdtemp(f->directory));
	snprintf(f->path, sizeof(f->path), "%s/x.pcapng", f->directory);
	assert_int_equal(weir_ledger_open(&f->ledger), 0);
	assert_int_equal(weir_interfaces_open(&f->interfaces), 0);
	add_interface(f, "eth0", 1);
	f->account = weir_ledger_account(f->ledger, "eth0", "", "ring", 0);
	f->ring = weir_ledger_row(f->ledger, f->account, WEIR_STAGE_RING, "", true);
	f->row = weir_ledger_row(f->ledger, f->account, WEIR_STAGE_SINK, "record", true);
	for (size_t i = 0; i < sizeof(f->bytes); i++)
		f->bytes[i] = (uint8_t)(i * 31 + (i >> 8));
	*state = f;
	return 0;
}

/* The files in the directory, by name; hidden ones too. Returns how many. */
static inline int list_files(const struct fixture *f, struct dirent ***entries)
{
	int count = scandir(f->directory, entries, NULL, alphasort);
	int kept = 0;

	if (count < 0)
		*entries = NULL;
	for (int i = 0; i < count; i++) {
		if (!strcmp((*entries)[i]->d_name, ".") || !strcmp((*entries)[i]->d_name, ".."))
			free((*entries)[i]);
		else
			(*entries)[kept++] = (*entries)[i];
	}
	return kept;
}

static inline void free_list(struct dirent **entries, int count)
{
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
}

static inline void remove_files(const struct fixture *f)
{
	struct dirent **entries;
	int count = list_files(f, &entries);
	char path[512];

	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", f->directory, entries[i]->d_name);
		unlink(path);
	}
	free_list(entries, count);
}

static inline int tear_down(void **state)
{
	struct fixture *f = *state;

	if (f->sink)
		f->sink->ops->close(f->sink);
	weir_ledger_close(f->ledger);
	weir_interfaces_close(f->interfaces);
	unlink(f->path);
	remove_files(f);
	rmdir(f->directory);
	free(f);
	return 0;
}

static inline void open_sink(struct fixture *f, struct weir_record_settings *settings)
{
	if (!settings->path)
		settings->path = f->path;
	assert_int_equal(weir_sink_open_record(settings, f->interfaces, &f->sink, &f->error), 0);
	assert_int_equal(f->sink->ops->attach(f->sink, f->ledger, f->account, f->row), 0);
}

/* Packet n: its length and content follow from n. */
static inline uint32_t length_of(uint64_t n)
{
	return n % 97 == 96 ? 60000 : 14 + (uint32_t)(n * 7919 % 1400);
}

static inline struct weir_packet packet_number(struct fixture *f, uint64_t n, uint32_t interface)
{
	return (struct weir_packet){.bytes = f->bytes + n % 251,
				    .time_ns = 1700000000000000000 + n * 1001,
				    .captured_len = length_of(n),
				    .wire_len = length_of(n),
				    .interface = interface};
}

/* Give packets as the worker would; returns what the last consume said. */
static inline int give(struct fixture *f, uint32_t count, uint32_t interface)
{
	int rc = 0;

	while (count && !rc) {
		struct weir_packet packets[BATCH];
		struct weir_batch batch = {.packets = packets,
					   .count = count < BATCH ? count : BATCH};

		for (uint32_t i = 0; i < batch.count; i++)
			packets[i] = packet_number(f, f->given + i, interface);
		f->given += batch.count;
		count -= batch.count;
		weir_cell_add(&f->ring->in, batch.count);
		weir_cell_add(&f->ring->out, batch.count);
		weir_cell_add(&f->account->frames, batch.count);
		weir_cell_add(&f->row->in, batch.count);
		rc = f->sink->ops->consume(f->sink, f->row, &batch, NULL);
	}
	return rc;
}

static inline const struct weir_row *disk_row(struct fixture *f)
{
	return f->row->next;
}

/* Read a file back whose first packet is number 'n'; returns the next number. */
static inline uint64_t read_from(struct fixture *f, const char *path, uint64_t n)
{
	char message[PCAP_ERRBUF_SIZE];
	pcap_t *pcap =
		pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, message);
	struct pcap_pkthdr *header;
	const u_char *bytes;
	int rc;

	if (!pcap)
		fail_msg("%s: %s", path, message);
	while ((rc = pcap_next_ex(pcap, &header, &bytes)) == 1) {
		assert_int_equal(header->caplen, length_of(n));
		assert_memory_equal(bytes, f->bytes + n % 251, header->caplen);
		n++;
	}
	if (rc != PCAP_ERROR_BREAK) /* the end */
		fail_msg("%s: packet %d: %s", path, (int)n, pcap_geterr(pcap));
	pcap_close(pcap);
	return n;
}

/* How many packets there are in the file, each as it was given. */
static inline uint64_t read_back(struct fixture *f)
{
	return read_from(f, f->path, 0);
}

/*
 * All files in the order of their names, which must hold packets without gap
 * or repetition, beginning with number 'n'. Returns the number of files.
 */
static inline int read_all(struct fixture *f, uint64_t n, uint64_t *end)
{
	struct dirent **entries;
	int count = list_files(f, &entries);
	char path[512];

	for (int i = 0; i < count; i++) {
		assert_int_not_equal(entries[i]->d_name[0], '.');
		snprintf(path, sizeof(path), "%s/%s", f->directory, entries[i]->d_name);
		n = read_from(f, path, n);
	}
	free_list(entries, count);
	*end = n;
	return count;
}

static inline void finish_balanced(struct fixture *f)
{
	assert_int_equal(f->sink->ops->finish(f->sink), 0);
	assert_null(weir_ledger_unbalanced(f->ledger));
	f->sink->ops->close(f->sink); /* takes back the file made ahead */
	f->sink = NULL;
}

static inline void check_writer(struct fixture *f, enum weir_record_writer writer, const char *said)
{
	struct weir_record_settings settings = {
		.writer = writer, .rotation = {.file_bytes = 5000000, .file_packets = 9000}};
	uint64_t end;

	open_sink(f, &settings);
	assert_non_null(strstr(weir_sink_record_writer(f->sink), said));
	for (int i = 0; i < 20; i++) {
		assert_int_equal(give(f, 2000 + (uint32_t)i, 0), 0);
		/* Parts of buffers, at all offsets. */
		f->sink->ops->tick(f->sink, 1700000000000000000);
		f->sink->ops->tick(f->sink, 1700000000000000000);
	}
	finish_balanced(f);
	assert_in_range(read_all(f, 0, &end), 5, 15);
	assert_int_equal(end, 40190);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

#endif
