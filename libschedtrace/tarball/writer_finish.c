/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From spools and texts to the tarball. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/jsonio.h"
#include "base/mem.h"
#include "base/whole_file.h"
#include "libschedtrace/context.h"
#include "libschedtrace/tarball/deflate.h"
#include "libschedtrace/tarball/members.h"
#include "libschedtrace/tarball/npy.h"
#include "libschedtrace/tarball/npz.h"
#include "libschedtrace/tarball/tar.h"
#include "libschedtrace/tarball/writer_state.h"

static int put_header(struct schedtrace_writer *w, const char *name, uint64_t size,
		      struct schedtrace_error *err)
{
	uint8_t block[TAR_BLOCK];

	tar_header(block, name, size, w->now);
	return whole_file_write(&w->out, block, sizeof(block), err);
}

static int put_padding(struct schedtrace_writer *w, struct schedtrace_error *err)
{
	return whole_file_zeros(&w->out, (size_t)(-w->out.offset % TAR_BLOCK), err);
}

static int put_member(struct schedtrace_writer *w, const char *name, const void *data, size_t n,
		      struct schedtrace_error *err)
{
	int r = put_header(w, name, n, err);

	if (r == 0)
		r = whole_file_write(&w->out, data, n, err);
	return r < 0 ? r : put_padding(w, err);
}

/* A member that a function writes as text; its checksum is for index.json. */
static int put_text(struct schedtrace_writer *w, const char *name,
		    void (*put)(FILE *f, const struct schedtrace_context *ctx), uint32_t *crc,
		    struct schedtrace_error *err)
{
	auto_free char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);
	int failed;

	if (f)
		put(f, w->ctx);
	failed = !f || ferror(f);
	if (f && fclose(f) != 0)
		failed = 1;
	if (failed)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %s", name);
	*crc = deflate_crc(0, text, n);
	return put_member(w, name, text, n, err);
}

static int put_array(struct schedtrace_writer *w, struct extra_member *m,
		     struct schedtrace_error *err)
{
	uint8_t header[NPY_HEADER_ROOM];
	size_t n_header = npy_write(header, m->array->type, m->array->n);
	int r = put_header(w, m->name, n_header + m->array->bytes, err);

	m->crc = deflate_crc_combine(deflate_crc(0, header, n_header), m->crc, m->array->bytes);
	if (r == 0)
		r = whole_file_write(&w->out, header, n_header, err);
	if (r == 0)
		r = whole_file_copy(&w->out, m->array->fd, m->array->bytes, err);
	return r < 0 ? r : put_padding(w, err);
}

/* The bytes of a column's member that are not in its spool. */
struct column_frame {
	uint8_t npy[NPY_HEADER_ROOM];
	uint8_t stored[DEFLATE_STORED_HEADER];
	uint8_t local[NPZ_RECORD_ROOM], central[NPZ_RECORD_ROOM], end[NPZ_RECORD_ROOM];
	size_t n_npy, n_stored, n_local, n_central, n_end, n_tail;
	size_t n_padding, n_comment; /* zeros, down to the rows and up to where a hole can begin */
	uint64_t size;		     /* of the whole member */
};

static void frame_column(const struct schedtrace_writer *w, enum column_id c,
			 struct column_frame *f)
{
	const struct spool *s = &w->spools[c];
	struct npz_out entry = { .name = column_types[c].name, .deflated = !w->store };
	uint64_t zip;

