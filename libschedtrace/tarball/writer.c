/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libschedtrace/tarball/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/checked.h"
#include "base/error.h"
#include "base/jsonio.h"
#include "base/mem.h"
#include "base/whole_file.h"
#include "libschedtrace/context.h"
#include "libschedtrace/tarball/deflate.h"
#include "libschedtrace/tarball/members.h"
#include "libschedtrace/tarball/npy.h"
#include "libschedtrace/tarball/npz.h"
#include "libschedtrace/tarball/spool.h"
#include "libschedtrace/tarball/tar.h"

#define WRITER_MAGIC 0x7363686564777274 /* "schedwrt" */
#define BLOCK_ROWS   1048576
#define BLOCKS	     2 /* one is filled while the other is deflated */
#define MAX_NAME     99

/* Stored columns go straight to their places, so far apart that they cannot meet, and the holes
 * between them are cut out at the end: nothing is written twice. */
#define PLACE(column) ((uint64_t)(column) << 40)
#define PLACE_HEADERS (TAR_BLOCK + NPZ_STORED_HEADER + NPY_HEADER_ROOM) /* before the rows */
#define START_ROOM    (2 * OUTPUT_COLLAPSE_ALIGNMENT) /* for names of events, before the first */

/* Rows on their way from the caller to the spools. */
struct block {
	size_t n;
	void *columns[COLUMN_COUNT];
	bool busy;
	struct spool_job jobs[COLUMN_COUNT];
};

struct extra_member {
	char *name;
	void *data;
	size_t n;
	uint32_t crc;		   /* of an array, of its values until it is written */
	struct extra_array *array; /* NULL: it is bytes */
	struct extra_member *next;
};

/* A caller's array. Its values are in a spool until the header can be written. */
struct extra_array {
	int fd;
	char type[4];
	uint64_t n, bytes;
};

struct schedtrace_writer {
	uint64_t magic;
	char *path;
	const struct schedtrace_context *ctx;
	struct whole_file out;
	bool store, begun;
	bool in_place;	      /* columns are at their PLACE() in the output, not in spools */
	uint64_t first_place; /* of the first column's tar header then */
	struct pool *pool;
	size_t block_rows;
	uint64_t rows, blocks_done;
	bool has[COLUMN_COUNT];
	struct spool spools[COLUMN_COUNT];
	struct block blocks[BLOCKS];
	struct block *block; /* being filled */
	struct extra_member *extras, **last_extra;
	time_t now;
};

static bool is_writer(const struct schedtrace_writer *w)
{
	return w && w->magic == WRITER_MAGIC;
}

int schedtrace_writer_new(struct schedtrace_writer **out, const char *path,
			  const struct schedtrace_context *ctx,
			  const struct schedtrace_writer_options *options,
			  struct schedtrace_error *err)
{
	struct schedtrace_writer_options o = { 0 };
	struct schedtrace_writer *w;
	int r;

	if (out)
		*out = NULL;
	if (!out || !path || !ctx)
		return error_set(err, SCHEDTRACE_E_USAGE, "a writer needs a path and a context");
	if (options && options->size <= sizeof(size_t))
		return error_set(err, SCHEDTRACE_E_USAGE, "the size of the options is not set");
	if (options)
		memcpy(&o, options, options->size < sizeof(o) ? options->size : sizeof(o));
	w = calloc(1, sizeof(*w));
	if (!w)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a writer");
	w->magic = WRITER_MAGIC;
	w->ctx = ctx;
	w->store = o.store;
	w->block_rows = BLOCK_ROWS;
	w->block = &w->blocks[0];
	w->last_extra = &w->extras;
	w->out = OUTPUT_NONE;
	w->now = time(NULL);
	for (enum column_id c = 0; c < COLUMN_COUNT; c++)
		spool_init(&w->spools[c], c, NULL, w->store);
	w->path = strdup(path);
	r = w->path ? whole_file_open(&w->out, path, o.like, err)
		    : error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a path");
	if (r == 0)
		r = pool_new(&w->pool, o.threads, err);
	if (r < 0) {
		schedtrace_writer_free(w);
		return error_prefix(err, r, "%s", path);
	}
	for (enum column_id c = 0; c < COLUMN_COUNT; c++)
		w->spools[c].pool = w->pool;
	*out = w;
	return 0;
}

