/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The members of a tarball about call stacks: numpy arrays, and symbols.json. */
#include <inttypes.h>
#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "base/jsonio.h"
#include "libschedtrace/known_stacks.h"
#include "libschedtrace/tarball/members.h"
#include "libschedtrace/tarball/npy.h"

static const struct stacks *stacks_of(const struct schedtrace_context *ctx)
{
	return context_stacks((struct schedtrace_context *)ctx);
}

static void put_npy(FILE *f, const char *descr, uint64_t count)
{
	uint8_t header[NPY_HEADER_ROOM];

	fwrite(header, 1, npy_write(header, descr, count), f);
}

void members_put_stack_frames(FILE *f, const struct schedtrace_context *ctx)
{
	const struct stacks *s = stacks_of(ctx);

	put_npy(f, "<u8", s->n_frames);
	if (s->n_frames)
		fwrite(s->frames, sizeof(*s->frames), s->n_frames, f);
}

void members_put_stack_offsets(FILE *f, const struct schedtrace_context *ctx)
{
	const struct stacks *s = stacks_of(ctx);

	put_npy(f, "<i8", s->n + 1);
	for (size_t i = 0; i <= s->n; i++) {
		int64_t offset = (int64_t)(i < s->n ? s->entries[i].first : s->n_frames);

		fwrite(&offset, sizeof(offset), 1, f);
	}
}

void members_put_stack_kernel(FILE *f, const struct schedtrace_context *ctx)
{
	const struct stacks *s = stacks_of(ctx);

	put_npy(f, "<i4", s->n);
	for (size_t i = 0; i < s->n; i++)
		fwrite(&s->entries[i].n_kernel, sizeof(int32_t), 1, f);
}

void members_put_stack_spaces(FILE *f, const struct schedtrace_context *ctx)
{
	const struct stacks *s = stacks_of(ctx);

	put_npy(f, "<i4", s->n);
	for (size_t i = 0; i < s->n; i++)
		fwrite(&s->entries[i].space, sizeof(int32_t), 1, f);
}

static void make_key(char key[48], int32_t space, uint64_t address)
{
	if (space)
		snprintf(key, 48, "%" PRId32 ":0x%" PRIx64, space, address);
	else
		snprintf(key, 48, "0x%" PRIx64, address);
}

void members_put_symbols(FILE *f, const struct schedtrace_context *ctx)
{
	const struct stacks *s = stacks_of(ctx);

	fputc('{', f);
	for (size_t i = 0; i < s->n_symbols; i++) {
		char key[48];

		make_key(key, s->symbols[i].space, s->symbols[i].address);
		fprintf(f, "%s\n\"%s\": ", i ? "," : "", key);
		jsonio_put_bytes(f, s->names.names[s->symbols[i].name]);
	}
	fputs("\n}\n", f);
}

/* An array of exactly @kind and @width, as we write it; *data is not aligned. */
static int get_array(const struct member_bytes *m, const char *name, char kind, unsigned int width,
		     const char **data, uint64_t *count, struct schedtrace_error *err)
{
	struct npy_header npy;
	int r = npy_parse(&npy, (const uint8_t *)m->data,
			  m->n < NPY_MAX_HEADER ? m->n : NPY_MAX_HEADER, err);
	uint64_t bytes;

	if (r < 0)
		return error_prefix(err, r, "%s", name);
	if (npy.kind != kind || npy.width != width || npy.big_endian)
		return error_set(err, SCHEDTRACE_E_UNSUPPORTED, "%s: type %s, not <%c%u", name,
				 npy.descr, kind, width);
	if (!checked_mul(npy.count, width, &bytes) || bytes != m->n - npy.data)
		return error_set(err, SCHEDTRACE_E_FORMAT,
				 "%s: %" PRIu64 " values do not fill its %zu bytes", name,
				 npy.count, m->n);
	*data = m->data + npy.data;
	*count = npy.count;
	return 0;
}

/* Optional arrays of a value a stack: the kernel's frames and address spaces. */
static int get_per_stack(const struct member_bytes *m, const char *name, uint64_t n,
			 const char **data, struct schedtrace_error *err)
{
	uint64_t count;
	int r;

	*data = NULL;
	if (!m->data)
		return 0;
	r = get_array(m, name, 'i', 4, data, &count, err);
	if (r == 0 && count != n)
		return error_set(err, SCHEDTRACE_E_FORMAT,
				 "%s: %" PRIu64 " values for %" PRIu64 " call stacks", name, count,
				 n);
	return r;
}

static int32_t int32_at(const char *data, uint64_t i)
{
	int32_t value;

	memcpy(&value, data + i * sizeof(value), sizeof(value));
	return value;
}

