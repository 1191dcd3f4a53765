// SPDX-License-Identifier: LGPL-2.1-or-later
/* Of any database: that of REQUEST_STORE, which must be empty, or else a file of SQLite. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "view/requests/request_store.h"

static char folder[] = "/var/tmp/test-request-store-XXXXXX", usual[100];
static const char *url;
static const struct request_source source = { "source", "recording" };

static struct request_store *open_store(void)
{
	struct schedtrace_error err = { .text = "" };
	struct request_store *store = NULL;

	if (request_store_open(&store, url, getenv("HOME"), REQUEST_WRITE, &err) < 0)
		fail_msg("%s", err.text);
	return store;
}

static struct request_batch *batch_of(uint64_t first, uint32_t n, const char *name)
{
	struct request_batch *batch = request_batch_new(first);

	for (uint32_t i = 0; i < n; i++) {
		struct request_row row = { .at_us = (int64_t)(first + i) * 1000000,
					   .size = 4096 * (int64_t)(i + 1),
					   .address = 65536,
					   .pid = 100 + (int32_t)i,
					   .tgid = 100,
					   .call = REQUEST_MMAP };

		assert_int_equal(request_batch_add(batch, row, name, NULL), 0);
	}
	return batch;
}

static void add(struct request_store *store, const struct request_source *from,
		struct request_batch *batch)
{
	struct schedtrace_error err = { .text = "" };

	if (store->ops->add(store, from, batch, &err) < 0)
		fail_msg("%s", err.text);
	request_batch_free(batch);
}

/* The rows that a filter finds, a line each. */
struct found {
	FILE *f;
	int64_t last_id;
	int n;
};

static int note_row(void *user, const union schedtrace_value *values, struct schedtrace_error *err)
{
	struct found *found = user;

	found->n++;
	found->last_id = values[REQUEST_ID].i;
	if (found->f)
		fprintf(found->f, "%s %lld %lld <%s> %s %lld %lld %s\n", values[REQUEST_AT].s,
			(long long)values[REQUEST_PID].i, (long long)values[REQUEST_TGID].i,
			values[REQUEST_NAME].s, values[REQUEST_CALL].s,
			(long long)values[REQUEST_SIZE].i, (long long)values[REQUEST_ADDRESS].i,
			values[REQUEST_RESULT].s);
	return 0;
}

static struct found find(struct request_store *store, const struct request_filter *filter, FILE *f)
{
	struct schedtrace_error err = { .text = "" };
	struct found found = { .f = f };

	if (request_store_rows(store, filter, note_row, &found, &err) < 0)
		fail_msg("%s", err.text);
	return found;
}

#define ALL .min_size = INT64_MIN, .max_size = INT64_MIN

static int count(struct request_store *store, struct request_filter filter)
{
	if (filter.min_size == 0)
		filter.min_size = INT64_MIN;
	if (filter.max_size == 0)
		filter.max_size = INT64_MIN;
	return find(store, &filter, NULL).n;
}

static void each_row_is_there_once_however_often_it_is_added(void **state)
{
	const struct request_source other = { "other", "recording" };
	struct request_store *store = open_store();
	uint64_t rows;
	int64_t others;

	add(store, &source, batch_of(0, 10, "a"));
	add(store, &source, batch_of(0, 10, "a"));
	assert_int_equal(count(store, (struct request_filter){ 0 }), 10);
	add(store, &source, batch_of(5, 10, "a")); /* five of them are new */
	assert_int_equal(count(store, (struct request_filter){ 0 }), 15);
	request_store_close(store);
	store = open_store();
	add(store, &source, batch_of(0, 15, "a"));
	add(store, &other, batch_of(0, 2, "a"));
	assert_int_equal(count(store, (struct request_filter){ 0 }), 17);
	assert_int_equal(store->ops->taken(store, &source, &rows, &others, NULL), 0);
	assert_int_equal(rows, 15);
	assert_int_equal(others, 1);
	request_store_close(store);
}

static void rows_are_found_by_every_filter(void **state)
{
	const char *const names[] = { "by*" }, *const none[] = { "nobody" };
	const struct request_source from = { "filters", "filters" };
	struct request_store *store = open_store();
	const int64_t pid = 103, tgid = 100;

	add(store, &from, batch_of(1000, 10, "by a name"));
#define NAMED .names = names, .n_names = 1
	assert_int_equal(count(store, (struct request_filter){ NAMED }), 10);
	assert_int_equal(count(store, (struct request_filter){ .names = none, .n_names = 1 }), 0);
	assert_int_equal(count(store, (struct request_filter){ NAMED, .pids = &pid, .n_pids = 1 }),
			 1);
	assert_int_equal(count(store, (struct request_filter){ NAMED, .pids = &tgid, .n_pids = 1 }),
			 10);
	assert_int_equal(count(store, (struct request_filter){ NAMED, .since_us = 1004000000 }), 6);
	assert_int_equal(count(store, (struct request_filter){ NAMED, .until_us = 1004000000 }), 4);
	assert_int_equal(count(store, (struct request_filter){ NAMED, .min_size = 8192 }), 9);
	assert_int_equal(count(store, (struct request_filter){ NAMED, .max_size = 8192 }), 2);
	assert_int_equal(count(store, (struct request_filter){ NAMED, .last = 3 }), 3);
	assert_int_equal(
		count(store, (struct request_filter){ NAMED, .calls[REQUEST_MMAP] = true }), 10);
	assert_int_equal(count(store, (struct request_filter){ NAMED, .calls[REQUEST_BRK] = true }),
			 0);
	request_store_close(store);
}