void writer_set_block_rows(struct schedtrace_writer *writer, size_t rows)
{
	writer->block_rows = rows;
}

static void free_extra(struct extra_member *m)
{
	if (!m)
		return;
	if (m->array && m->array->fd >= 0)
		close(m->array->fd);
	free(m->array);
	free(m->name);
	free(m->data);
	free(m);
}

void schedtrace_writer_free(struct schedtrace_writer *w)
{
	if (!is_writer(w))
		return;
	w->magic = 0;
	pool_free(w->pool);
	for (enum column_id c = 0; c < COLUMN_COUNT; c++) {
		spool_free(&w->spools[c]);
		for (int b = 0; b < BLOCKS; b++)
			free(w->blocks[b].columns[c]);
	}
	while (w->extras) {
		struct extra_member *next = w->extras->next;

		free_extra(w->extras);
		w->extras = next;
	}
	whole_file_close(&w->out);
	free(w->path);
	free(w);
}

static int begin_column(struct schedtrace_writer *w, enum column_id c, struct schedtrace_error *err)
{
	if (!w->in_place)
		return whole_file_spool(&w->out, &w->spools[c].fd, err);
	w->spools[c].base = PLACE(c) + (c ? 0 : START_ROOM) + PLACE_HEADERS;
	w->spools[c].fd = fcntl(w->out.fd, F_DUPFD_CLOEXEC, 0);
	if (w->spools[c].fd < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "cannot open it again");
	return 0;
}

/* The first rows say which columns there are; even a trace without rows has the required ones. */
static int begin(struct schedtrace_writer *w, const struct schedtrace_events *events,
		 struct schedtrace_error *err)
{
	int r = 0;

	w->in_place = w->store && whole_file_collapses(&w->out, PLACE(COLUMN_COUNT));
	for (enum column_id c = 0; r == 0 && c < COLUMN_COUNT; c++) {
		w->has[c] = c < COLUMN_REQUIRED || (events && events_column(events, c));
		if (w->has[c])
			r = begin_column(w, c, err);
	}
	w->begun = r == 0;
	return r;
}

static int make_room(struct schedtrace_writer *w, struct block *b, struct schedtrace_error *err)
{
	for (enum column_id c = 0; c < COLUMN_COUNT; c++) {
		if (!w->has[c] || b->columns[c])
			continue;
		b->columns[c] = reallocarray(NULL, w->block_rows, column_types[c].width);
		if (!b->columns[c])
			return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %zu rows",
					 w->block_rows);
	}
	return 0;
}

static int wait_for(struct schedtrace_writer *w, struct block *b, struct schedtrace_error *err)
{
	int r = 0;

	if (!b->busy)
		return 0;
	for (enum column_id c = 0; c < COLUMN_COUNT; c++)
		if (w->has[c])
			pool_wait(w->pool, &b->jobs[c].job);
	b->busy = false;
	b->n = 0;
	pool_lock(w->pool);
	for (enum column_id c = 0; r == 0 && c < COLUMN_COUNT; c++)
		if (w->spools[c].status < 0) {
			r = w->spools[c].status;
			if (err)
				*err = w->spools[c].err;
		}
	pool_unlock(w->pool);
	return r;
}

static int32_t count_events(const struct schedtrace_context *ctx)
{
	int32_t n = SCHEDTRACE_EVENT_COUNT;

	while (schedtrace_context_event_name(ctx, n))
		n++;
	return n;
}

/* Hands the block over and turns to the other one. */
static int flush(struct schedtrace_writer *w, struct schedtrace_error *err)
{
	struct block *b = w->block;
	struct row_limits limits = { .events = count_events(w->ctx),
				     .comms = schedtrace_context_comms(w->ctx),
				     .stacks = INT32_MAX };

	b->busy = true;
	for (enum column_id c = 0; c < COLUMN_COUNT; c++) {
		if (!w->has[c])
			continue;
		b->jobs[c] = (struct spool_job){ .spool = &w->spools[c],
						 .number = w->blocks_done,
						 .first_row = w->rows - b->n,
						 .data = b->columns[c],
						 .n = b->n,
						 .limits = limits };
		spool_submit(&b->jobs[c]);
	}
	w->blocks_done++;
	w->block = &w->blocks[w->blocks_done % BLOCKS];
	return wait_for(w, w->block, err);
}

