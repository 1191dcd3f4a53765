/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writes a tarball of rows made here: task 7 wakes task 8 on another CPU, which runs for 3 ms,
 * maps 8 KiB, is moved, and sleeps. Any source of scheduling events can be turned into a tarball
 * this way, and all analyses and readers of the format then work on it.
 */
#include <stdio.h>

#include <schedtrace/schedtrace.h>

#define MS 1000000

/* Columns, one value a row. */
static const int64_t timestamp[] = { 1 * MS, 2 * MS, 2 * MS, 3 * MS, 4 * MS, 5 * MS,
				     5 * MS, 6 * MS, 7 * MS, 8 * MS, 9 * MS, 9 * MS };
static const int32_t cpu[] = { 0, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0 };
static const int32_t pid[] = { 0, 8, 8, 0, 8, 8, 8, 8, 8, 7, 8, 8 };
static const int32_t event[] = {
	SCHEDTRACE_CTX_SWITCH, SCHEDTRACE_WAKING,     SCHEDTRACE_WAKEUP,     SCHEDTRACE_CTX_SWITCH,
	SCHEDTRACE_MMAP,       SCHEDTRACE_BLOCK,      SCHEDTRACE_CTX_SWITCH, SCHEDTRACE_MIGRATE,
	SCHEDTRACE_WAKEUP,     SCHEDTRACE_CTX_SWITCH, SCHEDTRACE_BLOCK,	     SCHEDTRACE_CTX_SWITCH,
};
static const int64_t arg0[] = { 7, 7, 0, 8, 0x7f0000000000, 0, 0, 1, 0, 8, 0, 7 };
static const int64_t arg1[] = { 0, 1, 0, 0, 8192, 0, 0, 0, 0, 0, 0, 0 };

static int write_rows(struct schedtrace_context *ctx, const char *path,
		      struct schedtrace_error *err)
{
	const struct schedtrace_info info = {
		.size = sizeof(info),
		.cpus = 2,
		.page_size = 4096,
		.begin_ns = 0,
		.end_ns = 10 * MS,
		.wall_offset_begin_ns = INT64_MIN,
		.wall_offset_end_ns = INT64_MIN,
		.clock = "mono",
		.command = "an example",
	};
	int32_t name = schedtrace_context_intern_comm(ctx, "example", 7, err);
	const int32_t comm[] = { 0, name, name, 0, name, name, name, name, name, 0, name, name };
	const struct schedtrace_events rows = {
		.n = sizeof(timestamp) / sizeof(*timestamp),
		.timestamp = timestamp,
		.pid = pid,
		.event = event,
		.cpu = cpu,
		.arg0 = arg0,
		.arg1 = arg1,
		.comm = comm,
	};
	struct schedtrace_writer *writer;
	int r;

	if (name < 0)
		return name;
	r = schedtrace_context_set_info(ctx, &info, err);
	if (!r)
		r = schedtrace_writer_new(&writer, path, ctx, NULL, err);
	if (r)
		return r;
	r = schedtrace_writer_rows(writer, &rows, err);
	if (r) {
		schedtrace_writer_free(writer);
		return r;
	}
	return schedtrace_writer_finish(writer, err);
}

int main(int argc, char **argv)
{
	struct schedtrace_context *ctx;
	struct schedtrace_error err;
	int r;

	if (argc != 2) {
		fprintf(stderr, "usage: write_tarball FILE\n");
		return 2;
	}
	r = schedtrace_context_new(&ctx, &err);
	if (!r) {
		r = write_rows(ctx, argv[1], &err);
		schedtrace_context_free(ctx);
	}
	if (r)
		fprintf(stderr, "write_tarball: %s\n", err.text);
	return r ? 1 : 0;
}
