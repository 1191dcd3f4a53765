// SPDX-License-Identifier: LGPL-2.1-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "view/requests/request_writer.h"
#include "view/requests/wall_time.h"

/* A database that does what a test wants. Its lock is held while a batch is added. */
static struct memory_store {
	struct request_store store;
	pthread_mutex_t lock;
	bool away;
	uint64_t rows, next; /* stored; number that the next row must have */
	bool in_order;
	uint32_t largest;
} memory;

static int add(struct request_store *store, const struct request_source *source,
	       const struct request_batch *batch, struct schedtrace_error *err)
{
	int r = 0;

	pthread_mutex_lock(&memory.lock);
	if (memory.away) {
		strcpy(err->text, "it is away");
		r = err->status = SCHEDTRACE_E_IO;
	}
	for (uint32_t i = 0; r == 0 && i < batch->n; i++) {
		uint64_t number = (uint64_t)batch->rows[i].at_us;

		memory.in_order &= number == batch->first + i && number >= memory.next &&
				   strcmp(request_batch_text(batch, batch->rows[i].name),
					  number % 2 ? "odd" : "even") == 0;
		memory.next = number + 1;
	}
	if (r == 0) {
		memory.rows += batch->n;
		memory.largest = batch->n > memory.largest ? batch->n : memory.largest;
	}
	pthread_mutex_unlock(&memory.lock);
	return r;
}

static int forget(struct request_store *store, const struct request_retention *keep,
		  uint64_t *deleted, struct schedtrace_error *err)
{
	return 0;
}

static void close_memory(struct request_store *store)
{
}

static const struct request_store_ops operations = {
	.add = add,
	.forget = forget,
	.close = close_memory,
};

#define PATIENT (INT64_MAX / 4)

static struct request_writer *begin(uint64_t spill_bytes, int64_t patience_ns)
{
	struct request_writer_options options = { .store = &memory.store,
						  .source = { "test", "test" },
						  .patience_ns = patience_ns };
	struct request_writer *writer;

	memory = (struct memory_store){ .store.ops = &operations,
					.lock = PTHREAD_MUTEX_INITIALIZER,
					.in_order = true };
	if (spill_bytes)
		assert_int_equal(request_spill_new(&options.spill, "/var/tmp", spill_bytes, NULL),
				 0);
	assert_int_equal(request_writer_new(&writer, &options, NULL), 0);
	return writer;
}

static void give(struct request_writer *writer, uint64_t first, uint64_t n)
{
	for (uint64_t i = first; i < first + n; i++)
		request_writer_add(writer, &(struct request_row){ .at_us = (int64_t)i },
				   i % 2 ? "odd" : "even", NULL);
}

static struct request_counts counts_of(struct request_writer *writer)
{
	struct request_counts counts;

	request_writer_counts(writer, &counts);
	return counts;
}

static void set_away(bool away)
{
	pthread_mutex_lock(&memory.lock);
	memory.away = away;
	pthread_mutex_unlock(&memory.lock);
}

static void rows_are_stored_in_order_and_once(void **state)
{
	struct request_writer *writer = begin(0, 0);

	give(writer, 0, 123456);
	assert_int_equal(request_writer_finish(writer, NULL), 0);
	assert_int_equal(memory.rows, 123456);
	assert_true(memory.in_order);
	assert_int_equal(memory.largest, REQUEST_BATCH_ROWS);
	assert_int_equal(counts_of(writer).stored, 123456);
	request_writer_free(writer);
}

static void few_rows_are_stored_without_waiting_for_more(void **state)
{
	struct request_writer *writer = begin(0, 0);

	give(writer, 0, 3);
	while (counts_of(writer).stored < 3)
		usleep(1000);
	assert_int_equal(request_writer_finish(writer, NULL), 0);
	request_writer_free(writer);
}

static void rows_wait_in_a_file_while_the_database_is_away(void **state)
{
	struct request_writer *writer = begin(1 << 30, PATIENT);

	set_away(true);
	for (uint64_t given = 0; given < 2000000; given += 1000) {
		give(writer, given, 1000);
		while (counts_of(writer).rows - counts_of(writer).spilled > 500000)
			usleep(1000);
	}
	assert_true(counts_of(writer).spilled > 1000000);
	assert_true(counts_of(writer).away);
	set_away(false);
	assert_int_equal(request_writer_finish(writer, NULL), 0);
	assert_int_equal(memory.rows, 2000000);
	assert_true(memory.in_order);
	assert_int_equal(counts_of(writer).dropped, 0);
	request_writer_free(writer);
}

