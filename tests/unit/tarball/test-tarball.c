/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tarballs written and read again by ourselves: what numpy cannot see, and what must fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <schedtrace/schedtrace.h>

#include "base/byte_input.h"
#include "base/mem.h"
#include "libschedtrace/context.h"
#include "libschedtrace/table.h"
#include "libschedtrace/tarball/npy.h"
#include "libschedtrace/tarball/tar.h"
#include "libschedtrace/tarball/writer.h"
#include "libschedtrace/trace.h"

static char directory[] = "/tmp/test-tarball-XXXXXX";
static char target[sizeof(directory) + 8];
static struct schedtrace_error err;

static int entries(void)
{
	DIR *d = opendir(directory);
	int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static int setup(void **state)
{
	unlink(target);
	return schedtrace_context_new((struct schedtrace_context **)state, NULL);
}

static int teardown(void **state)
{
	schedtrace_context_free(*state);
	return unlink(target) < 0 && entries() > 0;
}

static struct schedtrace_writer *begin(struct schedtrace_context *ctx, bool store)
{
	struct schedtrace_writer_options options = { .size = sizeof(options), .store = store };
	struct schedtrace_writer *w;

	assert_int_equal(schedtrace_writer_new(&w, target, ctx, &options, &err), 0);
	return w;
}

/* Row i: stamp 10 i, pid i % 5, event i % 18, CPU i % 2, arg0 i, arg1 -i. */
static int add_rows(struct schedtrace_writer *w, int64_t from, int64_t to)
{
	int r = 0;

	for (int64_t i = from; r == 0 && i < to; i++) {
		int64_t t = 10 * i, arg1 = -i;
		int32_t pid = (int32_t)(i % 5), event = (int32_t)(i % 18), cpu = (int32_t)(i % 2);
		struct schedtrace_events row = { 1, &t, &pid, &event, &cpu, &i, &arg1, NULL, NULL };

		r = schedtrace_writer_rows(w, &row, &err);
	}
	return r;
}

static void check_rows(struct schedtrace *trace, int64_t begin_row, int64_t end_row)
{
	const struct schedtrace_events *e;
	struct schedtrace_reader *reader;
	int64_t row = begin_row;

	assert_int_equal(
		schedtrace_reader_new(&reader, trace, (uint64_t)begin_row, (uint64_t)end_row, &err),
		0);
	while (schedtrace_reader_next(reader, &e, &err) > 0)
		for (size_t i = 0; i < e->n; i++, row++) {
			assert_int_equal(e->timestamp[i], 10 * row);
			assert_int_equal(e->pid[i], row % 5);
			assert_int_equal(e->event[i], row % 18);
			assert_int_equal(e->cpu[i], row % 2);
			assert_int_equal(e->arg0[i], row);
			assert_int_equal(e->arg1[i], -row);
		}
	schedtrace_reader_free(reader);
	assert_int_equal(row, end_row);
}

static void blocks_are_found_from_any_row(void **state)
{
	struct schedtrace_writer *w = begin(*state, false);
	struct schedtrace *trace;

	writer_set_block_rows(w, 700);
	assert_int_equal(add_rows(w, 0, 5000), 0);
	assert_int_equal(schedtrace_writer_finish(w, &err), 0);
	assert_int_equal(schedtrace_open(&trace, target, NULL, &err), 0);
	assert_int_equal(schedtrace_rows(trace), 5000);
	check_rows(trace, 0, 5000);
	check_rows(trace, 699, 701);
	check_rows(trace, 1400, 2100);
	check_rows(trace, 4999, 5000);
	assert_int_equal(schedtrace_validate(trace, &err), 0);
	schedtrace_close(trace);
}

static void many_ranges_are_lent_in_order(void **state)
{
	struct schedtrace_writer *w = begin(*state, false);
	struct schedtrace *trace;

	/* One block is above half a range, so that a range is a block. */
	writer_set_block_rows(w, 600000);
	assert_int_equal(add_rows(w, 0, 2000000), 0);
	assert_int_equal(schedtrace_writer_finish(w, &err), 0);
	assert_int_equal(schedtrace_open(&trace, target, NULL, &err), 0);
	check_rows(trace, 0, 2000000);
	check_rows(trace, 1199999, 1800001);
	schedtrace_close(trace);
}

static void stored_columns_are_lent_where_they_are(void **state)
{
	struct schedtrace_writer *w = begin(*state, true);
	const struct schedtrace_events *e, *again;
	struct schedtrace *trace;

	assert_int_equal(add_rows(w, 0, 1000), 0);
	assert_int_equal(schedtrace_writer_finish(w, &err), 0);
	assert_int_equal(schedtrace_open(&trace, target, NULL, &err), 0);
	check_rows(trace, 0, 1000);
	assert_int_equal(schedtrace_load(trace, &e, &err), 0);
	assert_int_equal((uintptr_t)e->timestamp % 64, 0);
	for (int c = 0; c < COLUMN_COUNT; c++)
		assert_null(trace->owned[c]);
	assert_int_equal(e->arg1[999], -999);
	assert_int_equal(schedtrace_load(trace, &again, &err), 0);
	assert_ptr_equal(e, again);
	schedtrace_close(trace);
}

static void the_context_comes_back_whole(void **state)
{
	static const char *const names[] = {
		"make",	       "\xff\xfe",   "a\\xffb", "\\",
		"caf\xc3\xa9", "\x1b[31m\n", "\"q\"",	"\xed\xa0\x80"
	};
	struct schedtrace_info info = { .size = sizeof(info),
					.cpus = 2,
					.page_size = 4096,
					.memory_bytes = 1LL << 40,
					.memory_and_swap_bytes = 3LL << 40,
					.begin_ns = -5,
					.end_ns = INT64_MAX,
					.wall_offset_begin_ns = 7,
					.wall_offset_end_ns = INT64_MIN,
					.clock = "mono",
					.command = "sh -c 'a\xff'" };
	struct schedtrace_cpu cpu = { 1, 0, -1, 3, 1000, 5, { 1, -1, 0, -1 } };
	struct schedtrace_task task = SCHEDTRACE_TASK_UNKNOWN;
	struct schedtrace_task_name later = { 55, 3 };
	struct schedtrace_writer *w;
	const struct schedtrace_context *ctx;
	const struct schedtrace_task *tasks;
	const struct schedtrace_cpu *cpus;
	struct schedtrace *trace;
	int32_t mine;
	size_t n;

	for (size_t i = 0; i < 8; i++)
		assert_int_equal(
			schedtrace_context_intern_comm(*state, names[i], strlen(names[i]), NULL),
			i + 1);
	mine = schedtrace_context_add_event(*state, "MY_EVENT", NULL);
	assert_int_equal(schedtrace_context_set_info(*state, &info, &err), 0);
	assert_int_equal(schedtrace_context_set_cpu(*state, &cpu, &err), 0);
	task.pid = 42;
	task.tgid = 41;
	task.comm = 2;
	task.start_ns = 50;
	task.state = 'S';
	task.state_ns = 40;
	task.seen_ns = -3;
	task.policy = "fifo";
	task.nice = -20;
	task.rt_priority = 99;
	task.affinity = "0-1,5";
	task.rss_bytes[1] = 4096;
	task.exit_code = 256;
	task.command_tree = 1;
	task.n_names = 1;
	task.names = &later;
	assert_int_equal(schedtrace_context_add_task(*state, &task, &err), 0);
	w = begin(*state, false);
	assert_int_equal(add_rows(w, 0, 3), 0);
	assert_int_equal(schedtrace_writer_finish(w, &err), 0);
	assert_int_equal(schedtrace_open(&trace, target, NULL, &err), 0);
	ctx = schedtrace_context(trace);
	assert_string_equal(schedtrace_context_event_name(ctx, mine), "MY_EVENT");
	assert_int_equal(schedtrace_context_info(ctx)->memory_bytes, 1LL << 40);
	assert_int_equal(schedtrace_context_info(ctx)->memory_and_swap_bytes, 3LL << 40);
	assert_true(schedtrace_context_info(ctx)->begin_ns == -5);
	assert_true(schedtrace_context_info(ctx)->end_ns == INT64_MAX);
	assert_true(schedtrace_context_info(ctx)->wall_offset_end_ns == INT64_MIN);
	assert_string_equal(schedtrace_context_info(ctx)->command, "sh -c 'a\xff'");
	assert_null(schedtrace_context_info(ctx)->host);
	cpus = schedtrace_context_cpus(ctx, &n);
	assert_int_equal(n, 1);
	assert_memory_equal(&cpus[0], &cpu, sizeof(cpu));
	tasks = schedtrace_context_tasks(ctx, &n);
	assert_int_equal(n, 1);
	assert_int_equal(tasks[0].pid, 42);
	assert_int_equal(tasks[0].ppid, -1);
	assert_int_equal(tasks[0].state, 'S');
	assert_int_equal(tasks[0].state_ns, 40);
	assert_int_equal(tasks[0].seen_ns, -3);
	assert_string_equal(tasks[0].policy, "fifo");
	assert_int_equal(tasks[0].nice, -20);
	assert_int_equal(tasks[0].rt_priority, 99);
	assert_string_equal(tasks[0].affinity, "0-1,5");
	assert_int_equal(schedtrace_task_may_run(&tasks[0], 5), 1);
	assert_int_equal(schedtrace_task_may_run(&tasks[0], 2), 0);
	assert_true(tasks[0].rss_bytes[0] == INT64_MIN && tasks[0].rss_bytes[1] == 4096);
	assert_int_equal(tasks[0].exit_code, 256);
	assert_string_equal(schedtrace_context_comm(ctx, tasks[0].comm), "\xff\xfe");
	assert_int_equal(tasks[0].n_names, 1);
	assert_string_equal(schedtrace_context_comm(ctx, tasks[0].names[0].comm), "a\\xffb");
	schedtrace_close(trace);
}

/* Puts other bytes where @find stands in the target. */
static void replace_bytes(const char *find, const char *with)
{
	char all[65536];
	int fd = open(target, O_RDWR);
	ssize_t n = read(fd, all, sizeof(all));
	const char *at = n > 0 ? memmem(all, (size_t)n, find, strlen(find)) : NULL;

	assert_non_null(at);
	assert_int_equal(pwrite(fd, with, strlen(with), at - all), strlen(with));
	close(fd);
}

static void tasks_are_read_when_they_are_asked_for(void **state)
{
	struct schedtrace_task task = SCHEDTRACE_TASK_UNKNOWN;
	struct schedtrace_writer *w = begin(*state, false);
	struct schedtrace_tables *tables;
	struct schedtrace *trace;
	size_t n = 7;

	task.pid = 4242;
	assert_int_equal(schedtrace_context_add_task(*state, &task, &err), 0);
	assert_int_equal(add_rows(w, 0, 3), 0);
	assert_int_equal(schedtrace_writer_finish(w, &err), 0);
	replace_bytes("4242", "4243");
	assert_int_equal(schedtrace_open(&trace, target, NULL, &err), 0);
	schedtrace_context_tasks(schedtrace_context(trace), &n);
	assert_int_equal(n, 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(schedtrace_context_load_tasks(schedtrace_context(trace), &err),
				 SCHEDTRACE_E_FORMAT);
		assert_non_null(strstr(err.text, ": tasks.json: its checksum is not that of"));
	}
	assert_int_equal(schedtrace_validate(trace, &err), SCHEDTRACE_E_FORMAT);
	err.text[0] = '\0';
	assert_int_equal(schedtrace_analyze(trace, "tasks", &tables, &err), SCHEDTRACE_E_FORMAT);
	assert_non_null(strstr(err.text, ": tasks.json: "));
	schedtrace_close(trace);
}

static void names_keep_their_ids_and_bytes(void **state)
{
	static const char *const names[] = { "b", "\xff", "\\xff", "a\n", "\xc3" };
	int64_t t = 1, arg = 0;
	int32_t pid = 1, event = 0, cpu = 0, comm;
	struct schedtrace_events row = { 1, &t, &pid, &event, &cpu, &arg, &arg, &comm, NULL };
	struct schedtrace_writer *w = begin(*state, false);
	const struct schedtrace_events *e;
	struct schedtrace *trace;

	for (size_t i = 0; i < 5; i++) {
		comm = schedtrace_context_intern_comm(*state, names[i], strlen(names[i]), NULL);
		assert_int_equal(schedtrace_writer_rows(w, &row, &err), 0);
	}
	assert_int_equal(schedtrace_writer_finish(w, &err), 0);
	assert_int_equal(schedtrace_open(&trace, target, NULL, &err), 0);
	assert_int_equal(schedtrace_load(trace, &e, &err), 0);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(e->comm[i], i + 1);
		assert_string_equal(schedtrace_context_comm(schedtrace_context(trace), e->comm[i]),
				    names[i]);
	}
	schedtrace_close(trace);
}