static int64_t int64_at(const char *data, uint64_t i)
{
	int64_t value;

	memcpy(&value, data + i * sizeof(value), sizeof(value));
	return value;
}

static int get_stacks(struct stacks *into, const struct stack_members *m,
		      struct schedtrace_error *err)
{
	const char *offsets, *frames, *kernel, *spaces;
	uint64_t n, n_frames;
	int r;

	if (!m->frames.data)
		return error_set(err, SCHEDTRACE_E_FORMAT, "no member " MEMBER_STACK_FRAMES);
	if ((r = get_array(&m->offsets, MEMBER_STACK_OFFSETS, 'i', 8, &offsets, &n, err)) < 0 ||
	    (r = get_array(&m->frames, MEMBER_STACK_FRAMES, 'u', 8, &frames, &n_frames, err)) < 0)
		return r;
	n--; /* the last offset is the end */
	if ((r = get_per_stack(&m->kernel, MEMBER_STACK_KERNEL, n, &kernel, err)) < 0 ||
	    (r = get_per_stack(&m->spaces, MEMBER_STACK_SPACES, n, &spaces, err)) < 0)
		return r;
	for (uint64_t i = 0; i < n; i++) {
		int64_t begin = int64_at(offsets, i), end = int64_at(offsets, i + 1);
		int32_t n_kernel = kernel ? int32_at(kernel, i) : INT32_MAX;
		int32_t space = spaces ? int32_at(spaces, i) : 0;
		uint64_t stack[STACKS_MAX_FRAMES];
		int32_t id;

		if (begin < 0 || end < begin || (uint64_t)end > n_frames ||
		    end - begin > STACKS_MAX_FRAMES)
			return error_set(err, SCHEDTRACE_E_FORMAT,
					 MEMBER_STACK_OFFSETS ": stack %" PRIu64
							      " goes from frame %" PRId64
							      " to %" PRId64 " of %" PRIu64,
					 i, begin, end, n_frames);
		if (!kernel)
			n_kernel = (int32_t)(end - begin);
		if (n_kernel < 0 || n_kernel > end - begin || space < 0)
			return error_set(err, SCHEDTRACE_E_FORMAT,
					 "stack %" PRIu64 " has %d kernel frames of %" PRId64
					 " and address space %d",
					 i, n_kernel, end - begin, space);
		memcpy(stack, frames + 8 * begin, 8 * (size_t)(end - begin));
		id = stacks_add(into, stack, (uint32_t)(end - begin), (uint32_t)n_kernel, space);
		if (id < 0)
			return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for call stacks");
		if ((uint64_t)id != i)
			return error_set(err, SCHEDTRACE_E_FORMAT,
					 "call stacks %d and %" PRIu64 " are the same", id, i);
	}
	return 0;
}

static int get_symbol(struct stacks *into, const char *key, const json_t *value,
		      struct schedtrace_error *err)
{
	const char *colon = strchr(key, ':');
	const char *hex = colon ? colon + 1 : key;
	char *end, *space_end = (char *)colon;
	long space = colon ? strtol(key, &space_end, 10) : 0;
	uint64_t address = strtoull(hex, &end, 16);
	char *name;
	int r;

	if (!json_is_string(value) || strncmp(hex, "0x", 2) != 0 || *end || end == hex + 2 ||
	    space_end != colon || space < 0 || space > INT32_MAX)
		return error_set(err, SCHEDTRACE_E_FORMAT, "\"%.64s\" is no address with a name",
				 key);
	name = jsonio_get_bytes(json_string_value(value));
	r = name ? stacks_set_symbol(into, (int32_t)space, address, name) : -1;
	free(name);
	return r < 0 ? error_set(err, SCHEDTRACE_E_NOMEM, "no memory for symbols") : 0;
}

static int get_symbols(struct stacks *into, const struct member_bytes *m,
		       struct schedtrace_error *err)
{
	const char *key;
	json_t *object, *value;
	int r;

	if (!m->data)
		return 0;
	r = jsonio_parse(&object, m->data, m->n, err);
	if (r < 0)
		return r;
	if (!json_is_object(object))
		r = error_set(err, SCHEDTRACE_E_FORMAT, "not an object of addresses and names");
	json_object_foreach(object, key, value)
	{
		if (r == 0)
			r = get_symbol(into, key, value, err);
	}
	json_decref(object);
	return r;
}

int members_get_stacks(struct stacks *into, const struct stack_members *members,
		       struct schedtrace_error *err)
{
	int r = get_stacks(into, members, err);

	if (r < 0)
		return r;
	r = get_symbols(into, &members->symbols, err);
	return r < 0 ? error_prefix(err, r, MEMBER_SYMBOLS) : 0;
}