	f->n_npy = npy_write(f->npy, column_types[c].descr, w->rows);
	f->n_stored = w->store ? 0 : DEFLATE_STORED_HEADER;
	f->n_tail = w->store ? 0 : DEFLATE_END_SIZE;
	deflate_stored_header(f->stored, (uint16_t)f->n_npy);
	entry.size = f->n_npy + s->raw;
	entry.packed = f->n_stored + f->n_npy + s->packed + f->n_tail;
	entry.crc = deflate_crc_combine(deflate_crc(0, f->npy, f->n_npy), s->crc, s->raw);
	if (w->in_place && c == 0)
		entry.padding = (uint16_t)(START_ROOM - w->first_place);
	f->n_padding = entry.padding;
	f->n_local = npz_local_header(f->local, &entry);
	f->n_central = npz_central_header(f->central, &entry);
	zip = f->n_local + f->n_padding + entry.packed;
	f->n_end = npz_end(f->end, 1, zip, f->n_central, 0);
	f->size = zip + f->n_central + f->n_end;
	f->n_comment = 0;
	if (w->in_place) {
		uint64_t begin = c ? 0 : w->first_place;

		f->n_comment = (size_t)(-(begin + TAR_BLOCK + f->size) % OUTPUT_COLLAPSE_ALIGNMENT);
		npz_end(f->end, 1, zip, f->n_central, f->n_comment);
		f->size += f->n_comment;
	}
}

static int put_rows(struct schedtrace_writer *w, const struct spool *s,
		    struct schedtrace_error *err)
{
	if (!w->in_place)
		return whole_file_copy(&w->out, s->fd, s->packed, err);
	w->out.offset += s->packed;
	return 0;
}

static int put_column(struct schedtrace_writer *w, enum column_id c, struct schedtrace_error *err)
{
	const struct spool *s = &w->spools[c];
	struct column_frame f;
	char name[32];
	int r;

	frame_column(w, c, &f);
	snprintf(name, sizeof(name), "%s.npz", column_types[c].name);
	if ((r = put_header(w, name, f.size, err)) < 0 ||
	    (r = whole_file_write(&w->out, f.local, f.n_local, err)) < 0 ||
	    (r = whole_file_zeros(&w->out, f.n_padding, err)) < 0 ||
	    (r = whole_file_write(&w->out, f.stored, f.n_stored, err)) < 0 ||
	    (r = whole_file_write(&w->out, f.npy, f.n_npy, err)) < 0 ||
	    (r = put_rows(w, s, err)) < 0 ||
	    (r = whole_file_write(&w->out, DEFLATE_END, f.n_tail, err)) < 0 ||
	    (r = whole_file_write(&w->out, f.central, f.n_central, err)) < 0 ||
	    (r = whole_file_write(&w->out, f.end, f.n_end, err)) < 0 ||
	    (r = whole_file_zeros(&w->out, f.n_comment, err)) < 0)
		return r;
	return put_padding(w, err);
}

/* Where blocks begin, from the first byte of deflated data; the last number is where they end. */
static void put_offsets(FILE *f, const struct schedtrace_writer *w)
{
	const char *separator = "";
	struct column_frame frame;

	fprintf(f, "\"rows_per_block\": %zu,\n\"offsets\": {", w->block_rows);
	for (enum column_id c = 0; c < COLUMN_COUNT; c++) {
		const struct spool *s = &w->spools[c];
		uint64_t base;

		if (!w->has[c])
			continue;
		frame_column(w, c, &frame);
		base = frame.n_stored + frame.n_npy;
		fprintf(f, "%s\n\"%s\": [", separator, column_types[c].name);
		for (size_t i = 0; i < s->n_offsets; i++)
			fprintf(f, "%" PRIu64 ", ", base + s->offsets[i]);
		fprintf(f, "%" PRIu64 "]", base + s->packed);
		separator = ",";
	}
	fputs("\n},\n", f);
}

/* The names and checksums of the members that have none of their own. */
struct text_member {
	const char *name;
	void (*put)(FILE *f, const struct schedtrace_context *ctx);
	uint32_t crc;
	bool written;
};

/* Of the members that have none of their own. */
static void put_crcs(FILE *f, const struct schedtrace_writer *w, const struct text_member *texts,
		     size_t n_texts)
{
	const char *separator = "";

	fputs("\"crc32\": {", f);
	for (size_t i = 0; i < n_texts; i++) {
		if (!texts[i].written)
			continue;
		fprintf(f, "%s\n\"%s\": %" PRIu32, separator, texts[i].name, texts[i].crc);
		separator = ",";
	}
	for (const struct extra_member *m = w->extras; m; m = m->next) {
		fputs(separator, f);
		fputc('\n', f);
		jsonio_put_bytes(f, m->name);
		fprintf(f, ": %" PRIu32, m->crc);
		separator = ",";
	}
	fputs("\n}}\n", f);
}