static void faulty_rows_fail_the_writer_and_leave_nothing(void **state)
{
	int64_t t[] = { 5, 4 }, arg[] = { 0, 0 };
	int32_t pid[] = { 1, 1 }, event[] = { 0, 0 }, cpu[] = { 0, 0 };
	struct schedtrace_events rows = { 2, t, pid, event, cpu, arg, arg, NULL, NULL };
	static const char *const texts[] = {
		"timestamp: row 1: timestamp 4 is before the previous row's 5",
		"event: row 1: event id 60 has no name",
		"cpu: row 0: CPU id -1 is not within 0 to 65534"
	};

	for (int i = 0; i < 3; i++) {
		struct schedtrace_writer *w = begin(*state, false);

		t[1] = i == 0 ? 4 : 6;
		event[1] = i == 1 ? 60 : 0;
		cpu[0] = i == 2 ? -1 : 0;
		assert_int_equal(schedtrace_writer_rows(w, &rows, &err), 0);
		assert_int_equal(schedtrace_writer_finish(w, &err), SCHEDTRACE_E_FORMAT);
		assert_non_null(strstr(err.text, texts[i]));
		assert_int_equal(entries(), 0);
	}
}

static void columns_come_always_or_never(void **state)
{
	struct schedtrace_writer *w = begin(*state, false);
	int64_t t = 5;
	int32_t x = 0;
	struct schedtrace_events row = { 1, &t, &x, &x, &x, &t, &t, &x, NULL };

	assert_int_equal(schedtrace_writer_rows(w, &row, &err), 0);
	row.comm = NULL;
	assert_int_equal(schedtrace_writer_rows(w, &row, &err), SCHEDTRACE_E_USAGE);
	assert_non_null(strstr(err.text, "rows without a comm column, those before did"));
	schedtrace_writer_free(w);
	assert_int_equal(entries(), 0);
}