static void what_has_no_room_is_dropped_and_counted(void **state)
{
	struct request_writer *writer = begin(3 << 20, PATIENT);
	struct schedtrace_error err;
	struct request_counts counts;

	set_away(true);
	while (counts_of(writer).dropped == 0)
		give(writer, counts_of(writer).rows, 1000);
	set_away(false);
	assert_true(request_writer_finish(writer, &err) < 0);
	assert_non_null(strstr(err.text, "requests not stored: the database was too slow"));
	counts = counts_of(writer);
	assert_int_equal(counts.stored + counts.dropped, counts.rows);
	assert_int_equal(memory.rows, counts.stored);
	assert_true(counts.spilled > 0);
	assert_true(memory.in_order);
	request_writer_free(writer);
}

static void a_database_that_stays_away_is_given_up_at_the_end(void **state)
{
	struct request_writer *writer = begin(1 << 20, 100000000);
	struct schedtrace_error err;

	set_away(true);
	give(writer, 0, 77);
	assert_int_equal(request_writer_finish(writer, &err), SCHEDTRACE_E_IO);
	assert_string_equal(err.text, "77 of 77 requests not stored: it is away");
	request_writer_free(writer);
}

static void *come_back(void *unused)
{
	set_away(false);
	return NULL;
}

static void one_that_comes_back_before_gets_all(void **state)
{
	struct request_writer *writer = begin(0, PATIENT);
	pthread_t later;

	set_away(true);
	give(writer, 0, 77);
	while (!counts_of(writer).away)
		usleep(1000);
	pthread_create(&later, NULL, come_back, NULL);
	assert_int_equal(request_writer_finish(writer, NULL), 0);
	pthread_join(later, NULL);
	assert_int_equal(memory.rows, 77);
	request_writer_free(writer);
}

static void a_batch_comes_back_from_its_bytes(void **state)
{
	struct request_batch *batch = request_batch_new(5), *back;
	struct request_row row = {
		.at_us = 1, .size = INT64_MIN, .address = -1, .pid = 7, .tgid = -1
	};
	size_t size;
	char *bytes;

	request_batch_add(batch, row, "a\n\xff", "ENOMEM");
	request_batch_add(batch, row, "", NULL);
	bytes = request_batch_pack(batch, &size);
	back = request_batch_unpack(bytes, size);
	assert_int_equal(back->first, 5);
	assert_int_equal(back->n, 2);
	assert_int_equal(back->rows[0].address, -1);
	assert_string_equal(request_batch_text(back, back->rows[0].name), "a\n\xff");
	assert_string_equal(request_batch_text(back, back->rows[0].failure), "ENOMEM");
	assert_string_equal(request_batch_text(back, back->rows[1].name), "");
	assert_null(request_batch_text(back, back->rows[1].failure));
	for (size_t cut = 0; cut < size; cut++)
		assert_null(request_batch_unpack(bytes, cut));
	request_batch_free(back);
	request_batch_free(batch);
	free(bytes);
}

static void times_are_read_as_people_write_them(void **state)
{
	static const struct {
		const char *text;
		int64_t us;
	} times[] = {
		{ "1970-01-02", INT64_C(82800000000) },
		{ "1970-01-02 01:00", INT64_C(86400000000) },
		{ "1970-01-02T01:00:02.5", INT64_C(86402500000) },
		{ "1970-01-02T01:00:02.1234567", INT64_C(86402123456) },
		{ "1970-01-02 00:00:00Z", INT64_C(86400000000) },
		{ "1970-01-02 00:00:00+01:30", INT64_C(81000000000) },
		{ "1970-01-02 00:00-0130", INT64_C(91800000000) },
		{ "01:00", INT64_C(86400000000) },
		{ "90s", INT64_C(86310000000) },
		{ "1d", 0 },
	};
	static const char *const wrong[] = { "",	   "x",	     "10",	    "10x",
					     "1970-13-01", "25:00",  "1970-01-02 ", "1970-01-02Z",
					     "10m ",	   "01:00+x" };
	int64_t us;

	setenv("TZ", "UTC-1", 1);
	tzset();
	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
		assert_true(wall_time_parse(times[i].text, 86400, &us));
		assert_int_equal(us, times[i].us);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_false(wall_time_parse(wrong[i], 86400, &us));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_stored_in_order_and_once),
		cmocka_unit_test(few_rows_are_stored_without_waiting_for_more),
		cmocka_unit_test(rows_wait_in_a_file_while_the_database_is_away),
		cmocka_unit_test(what_has_no_room_is_dropped_and_counted),
		cmocka_unit_test(a_database_that_stays_away_is_given_up_at_the_end),
		cmocka_unit_test(one_that_comes_back_before_gets_all),
		cmocka_unit_test(a_batch_comes_back_from_its_bytes),
		cmocka_unit_test(times_are_read_as_people_write_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
