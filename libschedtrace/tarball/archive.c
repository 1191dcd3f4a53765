/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libschedtrace/tarball/archive.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/error.h"
#include "base/jsonio.h"
#include "base/mem.h"
#include "libschedtrace/context.h"
#include "libschedtrace/known_stacks.h"
#include "libschedtrace/tarball/tar.h"

#define BLOCK_ROWS     262144
#define MAX_BLOCK_ROWS (1 << 24)
#define MAX_START      ((uint64_t)1 << 20)

/* Members with a meaning, after the columns. */
enum text_id { TEXT_START, TEXT_COMM, TEXT_META, TEXT_INDEX, TEXT_COUNT };

static const char *const text_names[TEXT_COUNT] = {
	MEMBER_START,
	MEMBER_COMM,
	MEMBER_META,
	MEMBER_INDEX,
};

static const char *const later_names[LATER_MEMBERS] = {
	[LATER_STACK_OFFSETS] = MEMBER_STACK_OFFSETS, [LATER_STACK_FRAMES] = MEMBER_STACK_FRAMES,
	[LATER_STACK_KERNEL] = MEMBER_STACK_KERNEL,   [LATER_STACK_SPACES] = MEMBER_STACK_SPACES,
	[LATER_STACK_SYMBOLS] = MEMBER_SYMBOLS,	      [LATER_TASKS] = MEMBER_TASKS,
};

struct opening {
	struct archive *a;
	struct schedtrace_context *ctx;
	const struct schedtrace_open_options *options;
	struct member_place columns[COLUMN_COUNT], texts[TEXT_COUNT];
	json_t *index; /* NULL: none */
	int32_t stacks;
};

static void note(const struct opening *o, const char *fmt, ...) SCHEDTRACE_PRINTF(2, 3);

static void note(const struct opening *o, const char *fmt, ...)
{
	struct schedtrace_error text;
	char raw[SCHEDTRACE_ERROR_SIZE];
	va_list args;

	if (!o->options->note)
		return;
	va_start(args, fmt);
	vsnprintf(raw, sizeof(raw), fmt, args);
	va_end(args);
	error_set(&text, 0, "%s: %s", o->a->path, raw); /* makes it printable */
	o->options->note(o->options->user, text.text);
}

static struct member_place *find_place(struct opening *o, const char *name)
{
	for (enum column_id c = 0; c < COLUMN_COUNT; c++) {
		size_t n = strlen(column_types[c].name);

		if (strncmp(name, column_types[c].name, n) == 0 && strcmp(name + n, ".npz") == 0)
			return &o->columns[c];
	}
	for (int i = 0; i < TEXT_COUNT; i++)
		if (strcmp(name, text_names[i]) == 0)
			return &o->texts[i];
	for (int i = 0; i < LATER_MEMBERS; i++)
		if (strcmp(name, later_names[i]) == 0)
			return &o->a->later[i];
	return NULL;
}

static bool is_column(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && strcmp(name + n - 4, ".npz") == 0;
}

static int take_member(void *user, const struct tar_member *member, struct schedtrace_error *err)
{
	struct opening *o = user;
	struct member_place *place = find_place(o, member->name);

	if (!place) {
		/* Others may hold anything, for schedtrace_member_read(). */
		if (member->regular && is_column(member->name))
			note(o, "member %s is none that the library reads", member->path);
		return 0;
	}
	if (!member->regular)
		return error_set(err, SCHEDTRACE_E_FORMAT, "%s is no regular member", member->path);
	if (place->present)
		return error_set(err, SCHEDTRACE_E_FORMAT, "two members are named %s",
				 member->name);
	place->present = true;
	place->offset = member->offset;
	place->size = member->size;
	return 0;
}

