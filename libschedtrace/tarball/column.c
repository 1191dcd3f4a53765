/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libschedtrace/tarball/column.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "base/mem.h"
#include "libschedtrace/tarball/widen.h"

#define BUFFER_BYTES ((size_t)64 << 10)

/* Inflates what comes next of a member, until n bytes are there or its stream ends. */
static int stream_read(struct column_pass *p, uint8_t *out, size_t n, struct schedtrace_error *err)
{
	const struct npz_entry *e = &p->column->entry;

	while (n > 0) {
		size_t before = n;
		int r;

		if (p->ended)
			return error_set(err, SCHEDTRACE_E_FORMAT,
					 "its deflate stream ends before its last value");
		if (p->left == 0 && p->packed_at < e->packed) {
			size_t part = e->packed - p->packed_at < BUFFER_BYTES
					      ? (size_t)(e->packed - p->packed_at)
					      : BUFFER_BYTES;

			r = byte_input_read(p->in, e->data + p->packed_at, p->buffer, part, err);
			if (r < 0)
				return r;
			p->packed_at += part;
			p->at = p->buffer;
			p->left = part;
			before++; /* reading is progress too */
		}
		r = inflater_run(p->inflater, &p->at, &p->left, &out, &n, &p->ended, err);
		if (r < 0)
			return r;
		if (n == before && p->left == 0 && p->packed_at == e->packed)
			return error_set(err, SCHEDTRACE_E_FORMAT, "its deflate stream is cut");
	}
	return 0;
}

/* After the last value the stream ends, and nothing follows it. */
static int stream_end(struct column_pass *p, struct schedtrace_error *err)
{
	uint8_t extra;
	uint8_t *out = &extra;
	size_t n = 1;
	bool last = false;

	while (!p->ended) {
		const struct npz_entry *e = &p->column->entry;
		int r;

		if (p->left == 0 && p->packed_at < e->packed) {
			r = byte_input_read(p->in, e->data + p->packed_at, p->buffer, 1, err);
			if (r < 0)
				return r;
			p->packed_at++;
			p->at = p->buffer;
			p->left = 1;
		} else if (p->left == 0) {
			last = true; /* the inflater may hold some bits still */
		}
		r = inflater_run(p->inflater, &p->at, &p->left, &out, &n, &p->ended, err);
		if (r < 0)
			return r;
		if (n == 0)
			break;
		if (last && !p->ended)
			return error_set(err, SCHEDTRACE_E_FORMAT, "its deflate stream is cut");
	}
	if (n == 0 || p->left > 0 || p->packed_at != p->column->entry.packed)
		return error_set(err, SCHEDTRACE_E_FORMAT, "something follows its last value");
	return 0;
}

static int stream_begin(struct column_pass *p, struct schedtrace_error *err)
{
	p->buffer = malloc(BUFFER_BYTES);
	if (!p->buffer)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory to inflate");
	return inflater_new(&p->inflater, err);
}

void column_pass_init(struct column_pass *pass, const struct column *column,
		      const struct byte_input *in, struct pool *pool)
{
	*pass = (struct column_pass){ .column = column, .in = in, .pool = pool };
}

void column_pass_free(struct column_pass *pass)
{
	inflater_free(pass->inflater);
	free(pass->buffer);
	pass->inflater = NULL;
	pass->buffer = NULL;
}

/* Bytes [from, to) of the .npy in a member; a pass goes on where it was. */
static int read_part(struct column_pass *p, uint8_t *out, size_t from, size_t to,
		     struct schedtrace_error *err)
{
	const struct npz_entry *e = &p->column->entry;

	if (to > e->size)
		return error_set(err, SCHEDTRACE_E_FORMAT, "npy header: cut");
	if (e->deflated)
		return stream_read(p, out + from, to - from, err);
	return byte_input_read(p->in, e->data + from, out + from, to - from, err);
}

static int read_npy_header(struct column *column, struct column_pass *pass,
			   struct schedtrace_error *err)
{
	auto_free uint8_t *header = malloc(NPY_MAX_HEADER);
	size_t size;
	int r;

	if (!header)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a header");
	r = column->entry.deflated ? stream_begin(pass, err) : 0;
	if (r == 0)
		r = read_part(pass, header, 0, 12, err);
	if (r == 0)
		r = npy_header_size(header, 12, &size, err);
	if (r == 0 && size > 12)
		r = read_part(pass, header, 12, size, err);
	if (r == 0)
		r = npy_parse(&column->npy, header, size > 12 ? size : 12, err);
	if (r == 0)
		column->header_crc = deflate_crc(0, header, size);
	return r;
}

