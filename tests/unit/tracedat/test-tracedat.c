/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole files of both versions: what they hold, and what is refused. */
#include "tests/unit/tracedat_files.h"

static void all_versions_and_codecs_give_the_same_records(void **state)
{
	struct fixture *f = *state;
	unsigned int threads;
	int i;

	for (i = -1; i < N_CODECS; i++) {
		make(f, i < 0 ? 6 : 7, i < 0 ? "none" : codecs[i]);
		for (threads = 1; threads < 4; threads++) {
			struct tracedat_options options = { .threads = threads };

			assert_int_equal(read_bytes(f, f->m.n, &options), 0);
			assert_string_equal(f->got, all_events);
			assert_string_equal(f->notes, "");
			assert_false(f->damaged);
		}
	}
}

static void the_facts_beside_the_records_are_there(void **state)
{
	struct fixture *f = *state;
	int version;

	for (version = 6; version < 8; version++) {
		struct tracedat *t;
		const struct tracedat_head *head;

		make(f, version, version == 6 ? "none" : "zlib");
		maker_write(&f->m, f->path, f->m.n);
		assert_int_equal(tracedat_open(&t, f->path, NULL, &f->err), 0);
		head = tracedat_head(t);
		assert_int_equal(head->n_formats, 1);
		assert_string_equal(head->formats[0].name, "tick");
		assert_string_equal(head->formats[0].system, "test");
		assert_int_equal(head->formats[0].min_size, 12);
		assert_string_equal(head->clock, "mono");
		assert_string_equal(head->uname, "Linux box 4.4.0 x86_64");
		assert_string_equal(head->cmdlines, maker_cmdlines);
		assert_int_equal(head->cmdlines_bytes, strlen(maker_cmdlines));
		assert_int_equal(head->n_cpus, 3);
		assert_string_equal(head->cpustats[0], "CPU: 0\noverrun: 3\n");
		assert_null(head->cpustats[1]);
		assert_int_equal(head->page_size, MAKER_PAGE);
		tracedat_close(t);
	}
}

static void a_named_instance_is_read_by_its_name(void **state)
{
	struct fixture *f = *state;
	static const uint64_t times[2] = { 77, 78 };
	struct tracedat_options named = { .instance = "web" }, top = { .instance = "top" };
	int version;

	f->m.n_buffers = 3;
	f->m.buffers[1].name = "web";
	f->m.buffers[2].name = "db";
	maker_page(&f->m.buffers[1], 1, 2, times, 9);
	for (version = 6; version < 8; version++) {
		make(f, version, "none");
		assert_int_equal(read_bytes(f, f->m.n, &named), 0);
		assert_string_equal(f->got, "1 77 9 1\n1 78 9 2\n");
		assert_int_equal(read_file(f, &top), 0);
		assert_string_equal(f->got, all_events);
		assert_int_equal(read_file(f, NULL), SCHEDTRACE_E_USAGE);
		assert_text(f, "2 instances have events: top, web; choose one with --instance");
		named.instance = "foo";
		assert_int_equal(read_file(f, &named), SCHEDTRACE_E_NOT_FOUND);
		assert_text(f, "no instance \"foo\" in the file; it has: top, web, db");
		named.instance = "web";
	}
}

static void both_buffers_of_a_limited_recording_are_read_as_one(void **state)
{
	struct fixture *f = *state;
	static const uint64_t first[2] = { 100, 300 }, second[3] = { 50, 200, 300 };
	struct tracedat_options top = { .instance = "top" }, only = { .instance = "schedrec.only" };
	int version;

	memset(f->m.buffers, 0, sizeof(f->m.buffers));
	f->m.n_buffers = 2;
	f->m.buffers[0].name = "";
	f->m.buffers[1].name = "schedrec.only";
	maker_page(&f->m.buffers[0], 1, 2, first, 8);
	maker_page(&f->m.buffers[1], 1, 3, second, 9);
	for (version = 6; version < 8; version++) {
		make(f, version, "none");
		/* Of equal stamps those of the first buffer come first. */
		assert_int_equal(read_bytes(f, f->m.n, NULL), 0);
		assert_string_equal(f->got,
				    "1 50 9 1\n1 100 8 1\n1 200 9 2\n1 300 8 2\n1 300 9 3\n");
		assert_int_equal(read_file(f, &top), 0);
		assert_string_equal(f->got, "1 100 8 1\n1 300 8 2\n");
		assert_int_equal(read_file(f, &only), 0);
		assert_string_equal(f->got, "1 50 9 1\n1 200 9 2\n1 300 9 3\n");
	}
}

