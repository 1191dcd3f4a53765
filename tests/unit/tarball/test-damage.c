/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small tarball with each bit flipped, cut at each byte, and read with each allocation
 * failing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <unistd.h>

#include <schedtrace/schedtrace.h>

#include "base/byte_input.h"
#include "libschedtrace/tarball/npz.h"
#include "libschedtrace/tarball/tar.h"
#include "libschedtrace/tarball/writer.h"
#include "libschedtrace/trace.h"
#include "tests/unit/failing_memory.h"

#define ROWS 60

/* A member of the caller's. */
#define SNAPSHOT "{\"begin\": {\"memory\": {\"MemTotal\": 8316891136}}, \"end\": null}\n"

static char path[] = "/tmp/test-damage-XXXXXX";
static struct schedtrace_error err;

/* All ids of our own, and one more. */
#define MINE SCHEDTRACE_EVENT_COUNT
#define IDS  (MINE + 1)

/* A context with something of everything, and rows by a rule. */
static int fill(struct schedtrace_context *ctx)
{
	struct schedtrace_info info = { .size = sizeof(info), .cpus = 2, .clock = "mono" };
	struct schedtrace_cpu cpu = { 0, 0, 0, 0, 10, 0, { 0 } };
	struct schedtrace_task task = SCHEDTRACE_TASK_UNKNOWN;
	int r;

	task.pid = 5;
	task.comm = 1;
	if ((r = schedtrace_context_intern_comm(ctx, "a\xff", 2, &err)) < 0 ||
	    (r = schedtrace_context_intern_comm(ctx, "b", 1, &err)) < 0 ||
	    (r = schedtrace_context_add_event(ctx, "MINE", &err)) < 0 ||
	    (r = schedtrace_context_set_info(ctx, &info, &err)) < 0 ||
	    (r = schedtrace_context_set_cpu(ctx, &cpu, &err)) < 0)
		return r;
	return schedtrace_context_add_task(ctx, &task, &err);
}

static int write_tarball(const char *to, bool store)
{
	struct schedtrace_writer_options options = { .size = sizeof(options), .store = store };
	struct schedtrace_context *ctx;
	struct schedtrace_writer *w;
	int r = schedtrace_context_new(&ctx, &err);

	if (r < 0)
		return r;
	r = fill(ctx);
	if (r == 0)
		r = schedtrace_writer_new(&w, to, ctx, &options, &err);
	if (r < 0) {
		schedtrace_context_free(ctx);
		return r;
	}
	writer_set_block_rows(w, 25);
	for (int64_t i = 0; r == 0 && i < ROWS; i++) {
		int64_t t = i * i, arg1 = ~i;
		int32_t pid = (int32_t)(i % 4), event = (int32_t)(i % IDS), cpu = (int32_t)(i % 3);
		int32_t comm = (int32_t)(i % 3);
		struct schedtrace_events row = {
			1, &t, &pid, &event, &cpu, &i, &arg1, &comm, NULL
		};

		r = schedtrace_writer_rows(w, &row, &err);
	}
	if (r == 0)
		r = schedtrace_writer_member(w, "snapshot.json", SNAPSHOT, strlen(SNAPSHOT), &err);
	if (r == 0)
		r = schedtrace_writer_finish(w, &err);
	else
		schedtrace_writer_free(w);
	schedtrace_context_free(ctx);
	return r;
}

static bool same_context(const struct schedtrace_context *ctx)
{
	const struct schedtrace_info *info = schedtrace_context_info(ctx);
	const struct schedtrace_task *tasks;
	const struct schedtrace_cpu *cpus;
	size_t n_tasks, n_cpus;

	tasks = schedtrace_context_tasks(ctx, &n_tasks);
	cpus = schedtrace_context_cpus(ctx, &n_cpus);
	return info->cpus == 2 && info->clock && strcmp(info->clock, "mono") == 0 && n_cpus == 1 &&
	       cpus[0].read == 10 && n_tasks == 1 && tasks[0].pid == 5 && tasks[0].comm == 1;
}

static bool same_rows(const struct schedtrace_context *ctx, const struct schedtrace_events *e)
{
	static const char *const names[] = { NULL, "a\xff", "b" };

	for (int64_t i = 0; i < ROWS; i++) {
		const char *event = schedtrace_context_event_name(ctx, e->event[i]);
		const char *comm = e->comm ? schedtrace_context_comm(ctx, e->comm[i]) : NULL;
		const char *name = names[i % 3];

		if (e->timestamp[i] != i * i || e->pid[i] != i % 4 || e->cpu[i] != i % 3 ||
		    e->arg0[i] != i || e->arg1[i] != ~i || !event ||
		    strcmp(event, i % IDS == MINE ? "MINE"
						  : schedtrace_event_info((int)(i % IDS))->name) ||
		    (name ? !comm || strcmp(comm, name) != 0 : comm != NULL))
			return false;
	}
	return e->n == ROWS;
}

