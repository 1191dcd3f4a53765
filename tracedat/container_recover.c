/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A cut file of version 7 has lost its end, where the option stands that says which bytes are
 * whose. The sections before it follow each other, so the pages are found again: in a compressed
 * section by walking the chunks, in a plain one by where time starts over for the next CPU.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "tracedat/container.h"

struct section_head {
	uint16_t id, flags;
	uint32_t name;
	uint64_t size;
};

struct found {
	struct cpu_data *list;
	size_t n;
};

static int add(struct found *f, uint64_t offset, uint64_t size, struct schedtrace_error *err)
{
	struct cpu_data *list = reallocarray(f->list, f->n + 1, sizeof(*list));

	if (!list)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for recovered CPUs");
	f->list = list;
	f->list[f->n] = (struct cpu_data){ (int32_t)f->n, offset, size };
	f->n++;
	return 0;
}

/* The end of the chunks that begin at @offset, as far as they are there. */
static int walk_chunks(const struct container *c, uint64_t offset, uint64_t end, uint64_t *out,
		       struct schedtrace_error *err)
{
	uint32_t count = 0, i;
	int r;

	*out = end;
	if (end - offset < 4)
		return 0;
	r = container_pread(c, &count, 4, offset, err);
	offset += 4;
	for (i = 0; r == 0 && i < count; i++) {
		uint32_t head[2];

		if (end - offset < sizeof(head))
			return 0;
		r = container_pread(c, head, sizeof(head), offset, err);
		if (r < 0 || head[0] > end - offset - sizeof(head))
			return r;
		offset += sizeof(head) + head[0];
	}
	*out = offset;
	return r;
}

static int find_compressed(const struct container *c, uint64_t at, uint64_t end, struct found *f,
			   struct schedtrace_error *err)
{
	while (at < end && f->n < LIMIT_CPUS) {
		uint64_t next;
		int r = walk_chunks(c, at, end, &next, err);

		/* Sizes leave out the 4 bytes of the number of chunks. */
		if (r == 0 && next - at > 4)
			r = add(f, at, next - at - 4, err);
		if (r < 0)
			return r;
		at = (next + c->page_size - 1) / c->page_size * c->page_size;
	}
	return 0;
}

static int find_plain(const struct container *c, uint64_t at, uint64_t end, struct found *f,
		      struct schedtrace_error *err)
{
	uint64_t begin = at, last = 0, stamp = 0;
	int r = 0;

	for (; r == 0 && at < end && end - at >= 16 && f->n < LIMIT_CPUS; at += c->page_size) {
		r = container_pread(c, &stamp, sizeof(stamp), at, err);
		if (r == 0 && stamp < last) {
			r = add(f, begin, at - begin, err);
			begin = at;
		}
		last = stamp;
	}
	if (r == 0 && begin < end && end - begin >= 16)
		r = add(f, begin, end - begin, err);
	return r;
}

static int recover_buffer(struct container *c, uint64_t at, const struct section_head *h,
			  struct schedtrace_error *err)
{
	struct found f = { NULL, 0 };
	uint64_t claimed, end;
	struct file_instance *in;
	int r;

	if (!checked_add(at, h->size, &claimed) || claimed > INT64_MAX)
		claimed = INT64_MAX;
	end = claimed < c->size ? claimed : c->size;
	at = (at + c->page_size - 1) / c->page_size * c->page_size;
	if (at >= end)
		return 0;
	r = h->flags & 1 ? find_compressed(c, at, end, &f, err) : find_plain(c, at, end, &f, err);
	if (r == 0 && f.n) {
		f.list[f.n - 1].size += claimed - end; /* shows that it is cut */
		in = container_add_instance(c, c->n_instances ? "recovered" : "", f.n);
		if (!in) {
			r = error_set(err, SCHEDTRACE_E_NOMEM, "no memory for recovered CPUs");
		} else {
			in->compressed = h->flags & 1;
			memcpy(in->cpus, f.list, f.n * sizeof(*f.list));
		}
	}
	free(f.list);
	return r;
}

int container_recover_v7(struct container *c, uint64_t offset, struct schedtrace_error *err)
{
	struct section_head h;
	int r = 0;

	if (c->page_size < 256 || c->page_size > 16u << 20)
		return 0;
	while (r == 0 && checked_range(offset, sizeof(h), c->size)) {
		r = container_pread(c, &h, sizeof(h), offset, err);
		if (r == 0 && h.id == OPTION_BUFFER)
			r = recover_buffer(c, offset + sizeof(h), &h, err);
		if (!h.size || !checked_add(offset + sizeof(h), h.size, &offset))
			break;
	}
	return r;
}
