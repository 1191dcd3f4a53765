/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Version 6: everything stands in one fixed order; named instances are at offsets in options. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "base/mem.h"
#include "tracedat/container.h"

struct named {
	uint64_t offset;
	char *name;
};

struct v6 {
	struct named *named;
	size_t n_named;
	uint32_t cpus;
	bool clock_follows; /* after each table, as "u64 n, text" */
	char *clock;
};

static int buffer_option(struct v6 *v, const struct text *data, struct schedtrace_error *err)
{
	struct named *n;

	if (data->n < 9)
		return error_set(err, SCHEDTRACE_E_FORMAT,
				 "option BUFFER has %zu bytes, needs 9 or more", data->n);
	n = reallocarray(v->named, v->n_named + 1, sizeof(*n));
	if (!n)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for instances");
	v->named = n;
	n += v->n_named;
	memcpy(&n->offset, data->bytes, 8);
	n->name = strdup(data->bytes + 8);
	if (!n->name)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for instances");
	v->n_named++;
	return 0;
}

static int read_options(struct container *c, struct v6 *v, struct cursor *cur,
			struct schedtrace_error *err)
{
	for (;;) {
		struct text data = { NULL, 0 };
		uint64_t begin = cur->at;
		uint16_t id = 0;
		uint32_t n = 0;
		int r = cursor_u16(cur, &id, "option", err);

		if (r < 0 || id == OPTION_DONE)
			return r;
		r = cursor_u32(cur, &n, "size of an option", err);
		if (r == 0)
			r = cursor_text(cur, &data, n, LIMIT_OPTION, "option", err);
		if (r == 0 && id == OPTION_BUFFER) {
			r = buffer_option(v, &data, err);
		} else if (r == 0 && id == OPTION_TRACECLOCK) {
			v->clock_follows = true;
			free(v->clock);
			v->clock = container_clock_name(data.bytes);
		} else if (r == 0 && id == OPTION_CPUCOUNT && data.n >= 4) {
			memcpy(&v->cpus, data.bytes, 4);
		} else if (r == 0) {
			r = container_option(c, id, &data, err);
		}
		free(data.bytes);
		if (r < 0)
			return error_prefix(err, r, "option %u at byte %" PRIu64, id, begin);
	}
}

/* "options  ", when there are any, then "flyrecord", table and clock. */
static int read_buffer(struct container *c, struct v6 *v, struct cursor *cur, const char *name,
		       struct schedtrace_error *err)
{
	struct file_instance *in;
	char word[10];
	uint32_t i;
	int r = cursor_bytes(cur, word, 10, "\"options\" or \"flyrecord\"", err);

	if (r == 0 && !memcmp(word, "options  ", 10)) {
		r = read_options(c, v, cur, err);
		if (r == 0)
			r = cursor_bytes(cur, word, 10, "\"flyrecord\"", err);
	}
	if (r < 0)
		return r;
	if (!memcmp(word, "latency  ", 10))
		return error_set(err, SCHEDTRACE_E_UNSUPPORTED,
				 "a latency trace: it holds text, not records");
	if (memcmp(word, "flyrecord", 10))
		return error_set(err, SCHEDTRACE_E_FORMAT, "no \"flyrecord\" at byte %" PRIu64,
				 cur->at - 10);
	if (v->cpus > LIMIT_CPUS)
		return error_set(err, SCHEDTRACE_E_LIMIT, "%u CPUs claimed, the limit is %u",
				 v->cpus, LIMIT_CPUS);
	if (!checked_range(cur->at, 16 * (uint64_t)v->cpus, cur->end))
		return error_set(err, SCHEDTRACE_E_FORMAT,
				 "the table of %u CPUs at byte %" PRIu64
				 " is longer than the file of %" PRIu64 " bytes: file is cut",
				 v->cpus, cur->at, cur->end);
	in = container_add_instance(c, name, v->cpus);
	if (!in)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %u CPUs", v->cpus);
	in->page_size = c->layout.page_size;
	for (i = 0; i < v->cpus; i++) {
		struct cpu_data *d = &in->cpus[i];

		d->cpu = (int32_t)i;
		r = cursor_u64(cur, &d->offset, "offset of a CPU's data", err);
		if (r == 0)
			r = cursor_u64(cur, &d->size, "size of a CPU's data", err);
		if (r < 0)
			return r;
		if (d->size && !checked_add(d->offset, d->size, &(uint64_t){ 0 }))
			return error_set(err, SCHEDTRACE_E_FORMAT,
					 "CPU %u: %" PRIu64 " bytes at byte %" PRIu64
					 " cannot be in any file",
					 i, d->size, d->offset);
	}
	if (v->clock_follows) {
		struct text clock = { NULL, 0 };
		uint64_t n = 0;

		/* Some writers leave it out and have the option's text only. */
		if (cursor_u64(cur, &n, "clock", NULL) == 0 && n && n < 4096 &&
		    cursor_text(cur, &clock, n, 4096, "clock", NULL) == 0)
			in->clock = container_clock_name(clock.bytes);
		free(clock.bytes);
	}
	in->begin = cur->at;
	if (!in->clock && v->clock)
		in->clock = strdup(v->clock);
	return 0;
}

static int parse(struct container *c, struct v6 *v, struct cursor *cur,
		 struct schedtrace_error *err)
{
	size_t i;
	int r = container_header_info(c, cur, err);

	if (r == 0)
		r = container_ftrace_formats(c, cur, err);
	if (r == 0)
		r = container_event_formats(c, cur, err);
	if (r == 0)
		r = container_kallsyms(c, cur, err);
	if (r == 0)
		r = container_printk(c, cur, err);
	if (r == 0)
		r = container_cmdlines(c, cur, err);
	if (r == 0)
		r = cursor_u32(cur, &v->cpus, "number of CPUs", err);
	if (r == 0)
		r = read_buffer(c, v, cur, "", err);
	/* Instances may have options; these cannot name further ones. */
	for (i = 0; r == 0 && i < v->n_named; i++) {
		size_t n = v->n_named;

		if (!*v->named[i].name)
			continue; /* the top buffer again */
		*cur = (struct cursor){ .c = c, .at = v->named[i].offset, .end = c->size };
		r = read_buffer(c, v, cur, v->named[i].name, err);
		if (r == 0 && v->n_named != n)
			r = error_set(err, SCHEDTRACE_E_FORMAT, "its options name an instance");
		if (r < 0)
			error_prefix(err, r, "instance %s", v->named[i].name);
	}
	return r;
}

int container_parse_v6(struct container *c, struct cursor *cur, struct schedtrace_error *err)
{
	struct v6 v = { 0 };
	int r = parse(c, &v, cur, err);
	size_t i;

	for (i = 0; i < v.n_named; i++)
		free(v.named[i].name);
	free(v.named);
	free(v.clock);
	return r;
}