/* 1 as it was written, 0 otherwise, negative on failure. */
static int same_snapshot(struct schedtrace *trace)
{
	char *bytes;
	size_t n;
	int r = schedtrace_member_read(trace, "snapshot.json", 1000, &bytes, &n, &err);

	if (r < 0)
		return r;
	r = n == strlen(SNAPSHOT) && strcmp(bytes, SNAPSHOT) == 0;
	free(bytes);
	return r;
}

enum outcome { REFUSED, SAME, DIFFERENT };

static int last_result;

/* Whole columns from an input in memory are checked as a pass over batches is. */
static enum outcome examine(const uint8_t *data, size_t n, bool batches)
{
	struct schedtrace_open_options options = { .size = sizeof(options), .threads = 1 };
	struct byte_input in = { .memory = data, .fd = -1, .size = n };
	const struct schedtrace_events *events;
	enum outcome outcome = REFUSED;
	struct schedtrace *trace;

	last_result = trace_open_input(&trace, &in, "t", &options, &err);
	if (last_result < 0)
		return REFUSED;
	last_result = schedtrace_context_load_tasks(schedtrace_context(trace), &err);
	if (last_result == 0 && batches)
		last_result = schedtrace_validate(trace, &err);
	if (last_result == 0)
		last_result = schedtrace_load(trace, &events, &err);
	if (last_result == 0)
		last_result = same_snapshot(trace);
	if (last_result >= 0)
		outcome = last_result == 1 && same_context(schedtrace_context(trace)) &&
					  same_rows(schedtrace_context(trace), events)
				  ? SAME
				  : DIFFERENT;
	schedtrace_close(trace);
	return outcome;
}

static uint8_t *make(bool store, size_t *n)
{
	uint8_t *data;
	FILE *f;

	assert_int_equal(write_tarball(path, store), 0);
	f = fopen(path, "rb");
	fseek(f, 0, SEEK_END);
	*n = (size_t)ftell(f);
	rewind(f);
	data = malloc(*n);
	assert_int_equal(fread(data, 1, *n, f), *n);
	fclose(f);
	assert_int_equal(examine(data, *n, true), SAME);
	return data;
}

struct parts {
	size_t n;
	struct {
		char name[32];
		uint64_t begin, end;
	} part[16];
};

static int add_part(void *user, const struct tar_member *m, struct schedtrace_error *e)
{
	struct parts *parts = user;

	snprintf(parts->part[parts->n].name, sizeof(parts->part[0].name), "%s", m->name);
	parts->part[parts->n].begin = m->offset;
	parts->part[parts->n++].end = m->offset + m->size;
	return 0;
}

static const struct byte_input *as_input(const uint8_t *data, size_t n, struct byte_input *in)
{
	*in = (struct byte_input){ .memory = data, .fd = -1, .size = n };
	return in;
}

/* Of the bytes of the zip's first entry. */
static size_t data_offset(const uint8_t *zip)
{
	return 30u + zip[26] + zip[27] * 256u + zip[28] + zip[29] * 256u;
}

#define ZIP_END_SIZE 22

/* Where a zip ends but for its comment, from where it ends with it. */
static size_t zip_end(const uint8_t *data, size_t end)
{
	for (end -= ZIP_END_SIZE; memcmp(data + end, "PK\5\6", 4) != 0;)
		end--;
	return end + ZIP_END_SIZE;
}

/* What may change without a word, since it means nothing. */
static bool is_harmless(const struct parts *parts, const uint8_t *data, size_t at, bool store)
{
	const uint8_t *p;
	size_t n;

	for (size_t i = 0; i < parts->n; i++) {
		if (at < parts->part[i].begin || at >= parts->part[i].end)
			continue;
		if (!strstr(parts->part[i].name, ".npz")) /* white space, names of checksums */
			return strcmp(parts->part[i].name, "index.json") == 0;
		p = data + parts->part[i].begin;
		n = zip_end(data, (size_t)parts->part[i].end) - (size_t)parts->part[i].begin;
		at -= (size_t)parts->part[i].begin;
		if (at < 30) /* zip: version needed, time, date */
			return (at >= 4 && at < 6) || (at >= 10 && at < 14);
		if (n - at <
		    ZIP_END_SIZE + 46 + 16) /* versions, date, attributes; name of a volume */
			return true;
		if (store) /* padding in front of aligned data */
			return at < data_offset(p);
		/* Deflate pads to whole bytes, and describes codes that then do not occur: what
		 * inflates to the same is the same, the checksum says. */
		return at > 30 && memcmp(p + at, "PK", 2) != 0;
	}
	/* A tar header has a checksum, which is spelled in more than one way; padding means
	 * nothing. */
	return true;
}

static bool is_column(const struct parts *parts, size_t i)
{
	return strstr(parts->part[i].name, ".npz") != NULL;
}

/* Between the end of a member and the next header, or the zeros that fill a zip up: no reader looks
 * there. */
