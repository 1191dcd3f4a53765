/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tracedat/page_merge.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "tracedat/pages.h"
#include "tracedat/stack_kind.h"

/* Pages that records point into. */
struct chunk {
	struct chunk *next;
	size_t end; /* index of the first record after it, among the CPU's */
	uint8_t pages[];
};

struct cpu_pages {
	struct page_records records;
	size_t given; /* of them, in the latest batch */
	int64_t last; /* time of the last one given, INT64_MIN none */
	struct chunk *first, **end;
};

/* A stretch of records in time order, of one CPU or of several. */
struct run {
	const struct record *records;
	size_t n;
};

struct page_merge {
	struct pages_config config;
	bool *is_stack; /* by index of the format */
	int n_cpus, n_parts;
	struct cpu_pages *cpus;	   /* n_parts: of each CPU the first buffer, then the second */
	struct run *runs;	   /* room for n_parts */
	struct record *batches[2]; /* one is merged into the other */
	size_t room;		   /* of each */
};

int page_merge_new(struct page_merge **out, const struct page_layout *layout,
		   const struct formats *formats, int n_cpus, struct schedtrace_error *err)
{
	struct page_merge *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for pages");
	m->n_cpus = n_cpus;
	m->n_parts = 2 * n_cpus;
	m->cpus = calloc((size_t)m->n_parts, sizeof(*m->cpus));
	m->runs = calloc((size_t)m->n_parts, sizeof(*m->runs));
	m->is_stack = calloc(formats->n + 1, sizeof(*m->is_stack));
	r = m->cpus && m->runs && m->is_stack
		    ? pages_configure(&m->config, layout, formats, err)
		    : error_set(err, SCHEDTRACE_E_NOMEM, "no memory for pages");
	if (r < 0) {
		page_merge_free(m);
		return r;
	}
	for (int cpu = 0; cpu < m->n_parts; cpu++) {
		m->cpus[cpu].records.last = INT64_MIN;
		m->cpus[cpu].last = INT64_MIN;
		m->cpus[cpu].end = &m->cpus[cpu].first;
	}
	for (size_t i = 0; i < formats->n; i++)
		m->is_stack[i] = stack_kind_of(&formats->list[i]) != STACK_NONE;
	*out = m;
	return 0;
}

/* Lets go of the first @n records, and of the pages that no other record points into. */
static void release(struct cpu_pages *c, size_t n)
{
	struct page_records *r = &c->records;

	while (c->first && c->first->end <= n) {
		struct chunk *next = c->first->next;

		free(c->first);
		c->first = next;
	}
	if (!c->first)
		c->end = &c->first;
	for (struct chunk *chunk = c->first; chunk; chunk = chunk->next)
		chunk->end -= n;
	if (n)
		memmove(r->list, r->list + n, (r->n - n) * sizeof(*r->list));
	r->n -= n;
	c->given = 0;
}

void page_merge_free(struct page_merge *m)
{
	if (!m)
		return;
	for (int cpu = 0; m->cpus && cpu < m->n_parts; cpu++) {
		release(&m->cpus[cpu], m->cpus[cpu].records.n);
		free(m->cpus[cpu].records.list);
		free(m->cpus[cpu].records.steps);
	}
	pages_config_free(&m->config);
	free(m->batches[0]);
	free(m->batches[1]);
	free(m->is_stack);
	free(m->runs);
	free(m->cpus);
	free(m);
}

int page_merge_add(struct page_merge *m, int part, const void *pages, size_t bytes,
		   struct schedtrace_error *err)
{
	size_t page_size = m->config.layout.page_size;
	int cpu = part % m->n_cpus;
	struct cpu_pages *c = &m->cpus[2 * cpu + part / m->n_cpus];
	struct chunk *chunk = malloc(sizeof(*chunk) + bytes);