static void an_old_file_stays_until_the_new_one_is_whole(void **state)
{
	struct schedtrace_writer *w;
	struct stat st;
	FILE *f = fopen(target, "w");

	fputs("old", f);
	fclose(f);
	w = begin(*state, false);
	assert_int_equal(add_rows(w, 0, 10), 0);
	assert_in_range(entries(), 1, 2); /* the new one may need a name of its own */
	stat(target, &st);
	assert_int_equal(st.st_size, 3);
	schedtrace_writer_free(w);
	assert_int_equal(entries(), 1);
	w = begin(*state, false);
	assert_int_equal(schedtrace_writer_finish(w, &err), 0);
	stat(target, &st);
	assert_true(st.st_size > 1000);
	assert_int_equal(st.st_mode & 0777, 0644);
}

static void only_regular_files_are_replaced(void **state)
{
	struct schedtrace_writer *w;
	char text[64];

	mkfifo(target, 0600);
	assert_int_equal(schedtrace_writer_new(&w, target, *state, NULL, &err), SCHEDTRACE_E_IO);
	assert_non_null(strstr(err.text, "is a pipe, only a regular file is replaced"));
	assert_int_equal(entries(), 1);
	unlink(target);
	assert_int_equal(schedtrace_writer_new(&w, directory, *state, NULL, &err), SCHEDTRACE_E_IO);
	assert_non_null(strstr(err.text, "is a directory"));
	snprintf(text, sizeof(text), "%s/none/x", directory);
	assert_int_equal(schedtrace_writer_new(&w, text, *state, NULL, &err), SCHEDTRACE_E_IO);
	assert_non_null(strstr(err.text, "cannot open its directory: No such file or directory"));
	snprintf(text, sizeof(text), "%s/real", directory);
	assert_int_equal(symlink("real", target), 0);
	assert_int_equal(schedtrace_writer_new(&w, target, *state, NULL, &err), SCHEDTRACE_E_IO);
	assert_non_null(strstr(err.text, "is a link that leads nowhere"));
	fclose(fopen(text, "w"));
	assert_int_equal(schedtrace_writer_new(&w, target, *state, NULL, &err), 0);
	assert_int_equal(schedtrace_writer_finish(w, &err), 0);
	assert_int_equal(entries(), 2);
	assert_int_equal(unlink(target), 0);
	assert_int_equal(rename(text, target), 0); /* the link's target was written */
}

