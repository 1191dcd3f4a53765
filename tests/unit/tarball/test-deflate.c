/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Columns that are deflated by values: zlib inflates them to what they were. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <cmocka.h>

#include "libschedtrace/tarball/deflate.h"
#include "libschedtrace/tarball/huffman.h"

static const enum deflate_data kinds[] = { DEFLATE_INT32, DEFLATE_INT64, DEFLATE_MIXED,
					   DEFLATE_RISING };

/* Deflates n bytes, and has zlib inflate them; the result is how many bytes they took. */
static size_t there_and_back(enum deflate_data data, const void *in, size_t n)
{
	uint8_t *packed = malloc(deflate_bound(n)), *back = malloc(n + 1);
	struct schedtrace_error err;
	z_stream z = { 0 };
	size_t size;

	assert_int_equal(deflate_segment(data, in, n, packed, deflate_bound(n) - DEFLATE_END_SIZE,
					 &size, &err),
			 0);
	assert_memory_equal(packed + size - 4, "\x00\x00\xff\xff", 4);
	memcpy(packed + size, DEFLATE_END, DEFLATE_END_SIZE);
	assert_int_equal(inflateInit2(&z, -MAX_WBITS), Z_OK);
	z.next_in = packed;
	z.avail_in = (uInt)(size + DEFLATE_END_SIZE);
	z.next_out = back;
	z.avail_out = (uInt)n + 1;
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.total_out, n);
	assert_int_equal(z.avail_in, 0);
	assert_memory_equal(back, in, n);
	inflateEnd(&z);
	free(packed);
	free(back);
	return size;
}

static uint32_t seed = 1;

static uint32_t random32(void)
{
	seed = seed * 1664525 + 1013904223;
	return seed >> 16 | seed << 16;
}

static void no_value_and_one_value_are_segments_too(void **state)
{
	const int64_t value = INT64_MIN + 5;

	for (size_t k = 0; k < 4; k++) {
		there_and_back(kinds[k], &value, 0);
		there_and_back(kinds[k], &value, 8);
	}
	there_and_back(DEFLATE_INT32, &value, 4);
}

static void a_run_of_one_value_takes_a_match_for_258_bytes(void **state)
{
	static int32_t values[1 << 20];
	size_t n = sizeof(values) / sizeof(values[0]);

	for (size_t i = 0; i < n; i++)
		values[i] = 77;
	/* Where there are no others a match takes three bits: length, distance, its extra bit. */
	for (size_t k = 0; k < 4; k++)
		assert_true(there_and_back(kinds[k], values, sizeof(values)) < 6500);
	/* Runs of every length that a match or two can have. */
	for (size_t length = 1; length < 140; length++)
		for (size_t k = 0; k < 4; k++) {
			values[length] = 78;
			there_and_back(kinds[k], values, (2 * length + 2) * 4);
			values[length] = 77;
		}
}

static void patterns_are_found_at_every_distance_of_the_window(void **state)
{
	static int64_t values[40000];
	size_t n = sizeof(values) / sizeof(values[0]);

	for (size_t period = 1; period <= 4096; period = period * 3 / 2 + 1) {
		for (size_t i = 0; i < n; i++)
			values[i] = i < period ? (int64_t)random32() : values[i - period];
		assert_true(there_and_back(DEFLATE_INT64, values, sizeof(values)) <
			    5 * period + 2500);
		assert_true(there_and_back(DEFLATE_INT32, values, sizeof(values)) <
			    5 * period + 2500);
	}
}

static void values_without_order_take_no_more_than_their_bytes(void **state)
{
	static uint32_t values[100000];

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		values[i] = random32() ^ random32() << 7;
	for (size_t k = 0; k < 4; k++)
		for (size_t n = 8; n <= sizeof(values); n = n * 5 / 8 * 16)
			assert_true(there_and_back(kinds[k], values, n) < deflate_bound(n));
}

static void stamps_take_the_bytes_that_change(void **state)
{
	static int64_t stamps[100000];
	size_t n = sizeof(stamps) / sizeof(stamps[0]), size;
	int64_t t = INT64_C(1234567890123456789);

	for (size_t i = 0; i < n; i++)
		stamps[i] = t += i % 3 ? 0 : 1 + random32() % 250;
	size = there_and_back(DEFLATE_RISING, stamps, sizeof(stamps));
	assert_in_range(size, 40000, 90000); /* a third of the rows has a new lowest byte */
	for (size_t i = 0; i < n; i++)	     /* any bits may change, and stamps may fall */
		stamps[i] = (int64_t)((uint64_t)random32() << (random32() % 64));
	there_and_back(DEFLATE_RISING, stamps, sizeof(stamps));
}

