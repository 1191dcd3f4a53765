/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * columns write FILE [store] [BLOCK_ROWS]    rows as text from stdin to a tarball
 * columns read FILE [BEGIN END]              rows of a tarball as text, by a reader
 * columns load FILE                          the same, from whole columns
 * columns table FILE                         a small table of each type as .npz
 *
 * A row is "timestamp pid event cpu arg0 arg1 comm", a name for comm, "-" without one.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <schedtrace/schedtrace.h>

#include "libschedtrace/table.h"
#include "libschedtrace/tarball/writer.h"

static struct schedtrace_error err;

static int failed(void)
{
	fprintf(stderr, "%s\n", err.text);
	return 1;
}

static int write_rows(const char *path, bool store, size_t block_rows)
{
	struct schedtrace_writer_options options = { .size = sizeof(options), .store = store };
	struct schedtrace_context *ctx;
	struct schedtrace_writer *writer;
	int64_t timestamp, arg0, arg1;
	int32_t pid, event, cpu, comm;
	char name[64];
	struct schedtrace_events row = { 1,	&timestamp, &pid,  &event, &cpu,
					 &arg0, &arg1,	    &comm, NULL };

	if (schedtrace_context_new(&ctx, &err) < 0 ||
	    schedtrace_writer_new(&writer, path, ctx, &options, &err) < 0)
		return failed();
	if (block_rows)
		writer_set_block_rows(writer, block_rows);
	while (scanf("%" SCNd64 "%d%d%d%" SCNd64 "%" SCNd64 "%63s", &timestamp, &pid, &event, &cpu,
		     &arg0, &arg1, name) == 7) {
		comm = strcmp(name, "-") == 0
			       ? 0
			       : schedtrace_context_intern_comm(ctx, name, strlen(name), &err);
		if (comm < 0 || schedtrace_writer_rows(writer, &row, &err) < 0)
			return failed();
	}
	if (schedtrace_writer_finish(writer, &err) < 0)
		return failed();
	schedtrace_context_free(ctx);
	return 0;
}

static void print_rows(const struct schedtrace_context *ctx, const struct schedtrace_events *e)
{
	for (size_t i = 0; i < e->n; i++) {
		const char *event = schedtrace_context_event_name(ctx, e->event[i]);
		const char *comm = e->comm ? schedtrace_context_comm(ctx, e->comm[i]) : NULL;

		printf("%" PRId64 " %d %s %d %" PRId64 " %" PRId64 " %s\n", e->timestamp[i],
		       e->pid[i], event, e->cpu[i], e->arg0[i], e->arg1[i], comm ? comm : "-");
	}
}

static void note(void *user, const char *text)
{
	fprintf(stderr, "note: %s\n", text);
}

static int read_rows(const char *path, bool load, uint64_t begin, uint64_t end)
{
	struct schedtrace_open_options options = { .size = sizeof(options), .note = note };
	const struct schedtrace_events *events;
	struct schedtrace_reader *reader;
	struct schedtrace *trace;
	int r;

	options.default_ids = getenv("DEFAULT_IDS") != NULL;
	if (schedtrace_open(&trace, path, &options, &err) < 0 ||
	    schedtrace_context_load_tasks(schedtrace_context(trace), &err) < 0)
		return failed();
	if (load) {
		r = schedtrace_load(trace, &events, &err);
		if (r == 0)
			print_rows(schedtrace_context(trace), events);
	} else {
		r = schedtrace_reader_new(&reader, trace, begin, end, &err);
		while (r >= 0 && (r = schedtrace_reader_next(reader, &events, &err)) > 0)
			print_rows(schedtrace_context(trace), events);
		schedtrace_reader_free(reader);
	}
	schedtrace_close(trace);
	return r < 0 ? failed() : 0;
}

static const struct schedtrace_column_info *const table_columns[] = {
	COLUMN_ID("pid", ""),
	COLUMN_SHARE("share", ""),
	COLUMN_TEXT("name", ""),
};
static const struct schedtrace_table_info table_info = { "t", "", 3, table_columns };

static int write_table(const char *path)
{
	const union schedtrace_value rows[][3] = {
		{ { .i = -5 }, { .f = 0.25 }, { .s = "make" } },
		{ { .i = INT64_MIN }, { .f = __builtin_nan("") }, { .s = NULL } },
		{ { .i = 1LL << 62 }, { .f = 1e300 }, { .s = "\xff longer" } },
	};
	struct schedtrace_tables *tables;
	struct schedtrace_table *table;

	if (tables_new(&tables, &err) < 0 || tables_add(tables, &table_info, &table, &err) < 0)
		return failed();
	for (size_t i = 0; i < 3; i++)
		if (table_row(table, rows[i], &err) < 0)
			return failed();
	if (schedtrace_table_write_npz(table, path, &err) < 0)
		return failed();
	schedtrace_tables_free(tables);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc >= 3 && strcmp(argv[1], "write") == 0) {
		bool store = argc > 3 && strcmp(argv[3], "store") == 0;

		return write_rows(argv[2], store,
				  argc > 3 + store ? strtoul(argv[3 + store], NULL, 10) : 0);
	}
	if (argc == 3 && strcmp(argv[1], "table") == 0)
		return write_table(argv[2]);
	if (argc == 3 && strcmp(argv[1], "load") == 0)
		return read_rows(argv[2], true, 0, 0);
	if (argc >= 3 && strcmp(argv[1], "read") == 0)
		return read_rows(argv[2], false, argc > 3 ? strtoull(argv[3], NULL, 10) : 0,
				 argc > 4 ? strtoull(argv[4], NULL, 10) : UINT64_MAX);
	fputs("usage: columns write|read|load FILE ...\n", stderr);
	return 2;
}