/* The file size limit stands for a full disk: each write may be the one that fails. */
static void a_full_disk_leaves_nothing(void **state)
{
	struct rlimit old, limit;
	rlim_t whole = 0;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	for (rlim_t bytes = 0; !whole; bytes += 509) {
		struct schedtrace_writer *w;
		int r;

		limit = (struct rlimit){ bytes, old.rlim_max };
		setrlimit(RLIMIT_FSIZE, &limit);
		r = schedtrace_writer_new(&w, target, *state, NULL, &err);
		if (r == 0) {
			writer_set_block_rows(w, 200);
			r = add_rows(w, 0, 1000);
			if (r == 0)
				r = schedtrace_writer_finish(w, &err);
			else
				schedtrace_writer_free(w);
		}
		setrlimit(RLIMIT_FSIZE, &old);
		if (r == 0) {
			whole = bytes;
			break;
		}
		assert_int_equal(r, SCHEDTRACE_E_IO);
		assert_non_null(strstr(err.text, "File too large"));
		assert_int_equal(entries(), 0);
	}
	assert_true(whole > 5000);
	signal(SIGXFSZ, SIG_DFL);
}

static void members_of_callers_are_kept_and_own_names_refused(void **state)
{
	struct schedtrace_writer *w = begin(*state, false);

	assert_int_equal(schedtrace_writer_member(w, "mine.txt", "hello", 5, &err), 0);
	assert_int_equal(schedtrace_writer_member(w, "mine.txt", "x", 1, &err), SCHEDTRACE_E_USAGE);
	assert_int_equal(schedtrace_writer_member(w, "a/b", "x", 1, &err), SCHEDTRACE_E_USAGE);
	assert_int_equal(schedtrace_writer_member(w, "comm.json", "x", 1, &err),
			 SCHEDTRACE_E_USAGE);
	assert_int_equal(schedtrace_writer_member(w, "arg0.npz", "x", 1, &err), SCHEDTRACE_E_USAGE);
	assert_int_equal(schedtrace_writer_member(w, "empty", NULL, 0, &err), 0);
	assert_int_equal(schedtrace_writer_finish(w, &err), 0);
}