static int put_index(struct schedtrace_writer *w, const struct text_member *texts, size_t n_texts,
		     struct schedtrace_error *err)
{
	auto_free char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);
	int failed;

	if (!f)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for " MEMBER_INDEX);
	fputs("{", f);
	if (!w->store)
		put_offsets(f, w);
	put_crcs(f, w, texts, n_texts);
	failed = ferror(f);
	if (fclose(f) != 0 || failed)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for " MEMBER_INDEX);
	return put_member(w, MEMBER_INDEX, text, n, err);
}

/* From the last to the first, so that the places before stay where they are. */
static int cut_holes(struct schedtrace_writer *w, const uint64_t ends[COLUMN_COUNT],
		     struct schedtrace_error *err)
{
	uint64_t next = 0;
	int r = 0;

	for (int c = COLUMN_COUNT - 1; r == 0 && c >= 0; c--) {
		if (!w->has[c])
			continue;
		if (next)
			r = whole_file_collapse(&w->out, ends[c], next, err);
		next = PLACE(c);
	}
	return r;
}

int writer_put_all(struct schedtrace_writer *w, struct schedtrace_error *err)
{
	struct text_member texts[] = {
		{ MEMBER_START, members_put_start, 0, true },
		{ MEMBER_COMM, members_put_comm, 0, w->has[COLUMN_COMM] },
		{ MEMBER_TASKS, members_put_tasks, 0, true },
		{ MEMBER_META, members_put_meta, 0, true },
		{ MEMBER_STACK_FRAMES, members_put_stack_frames, 0, w->has[COLUMN_STACK] },
		{ MEMBER_STACK_OFFSETS, members_put_stack_offsets, 0, w->has[COLUMN_STACK] },
		{ MEMBER_STACK_KERNEL, members_put_stack_kernel, 0, w->has[COLUMN_STACK] },
		{ MEMBER_STACK_SPACES, members_put_stack_spaces, 0, w->has[COLUMN_STACK] },
		{ MEMBER_SYMBOLS, members_put_symbols, 0, w->has[COLUMN_STACK] },
	};
	size_t n_texts = sizeof(texts) / sizeof(texts[0]);
	struct schedtrace_stack first;
	uint64_t ends[COLUMN_COUNT];
	/* Tasks and stacks of a context that comes from a tarball are read only now. */
	int r = schedtrace_context_load_tasks(w->ctx, err);

	if (r == 0 && w->has[COLUMN_STACK] && schedtrace_context_stacks(w->ctx) > 0)
		r = schedtrace_context_stack(w->ctx, 0, &first, err);

	if (r == 0)
		r = put_text(w, texts[0].name, texts[0].put, &texts[0].crc, err);
	if (r == 0 && w->in_place && w->out.offset > START_ROOM)
		return error_set(err, SCHEDTRACE_E_LIMIT,
				 "the names of events take %" PRIu64 " bytes, a stored tarball has "
				 "room for %d: write a deflated one",
				 w->out.offset, START_ROOM);
	w->first_place = w->out.offset;
	for (enum column_id c = 0; r == 0 && c < COLUMN_COUNT; c++) {
		if (!w->has[c])
			continue;
		if (w->in_place && c > 0)
			w->out.offset = PLACE(c);
		r = put_column(w, c, err);
		ends[c] = w->out.offset;
	}
	for (size_t i = 1; r == 0 && i < n_texts; i++)
		if (texts[i].written)
			r = put_text(w, texts[i].name, texts[i].put, &texts[i].crc, err);
	for (struct extra_member *m = w->extras; r == 0 && m; m = m->next)
		r = m->array ? put_array(w, m, err) : put_member(w, m->name, m->data, m->n, err);
	if (r == 0)
		r = put_index(w, texts, n_texts, err);
	if (r == 0)
		r = whole_file_zeros(&w->out, 2 * TAR_BLOCK, err);
	return r < 0 || !w->in_place ? r : cut_holes(w, ends, err);
}
