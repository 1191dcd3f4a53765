/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "record/marker_writer.h"
#include "record/proc/proc_tasks.h"
#include "record/tracefs/buffer_counts.h"
#include "tracedat/tracedat_writer.h"

#define PAGE 4096

static int new_file(void)
{
	char path[] = "/var/tmp/tracedat-writer-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	unlink(path);
	return fd;
}

static void writer_new(struct tracedat_writer *w, int n_cpus)
{
	*w = (struct tracedat_writer){ .fd = -1, .n_cpus = n_cpus, .page_size = PAGE };
	w->parts = calloc((size_t)n_cpus, sizeof(*w->parts));
	w->head = strdup("HEAD");
	w->head_bytes = 4;
	w->uname = strdup("Linux h 6 x");
	w->clock = strdup("[mono]");
	w->trace_id = 0x0807060504030201;
}

/* What the file must hold from its beginning to the table, for two CPUs. */
static const char before_table[] = "HEAD"
				   "\7\0\0\0\0\0\0\0"
				   "1 init\n"
				   "\2\0\0\0"
				   "options  \0"
				   "\4\0"
				   "\7\0\0\0"
				   "[mono]\0"
				   "\5\0"
				   "\14\0\0\0"
				   "Linux h 6 x\0"
				   "\10\0"
				   "\4\0\0\0"
				   "\2\0\0\0"
				   "\11\0"
				   "\17\0\0\0"
				   "schedrec 0.1.0\0"
				   "\13\0"
				   "\10\0\0\0"
				   "\1\2\3\4\5\6\7\10"
				   "\0\0"
				   "flyrecord";

static void the_header_is_the_bytes_that_the_format_asks_for(void **state)
{
	static const char after_table[] = "\6\0\0\0\0\0\0\0[mono]";
	size_t n = sizeof(before_table); /* the final NUL belongs to flyrecord */
	struct tracedat_part parts[2];
	struct tracedat_writer w;
	char data[512];
	int fd = new_file();

	writer_new(&w, 2);
	assert_int_equal(tracedat_writer_begin(&w, fd, "1 init\n", NULL), 0);
	assert_int_equal(pread(fd, data, sizeof(data), 0), sizeof(data));
	assert_memory_equal(data, before_table, n);
	assert_int_equal(w.table_position, n);
	memcpy(parts, data + n, sizeof(parts));
	assert_int_equal(parts[0].offset, 1 << 30);
	assert_int_equal(parts[0].size, 0);
	assert_int_equal(parts[1].offset, ((uint64_t)1 << 30) + w.stride);
	assert_memory_equal(data + n + sizeof(parts), after_table, sizeof(after_table) - 1);
	tracedat_writer_free(&w);
	close(fd);
}

static void write_page(int fd, uint64_t position, char byte)
{
	char page[PAGE];

	memset(page, byte, sizeof(page));
	assert_int_equal(pwrite(fd, page, sizeof(page), (off_t)position), PAGE);
}

static void expect_page(int fd, uint64_t position, char byte)
{
	char page[PAGE];

	assert_int_equal(pread(fd, page, sizeof(page), (off_t)position), PAGE);
	for (int i = 0; i < PAGE; i++)
		assert_int_equal(page[i], byte);
}

static int no_second(void *self, int *fd, struct schedtrace_error *err)
{
	*fd = *(int *)self;
	return *fd >= 0 ? 0 : SCHEDTRACE_E_IO;
}

/* Three CPUs of which the middle one has nothing, finished; the table is read back. */
static int finish_three(struct tracedat_writer *w, int second_fd, enum tracedat_shape *shape,
			struct tracedat_part *parts)
{
	char *stats[3] = { (char *)"entries: 0\n", NULL, NULL };
	struct tracedat_second second = { no_second, &second_fd };
	int fd = new_file(), result;