static int add_rows(struct schedtrace_writer *w, const struct schedtrace_events *events,
		    struct schedtrace_error *err)
{
	int r = 0;

	if (!w->begun)
		r = begin(w, events, err);
	for (enum column_id c = 0; r == 0 && c < COLUMN_COUNT; c++)
		if (w->has[c] != (events_column(events, c) != NULL))
			return error_set(err, SCHEDTRACE_E_USAGE,
					 "rows %s a %s column, those before did%s",
					 w->has[c] ? "without" : "with", column_types[c].name,
					 w->has[c] ? "" : " not");
	for (size_t at = 0, n; r == 0 && at < events->n; at += n) {
		struct block *b = w->block;

		r = make_room(w, b, err);
		if (r < 0)
			break;
		n = w->block_rows - b->n;
		if (n > events->n - at)
			n = events->n - at;
		for (enum column_id c = 0; c < COLUMN_COUNT; c++) {
			size_t width = column_types[c].width;

			if (w->has[c])
				memcpy((char *)b->columns[c] + b->n * width,
				       (const char *)events_column(events, c) + at * width,
				       n * width);
		}
		b->n += n;
		w->rows += n;
		if (b->n == w->block_rows)
			r = flush(w, err);
	}
	return r;
}

int schedtrace_writer_rows(struct schedtrace_writer *w, const struct schedtrace_events *events,
			   struct schedtrace_error *err)
{
	int r;

	if (!is_writer(w) || !events)
		return error_set(err, SCHEDTRACE_E_USAGE, "no writer, or no rows for it");
	if (events->n == 0 && (w->begun || !events->timestamp))
		return 0;
	r = add_rows(w, events, err);
	return r < 0 ? error_prefix(err, r, "%s", w->path) : 0;
}

bool writer_makes_member(const char *name)
{
	static const char *const own[] = { MEMBER_START,	 MEMBER_COMM,
					   MEMBER_TASKS,	 MEMBER_META,
					   MEMBER_INDEX,	 MEMBER_STACK_FRAMES,
					   MEMBER_STACK_OFFSETS, MEMBER_STACK_KERNEL,
					   MEMBER_STACK_SPACES,	 MEMBER_SYMBOLS };

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (strcmp(name, own[i]) == 0)
			return true;
	for (enum column_id c = 0; c < COLUMN_COUNT; c++) {
		size_t n = strlen(column_types[c].name);

		if (strncmp(name, column_types[c].name, n) == 0 && strcmp(name + n, ".npz") == 0)
			return true;
	}
	return false;
}

static int check_name(const char *name, struct schedtrace_error *err)
{
	if (*name && strlen(name) <= MAX_NAME && !strchr(name, '/') && !writer_makes_member(name))
		return 0;
	return error_set(
		err, SCHEDTRACE_E_USAGE,
		"%.120s is no member name for a caller: at most %d bytes, without a slash, "
		"and none that the library writes itself",
		name, MAX_NAME);
}

static struct extra_member *find_extra(const struct schedtrace_writer *w, const char *name)
{
	struct extra_member *m = w->extras;

	while (m && strcmp(m->name, name) != 0)
		m = m->next;
	return m;
}

static void add_extra(struct schedtrace_writer *w, struct extra_member *m)
{
	*w->last_extra = m;
	w->last_extra = &m->next;
}

int schedtrace_writer_member(struct schedtrace_writer *w, const char *name, const void *data,
			     size_t n, struct schedtrace_error *err)
{
	struct extra_member *m;
	int r;

	if (!is_writer(w) || !name || (!data && n > 0))
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "a member needs a writer, a name and data");
	r = check_name(name, err);
	if (r < 0)
		return r;
	if (find_extra(w, name))
		return error_set(err, SCHEDTRACE_E_USAGE, "member %s is there already", name);
	m = calloc(1, sizeof(*m));
	if (m) {
		m->name = strdup(name);
		m->data = malloc(n ? n : 1);
	}
	if (!m || !m->name || !m->data) {
		free_extra(m);
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for member %s", name);
	}
	if (n)
		memcpy(m->data, data, n);
	m->n = n;
	m->crc = deflate_crc(0, data, n);
	add_extra(w, m);
	return 0;
}