static void the_only_instance_with_events_needs_no_name(void **state)
{
	struct fixture *f = *state;
	static const uint64_t times[2] = { 77, 78 };
	int version;

	memset(f->m.buffers[0].pages, 0, sizeof(f->m.buffers[0].pages));
	f->m.n_buffers = 2;
	f->m.buffers[1].name = "web";
	maker_page(&f->m.buffers[1], 1, 2, times, 9);
	for (version = 6; version < 8; version++) {
		make(f, version, "none");
		assert_int_equal(read_bytes(f, f->m.n, NULL), 0);
		assert_string_equal(f->got, "1 77 9 1\n1 78 9 2\n");
	}
}

static void a_file_without_events_is_read(void **state)
{
	struct fixture *f = *state;

	memset(f->m.buffers[0].pages, 0, sizeof(f->m.buffers[0].pages));
	make(f, 6, "none");
	assert_int_equal(read_bytes(f, f->m.n, NULL), 0);
	assert_int_equal(f->events, 0);
	make(f, 7, "none");
	assert_int_equal(read_bytes(f, f->m.n, NULL), 0);
	assert_int_equal(f->events, 0);
}

static void assert_bytes_say(struct fixture *f, const char *bytes, size_t n, int status,
			     const char *text)
{
	FILE *file = fopen(f->path, "w");

	assert_non_null(file);
	fwrite(bytes, 1, n, file);
	fclose(file);
	assert_int_equal(read_file(f, NULL), status);
	assert_text(f, text);
}

static void what_is_no_trace_dat_is_called_by_its_name(void **state)
{
	struct fixture *f = *state;
	struct tracedat_options none = { 0 };

	assert_bytes_say(f, "", 0, SCHEDTRACE_E_FORMAT, "the file is empty");
	assert_bytes_say(f, "\x1f\x8b\x08", 3, SCHEDTRACE_E_FORMAT, "gzip data");
	assert_bytes_say(f, "hello\n", 6, SCHEDTRACE_E_FORMAT, "text");
	assert_bytes_say(f, "PERFILE2", 8, SCHEDTRACE_E_FORMAT, "perf.data");
	assert_bytes_say(f, "\1\2\3", 3, SCHEDTRACE_E_FORMAT, "unknown bytes");
	assert_bytes_say(f, "\x17\x08\x44tra", 6, SCHEDTRACE_E_FORMAT, "ends at byte 6");
	unlink(f->path);
	assert_int_equal(read_file(f, &none), SCHEDTRACE_E_IO);
	assert_text(f, "No such file");
	assert_int_equal(mkfifo(f->path, 0600), 0);
	assert_int_equal(read_file(f, &none), SCHEDTRACE_E_IO);
	assert_text(f, "a pipe");
	unlink(f->path);
	assert_int_equal(mkdir(f->path, 0700), 0);
	assert_int_equal(read_file(f, &none), SCHEDTRACE_E_IO);
	assert_text(f, "a directory");
	rmdir(f->path);
}

static void what_cannot_be_read_is_refused_by_name(void **state)
{
	struct fixture *f = *state;

	make(f, 6, "none");
	f->m.b[10] = '8';
	assert_int_equal(read_bytes(f, f->m.n, NULL), SCHEDTRACE_E_UNSUPPORTED);
	assert_text(f, "trace.dat version \"8\"; we read 6 and 7");
	make(f, 6, "none");
	f->m.b[12] = 1;
	assert_int_equal(read_bytes(f, f->m.n, NULL), SCHEDTRACE_E_UNSUPPORTED);
	assert_text(f, "big-endian");
	make(f, 7, "none");
	memcpy(f->m.b + 18, "lz4\0", 4);
	assert_int_equal(read_bytes(f, f->m.n, NULL), SCHEDTRACE_E_UNSUPPORTED);
	assert_text(f, "compressed with \"lz4\"; we read zlib and zstd");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_versions_and_codecs_give_the_same_records),
		TEST(the_facts_beside_the_records_are_there),
		TEST(a_named_instance_is_read_by_its_name),
		TEST(both_buffers_of_a_limited_recording_are_read_as_one),
		TEST(the_only_instance_with_events_needs_no_name),
		TEST(a_file_without_events_is_read),
		TEST(what_is_no_trace_dat_is_called_by_its_name),
		TEST(what_cannot_be_read_is_refused_by_name),
	};

	return cmocka_run_group_tests_name("tracedat", tests, NULL, NULL);
}