	writer_new(w, 3);
	assert_int_equal(tracedat_writer_begin(w, fd, "1 init\n", NULL), 0);
	write_page(fd, tracedat_writer_position(w, 0), 'a');
	write_page(fd, tracedat_writer_position(w, 0) + PAGE, 'b');
	write_page(fd, tracedat_writer_position(w, 2), 'c');
	w->parts[0].size = 2 * PAGE;
	w->parts[2].size = PAGE;
	assert_int_equal(
		tracedat_writer_finish(w, "1 init\n2 x\n", "1 init\n", stats, &second, shape, NULL),
		0);
	result = *shape == TRACEDAT_COPIED ? second_fd : fd;
	memcpy(parts, w->parts, 3 * sizeof(*parts));
	return result;
}

static void a_finished_file_is_compact_and_keeps_every_page(void **state)
{
	struct tracedat_part parts[3], stored[3];
	enum tracedat_shape shape;
	struct tracedat_writer w;
	int second = new_file(), fd = finish_three(&w, second, &shape, parts);
	char data[512] = { 0 };
	char *table;
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	assert_true(st.st_size < 16 * PAGE);
	assert_int_equal(parts[0].size, 2 * PAGE);
	assert_int_equal(parts[1].size, 0);
	assert_int_equal(parts[2].size, PAGE);
	expect_page(fd, parts[0].offset, 'a');
	expect_page(fd, parts[0].offset + PAGE, 'b');
	expect_page(fd, parts[2].offset, 'c');
	assert_true(pread(fd, data, sizeof(data), 0) == sizeof(data));
	table = memmem(data, sizeof(data), "flyrecord", 10);
	assert_non_null(table);
	memcpy(stored, table + 10, sizeof(stored));
	assert_memory_equal(stored, parts, sizeof(parts));
	assert_non_null(memmem(data, sizeof(data), "\2\0\23\0\0\0CPU: 0\nentries: 0\n", 25));
	close(fd);
	tracedat_writer_free(&w);
}

/* Two CPUs of two buffers. */
static void writer_of_two(struct tracedat_writer *w)
{
	writer_new(w, 2);
	w->second = strdup("more");
	free(w->parts);
	w->parts = calloc(4, sizeof(*w->parts));
	assert_int_equal(tracedat_writer_begin(w, new_file(), "1 init\n", NULL), 0);
}

/* The table of the buffer "more", found by the option as a reader finds it. */
static void read_second(int fd, struct tracedat_part *parts)
{
	static const char option[] = "\3\0\15\0\0\0"; /* BUFFER, 13 bytes: a place and the name */
	char data[1024], *at;
	uint64_t place;

	assert_true(pread(fd, data, sizeof(data), 0) == sizeof(data));
	at = memmem(data, sizeof(data), option, sizeof(option) - 1);
	assert_non_null(at);
	memcpy(&place, at + 6, sizeof(place));
	assert_string_equal(at + 14, "more");
	assert_true(place < sizeof(data) - 10 - 2 * sizeof(*parts));
	assert_memory_equal(data + place, "flyrecord", 10);
	memcpy(parts, data + place + 10, 2 * sizeof(*parts));
}

static void the_second_buffer_stands_where_the_option_says(void **state)
{
	struct tracedat_part parts[2];
	struct tracedat_writer w;

	writer_of_two(&w);
	read_second(w.fd, parts);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(parts[i].offset, tracedat_writer_position(&w, 2 + i));
		assert_int_equal(parts[i].size, 0);
	}
	w.parts[0].size = PAGE;
	w.parts[3].size = 5 * PAGE;
	assert_int_equal(tracedat_writer_publish(&w, NULL), 0);
	read_second(w.fd, parts);
	assert_int_equal(parts[0].size, 0);
	assert_int_equal(parts[1].size, 5 * PAGE);
	close(w.fd);
	tracedat_writer_free(&w);
}

