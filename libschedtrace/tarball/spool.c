/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libschedtrace/tarball/spool.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/whole_file.h"
#include "libschedtrace/tarball/deflate.h"

void spool_init(struct spool *spool, enum column_id column, struct pool *pool, bool store)
{
	*spool = (struct spool){ .column = column, .pool = pool, .store = store, .fd = -1 };
}

void spool_free(struct spool *spool)
{
	if (spool->fd >= 0)
		close(spool->fd);
	free(spool->offsets);
	spool->fd = -1;
	spool->offsets = NULL;
}

static int add_offset(struct spool *s, struct schedtrace_error *err)
{
	if (s->n_offsets == s->max_offsets) {
		size_t max = s->max_offsets ? s->max_offsets * 2 : 64;
		uint64_t *offsets = reallocarray(s->offsets, max, sizeof(*offsets));

		if (!offsets)
			return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for block offsets");
		s->offsets = offsets;
		s->max_offsets = max;
	}
	s->offsets[s->n_offsets++] = s->packed;
	return 0;
}

/* Only the thread whose turn it is comes here, so the fields need no lock. */
static int append(struct spool *s, const struct spool_job *j, const void *packed, size_t n_packed,
		  uint32_t crc, struct schedtrace_error *err)
{
	size_t n_raw = j->n * column_types[s->column].width;
	int errnum, r;

	if (s->column == COLUMN_TIMESTAMP && j->n > 0) {
		const int64_t *t = j->data;

		r = j->first_row ? rows_check_order(s->last_timestamp, t[0], j->first_row, err) : 0;
		if (r < 0)
			return r;
		s->last_timestamp = t[j->n - 1];
	}
	r = add_offset(s, err);
	if (r < 0)
		return r;
	errnum = whole_file_pwrite(s->fd, packed, n_packed, s->base + s->packed);
	if (errnum)
		return error_errno(err, SCHEDTRACE_E_IO, errnum, "cannot write a spool file");
	if (s->store)
		whole_file_begin_writing(s->fd, s->base + s->packed, n_packed);
	s->packed += n_packed;
	s->crc = deflate_crc_combine(s->crc, crc, n_raw);
	s->raw += n_raw;
	return 0;
}

static enum deflate_data data_of(enum column_id column)
{
	if (column == COLUMN_TIMESTAMP)
		return DEFLATE_RISING;
	if (column == COLUMN_ARG0)
		return DEFLATE_MIXED;
	return column_types[column].width == 4 ? DEFLATE_INT32 : DEFLATE_INT64;
}

static int pack(const struct spool_job *j, uint8_t **out, size_t *n_out, uint32_t *crc,
		struct schedtrace_error *err)
{
	enum column_id column = j->spool->column;
	size_t n = j->n * column_types[column].width, room;
	auto_free uint8_t *buf = NULL;
	int r = rows_check(column, j->data, j->n, j->first_row, &j->limits, err);

	if (r < 0)
		return r;
	*crc = deflate_crc(0, j->data, n);
	if (j->spool->store) {
		*n_out = n;
		return 0;
	}
	room = deflate_bound(n);
	buf = malloc(room);
	if (!buf)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory to deflate");
	r = deflate_segment(data_of(column), j->data, n, buf, room, n_out, err);
	if (r < 0)
		return r;
	*out = steal_ptr(buf);
	return 0;
}

static void run(struct pool_job *job)
{
	struct spool_job *j = (struct spool_job *)job;
	struct spool *s = j->spool;
	struct schedtrace_error err;
	auto_free uint8_t *packed = NULL;
	size_t n_packed = 0;
	uint32_t crc = 0;
	bool failed;
	int r = pack(j, &packed, &n_packed, &crc, &err);

	pool_lock(s->pool);
	while (s->next != j->number)
		pool_sleep(s->pool);
	failed = s->status < 0;
	pool_unlock(s->pool);
	if (r == 0 && !failed)
		r = append(s, j, packed ? packed : j->data, n_packed, crc, &err);
	pool_lock(s->pool);
	if (r < 0 && !failed) {
		s->err = err;
		s->status = error_prefix(&s->err, r, "%s", column_types[s->column].name);
	}
	s->next++;
	pool_wake(s->pool);
	pool_unlock(s->pool);
}

void spool_submit(struct spool_job *job)
{
	job->job.run = run;
	pool_submit(job->spool->pool, &job->job);
}