/* What people try to open by mistake. */
static int check_kind(const struct byte_input *in, struct schedtrace_error *err)
{
	uint8_t first[10] = { 0 };
	int r;

	if (in->size == 0)
		return error_set(err, SCHEDTRACE_E_FORMAT, "is empty");
	r = byte_input_read(in, 0, first,
			    in->size < sizeof(first) ? (size_t)in->size : sizeof(first), err);
	if (r < 0)
		return r;
	if (memcmp(first, "\x1f\x8b", 2) == 0)
		return error_set(err, SCHEDTRACE_E_FORMAT,
				 "compressed by gzip, but a SchedLog tarball is not: gunzip it");
	if (memcmp(first, "PK\x03\x04", 4) == 0)
		return error_set(err, SCHEDTRACE_E_FORMAT, "a zip, not a tar of .npz members");
	if (memcmp(first, "\x17\x08\x44tracing", 10) == 0)
		return error_set(err, SCHEDTRACE_E_FORMAT,
				 "a trace.dat, not a tarball: convert it with schedconv");
	return 0;
}

static int check_members(const struct opening *o, struct schedtrace_error *err)
{
	for (enum column_id c = 0; c < COLUMN_REQUIRED; c++)
		if (!o->columns[c].present)
			return error_set(err, SCHEDTRACE_E_FORMAT,
					 "no member %s.npz: not a SchedLog tarball",
					 column_types[c].name);
	if (o->texts[TEXT_START].present || o->options->default_ids)
		return 0;
	return error_set(err, SCHEDTRACE_E_FORMAT,
			 "no member " MEMBER_START " to name the events: if the ids are SchedLog's "
			 "own 0 to 17, open it with default ids");
}

int archive_check_crc(const struct archive *a, const char *name, uint32_t crc,
		      struct schedtrace_error *err)
{
	const json_t *told = json_object_get(a->crcs, name);

	if (!told || (json_is_integer(told) && json_integer_value(told) == crc))
		return 0;
	return error_set(err, SCHEDTRACE_E_FORMAT,
			 "its checksum is not that of " MEMBER_INDEX
			 ": damaged, or edited without removing the checksum there");
}

/* A member as a string; NULL when it is not there. */
static int read_text(const struct opening *o, enum text_id id, uint64_t max, char **out, size_t *n,
		     struct schedtrace_error *err)
{
	const struct member_place *place = &o->texts[id];
	auto_free char *text = NULL;
	int r;

	*out = NULL;
	if (!place->present)
		return 0;
	if (o->a->max_bytes && max > o->a->max_bytes)
		max = o->a->max_bytes;
	if (place->size > max)
		return error_set(err, SCHEDTRACE_E_LIMIT, "%llu bytes, at most %llu are read",
				 (unsigned long long)place->size, (unsigned long long)max);
	*n = (size_t)place->size;
	text = malloc(*n + 1);
	if (!text)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %zu bytes", *n);
	r = byte_input_read(&o->a->in, place->offset, text, *n, err);
	if (r == 0)
		r = archive_check_crc(o->a, text_names[id], deflate_crc(0, text, *n), err);
	if (r < 0)
		return r;
	text[*n] = '\0';
	*out = steal_ptr(text);
	return 0;
}

static int open_index(struct opening *o, struct schedtrace_error *err)
{
	auto_free char *text = NULL;
	size_t n;
	int r = read_text(o, TEXT_INDEX, JSONIO_MAX_BYTES, &text, &n, err);

	if (r == 0 && text)
		r = jsonio_parse(&o->index, text, n, err);
	o->a->crcs = json_incref(json_object_get(o->index, "crc32"));
	return r;
}

static int open_start(struct opening *o, struct schedtrace_error *err)
{
	auto_free char *text = NULL;
	size_t n;
	int r = read_text(o, TEXT_START, MAX_START, &text, &n, err);

	if (r < 0)
		return r;
	return text ? members_get_start(&o->a->events, o->ctx, text, n, err)
		    : members_default_start(&o->a->events, err);
}