static void pages_follow_each_other_and_new_rows_follow_them(void **state)
{
	const struct request_source from = { "pages", "pages" };
	struct request_store *store = open_store();
	struct request_filter filter = { ALL, .last = 4 };
	struct found found;

	add(store, &from, batch_of(0, 10, "pages"));
	found = find(store, &filter, NULL);
	filter = (struct request_filter){ ALL, .after_id = found.last_id };
	assert_int_equal(find(store, &filter, NULL).n, 0);
	add(store, &from, batch_of(10, 3, "pages"));
	assert_int_equal(find(store, &filter, NULL).n, 3);
	filter = (struct request_filter){ ALL, .before_id = found.last_id, .last = 2 };
	assert_int_equal(find(store, &filter, NULL).last_id, found.last_id - 1);
	request_store_close(store);
}

static void hostile_texts_and_large_numbers_come_back_as_they_were(void **state)
{
	const struct request_source from = { "hostile", "'; DROP TABLE request_rows; --" };
	static const char *const names[] = { "';DROP TABLE requests",
					     "\xff\xfe\\",
					     "a\nb\x1b[31m",
					     "\xf0\x9f\x98\x80",
					     "",
					     " ",
					     "  ",
					     "A",
					     "a",
					     "\"`" };
	struct request_batch *batch = request_batch_new(0);
	struct request_store *store = open_store();
	struct request_filter filter = { ALL, .since_us = 5000000000 };
	char *text = NULL, expected[2000] = "";
	size_t size;
	FILE *f = open_memstream(&text, &size);

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct request_row row = { .at_us = 5000000001,
					   .size = INT64_MIN,
					   .address = i % 2 ? -4096 : INT64_MAX,
					   .pid = INT32_MAX,
					   .tgid = -1,
					   .zone_min = -210,
					   .call = REQUEST_BRK };

		request_batch_add(batch, row, names[i], "E'2");
		sprintf(expected + strlen(expected),
			"1969-12-31 21:53:20.000001-03:30 2147483647 %lld <%s> brk %lld %lld E'2\n",
			(long long)INT64_MIN, names[i], (long long)INT64_MIN,
			(long long)row.address);
	}
	add(store, &from, batch);
	find(store, &filter, f);
	fclose(f);
	assert_string_equal(text, expected);
	free(text);
	request_store_close(store);
}

static int note_sum(void *user, const union schedtrace_value *values, struct schedtrace_error *err)
{
	if (values[0].i != 777)
		return 0;
	++*(int *)user;
	assert_string_equal(values[1].s, "sums");
	assert_int_equal(values[2].i, 2);
	assert_int_equal(values[3].i, 1);
	assert_int_equal(values[4].i, 3 * (INT64_C(1) << 40));
	assert_int_equal(values[5].i, 0);
	return 0;
}

static void sums_are_of_what_succeeded(void **state)
{
	const struct request_source from = { "sums", "sums" };
	struct request_batch *batch = request_batch_new(0);
	struct request_row row = {
		.at_us = 1, .size = INT64_C(1) << 40, .pid = 777, .tgid = 777, .call = REQUEST_MMAP
	};
	const struct request_filter filter = { ALL };
	struct request_store *store = open_store();
	int n = 0;

	request_batch_add(batch, row, "sums", NULL);
	request_batch_add(batch, row, "sums", "ENOMEM");
	row.size *= 2;
	request_batch_add(batch, row, "sums", NULL);
	add(store, &from, batch);
	assert_int_equal(request_store_sums(store, &filter, note_sum, &n, NULL), 0);
	assert_int_equal(n, 1);
	request_store_close(store);
}

static void old_rows_are_deleted_and_the_last_one_stays(void **state)
{
	struct request_retention keep = { .age_us = 5500000 };
	struct request_store *store = open_store();
	const struct request_source from = { "age", "age" };
	uint64_t deleted = 0;

	add(store, &from, batch_of(1000000, 10, "age"));
	while (store->ops->forget(store, &keep, &deleted, NULL) == 1)
		;
	assert_true(deleted > 10);
	assert_int_equal(count(store, (struct request_filter){ 0 }), 6);
	add(store, &from, batch_of(1000010, 10000, "size"));
	keep = (struct request_retention){ .size_bytes = 1 };
	while (store->ops->forget(store, &keep, &deleted, NULL) == 1)
		;
	assert_int_equal(count(store, (struct request_filter){ 0 }), 1);
	request_store_close(store);
}

static int set_up(void **state)
{
	url = getenv("REQUEST_STORE");
	if (url)
		return 0;
	if (!mkdtemp(folder))
		return -1;
	snprintf(usual, sizeof(usual), "sqlite:%s/requests.db", folder);
	url = usual;
	return 0;
}

static int tear_down(void **state)
{
	if (url == usual)
		unlink(usual + strlen("sqlite:"));
	return url == usual ? rmdir(folder) : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_is_there_once_however_often_it_is_added),
		cmocka_unit_test(rows_are_found_by_every_filter),
		cmocka_unit_test(pages_follow_each_other_and_new_rows_follow_them),
		cmocka_unit_test(hostile_texts_and_large_numbers_come_back_as_they_were),
		cmocka_unit_test(sums_are_of_what_succeeded),
		cmocka_unit_test(old_rows_are_deleted_and_the_last_one_stays),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