/* As "tar --append" does. */
static void append_member(const char *name, const char *text)
{
	uint8_t header[TAR_BLOCK], block[TAR_BLOCK] = { 0 };
	FILE *f = fopen(target, "r+");

	tar_header(header, name, strlen(text), 0);
	memcpy(block, text, strlen(text));
	fseek(f, -2 * TAR_BLOCK, SEEK_END);
	fwrite(header, sizeof(header), 1, f);
	fwrite(block, sizeof(block), 1, f);
	memset(block, 0, sizeof(block));
	fwrite(block, sizeof(block), 1, f);
	fwrite(block, sizeof(block), 1, f);
	fclose(f);
}

static void a_member_appended_in_place_of_another_is_no_damage(void **state)
{
	struct schedtrace_writer *w = begin(*state, false);
	struct schedtrace *trace;
	char *text;
	size_t n;

	assert_int_equal(schedtrace_writer_member(w, "mine.txt", "hello", 5, &err), 0);
	assert_int_equal(schedtrace_writer_finish(w, &err), 0);
	append_member("mine.txt", "another");
	assert_int_equal(schedtrace_open(&trace, target, NULL, &err), 0);
	assert_int_equal(schedtrace_member_read(trace, "mine.txt", 100, &text, &n, &err), 0);
	assert_string_equal(text, "another");
	assert_int_equal(schedtrace_validate(trace, &err), 0);
	free(text);
	schedtrace_close(trace);
}