static void a_finished_file_has_the_pages_of_both_buffers(void **state)
{
	char *stats[4] = { NULL, (char *)"entries: 1\n", (char *)"entries: 2\n", NULL };
	int none = -1;
	struct tracedat_second second = { no_second, &none };
	struct tracedat_part parts[2];
	enum tracedat_shape shape;
	struct tracedat_writer w;
	char data[1024];

	writer_of_two(&w);
	for (int part = 0; part < 4; part++) {
		write_page(w.fd, tracedat_writer_position(&w, part), (char)('a' + part));
		w.parts[part].size = PAGE;
	}
	assert_int_equal(
		tracedat_writer_finish(&w, "1 init\n", "1 init\n", stats, &second, &shape, NULL),
		0);
	for (int part = 0; part < 4; part++)
		expect_page(w.fd, w.parts[part].offset, (char)('a' + part));
	read_second(w.fd, parts);
	assert_memory_equal(parts, w.parts + 2, sizeof(parts));
	assert_true(pread(w.fd, data, sizeof(data), 0) == sizeof(data));
	assert_non_null(memmem(data, sizeof(data), "\0CPU: 1\nentries: 1\n", 20));
	assert_non_null(memmem(data, sizeof(data), "\0\nBuffer: more\n\nCPU: 0\nentries: 2\n", 35));
	close(w.fd);
	tracedat_writer_free(&w);
}

static void numbers_of_the_kernels_statistics_are_read_by_their_names(void **state)
{
	struct cpu_stats s;
	char text[32];

	cpu_stats_parse(&s, "entries: 3\noverrun: 5918\ncommit overrun: 2\nbytes: 44\n"
			    "dropped events: 1\nread events: 17602\n");
	assert_int_equal(s.entries, 3);
	assert_int_equal(s.overrun, 5918);
	assert_int_equal(s.commit_overrun, 2);
	assert_int_equal(s.read_events, 17602);
	assert_int_equal(cpu_stats_lost(&s), 5921);
	/* 17602 events in 880100 bytes: 51 each; 64 KiB and 294 KiB lost need 512 KiB. */
	assert_int_equal(losses_buffer_kb(&s, 880100, 64), 512);
	assert_string_equal(format_count(text, 1234567), "1,234,567");
	assert_string_equal(format_count(text, 999), "999");
}

static void a_stat_line_is_read_whatever_the_name_holds(void **state)
{
	struct marker_task t = { 0 };

	assert_true(proc_tasks_parse_stat(
		"42 (a) R (b) S 7 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 9876 1000 20 "
		"18446744073709551615 1 1 0 0 0 0 0 4096 0 0 0 0 17 3 0 0 0 0 0\n",
		&t));
	assert_int_equal(t.pid, 42);
	assert_string_equal(t.comm, "a) R (b");
	assert_int_equal(t.state, 'S');
	assert_int_equal(t.ppid, 7);
	assert_int_equal(t.start_ticks, 9876);
	assert_int_equal(t.cpu, 3);
	assert_false(proc_tasks_parse_stat("no stat", &t));
}

static void bytes_that_are_no_utf8_are_escaped_in_markers(void **state)
{
	static const struct {
		const char *from, *to;
	} cases[] = { { "caf\xc3\xa9", "caf\xc3\xa9" },
		      { "a\xff"
			"b",
			"a\\xffb" },
		      { "\xc3", "\\xc3" },
		      { "\xed\xa0\x80", "\\xed\\xa0\\x80" },
		      { "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = marker_escape(cases[i].from);

		assert_string_equal(text, cases[i].to);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_header_is_the_bytes_that_the_format_asks_for),
		cmocka_unit_test(a_finished_file_is_compact_and_keeps_every_page),
		cmocka_unit_test(the_second_buffer_stands_where_the_option_says),
		cmocka_unit_test(a_finished_file_has_the_pages_of_both_buffers),
		cmocka_unit_test(numbers_of_the_kernels_statistics_are_read_by_their_names),
		cmocka_unit_test(a_stat_line_is_read_whatever_the_name_holds),
		cmocka_unit_test(bytes_that_are_no_utf8_are_escaped_in_markers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