static bool is_padding(const struct parts *parts, const uint8_t *data, size_t at)
{
	for (size_t i = 0; i < parts->n; i++) {
		size_t end = (size_t)parts->part[i].end, filled = end;

		if (is_column(parts, i)) {
			const uint8_t *zip = data + parts->part[i].begin;
			size_t rows = (size_t)parts->part[i].begin + data_offset(zip);

			if (at >= parts->part[i].begin + NPZ_STORED_HEADER && at < rows)
				return true;
			filled = zip_end(data, end);
		}
		if (at >= filled && at < (end + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK)
			return true;
	}
	return false;
}

static bool in_column(const struct parts *parts, size_t at)
{
	for (size_t i = 0; i < parts->n; i++)
		if (is_column(parts, i) && at >= parts->part[i].begin && at < parts->part[i].end)
			return true;
	return false;
}

static void flip_all(bool store)
{
	size_t n, refused = 0, harmless = 0, elsewhere = 0, different = 0, padding = 0;
	uint8_t *data = make(store, &n);
	struct parts parts = { 0 };
	struct byte_input in;

	assert_int_equal(tar_scan(as_input(data, n, &in), add_part, &parts, &err), 0);
	for (size_t i = 0; i < n * 8; i++) {
		enum outcome outcome;

		if (store && !in_column(&parts, i / 8))
			continue; /* the same as of a deflated one */
		if (is_padding(&parts, data, i / 8)) {
			padding++;
			continue;
		}
		data[i / 8] ^= (uint8_t)(1 << i % 8);
		outcome = examine(data, n, false);
		data[i / 8] ^= (uint8_t)(1 << i % 8);
		refused += outcome == REFUSED;
		harmless += outcome == SAME;
		different += outcome == DIFFERENT;
		if (outcome == SAME && !is_harmless(&parts, data, i / 8, store)) {
			elsewhere++;
			print_message("# bit %zu of byte %zu has no effect\n", i % 8, i / 8);
		}
		if (outcome == DIFFERENT)
			print_message("# bit %zu of byte %zu changes the rows\n", i % 8, i / 8);
	}
	print_message("# %s, %zu bits: %zu detected, %zu in padding, %zu without effect, "
		      "%zu undetected\n",
		      store ? "stored" : "deflated", refused + padding + harmless + different,
		      refused, padding, harmless, different);
	free(data);
	assert_int_equal(different, 0);
	assert_int_equal(elsewhere, 0);
}

static void no_flipped_bit_of_a_deflated_tarball_changes_the_rows(void **state)
{
	flip_all(false);
}

static void no_flipped_bit_of_a_stored_tarball_changes_the_rows(void **state)
{
	flip_all(true);
}

static void a_tarball_cut_at_any_byte_is_refused(void **state)
{
	size_t n;
	uint8_t *data = make(false, &n);

	/* One of the two end blocks is enough. */
	for (size_t i = 0; i < n; i++) {
		uint8_t *part = malloc(i + 1); /* so that reading beyond is seen */
		enum outcome outcome;

		memcpy(part, data, i);
		outcome = examine(part, i, true);
		free(part);
		assert_int_equal(outcome, i < n - TAR_BLOCK ? REFUSED : SAME);
	}
	free(data);
}

static void open_and_read_survive_every_failing_allocation(void **state)
{
	size_t n;
	uint8_t *data = make(false, &n);

	for (int p = 0; p < 2; p++) {
		long failing = 0;
		enum outcome outcome;

		do {
			countdown = failing++;
			persistent = p == 1;
			outcome = examine(data, n, true);
			persistent = persistent && countdown == 0;
			if (outcome == REFUSED && last_result != SCHEDTRACE_E_NOMEM)
				print_message("# allocation %ld: %s\n", failing, err.text);
			assert_true(outcome == SAME ||
				    (outcome == REFUSED && last_result == SCHEDTRACE_E_NOMEM));
		} while (countdown == -1 || (p == 1 && countdown == 0));
		countdown = -1;
		print_message("# %ld allocations failed in turn\n", failing - 1);
		assert_true(failing > 50);
	}
	free(data);
}

static void writing_survives_every_failing_allocation(void **state)
{
	long failing = 0;
	int r;

	do {
		unlink(path); /* not every failure ends the writing */
		countdown = failing++;
		persistent = false;
		r = write_tarball(path, false);
		if (r < 0) {
			if (r != SCHEDTRACE_E_NOMEM)
				print_message("# allocation %ld: %s\n", failing, err.text);
			assert_int_equal(r, SCHEDTRACE_E_NOMEM);
			assert_int_equal(access(path, F_OK), -1);
		}
	} while (countdown == -1);
	countdown = -1;
	print_message("# %ld allocations failed in turn\n", failing - 1);
	assert_int_equal(r, 0);
	assert_true(failing > 30);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_flipped_bit_of_a_deflated_tarball_changes_the_rows),
		cmocka_unit_test(no_flipped_bit_of_a_stored_tarball_changes_the_rows),
		cmocka_unit_test(a_tarball_cut_at_any_byte_is_refused),
		cmocka_unit_test(open_and_read_survive_every_failing_allocation),
		cmocka_unit_test(writing_survives_every_failing_allocation),
	};
	int failed, fd = mkstemp(path);

	if (fd < 0)
		return 1;
	close(fd);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}