	if (!chunk)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for pages");
	memcpy(chunk->pages, pages, bytes);
	chunk->next = NULL;
	*c->end = chunk;
	c->end = &chunk->next;
	for (size_t at = 0; at < bytes; at += page_size) {
		struct page_error fault;
		char text[256];
		int r = page_decode(&m->config, chunk->pages + at, page_size, cpu, &c->records,
				    &fault);

		chunk->end = c->records.n;
		if (r == SCHEDTRACE_E_NOMEM)
			return error_set(err, r, "no memory for records");
		if (r < 0) {
			page_fault_text(&fault, text, sizeof(text));
			return error_set(err, r, "CPU %d, a page of its buffer: %s", cpu, text);
		}
		if (c->records.n_steps)
			return error_set(err, SCHEDTRACE_E_FORMAT,
					 "CPU %d: the trace clock was set back while recording",
					 cpu);
	}
	return 0;
}

static bool follows(const struct page_merge *m, const struct record *r)
{
	return r->kind == RECORD_EVENT && m->is_stack[r->format];
}

/* Those before @until; what a gap has no stamp for is that of the record before it. */
static struct run take(const struct page_merge *m, struct cpu_pages *c, int64_t until)
{
	struct record *list = c->records.list;
	size_t n = 0;

	for (; n < c->records.n; n++) {
		struct record *r = &list[n];

		if (r->kind == RECORD_GAP && r->timestamp == INT64_MIN)
			r->timestamp = c->last != INT64_MIN   ? c->last
				       : n + 1 < c->records.n ? r[1].timestamp
							      : INT64_MAX;
		if (r->kind == RECORD_LOST && r->lost_since == INT64_MIN)
			r->lost_since = c->last;
		if (r->timestamp >= until && !(n && follows(m, r)))
			break;
		c->last = r->timestamp;
	}
	c->given = n;
	return (struct run){ list, n };
}

/* Copies a record and the call stacks that belong to it. */
static struct record *copy_one(const struct page_merge *m, struct run *run, struct record *out)
{
	do {
		*out++ = *run->records++;
		run->n--;
	} while (run->n && follows(m, run->records));
	return out;
}

static struct run merge_two(const struct page_merge *m, struct run a, struct run b,
			    struct record *out)
{
	struct run result = { out, a.n + b.n };

	while (a.n && b.n)
		out = copy_one(m, a.records->timestamp <= b.records->timestamp ? &a : &b, out);
	if (a.n)
		memcpy(out, a.records, a.n * sizeof(*out));
	if (b.n)
		memcpy(out, b.records, b.n * sizeof(*out));
	return result;
}

static int make_room(struct page_merge *m, size_t n, struct schedtrace_error *err)
{
	if (n <= m->room)
		return 0;
	for (int i = 0; i < 2; i++) {
		free(m->batches[i]);
		m->batches[i] = reallocarray(NULL, n, sizeof(*m->batches[i]));
	}
	m->room = m->batches[0] && m->batches[1] ? n : 0;
	return m->room ? 0 : error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %zu records", n);
}

int page_merge_next(struct page_merge *m, int64_t until, const struct record **records, size_t *n,
		    struct schedtrace_error *err)
{
	size_t n_runs = (size_t)m->n_parts, sum = 0;
	int r;

	for (int cpu = 0; cpu < m->n_parts; cpu++) {
		release(&m->cpus[cpu], m->cpus[cpu].given);
		m->runs[cpu] = take(m, &m->cpus[cpu], until);
		sum += m->runs[cpu].n;
	}
	r = make_room(m, sum, err);
	if (r < 0)
		return r;
	/* Neighbours in pairs, until one is left. */
	for (int into = 0; n_runs > 1; into = !into) {
		struct record *out = m->batches[into];
		size_t k = 0;

		for (size_t i = 0; i < n_runs; i += 2) {
			struct run none = { NULL, 0 };

			m->runs[k] = merge_two(m, m->runs[i],
					       i + 1 < n_runs ? m->runs[i + 1] : none, out);
			out += m->runs[k++].n;
		}
		n_runs = k;
	}
	*records = m->runs[0].records;
	*n = sum;
	return 0;
}