static void any_mixture_comes_back_as_it_was(void **state)
{
	static int32_t values[60000];
	size_t n = sizeof(values) / sizeof(values[0]);

	for (int round = 0; round < 30; round++) {
		uint32_t few = 1 + random32() % 40, length = 1 + random32() % 50;

		for (size_t i = 0; i < n;) {
			uint32_t what = random32() % 4, from = random32() % 12000;

			for (uint32_t k = 0; k < length && i < n; k++, i++)
				values[i] = what == 0	? (int32_t)(random32() % few)
					    : what == 1 ? (int32_t)random32()
					    : i < from	? 0
					    : what == 2 ? values[i - from]
							: values[i > 0 ? i - 1 : 0];
		}
		for (size_t k = 0; k < 4; k++)
			there_and_back(kinds[k], values, sizeof(values));
	}
}

/* Memory that was used before must not matter. */
static void the_same_values_always_take_the_same_bytes(void **state)
{
	static int64_t values[30000];
	const size_t room = deflate_bound(sizeof(values));
	struct schedtrace_error err;

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		values[i] = i % 5 < 3 ? (int64_t)(random32() % 90)
				      : INT64_C(0x7f0012345000) + (int64_t)i;
	for (size_t k = 0; k < 4; k++) {
		uint8_t *first = malloc(room), *again = malloc(room);
		size_t n, m;

		assert_int_equal(
			deflate_segment(kinds[k], values, sizeof(values), first, room, &n, &err),
			0);
		for (int round = 0; round < 4; round++) {
			for (size_t size = 1000; size < 1 << 20; size = size * 3 / 2) {
				uint8_t *dirty = malloc(size);

				for (size_t i = 0; i < size; i++)
					dirty[i] = (uint8_t)random32();
				free(dirty);
			}
			assert_int_equal(deflate_segment(kinds[k], values, sizeof(values), again,
							 room, &m, &err),
					 0);
			assert_int_equal(m, n);
			assert_memory_equal(again, first, n);
		}
		free(first);
		free(again);
	}
}

static void too_little_room_is_said(void **state)
{
	static uint32_t values[10000];
	static uint8_t out[40000];
	struct schedtrace_error err;
	size_t size;

	for (size_t i = 0; i < 10000; i++)
		values[i] = random32();
	for (size_t room = 0; room < 39990; room = room * 3 / 2 + 1)
		for (size_t k = 0; k < 4; k++) {
			uint8_t *exact = malloc(room + 1);

			assert_int_equal(deflate_segment(kinds[k], values, sizeof(values), exact,
							 room, &size, &err),
					 SCHEDTRACE_E_LIMIT);
			free(exact);
		}
	assert_int_equal(deflate_segment(DEFLATE_INT32, values, 400, out, sizeof(out), &size, &err),
			 0);
}

/* Codes of these lengths fill the room of 2^limit. */
static void assert_complete(const uint8_t *lengths, size_t n, unsigned limit)
{
	uint32_t taken = 0;

	for (size_t i = 0; i < n; i++) {
		assert_true(lengths[i] <= limit);
		taken += lengths[i] ? UINT32_C(1) << (limit - lengths[i]) : 0;
	}
	assert_int_equal(taken, UINT32_C(1) << limit);
}

static void frequent_symbols_get_short_codes(void **state)
{
	const uint32_t frequencies[] = { 5, 0, 1, 2, 1 };
	const uint8_t expect[] = { 1, 0, 3, 2, 3 };
	uint8_t lengths[5];
	uint16_t codes[5];

	huffman_lengths(frequencies, 5, 15, lengths);
	assert_memory_equal(lengths, expect, 5);
	huffman_codes(lengths, 5, codes);
	assert_int_equal(codes[0], 0);
	assert_int_equal(codes[3], 1); /* 10, its first bit lowest */
	assert_int_equal(codes[2], 3); /* 110 */
	assert_int_equal(codes[4], 7); /* 111 */
}

static void no_code_is_longer_than_the_limit(void **state)
{
	uint32_t frequencies[40];
	uint8_t lengths[40];

	frequencies[0] = frequencies[1] = 1; /* Fibonacci's numbers make the deepest tree */
	for (size_t i = 2; i < 40; i++)
		frequencies[i] = frequencies[i - 1] + frequencies[i - 2];
	for (unsigned limit = 6; limit <= 15; limit++) {
		huffman_lengths(frequencies, 40, limit, lengths);
		assert_complete(lengths, 40, limit);
		for (size_t i = 1; i < 40; i++)
			assert_true(lengths[i] <= lengths[i - 1]);
	}
	huffman_lengths(frequencies, 19, 7, lengths);
	assert_complete(lengths, 19, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_value_and_one_value_are_segments_too),
		cmocka_unit_test(a_run_of_one_value_takes_a_match_for_258_bytes),
		cmocka_unit_test(patterns_are_found_at_every_distance_of_the_window),
		cmocka_unit_test(values_without_order_take_no_more_than_their_bytes),
		cmocka_unit_test(stamps_take_the_bytes_that_change),
		cmocka_unit_test(any_mixture_comes_back_as_it_was),
		cmocka_unit_test(the_same_values_always_take_the_same_bytes),
		cmocka_unit_test(too_little_room_is_said),
		cmocka_unit_test(frequent_symbols_get_short_codes),
		cmocka_unit_test(no_code_is_longer_than_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
