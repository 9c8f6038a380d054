/* SPDX-License-Identifier: Apache-2.0 */
/* The flow table: placing, finding, the second set, ages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "table.h"

/* Filled to seven eighths of what was asked for: then no set and its second are both full. */
enum { FLOWS_MAX = 4096, FLOWS = FLOWS_MAX / 8 * 7 };

static struct flow_seed seed;

static struct flow_item item_of(const struct flow_table *table, uint64_t number)
{
	struct flow_item item = {.key.address = {number * UINT64_C(0x100000001)},
				 .key.rest = key_rest(17, 1, 2)};

	if (table->v6)
		item.key.address[3] = number;
	table_aim(table, &item,
		  table->v6 ? key_hash_v6(&item.key, &seed)
			    : key_hash_v4(item.key.address[0], item.key.rest, &seed));
	return item;
}

static void place(struct flow_table *table, struct flow_item *item)
{
	if (flow_table_room(table, item))
		flow_table_remove(table, item->slot);
	flow_table_place(table, item);
}

static void what_was_placed_is_found_until_removed(void **state)
{
	for (int v6 = 0; v6 < 2; v6++) {
		struct flow_table table;

		assert_int_equal(flow_table_open(&table, FLOWS_MAX, 0, v6, false, false), 0);
		for (uint64_t n = 1; n <= FLOWS; n++) {
			struct flow_item item = item_of(&table, n);

			assert_false(flow_table_find(&table, &item));
			assert_false(flow_table_room(&table, &item));
			flow_table_place(&table, &item);
		}
		for (uint64_t n = 1; n <= FLOWS; n++) {
			struct flow_item item = item_of(&table, n);

			assert_true(flow_table_find(&table, &item));
			assert_int_equal(table.hot[item.slot].address[v6 ? 3 : 0] & 0xffff, n);
			flow_table_remove(&table, item.slot);
			item = item_of(&table, n);
			assert_false(flow_table_find(&table, &item));
		}
		/* Nothing is left over, not even a count of flows in a second set. */
		for (uint32_t i = 0; i < table.set_count; i++)
			assert_int_equal(table.sets[i].ages, 0);
		flow_table_close(&table);
	}
}

static void all_ways_of_comparing_tags_agree(void **state)
{
	struct flow_table table;
	struct flow_set *set = aligned_alloc(64, sizeof(*set));

	assert_int_equal(flow_table_open(&table, FLOWS_MAX, 0, false, false, false), 0);
	srandom(1);
	for (int round = 0; round < 20000; round++) {
		uint16_t tag = (uint16_t)(random() % 8);
		uint32_t expected = 0;

		for (uint32_t way = 0; way < TABLE_WAYS; way++) {
			/* Also tags that are equal but for a byte. */
			set->tag[way] = (uint16_t)(random() % 8 | (random() % 2 ? 0 : 0xff00));
			expected |= (uint32_t)(set->tag[way] == tag) << way;
		}
		set->ages = round % 2 ? 0 : UINT64_MAX; /* must not be taken for tags */
		for (int simd = TABLE_SIMD_NONE; simd <= TABLE_SIMD_AVX2; simd++) {
			flow_table_matchers(&table, simd);
			assert_int_equal(table.match(set, tag), expected);
		}
	}
	free(set);
	flow_table_close(&table);
}

static void probing_finds_what_finding_finds(void **state)
{
	struct flow_table table;
	struct flow_item items[16];

	assert_int_equal(flow_table_open(&table, FLOWS_MAX, 0, false, false, false), 0);
	for (uint64_t n = 1; n <= 1000; n++) {
		struct flow_item item = item_of(&table, n);

		place(&table, &item);
	}
	for (int simd = TABLE_SIMD_NONE; simd <= TABLE_SIMD_AVX2; simd++) {
		flow_table_matchers(&table, simd);
		for (uint64_t n = 0; n < 16; n++)
			items[n] = item_of(&table, n < 8 ? 1 + n : 5000 + n);
		table_probe(&table, items, 16);
		for (uint64_t n = 0; n < 16; n++) {
			struct flow_item item = item_of(&table, n < 8 ? 1 + n : 5000 + n);

			if (flow_table_find(&table, &item))
				assert_true(items[n].way < TABLE_WAYS);
			if (items[n].way < TABLE_WAYS &&
			    table_equal(&table, &items[n], false, false))
				assert_int_equal(items[n].slot, item.slot);
		}
	}
	flow_table_close(&table);
}

/* Aims at one set, with a tag of its own for each number. */
static struct flow_item crowd(const struct flow_table *table, uint16_t number)
{
	struct flow_item item = {.key.address = {number}};

	table_aim(table, &item, number);
	return item;
}

static void a_full_set_spills_into_the_second_one_and_is_still_found(void **state)
{
	struct flow_table table;
	struct flow_item item;

	assert_int_equal(flow_table_open(&table, FLOWS_MAX, 0, false, false, false), 0);
	for (uint16_t n = 1; n <= TABLE_WAYS + 5; n++) {
		item = crowd(&table, n);
		assert_int_equal(item.set, 0);
		assert_false(flow_table_room(&table, &item));
		flow_table_place(&table, &item);
	}
	assert_int_equal(table.sets[0].ages >> TABLE_SPILLED_SHIFT, 5);
	for (uint16_t n = 1; n <= TABLE_WAYS + 5; n++) {
		item = crowd(&table, n);
		assert_true(flow_table_find(&table, &item));
		flow_table_remove(&table, item.slot);
	}
	assert_int_equal(table.sets[0].ages, 0);
	flow_table_close(&table);
}

static void the_same_tag_is_not_the_same_flow(void **state)
{
	struct flow_table table;
	struct flow_item one, other;

	assert_int_equal(flow_table_open(&table, FLOWS_MAX, 0, false, false, false), 0);
	one = crowd(&table, 7);
	place(&table, &one);
	other = crowd(&table, 7);
	other.key.address[0] = 8;
	assert_false(flow_table_find(&table, &other));
	other = crowd(&table, 7);
	other.key.rest ^= 1;
	assert_false(flow_table_find(&table, &other));
	flow_table_close(&table);
}

static void a_scan_pushes_out_itself_and_not_the_flows_with_packets(void **state)
{
	struct flow_table table;
	struct flow_item item;

	/* A table of two sets, filled; eight flows of it get packets now and then. */
	assert_int_equal(flow_table_open(&table, 18, 0, false, false, false), 0);
	for (uint16_t n = 1; n <= 5000; n++) {
		item = crowd(&table, n);
		place(&table, &item);
		for (uint16_t busy = 1; n >= 8 && n % 10 == 0 && busy <= 8; busy++) {
			item = crowd(&table, busy);
			assert_true(flow_table_find(&table, &item));
			table_touch(&table.sets[item.set], item.way);
		}
	}
	flow_table_close(&table);
}

static int set_up(void **state)
{
	flow_seed_init(&seed, 42);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_placed_is_found_until_removed),
		cmocka_unit_test(all_ways_of_comparing_tags_agree),
		cmocka_unit_test(probing_finds_what_finding_finds),
		cmocka_unit_test(a_full_set_spills_into_the_second_one_and_is_still_found),
		cmocka_unit_test(the_same_tag_is_not_the_same_flow),
		cmocka_unit_test(a_scan_pushes_out_itself_and_not_the_flows_with_packets),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