static int new_array(struct schedtrace_writer *w, const char *name, const char *type,
		     struct extra_member **out, struct schedtrace_error *err)
{
	struct extra_member *m = calloc(1, sizeof(*m));
	int r = 0;

	if (m) {
		m->name = strdup(name);
		m->array = calloc(1, sizeof(*m->array));
	}
	if (!m || !m->name || !m->array) {
		free_extra(m);
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for member %s", name);
	}
	m->array->fd = -1;
	strcpy(m->array->type, type);
	r = whole_file_spool(&w->out, &m->array->fd, err);
	if (r < 0) {
		free_extra(m);
		return r;
	}
	add_extra(w, m);
	*out = m;
	return 0;
}

static bool is_type(const char *type)
{
	return strlen(type) == 3 && strchr("<|", type[0]) && strchr("iuf", type[1]) &&
	       strchr("1248", type[2]);
}

int schedtrace_writer_array(struct schedtrace_writer *w, const char *name, const char *type,
			    const void *data, size_t n, struct schedtrace_error *err)
{
	struct extra_member *m;
	size_t bytes;
	int r;

	if (!is_writer(w) || !name || !type || (!data && n > 0) || !is_type(type) ||
	    !checked_mul(n, (size_t)(type[2] - '0'), &bytes))
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "an array needs a writer, a name, a type such as <i8, and values");
	r = strlen(name) > 4 && strcmp(name + strlen(name) - 4, ".npy") == 0
		    ? check_name(name, err)
		    : error_set(err, SCHEDTRACE_E_USAGE, "%.120s does not end in .npy", name);
	if (r < 0)
		return r;
	m = find_extra(w, name);
	if (m && (!m->array || strcmp(m->array->type, type) != 0))
		return error_set(err, SCHEDTRACE_E_USAGE, "member %s is there already, and is %s%s",
				 name, m->array ? "of type " : "no array",
				 m->array ? m->array->type : "");
	r = m ? 0 : new_array(w, name, type, &m, err);
	if (r == 0 && n > 0) {
		int errnum = whole_file_pwrite(m->array->fd, data, bytes, m->array->bytes);

		if (errnum)
			r = error_errno(err, SCHEDTRACE_E_IO, errnum, "cannot write a spool file");
		m->crc = deflate_crc(m->crc, data, bytes);
		m->array->n += n;
		m->array->bytes += bytes;
	}
	return r < 0 ? error_prefix(err, r, "%s: %s", w->path, name) : 0;
}

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

static int put_all(struct schedtrace_writer *w, struct schedtrace_error *err)
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

static int finish(struct schedtrace_writer *w, struct schedtrace_error *err)
{
	int r = w->begun ? 0 : begin(w, NULL, err);

	if (r == 0 && w->block->n > 0)
		r = flush(w, err);
	for (int b = 0; r == 0 && b < BLOCKS; b++)
		r = wait_for(w, &w->blocks[b], err);
	return r == 0 ? put_all(w, err) : r;
}

int writer_finish_open(struct schedtrace_writer *w, struct whole_file *out,
		       struct schedtrace_error *err)
{
	int r;

	if (!is_writer(w))
		return error_set(err, SCHEDTRACE_E_USAGE, "no writer");
	r = finish(w, err);
	if (r < 0) {
		error_prefix(err, r, "%s", w->path);
	} else {
		*out = w->out;
		w->out = OUTPUT_NONE;
	}
	schedtrace_writer_free(w);
	return r;
}

int schedtrace_writer_finish(struct schedtrace_writer *w, struct schedtrace_error *err)
{
	int r;

	if (!is_writer(w))
		return error_set(err, SCHEDTRACE_E_USAGE, "no writer");
	r = finish(w, err);
	if (r == 0)
		r = whole_file_commit(&w->out, err);
	if (r < 0)
		error_prefix(err, r, "%s", w->path);
	schedtrace_writer_free(w);
	return r;
}
