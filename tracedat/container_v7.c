/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Version 7: sections anywhere in the file, found through options, which stand in a chain of
 * sections of their own. A section may be compressed as one block; pages are compressed in
 * chunks, which the stream of a CPU reads.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "base/mem.h"
#include "tracedat/container.h"

#define LIMIT_OPTION_SECTIONS 1024

struct section {
	struct cursor cur;
	uint8_t *memory; /* decompressed, or NULL */
	uint64_t size;	 /* in the file */
	bool compressed;
};

static int inflate_section(struct container *c, struct section *s, uint64_t offset,
			   struct schedtrace_error *err)
{
	struct text in = { NULL, 0 };
	void *context = NULL;
	uint32_t packed = 0, size = 0;
	int r = cursor_u32(&s->cur, &packed, "compressed size of a section", err);

	if (r == 0)
		r = cursor_u32(&s->cur, &size, "size of a section", err);
	if (r == 0 && size > LIMIT_TEXT)
		r = error_set(err, SCHEDTRACE_E_LIMIT,
			      "claims %u bytes from %u compressed ones, the limit is %u", size,
			      packed, LIMIT_TEXT);
	if (r == 0 && size > 1u << 20 && size / 1000 > packed)
		r = error_set(err, SCHEDTRACE_E_LIMIT,
			      "claims %u bytes from %u compressed ones, a ratio above 1000", size,
			      packed);
	if (r == 0)
		r = cursor_text(&s->cur, &in, packed, LIMIT_TEXT, "compressed section", err);
	if (r == 0) {
		s->memory = malloc((size_t)size + 1);
		if (!s->memory)
			r = error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %u bytes", size);
	}
	if (r == 0)
		r = codec_decompress(c->codec, &context, (const uint8_t *)in.bytes, packed,
				     s->memory, size, err);
	codec_free(context);
	free(in.bytes);
	s->cur = (struct cursor){ .c = c, .memory = s->memory, .base = offset, .end = size };
	return r;
}

/* Leaves @s to be released by the caller, also after a failure. */
static int open_section(struct container *c, struct section *s, uint16_t expected, uint64_t offset,
			bool pages, struct schedtrace_error *err)
{
	uint16_t id = 0, flags = 0;
	uint32_t name = 0;
	uint64_t size = 0;
	int r;

	*s = (struct section){ .cur = { .c = c, .at = offset, .end = c->size } };
	if (offset >= c->size)
		return error_set(err, SCHEDTRACE_E_FORMAT,
				 "a section is due at byte %" PRIu64
				 ", the file ends at byte %" PRIu64 ": file is cut",
				 offset, c->size);
	r = cursor_u16(&s->cur, &id, "its id", err);
	if (r == 0)
		r = cursor_u16(&s->cur, &flags, "flags of a section", err);
	if (r == 0)
		r = cursor_u32(&s->cur, &name, "name of a section", err);
	if (r == 0)
		r = cursor_u64(&s->cur, &size, "size of a section", err);
	if (r == 0 && id != expected)
		r = error_set(err, SCHEDTRACE_E_FORMAT, "has id %u, expected %u", id, expected);
	if (r == 0 && flags & ~1)
		r = error_set(err, SCHEDTRACE_E_UNSUPPORTED, "has unknown flags %#x", flags);
	s->compressed = flags & 1;
	s->size = size;
	if (r == 0 && s->compressed && !pages)
		r = inflate_section(c, s, offset, err);
	if (r < 0)
		return error_prefix(err, r, "section at byte %" PRIu64, offset);
	return 0;
}

static int buffer_option(struct container *c, const struct text *data, struct schedtrace_error *err)
{
	struct cursor cur = { .c = c, .memory = (const uint8_t *)data->bytes, .end = data->n };
	auto_free char *name = NULL;
	auto_free char *clock = NULL;
	struct section s;
	struct file_instance *in;
	uint64_t offset = 0;
	uint32_t page_size = 0, n = 0, i, cpu = 0;
	int r;

	r = cursor_u64(&cur, &offset, "offset of a buffer", err);
	if (r == 0)
		r = cursor_string(&cur, &name, 4096, "name of a buffer", err);
	if (r == 0)
		r = cursor_string(&cur, &clock, 4096, "clock of a buffer", err);
	if (r == 0)
		r = cursor_u32(&cur, &page_size, "page size of a buffer", err);
	if (r == 0)
		r = cursor_u32(&cur, &n, "number of CPUs of a buffer", err);
	if (r < 0)
		return r;
	if (n > LIMIT_CPUS)
		return error_set(err, SCHEDTRACE_E_LIMIT, "%u CPUs claimed, the limit is %u", n,
				 LIMIT_CPUS);
	for (i = 0; i < c->n_instances; i++)
		if (!strcmp(c->instances[i].name, name))
			return error_set(err, SCHEDTRACE_E_FORMAT, "two buffers are named \"%s\"",
					 name);
	in = container_add_instance(c, name, n);
	if (!in)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %u CPUs", n);
	in->page_size = page_size;
	in->clock = container_clock_name(clock);
	for (i = 0; i < n; i++) {
		struct cpu_data *d = &in->cpus[i];

		r = cursor_u32(&cur, &cpu, "CPU of a buffer", err);
		if (r == 0)
			r = cursor_u64(&cur, &d->offset, "offset of a CPU's data", err);
		if (r == 0)
			r = cursor_u64(&cur, &d->size, "size of a CPU's data", err);
		if (r < 0)
			return r;
		if (cpu >= LIMIT_CPUS)
			return error_set(err, SCHEDTRACE_E_LIMIT, "CPU %u claimed, the limit is %u",
					 cpu, LIMIT_CPUS);
		d->cpu = (int32_t)cpu;
		if (d->size && !checked_add(d->offset, d->size, &(uint64_t){ 0 }))
			return error_set(err, SCHEDTRACE_E_FORMAT,
					 "CPU %u: %" PRIu64 " bytes at byte %" PRIu64
					 " cannot be in any file",
					 cpu, d->size, d->offset);
	}
	r = open_section(c, &s, OPTION_BUFFER, offset, true, err);
	in->compressed = s.compressed;
	in->begin = s.cur.at;
	if (r == 0 && !checked_add(s.cur.at, s.size, &in->end))
		r = error_set(err, SCHEDTRACE_E_FORMAT, "its section claims %" PRIu64 " bytes",
			      s.size);
	return r;
}