static void a_changed_member_of_a_caller_is_told_when_it_is_read_and_by_validate(void **state)
{
	struct schedtrace_writer *w = begin(*state, false);
	struct schedtrace *trace;
	char bytes[5], *text;
	size_t n;
	int fd;

	assert_int_equal(schedtrace_writer_member(w, "mine.txt", "hello", 5, &err), 0);
	assert_int_equal(schedtrace_writer_finish(w, &err), 0);
	assert_int_equal(schedtrace_open(&trace, target, NULL, &err), 0);
	fd = open(target, O_RDWR);
	for (off_t at = 0; pread(fd, bytes, 5, at) == 5; at += TAR_BLOCK)
		if (memcmp(bytes, "hello", 5) == 0)
			assert_int_equal(pwrite(fd, "j", 1, at), 1);
	close(fd);
	assert_int_equal(schedtrace_member_read(trace, "mine.txt", 100, &text, &n, &err),
			 SCHEDTRACE_E_FORMAT);
	assert_non_null(strstr(err.text, "mine.txt: its checksum is not that of index.json"));
	assert_int_equal(schedtrace_validate(trace, &err), SCHEDTRACE_E_FORMAT);
	assert_non_null(strstr(err.text, "mine.txt: its checksum is not that of index.json"));
	schedtrace_close(trace);
}