static int open_comm(struct opening *o, struct schedtrace_error *err)
{
	auto_free char *text = NULL;
	size_t n;
	int r = read_text(o, TEXT_COMM, JSONIO_MAX_BYTES, &text, &n, err);

	return r == 0 && text ? members_get_comm(&o->a->comms, o->ctx, text, n, err) : r;
}

static int open_meta(struct opening *o, struct schedtrace_error *err)
{
	auto_free char *text = NULL;
	size_t n;
	int r = read_text(o, TEXT_META, JSONIO_MAX_BYTES, &text, &n, err);

	return r == 0 && text ? members_get_meta(o->ctx, text, n, err) : r;
}

static int read_later(struct archive *a, enum later_member id, struct member_bytes *out,
		      char **owner, struct schedtrace_error *err)
{
	const struct member_place *place = &a->later[id];
	uint64_t max = a->max_bytes ? a->max_bytes : 4 * JSONIO_MAX_BYTES;
	int r;

	if (!place->present)
		return 0;
	if (place->size > max)
		return error_set(err, SCHEDTRACE_E_LIMIT, "%llu bytes, at most %llu are read",
				 (unsigned long long)place->size, (unsigned long long)max);
	out->n = (size_t)place->size;
	*owner = malloc(out->n + 1);
	if (!*owner)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %zu bytes", out->n);
	r = byte_input_read(&a->in, place->offset, *owner, out->n, err);
	if (r == 0)
		r = archive_check_crc(a, later_names[id], deflate_crc(0, *owner, out->n), err);
	if (r < 0)
		return r;
	(*owner)[out->n] = '\0';
	out->data = *owner;
	return 0;
}

static int load_tasks(void *user, struct schedtrace_context *ctx, struct schedtrace_error *err)
{
	struct archive *a = user;
	struct member_bytes text = { 0 };
	auto_free char *owner = NULL;
	int r = read_later(a, LATER_TASKS, &text, &owner, err);

	if (r == 0)
		r = members_get_tasks(ctx, text.data, text.n, err);
	return r < 0 ? error_prefix(err, r, "%s: " MEMBER_TASKS, a->path) : 0;
}

static int load_stacks(void *user, struct stacks *into, struct schedtrace_error *err)
{
	char *owners[LATER_STACK_MEMBERS] = { NULL };
	struct stack_members m = { 0 };
	struct member_bytes *parts[LATER_STACK_MEMBERS] = {
		[LATER_STACK_OFFSETS] = &m.offsets, [LATER_STACK_FRAMES] = &m.frames,
		[LATER_STACK_KERNEL] = &m.kernel,   [LATER_STACK_SPACES] = &m.spaces,
		[LATER_STACK_SYMBOLS] = &m.symbols,
	};
	struct archive *a = user;
	int r = 0;

	for (int i = 0; r == 0 && i < LATER_STACK_MEMBERS; i++) {
		r = read_later(a, (enum later_member)i, parts[i], &owners[i], err);
		if (r < 0)
			error_prefix(err, r, "%s", later_names[i]);
	}
	if (r == 0)
		r = members_get_stacks(into, &m, err);
	for (int i = 0; i < LATER_STACK_MEMBERS; i++)
		free(owners[i]);
	return r < 0 ? error_prefix(err, r, "%s", a->path) : 0;
}

/* Only how many call stacks there are; they are read when one is asked for. */
static int open_stacks(struct opening *o, struct schedtrace_error *err)
{
	const struct member_place *place = &o->a->later[LATER_STACK_OFFSETS];
	auto_free uint8_t *header = NULL;
	struct npy_header npy;
	size_t n;
	int r;

	if (!place->present)
		return 0;
	n = place->size < NPY_MAX_HEADER ? (size_t)place->size : NPY_MAX_HEADER;
	header = malloc(n + 1);
	if (!header)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a header");
	r = byte_input_read(&o->a->in, place->offset, header, n, err);
	if (r == 0)
		r = npy_parse(&npy, header, n, err);
	if (r < 0)
		return error_prefix(err, r, MEMBER_STACK_OFFSETS);
	if (npy.count == 0 || npy.count > INT32_MAX ||
	    npy.count * npy.width != place->size - npy.data)
		return error_set(err, SCHEDTRACE_E_FORMAT,
				 MEMBER_STACK_OFFSETS ": %llu values do not fill its %llu bytes",
				 (unsigned long long)npy.count, (unsigned long long)place->size);
	o->stacks = (int32_t)npy.count - 1;
	context_load_stacks_later(o->ctx, o->stacks, load_stacks, o->a);
	return 0;
}