int column_open(struct column *column, enum column_id id, const struct byte_input *in,
		uint64_t begin, uint64_t size, struct schedtrace_error *err)
{
	const struct npy_header *npy = &column->npy;
	struct column_pass pass;
	uint64_t whole;
	int r;

	column->id = id;
	r = npz_find(&column->entry, in, begin, size, column_types[id].name, err);
	if (r < 0)
		return r;
	column_pass_init(&pass, column, in, NULL);
	r = read_npy_header(column, &pass, err);
	column_pass_free(&pass);
	if (r < 0)
		return r;
	if (npy->kind != 'i' && npy->kind != 'u')
		return error_set(err, SCHEDTRACE_E_FORMAT,
				 "dtype %s, expected %s or another integer", npy->descr,
				 column_types[id].descr);
	if (npy->width != 1 && npy->width != 2 && npy->width != 4 && npy->width != 8)
		return error_set(err, SCHEDTRACE_E_FORMAT, "dtype %s, no integer has %u bytes",
				 npy->descr, npy->width);
	if (!checked_mul(npy->count, npy->width, &whole) ||
	    !checked_add(whole, npy->data, &whole) || whole != column->entry.size)
		return error_set(err, SCHEDTRACE_E_FORMAT,
				 "%llu values of dtype %s do not fill its %llu bytes",
				 (unsigned long long)npy->count, npy->descr,
				 (unsigned long long)column->entry.size);
	column->present = true;
	return 0;
}

void column_close(struct column *column)
{
	free(column->offsets);
	column->offsets = NULL;
}

bool column_is_native(const struct column *column)
{
	return column->npy.kind == 'i' && !column->npy.big_endian &&
	       column->npy.width == column_types[column->id].width;
}

int column_set_offsets(struct column *column, uint64_t *offsets, size_t n, uint64_t block_rows)
{
	uint64_t rows = column->npy.count;

	if (!column->entry.deflated || n != rows / block_rows + (rows % block_rows != 0) + 1)
		return -1;
	for (size_t i = 1; i < n; i++)
		if (offsets[i] <= offsets[i - 1])
			return -1;
	if (offsets[n - 1] > column->entry.packed || n < 1)
		return -1;
	free(column->offsets);
	column->offsets = offsets;
	column->n_blocks = n - 1;
	column->block_rows = block_rows;
	return 0;
}

/* One block, from its full flush to the next: it must fill exactly what it should. */
static int inflate_block(const struct column_pass *p, struct inflater *inflater, size_t block,
			 uint8_t *out, size_t n, struct schedtrace_error *err)
{
	static const uint8_t flush_end[] = { 0x00, 0x00, 0xff, 0xff };
	const struct column *c = p->column;
	uint64_t n_packed = c->offsets[block + 1] - c->offsets[block];
	auto_free uint8_t *packed = NULL;
	const uint8_t *in;
	uint8_t extra, *beyond = &extra;
	size_t left, room = 1;
	bool ended = false;
	int r;

	if (n_packed > (uint64_t)n * 2 + 65536)
		return error_set(err, SCHEDTRACE_E_FORMAT,
				 "block %zu has more bytes than it can need: " MEMBER_INDEX
				 " is wrong",
				 block);
	packed = malloc((size_t)n_packed);
	if (!packed)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory to inflate");
	r = byte_input_read(p->in, c->entry.data + c->offsets[block], packed, (size_t)n_packed,
			    err);
	if (r < 0)
		return r;
	in = packed;
	left = (size_t)n_packed;
	inflater_reset(inflater);
	while (n > 0 && left > 0 && !ended) {
		r = inflater_run(inflater, &in, &left, &out, &n, &ended, err);
		if (r < 0)
			return r;
	}
	/* The flush behind the last value makes no bytes. */
	while (n == 0 && left > 0 && room > 0 && !ended) {
		r = inflater_run(inflater, &in, &left, &beyond, &room, &ended, err);
		if (r < 0)
			return r;
	}
	if (n > 0 || left > 0 || room == 0 || ended || n_packed < sizeof(flush_end) ||
	    memcmp(packed + n_packed - sizeof(flush_end), flush_end, sizeof(flush_end)) != 0)
		return error_set(err, SCHEDTRACE_E_FORMAT,
				 "block %zu is not where " MEMBER_INDEX " says, or damaged", block);
	return 0;
}

/* What is before the first block and behind the last one is as plain readers need it. */
static int check_ends(const struct column_pass *p, struct schedtrace_error *err)
{
	const struct column *c = p->column;
	uint64_t first = c->offsets[0], last = c->offsets[c->n_blocks];
	uint8_t end[DEFLATE_END_SIZE], stored[DEFLATE_STORED_HEADER], expect[DEFLATE_STORED_HEADER];
	int r;

	if (c->entry.packed - last == sizeof(end) && first == sizeof(stored) + c->npy.data) {
		r = byte_input_read(p->in, c->entry.data + last, end, sizeof(end), err);
		if (r == 0)
			r = byte_input_read(p->in, c->entry.data, stored, sizeof(stored), err);
		if (r < 0)
			return r;
		deflate_stored_header(expect, (uint16_t)c->npy.data);
		if (memcmp(end, DEFLATE_END, sizeof(end)) == 0 &&
		    memcmp(stored, expect, sizeof(stored)) == 0)
			return 0;
	}
	return error_set(err, SCHEDTRACE_E_FORMAT,
			 "blocks do not begin or end where " MEMBER_INDEX " says, or damaged");
}