/* An option whose data is the offset of a section. */
static int section_option(struct container *c, uint16_t id, const struct text *data,
			  struct schedtrace_error *err)
{
	int (*read)(struct container *, struct cursor *, struct schedtrace_error *) =
		id == OPTION_HEADER_INFO     ? container_header_info
		: id == OPTION_FTRACE_EVENTS ? container_ftrace_formats
		: id == OPTION_EVENT_FORMATS ? container_event_formats
		: id == OPTION_KALLSYMS	     ? container_kallsyms
		: id == OPTION_CMDLINES	     ? container_cmdlines
					     : NULL;
	struct section s;
	uint64_t offset;
	int r;

	if (!read)
		return 0;
	if (c->sections_seen & 1u << id)
		return error_set(err, SCHEDTRACE_E_FORMAT, "names a second section %u", id);
	c->sections_seen |= 1u << id;
	if (data->n < 8)
		return error_set(err, SCHEDTRACE_E_FORMAT, "has %zu bytes, needs 8", data->n);
	memcpy(&offset, data->bytes, 8);
	r = open_section(c, &s, id, offset, false, err);
	if (r == 0)
		r = read(c, &s.cur, err);
	free(s.memory);
	return r;
}

/* Sets *next to the offset of the next options section, 0 at the end of the chain. */
static int read_options(struct container *c, uint64_t offset, uint64_t *next,
			struct schedtrace_error *err)
{
	struct section s;
	int r = open_section(c, &s, OPTION_DONE, offset, false, err);

	*next = 0;
	while (r == 0) {
		struct text data = { NULL, 0 };
		uint64_t begin = s.cur.at;
		uint16_t id = 0;
		uint32_t n = 0;

		r = cursor_u16(&s.cur, &id, "option", err);
		if (r == 0)
			r = cursor_u32(&s.cur, &n, "size of an option", err);
		if (r == 0)
			r = cursor_text(&s.cur, &data, n, LIMIT_OPTION, "option", err);
		if (r == 0 && id == OPTION_DONE) {
			if (data.n < 8)
				r = error_set(err, SCHEDTRACE_E_FORMAT, "has %zu bytes, needs 8",
					      data.n);
			else
				memcpy(next, data.bytes, 8);
		} else if (r == 0 && id == OPTION_BUFFER) {
			r = buffer_option(c, &data, err);
		} else if (r == 0 && id >= OPTION_HEADER_INFO && id <= OPTION_CMDLINES) {
			r = section_option(c, id, &data, err);
		} else if (r == 0) {
			r = container_option(c, id, &data, err);
		}
		free(data.bytes);
		if (r < 0)
			r = error_prefix(err, r,
					 "options at byte %" PRIu64 ": option %u at %" PRIu64,
					 offset, id, begin);
		else if (id == OPTION_DONE)
			break;
	}
	free(s.memory);
	return r;
}

/* What can be had without the options that failed; @why becomes the note about it. */
static int salvage(struct container *c, uint64_t first_section, const struct schedtrace_error *why,
		   struct schedtrace_error *err)
{
	int r = 0;

	if (!c->n_instances)
		r = container_recover_v7(c, first_section, err);
	if (r < 0)
		return r;
	if (!c->n_instances)
		return error_set(err, why->status, "%s", why->text);
	free(c->damage);
	c->damage = strdup(why->text);
	return c->damage ? 0 : error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a note");
}

int container_parse_v7(struct container *c, struct cursor *cur, struct schedtrace_error *err)
{
	struct schedtrace_error why;
	auto_free char *codec = NULL;
	auto_free char *version = NULL;
	uint64_t offset = 0;
	unsigned int n;
	int r = cursor_string(cur, &codec, 63, "name of the compression", err);

	if (r == 0)
		r = cursor_string(cur, &version, 63, "version of the compression", err);
	if (r == 0)
		r = cursor_u64(cur, &offset, "offset of the options", err);
	if (r == 0)
		r = codec_by_name(codec, &c->codec, err);
	if (r < 0)
		return r;
	for (n = 0; r == 0 && offset; n++) {
		if (n == LIMIT_OPTION_SECTIONS)
			r = error_set(&why, SCHEDTRACE_E_FORMAT,
				      "more than %d sections of options: they form a loop",
				      LIMIT_OPTION_SECTIONS);
		else
			r = read_options(c, offset, &offset, &why);
	}
	if (r == SCHEDTRACE_E_FORMAT && c->salvage)
		return salvage(c, cur->at, &why, err);
	if (r < 0 && err)
		*err = why;
	return r;
}