static void arrays_of_callers_grow_call_by_call(void **state)
{
	static const int64_t first[] = { 1, -2 }, more[] = { INT64_MAX };

	for (int store = 0; store < 2; store++) {
		struct schedtrace_writer *w = begin(*state, store);
		struct schedtrace *trace;
		auto_free char *bytes = NULL;
		struct npy_header npy;
		int64_t values[3];
		size_t n;

		assert_int_equal(schedtrace_writer_array(w, "mine.npy", "<i8", first, 2, &err), 0);
		assert_int_equal(schedtrace_writer_array(w, "none.npy", "|u1", NULL, 0, &err), 0);
		assert_int_equal(add_rows(w, 0, 1000), 0);
		assert_int_equal(schedtrace_writer_array(w, "mine.npy", "<i8", more, 1, &err), 0);
		assert_int_equal(schedtrace_writer_array(w, "mine.npy", "<i4", more, 1, &err),
				 SCHEDTRACE_E_USAGE);
		assert_int_equal(schedtrace_writer_array(w, "other.npy", "<i3", more, 1, &err),
				 SCHEDTRACE_E_USAGE);
		assert_int_equal(schedtrace_writer_array(w, "other.npz", "<i8", more, 1, &err),
				 SCHEDTRACE_E_USAGE);
		assert_int_equal(
			schedtrace_writer_array(w, "stack_frames.npy", "<u8", more, 1, &err),
			SCHEDTRACE_E_USAGE);
		assert_int_equal(schedtrace_writer_member(w, "mine.npy", "x", 1, &err),
				 SCHEDTRACE_E_USAGE);
		assert_int_equal(schedtrace_writer_finish(w, &err), 0);
		assert_int_equal(schedtrace_open(&trace, target, NULL, &err), 0);
		assert_int_equal(schedtrace_validate(trace, &err), 0);
		assert_int_equal(schedtrace_member_read(trace, "mine.npy", 4096, &bytes, &n, &err),
				 0);
		assert_int_equal(npy_parse(&npy, (uint8_t *)bytes, n, &err), 0);
		assert_string_equal(npy.descr, "<i8");
		assert_int_equal(npy.count, 3);
		assert_int_equal(n, npy.data + sizeof(values));
		memcpy(values, bytes + npy.data, sizeof(values));
		assert_int_equal(values[0], 1);
		assert_int_equal(values[1], -2);
		assert_int_equal(values[2], INT64_MAX);
		free(steal_ptr(bytes));
		assert_int_equal(schedtrace_member_read(trace, "none.npy", 4096, &bytes, &n, &err),
				 0);
		assert_int_equal(npy_parse(&npy, (uint8_t *)bytes, n, &err), 0);
		assert_int_equal(npy.count, 0);
		schedtrace_close(trace);
	}
}

static void a_shrinking_file_is_an_error_and_no_signal(void **state)
{
	struct schedtrace_writer *w = begin(*state, true);
	struct schedtrace *trace;

	assert_int_equal(add_rows(w, 0, 20000), 0);
	assert_int_equal(schedtrace_writer_finish(w, &err), 0);
	assert_int_equal(schedtrace_open(&trace, target, NULL, &err), 0);
	assert_int_equal(truncate(target, 100000), 0);
	assert_int_equal(schedtrace_validate(trace, &err), SCHEDTRACE_E_FORMAT);
	assert_non_null(strstr(err.text, "became shorter"));
	schedtrace_close(trace);
}

static void a_replaced_file_is_read_as_it_was_opened(void **state)
{
	struct schedtrace_writer *w = begin(*state, false);
	struct schedtrace *trace;

	assert_int_equal(add_rows(w, 0, 100), 0);
	assert_int_equal(schedtrace_writer_finish(w, &err), 0);
	assert_int_equal(schedtrace_open(&trace, target, NULL, &err), 0);
	w = begin(*state, false);
	assert_int_equal(schedtrace_writer_finish(w, &err), 0);
	check_rows(trace, 0, 100);
	schedtrace_close(trace);
}

static void max_bytes_limits_what_load_takes(void **state)
{
	struct schedtrace_open_options options = { .size = sizeof(options), .max_bytes = 39999 };
	struct schedtrace_writer *w = begin(*state, false);
	const struct schedtrace_events *e;
	struct schedtrace *trace;

	assert_int_equal(add_rows(w, 0, 1000), 0); /* 36 bytes a row without names */
	assert_int_equal(schedtrace_writer_finish(w, &err), 0);
	assert_int_equal(schedtrace_open(&trace, target, &options, &err), 0);
	assert_int_equal(schedtrace_load(trace, &e, &err), 0);
	schedtrace_close(trace);
	options.max_bytes = 35999;
	assert_int_equal(schedtrace_open(&trace, target, &options, &err), 0);
	assert_int_equal(schedtrace_load(trace, &e, &err), SCHEDTRACE_E_LIMIT);
	check_rows(trace, 0, 1000);
	schedtrace_close(trace);
}

static void *read_all(void *trace)
{
	check_rows(trace, 0, 300000);
	return NULL;
}