static int read_blocks(const struct column_job *j, uint8_t *out, struct schedtrace_error *err)
{
	const struct column *c = j->pass->column;
	struct inflater *inflater;
	int r = j->number == 0 ? check_ends(j->pass, err) : 0;

	if (r == 0)
		r = inflater_new(&inflater, err);
	if (r < 0)
		return r;
	for (size_t done = 0, n; r == 0 && done < j->n; done += n) {
		n = j->n - done < c->block_rows ? j->n - done : (size_t)c->block_rows;
		r = inflate_block(j->pass, inflater, (size_t)((j->row + done) / c->block_rows),
				  out + done * c->npy.width, n * c->npy.width, err);
	}
	inflater_free(inflater);
	return r;
}

/* A stream from its begin: the header and rows that nobody wants are passed over first. */
static int read_stream(const struct column_job *j, uint8_t *out, struct schedtrace_error *err)
{
	const struct column *c = j->pass->column;
	uint64_t skip = j->number == 0 ? c->npy.data + j->row * c->npy.width : 0;
	int r = j->number == 0 ? stream_begin(j->pass, err) : 0;

	if (r == 0 && skip > 0) {
		auto_free uint8_t *scratch = malloc(BUFFER_BYTES);

		if (!scratch)
			return error_set(err, SCHEDTRACE_E_NOMEM, "no memory to inflate");
		for (size_t n; r == 0 && skip > 0; skip -= n) {
			n = skip < BUFFER_BYTES ? (size_t)skip : BUFFER_BYTES;
			r = stream_read(j->pass, scratch, n, err);
		}
	}
	if (r == 0)
		r = stream_read(j->pass, out, j->n * c->npy.width, err);
	if (r == 0 && j->row + j->n == c->npy.count)
		r = stream_end(j->pass, err);
	return r;
}

static int no_memory(const struct column_job *j, struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %zu values", j->n);
}

/* Without room a stream's turn is still taken, since the next range waits for it. */
static int read_raw(const struct column_job *j, uint8_t *out, struct schedtrace_error *err)
{
	const struct column *c = j->pass->column;
	struct column_pass *p = j->pass;
	int r;

	if (!out && (!c->entry.deflated || c->offsets))
		return no_memory(j, err);
	if (!c->entry.deflated)
		return byte_input_read(p->in, c->entry.data + c->npy.data + j->row * c->npy.width,
				       out, j->n * c->npy.width, err);
	if (c->offsets)
		return read_blocks(j, out, err);
	pool_lock(p->pool);
	while (p->next != j->number)
		pool_sleep(p->pool);
	r = p->status;
	pool_unlock(p->pool);
	if (r < 0)
		error_set(err, r, "an earlier part of it could not be read");
	else
		r = out ? read_stream(j, out, err) : no_memory(j, err);
	pool_lock(p->pool);
	p->next++;
	p->status = r;
	pool_wake(p->pool);
	pool_unlock(p->pool);
	return r;
}

static int translate(const struct column_job *j, struct schedtrace_error *err)
{
	const struct column *c = j->pass->column;
	size_t bad;

	if (!c->map || c->map->identity)
		return 0;
	bad = convert_ids(c->map, j->out, j->n);
	if (bad == j->n)
		return 0;
	return error_set(err, SCHEDTRACE_E_FORMAT, "row %llu: %s id %d has no name",
			 (unsigned long long)(j->row + bad),
			 c->id == COLUMN_EVENT ? "event" : "name", ((const int32_t *)j->out)[bad]);
}

static int fetch(struct column_job *j, struct schedtrace_error *err)
{
	const struct column *c = j->pass->column;
	bool native = column_is_native(c);
	auto_free uint8_t *raw = native ? NULL : malloc(j->n * c->npy.width + 1);
	int r;

	r = read_raw(j, native ? j->out : raw, err);
	if (r < 0)
		return r;
	j->crc = deflate_crc(0, native ? j->out : raw, j->n * c->npy.width);
	if (!native) {
		size_t bad = convert_values(&c->npy, raw, j->n, c->id, j->out);

		if (bad < j->n)
			return error_set(err, SCHEDTRACE_E_FORMAT,
					 "row %llu: the value does not fit in %u signed bytes",
					 (unsigned long long)(j->row + bad),
					 column_types[c->id].width);
	}
	r = translate(j, err);
	return r < 0 ? r : rows_check(c->id, j->out, j->n, j->row, &c->limits, err);
}

static void run(struct pool_job *job)
{
	struct column_job *j = (struct column_job *)job;
	int r = fetch(j, &j->err);

	j->status =
		r < 0 ? error_prefix(&j->err, r, "%s.npz", column_types[j->pass->column->id].name)
		      : 0;
}

void column_submit(struct column_job *job)
{
	job->job.run = run;
	pool_submit(job->pass->pool, &job->job);
}