/* What is read when it is asked for. */
static int open_later(struct opening *o, struct schedtrace_error *err)
{
	if (o->a->later[LATER_TASKS].present)
		context_load_tasks_later(o->ctx, load_tasks, o->a);
	return open_stacks(o, err);
}

static int open_texts(struct opening *o, struct schedtrace_error *err)
{
	static const struct {
		enum text_id id;
		int (*open)(struct opening *o, struct schedtrace_error *err);
	} steps[] = {
		{ TEXT_INDEX, open_index },
		{ TEXT_META, open_meta },
		{ TEXT_START, open_start },
		{ TEXT_COMM, open_comm },
	};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		int r = steps[i].open(o, err);

		if (r < 0)
			return error_prefix(err, r, "%s", text_names[steps[i].id]);
	}
	return open_later(o, err);
}

static int open_columns(struct opening *o, uint64_t *rows, struct schedtrace_error *err)
{
	struct column *columns = o->a->columns;

	if (o->columns[COLUMN_COMM].present && !o->texts[TEXT_COMM].present) {
		note(o, "comm.npz is ignored: there is no " MEMBER_COMM " to name its ids");
		o->columns[COLUMN_COMM].present = false;
	}
	if (o->columns[COLUMN_STACK].present && !o->a->later[LATER_STACK_OFFSETS].present) {
		note(o, "stack.npz is ignored: there is no stack_offsets.npy");
		o->columns[COLUMN_STACK].present = false;
	}
	for (enum column_id c = 0; c < COLUMN_COUNT; c++) {
		const char *name = column_types[c].name;
		int r;

		if (!o->columns[c].present)
			continue;
		r = column_open(&columns[c], c, &o->a->in, o->columns[c].offset, o->columns[c].size,
				err);
		if (r < 0)
			return error_prefix(err, r, "%s.npz", name);
		if (columns[c].npy.count != columns[COLUMN_TIMESTAMP].npy.count)
			return error_set(err, SCHEDTRACE_E_FORMAT,
					 "%s.npz has %llu rows, timestamp.npz has %llu", name,
					 (unsigned long long)columns[c].npy.count,
					 (unsigned long long)columns[COLUMN_TIMESTAMP].npy.count);
		columns[c].limits = (struct row_limits){ .events = INT32_MAX,
							 .comms = INT32_MAX,
							 .stacks = o->stacks };
	}
	*rows = columns[COLUMN_TIMESTAMP].npy.count;
	return 0;
}

static int take_offsets(struct column *column, const json_t *list, uint64_t block_rows)
{
	size_t n = json_array_size(list);
	auto_free uint64_t *offsets = calloc(n + 1, sizeof(*offsets));

	if (!offsets)
		return SCHEDTRACE_E_NOMEM;
	for (size_t i = 0; i < n; i++) {
		const json_t *value = json_array_get(list, i);

		if (!json_is_integer(value) || json_integer_value(value) < 0)
			return SCHEDTRACE_E_FORMAT;
		offsets[i] = (uint64_t)json_integer_value(value);
	}
	if (n == 0 || column_set_offsets(column, offsets, n, block_rows) < 0)
		return SCHEDTRACE_E_FORMAT;
	steal_ptr(offsets);
	return 0;
}