static void two_readers_may_read_at_once(void **state)
{
	struct schedtrace_writer *w = begin(*state, false);
	struct schedtrace *trace;
	pthread_t thread;

	writer_set_block_rows(w, 50000);
	assert_int_equal(add_rows(w, 0, 300000), 0);
	assert_int_equal(schedtrace_writer_finish(w, &err), 0);
	assert_int_equal(schedtrace_open(&trace, target, NULL, &err), 0);
	assert_int_equal(pthread_create(&thread, NULL, read_all, trace), 0);
	read_all(trace);
	pthread_join(thread, NULL);
	schedtrace_close(trace);
}

static void misuse_is_an_error_that_says_so(void **state)
{
	struct schedtrace_open_options options = { 0 };
	const struct schedtrace_events *e;
	struct schedtrace_reader *reader;
	struct schedtrace_writer *w;
	struct schedtrace *trace;

	assert_int_equal(schedtrace_open(NULL, "x", NULL, &err), SCHEDTRACE_E_USAGE);
	assert_int_equal(schedtrace_open(&trace, NULL, NULL, NULL), SCHEDTRACE_E_USAGE);
	assert_int_equal(schedtrace_open(&trace, "x", &options, &err), SCHEDTRACE_E_USAGE);
	assert_int_equal(schedtrace_load(NULL, &e, &err), SCHEDTRACE_E_USAGE);
	assert_int_equal(schedtrace_reader_new(&reader, NULL, 0, 1, &err), SCHEDTRACE_E_USAGE);
	assert_int_equal(schedtrace_reader_next(NULL, &e, &err), SCHEDTRACE_E_USAGE);
	assert_int_equal(schedtrace_validate(NULL, &err), SCHEDTRACE_E_USAGE);
	assert_int_equal(schedtrace_writer_new(&w, NULL, *state, NULL, &err), SCHEDTRACE_E_USAGE);
	assert_int_equal(schedtrace_writer_rows(NULL, NULL, &err), SCHEDTRACE_E_USAGE);
	assert_int_equal(schedtrace_writer_finish(NULL, &err), SCHEDTRACE_E_USAGE);
	assert_int_equal(schedtrace_rows(NULL), 0);
	assert_null(schedtrace_context(NULL));
	schedtrace_close(NULL);
	schedtrace_reader_free(NULL);
	schedtrace_writer_free(NULL);
	schedtrace_builder_free(NULL);
	schedtrace_context_free(NULL);
}

#define tarball_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		tarball_test(blocks_are_found_from_any_row),
		tarball_test(many_ranges_are_lent_in_order),
		tarball_test(stored_columns_are_lent_where_they_are),
		tarball_test(the_context_comes_back_whole),
		tarball_test(tasks_are_read_when_they_are_asked_for),
		tarball_test(names_keep_their_ids_and_bytes),
		tarball_test(faulty_rows_fail_the_writer_and_leave_nothing),
		tarball_test(columns_come_always_or_never),
		tarball_test(an_old_file_stays_until_the_new_one_is_whole),
		tarball_test(only_regular_files_are_replaced),
		tarball_test(a_full_disk_leaves_nothing),
		tarball_test(members_of_callers_are_kept_and_own_names_refused),
		tarball_test(a_member_appended_in_place_of_another_is_no_damage),
		tarball_test(a_changed_member_of_a_caller_is_told_when_it_is_read_and_by_validate),
		tarball_test(arrays_of_callers_grow_call_by_call),
		tarball_test(a_shrinking_file_is_an_error_and_no_signal),
		tarball_test(a_replaced_file_is_read_as_it_was_opened),
		tarball_test(max_bytes_limits_what_load_takes),
		tarball_test(two_readers_may_read_at_once),
		tarball_test(misuse_is_an_error_that_says_so),
	};
	int failed;

	umask(022);
	if (!mkdtemp(directory))
		return 1;
	snprintf(target, sizeof(target), "%s/t.tar", directory);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(directory);
	return failed;
}
