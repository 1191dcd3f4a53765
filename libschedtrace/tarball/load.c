/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole columns: mapped where the file has them as they are, else read into memory. */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/checked.h"
#include "base/error.h"
#include "base/mem.h"
#include "libschedtrace/tarball/archive.h"

/* A column that can be used where it is. */
static bool can_map(const struct archive *a, const struct column *c)
{
	return !c->entry.deflated && column_is_native(c) && (!c->map || c->map->identity) &&
	       (c->entry.data + c->npy.data) % column_types[c->id].width == 0;
}

static int map_file(struct archive *a, struct schedtrace_error *err)
{
	void *map;

	if (a->map)
		return 0;
	map = mmap(NULL, (size_t)a->in.size, PROT_READ, MAP_PRIVATE, a->in.fd, 0);
	if (map == MAP_FAILED)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "cannot map it");
	a->map = map;
	return 0;
}

/* One column's jobs, a block each. */
struct column_load {
	struct column_pass pass;
	struct column_job *jobs;
	size_t n_jobs;
};

static int start_reading(struct schedtrace *trace, const struct column *c, struct column_load *load,
			 struct pool *pool, struct schedtrace_error *err)
{
	uint64_t rows = trace->rows, block = trace->archive->block_rows;
	unsigned int width = column_types[c->id].width;
	char *out;

	column_pass_init(&load->pass, c, &trace->archive->in, pool);
	load->jobs = calloc((size_t)(rows / block + 1), sizeof(*load->jobs));
	/* One value more, so that no column is NULL. */
	out = trace->owned[c->id] = reallocarray(NULL, (size_t)rows + 1, width);
	if (!load->jobs || !out)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %llu rows",
				 (unsigned long long)rows);
	events_set_column(&trace->all, c->id, out);
	for (uint64_t row = 0; row < rows; row += block) {
		struct column_job *j = &load->jobs[load->n_jobs];

		*j = (struct column_job){ .pass = &load->pass,
					  .number = load->n_jobs++,
					  .row = row,
					  .n = (size_t)(rows - row < block ? rows - row : block),
					  .out = out + row * width };
		column_submit(j);
	}
	return 0;
}

static int finish_reading(const struct column *c, struct column_load *load, struct pool *pool,
			  struct schedtrace_error *err)
{
	uint32_t crc = c->header_crc;
	int r = 0;

	for (size_t i = 0; i < load->n_jobs; i++) {
		struct column_job *j = &load->jobs[i];

		pool_wait(pool, &j->job);
		if (r < 0)
			continue;
		crc = deflate_crc_combine(crc, j->crc, (uint64_t)j->n * c->npy.width);
		r = j->status;
		if (r < 0 && err)
			*err = j->err;
	}
	if (r == 0 && crc != c->entry.crc)
		r = error_set(err, SCHEDTRACE_E_FORMAT, "%s.npz: wrong checksum: damaged",
			      column_types[c->id].name);
	return r;
}

static int check_order(const struct schedtrace *trace, struct schedtrace_error *err)
{
	const int64_t *t = trace->all.timestamp;
	uint64_t block = trace->archive->block_rows;

	for (uint64_t row = block; row < trace->rows; row += block) {
		int r = rows_check_order(t[row - 1], t[row], row, err);

		if (r < 0)
			return error_prefix(err, r, "timestamp.npz");
	}
	return 0;
}

static int load_columns(struct schedtrace *trace, struct pool *pool, struct column_load *loads,
			struct schedtrace_error *err)
{
	struct archive *a = trace->archive;
	uint64_t bytes = 0;
	int r = 0;

	for (enum column_id c = 0; c < COLUMN_COUNT; c++)
		if (a->columns[c].present && !can_map(a, &a->columns[c]))
			bytes += trace->rows * column_types[c].width;
	if (a->max_bytes && bytes > a->max_bytes)
		return error_set(
			err, SCHEDTRACE_E_LIMIT,
			"its columns take %llu bytes, the limit is %llu: read it in batches",
			(unsigned long long)bytes, (unsigned long long)a->max_bytes);
	for (enum column_id c = 0; r == 0 && c < COLUMN_COUNT; c++) {
		struct column *column = &a->columns[c];
		const uint8_t *data;

		if (!column->present)
			continue;
		if (a->in.memory || !can_map(a, column)) {
			r = start_reading(trace, column, &loads[c], pool, err);
			continue;
		}
		r = map_file(a, err);
		if (r < 0)
			break;
		data = a->map + column->entry.data + column->npy.data;
		events_set_column(&trace->all, c, data);
		r = rows_check(c, data, (size_t)trace->rows, 0, &column->limits, err);
		if (r < 0)
			error_prefix(err, r, "%s.npz", column_types[c].name);
	}
	for (enum column_id c = 0; c < COLUMN_COUNT; c++) {
		/* All jobs end, whatever failed; the first failure is told. */
		int result = loads[c].jobs ? finish_reading(&a->columns[c], &loads[c], pool,
							    r < 0 ? NULL : err)
					   : 0;

		if (r == 0)
			r = result;
	}
	return r < 0 ? r : check_order(trace, err);
}

static int load(struct schedtrace *trace, struct schedtrace_error *err)
{
	struct column_load loads[COLUMN_COUNT] = { 0 };
	struct archive *a = trace->archive;
	struct pool *pool;
	int r = pool_new(&pool, trace->rows > 65536 ? a->threads : POOL_NO_THREADS, err);

	if (r < 0)
		return r;
	trace->all = (struct schedtrace_events){ .n = (size_t)trace->rows };
	r = load_columns(trace, pool, loads, err);
	pool_free(pool);
	for (enum column_id c = 0; c < COLUMN_COUNT; c++) {
		column_pass_free(&loads[c].pass);
		free(loads[c].jobs);
		if (r < 0) {
			free(trace->owned[c]);
			trace->owned[c] = NULL;
		}
	}
	trace->loaded = r == 0;
	return r;
}

int schedtrace_load(struct schedtrace *trace, const struct schedtrace_events **events,
		    struct schedtrace_error *err)
{
	int r = 0;

	if (events)
		*events = NULL;
	if (!trace_is_open(trace) || !events)
		return error_set(err, SCHEDTRACE_E_USAGE, "load needs an open trace");
	pthread_mutex_lock(&trace->lock);
	if (!trace->loaded)
		r = load(trace, err);
	pthread_mutex_unlock(&trace->lock);
	if (r < 0)
		return error_prefix(err, r, "%s", trace->archive->path);
	*events = &trace->all;
	return 0;
}