/* Where blocks begin. Without it deflated columns are read from their begin. */
static int use_index(struct opening *o, struct schedtrace_error *err)
{
	const json_t *offsets = json_object_get(o->index, "offsets");
	int64_t block_rows = 0;
	int r;

	o->a->block_rows = BLOCK_ROWS;
	o->a->least_rows = 1;
	if (!offsets)
		return 0;
	r = jsonio_int(o->index, "rows_per_block", 1, MAX_BLOCK_ROWS, &block_rows, err);
	if (r < 0)
		return r;
	if (!block_rows)
		return error_set(err, SCHEDTRACE_E_FORMAT, "offsets without rows_per_block");
	/* Whole blocks at a time, and enough of them. */
	o->a->least_rows = (uint64_t)block_rows;
	o->a->block_rows =
		(uint64_t)(BLOCK_ROWS / block_rows > 0 ? BLOCK_ROWS / block_rows * block_rows
						       : block_rows);
	for (enum column_id c = 0; c < COLUMN_COUNT; c++) {
		const json_t *list = json_object_get(offsets, column_types[c].name);

		if (!list || !o->a->columns[c].present)
			continue;
		r = take_offsets(&o->a->columns[c], list, (uint64_t)block_rows);
		if (r == SCHEDTRACE_E_NOMEM)
			return error_set(err, r, "no memory for block offsets");
		if (r < 0)
			return error_set(err, r, "offsets of %s do not fit its member",
					 column_types[c].name);
	}
	return 0;
}

static int open_all(struct opening *o, uint64_t *rows, struct schedtrace_error *err)
{
	struct archive *a = o->a;
	int r = check_kind(&a->in, err);

	if (r == 0)
		r = tar_scan(&a->in, take_member, o, err);
	if (r == 0)
		r = check_members(o, err);
	if (r == 0)
		r = open_texts(o, err);
	if (r == 0)
		r = open_columns(o, rows, err);
	if (r < 0)
		return r;
	r = use_index(o, err);
	if (r < 0)
		return error_prefix(err, r, MEMBER_INDEX);
	a->columns[COLUMN_EVENT].map = &a->events;
	a->columns[COLUMN_COMM].map = &a->comms;
	/* Ids that are translated have names; those that are not are checked. */
	if (a->events.identity)
		a->columns[COLUMN_EVENT].limits.events = a->events.n;
	if (a->comms.identity)
		a->columns[COLUMN_COMM].limits.comms = a->comms.n - 1;
	return 0;
}

int archive_open(struct archive **out, struct byte_input *in, const char *path,
		 const struct schedtrace_open_options *options, struct schedtrace_context **ctx,
		 uint64_t *rows, struct schedtrace_error *err)
{
	struct opening o = { .options = options };
	int r;

	o.a = calloc(1, sizeof(*o.a));
	if (!o.a) {
		if (!in->memory)
			close(in->fd);
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a trace");
	}
	o.a->in = *in;
	o.a->threads = options->threads;
	o.a->max_bytes = options->max_bytes;
	o.a->path = strdup(path);
	r = o.a->path ? schedtrace_context_new(&o.ctx, err)
		      : error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a path");
	if (r == 0)
		r = open_all(&o, rows, err);
	json_decref(o.index);
	if (r < 0) {
		schedtrace_context_free(o.ctx);
		archive_close(o.a);
		return r;
	}
	*out = o.a;
	*ctx = o.ctx;
	return 0;
}

void archive_close(struct archive *a)
{
	if (!a)
		return;
	if (a->map)
		munmap((void *)a->map, (size_t)a->in.size);
	if (!a->in.memory && a->in.fd >= 0)
		close(a->in.fd);
	for (enum column_id c = 0; c < COLUMN_COUNT; c++)
		column_close(&a->columns[c]);
	id_map_free(&a->events);
	id_map_free(&a->comms);
	json_decref(a->crcs);
	free(a->path);
	free(a);
}
