/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tracedat.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "container.h"
#include "decode.h"
#include "error.h"
#include "formats.h"
#include "mem.h"
#include "stack_kind.h"

#define BATCH  8192
#define FOLLOW 2 /* stacks that one event can have: the kernel's and the program's */
#define SLACK  (2 * FOLLOW)

struct tracedat {
	char *path;
	struct source_options options;
	struct container container;
	const struct instance *instance;
	struct formats formats;
	struct decoder decoder;
	/* streams with records, as a heap: the earliest, of equal ones the lowest CPU, first */
	struct stream **heap;
	size_t n_heap;
	struct stream *waiting; /* its next block could not be had before a release */
	bool begun, ended;
	struct record *batch;
	bool *is_stack; /* by index of the format */
	uint64_t records;
	bool damaged;
};

static void note(const struct tracedat *t, const char *fmt, ...) SCHEDTRACE_PRINTF(2, 3);

static void note(const struct tracedat *t, const char *fmt, ...)
{
	struct schedtrace_error text;
	char raw[SCHEDTRACE_ERROR_SIZE];
	va_list args;

	if (!t->options.note)
		return;
	va_start(args, fmt);
	vsnprintf(raw, sizeof(raw), fmt, args);
	va_end(args);
	error_set(&text, 0, "%s", raw);
	t->options.note(t->options.user, text.text);
}

bool source_is_tracedat(const char *path)
{
	static const char magic[10] = "\x17\x08\x44tracing";
	char begin[sizeof(magic)];
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	return fd >= 0 && pread(fd, begin, sizeof(begin), 0) == (ssize_t)sizeof(begin) &&
	       !memcmp(begin, magic, sizeof(magic));
}

/* How many events --salvage would give, to be told with the failure; -1 none or unknown. */
static int64_t count_whole(const struct tracedat *t)
{
	struct source_options options = t->options;
	struct tracedat *again = NULL;
	const struct record *records;
	int64_t count = 0;
	size_t n, i;
	int r;

	options.salvage = true;
	options.note = NULL;
	r = tracedat_open(&again, t->path, &options, NULL);
	while (r >= 0 && (r = tracedat_next(again, &records, &n, NULL)) > 0)
		for (i = 0; i < n; i++)
			count += records[i].kind == RECORD_EVENT;
	tracedat_close(again);
	return r < 0 ? -1 : count;
}

/* Says of a damaged file what could still be had of it. */
static int fail(const struct tracedat *t, int status, struct schedtrace_error *err)
{
	char text[SCHEDTRACE_ERROR_SIZE];
	int64_t whole;

	if (!err || t->options.salvage || status != SCHEDTRACE_E_FORMAT)
		return status;
	whole = count_whole(t);
	if (whole <= 0)
		return status;
	snprintf(text, sizeof(text), "%s", err->text);
	return error_set(err, status,
			 "%s; %" PRId64
			 " events before it or of other CPUs are whole: convert them with "
			 "--salvage",
			 text, whole);
}

static int open_all(struct tracedat *t, const struct source_options *options,
		    struct schedtrace_error *err)
{
	size_t i;
	int r;

	t->container.fd = -1;
	t->container.salvage = t->options.salvage;
	r = container_open(&t->container, t->path, err);
	if (r == 0)
		r = container_choose(&t->container, t->options.instance, &t->instance, err);
	if (r == 0)
		r = formats_parse(&t->formats, t->container.formats, t->container.n_formats,
				  t->options.note, t->options.user, err);
	if (r == 0)
		r = decoder_open(&t->decoder, &t->container, t->instance, &t->formats, &t->options,
				 err);
	if (r < 0)
		return r;
	if (t->container.damage) {
		t->damaged = true;
		note(t, "%s", t->container.damage);
	}
	for (i = 0; i < sizeof(t->container.remarks) / sizeof(*t->container.remarks); i++)
		if (t->container.remarks[i])
			note(t, "%s", t->container.remarks[i]);
	t->batch = reallocarray(NULL, BATCH + SLACK, sizeof(*t->batch));
	t->heap = calloc(t->decoder.n_streams + 1, sizeof(*t->heap));
	t->is_stack = calloc(t->formats.n + 1, sizeof(*t->is_stack));
	if (!t->batch || !t->heap || !t->is_stack)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a batch of records");
	for (i = 0; i < t->formats.n; i++)
		t->is_stack[i] = stack_kind_of(&t->formats.list[i]) != STACK_NONE;
	return 0;
}

int tracedat_open(struct tracedat **out, const char *path, const struct source_options *options,
		  struct schedtrace_error *err)
{
	struct tracedat *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory to open %s", path);
	if (options)
		t->options = *options;
	t->path = strdup(path);
	r = t->path ? open_all(t, options, err)
		    : error_set(err, SCHEDTRACE_E_NOMEM, "no memory to open %s", path);
	if (r < 0) {
		r = fail(t, r, err);
		tracedat_close(t);
		return r;
	}
	*out = t;
	return 0;
}

void tracedat_close(struct tracedat *t)
{
	if (!t)
		return;
	decoder_close(&t->decoder);
	formats_free(&t->formats);
	container_close(&t->container);
	free(t->heap);
	free(t->batch);
	free(t->is_stack);
	free(t->path);
	free(t);
}

/* Streams are in the order of their CPUs, so that addresses order equal stamps. */
static inline bool before(const struct stream *a, const struct stream *b)
{
	int64_t x = a->cur->timestamp, y = b->cur->timestamp;

	return x < y || (x == y && a < b);
}

static void sift_down(struct stream **heap, size_t n, size_t at)
{
	struct stream *s = heap[at];
	size_t child;

	while ((child = 2 * at + 1) < n) {
		child += child + 1 < n && before(heap[child + 1], heap[child]);
		if (!before(heap[child], s))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = s;
}

static void push(struct tracedat *t, struct stream *s)
{
	size_t at = t->n_heap++;

	while (at && before(s, t->heap[(at - 1) / 2])) {
		t->heap[at] = t->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	t->heap[at] = s;
}

/* Stacks come right behind the event that they belong to, whatever other CPUs did meanwhile. */
static size_t follow(const struct tracedat *t, struct stream *s, struct record *out)
{
	size_t room = (size_t)(t->batch + BATCH + SLACK - out), n = 0;

	while (n < FOLLOW && n < room && s->cur < s->cur_end && s->cur->kind == RECORD_EVENT &&
	       t->is_stack[s->cur->format])
		out[n++] = *s->cur++;
	return n;
}

/* Gets a stream whose records are used up, the last into the batch of @n, into the heap again.
 * 2: after a release. */
static int refill(struct tracedat *t, struct stream *s, size_t *n, struct schedtrace_error *err)
{
	int r;

	do {
		r = decoder_advance(&t->decoder, s, err);
		if (r == 1)
			*n += follow(t, s, t->batch + *n);
	} while (r == 1 && s->cur == s->cur_end);
	if (r == 1)
		push(t, s);
	t->waiting = r == 2 ? s : NULL;
	return r;
}

static int begin(struct tracedat *t, size_t *n, struct schedtrace_error *err)
{
	size_t i;
	int r;

	t->begun = true;
	for (i = 0; i < t->decoder.n_streams; i++) {
		struct stream *s = &t->decoder.streams[i];

		/* Nothing is held yet but blocks without records. */
		while ((r = refill(t, s, n, err)) == 2)
			decoder_release(&t->decoder);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Copies the records of the first stream that come before all others'. */
static size_t take_run(struct tracedat *t, struct record *out, size_t room)
{
	struct stream *s = t->heap[0];
	const struct record *r = s->cur, *end = s->cur_end;
	struct record *to = out;

	if ((size_t)(end - r) > room)
		end = r + room;
	if (t->n_heap == 1) {
		memcpy(to, r, (size_t)(end - r) * sizeof(*r));
		s->cur = end;
		return (size_t)(end - r);
	} else {
		struct stream *second = t->heap[1];
		int64_t limit;

		if (t->n_heap > 2 && before(t->heap[2], second))
			second = t->heap[2];
		/* Of equal stamps the lower CPU's goes first. */
		limit = second->cur->timestamp - (s > second);
		do
			*to++ = *r++;
		while (r < end && r->timestamp <= limit);
	}
	s->cur = r;
	to += follow(t, s, to);
	return (size_t)(to - out);
}

static int merge(struct tracedat *t, size_t *n, struct schedtrace_error *err)
{
	while (*n < BATCH && t->n_heap) {
		struct stream *s = t->heap[0];
		int r;

		*n += take_run(t, t->batch + *n, BATCH - *n);
		if (s->cur < s->cur_end) {
			sift_down(t->heap, t->n_heap, 0);
			continue;
		}
		t->heap[0] = t->heap[--t->n_heap];
		if (t->n_heap)
			sift_down(t->heap, t->n_heap, 0);
		r = refill(t, s, n, err);
		if (r < 0)
			return r;
		if (r == 2)
			break;
	}
	return 0;
}

/* What was noticed on the way, once. */
static void end(struct tracedat *t)
{
	struct decoder *d = &t->decoder;

	t->ended = true;
	if (d->back)
		note(t,
		     "%" PRIu64 " events go back in time on their CPU, by up to %" PRId64
		     " ns: they got the time of the event before them",
		     d->back, d->back_max);
	if (d->empty)
		note(t, "%" PRIu64 " pages are all zero, as if they were never written", d->empty);
	if (d->damaged)
		note(t, "%" PRIu64 " pieces of the file are damaged and were left out", d->damaged);
}

int tracedat_next(struct tracedat *t, const struct record **records, size_t *n,
		  struct schedtrace_error *err)
{
	struct schedtrace_error own;
	int r = 0;

	err = err ? err : &own;
	*n = 0;
	decoder_release(&t->decoder);
	if (!t->begun)
		r = begin(t, n, err);
	while (r >= 0 && t->waiting) {
		r = refill(t, t->waiting, n, err);
		if (r == 2)
			decoder_release(&t->decoder);
	}
	if (r >= 0)
		r = merge(t, n, err);
	if (r < 0)
		return fail(t, r, err);
	*records = t->batch;
	t->records += *n;
	if (!*n && !t->waiting) {
		if (!t->ended)
			end(t);
		return 0;
	}
	return 1;
}

const struct format *tracedat_formats(const struct tracedat *t, size_t *n)
{
	*n = t->formats.n;
	return t->formats.list;
}

const char *tracedat_clock(const struct tracedat *t)
{
	return t->instance->clock;
}

const char *tracedat_uname(const struct tracedat *t)
{
	return t->container.uname;
}

const char *tracedat_writer(const struct tracedat *t)
{
	return t->container.writer;
}

const char *tracedat_cmdlines(const struct tracedat *t, size_t *bytes)
{
	*bytes = t->container.cmdlines.n;
	return t->container.cmdlines.bytes;
}

const char *tracedat_kallsyms(const struct tracedat *t, size_t *bytes)
{
	*bytes = t->container.kallsyms.n;
	return t->container.kallsyms.bytes;
}

int tracedat_cpus(const struct tracedat *t)
{
	int32_t cpus = 0;
	size_t i;

	for (i = 0; i < t->instance->n_cpus; i++)
		if (t->instance->cpus[i].cpu >= cpus)
			cpus = t->instance->cpus[i].cpu + 1;
	return cpus;
}

const char *tracedat_cpustat(const struct tracedat *t, int cpu)
{
	size_t i;

	for (i = 0; i < t->instance->n_cpus; i++)
		if (t->instance->cpus[i].cpu == cpu)
			return t->instance->cpustat[i];
	return NULL;
}

uint32_t tracedat_page_size(const struct tracedat *t)
{
	return t->container.layout.page_size;
}

bool tracedat_tsc(const struct tracedat *t, uint32_t *mult, uint32_t *shift, uint64_t *offset)
{
	*mult = t->container.tsc.mult;
	*shift = t->container.tsc.shift;
	*offset = t->container.tsc.offset;
	return t->container.tsc.known;
}

void tracedat_position(const struct tracedat *t, uint64_t *done, uint64_t *total, uint64_t *records)
{
	*done = t->decoder.done;
	*total = t->decoder.total;
	*records = t->records;
}

bool tracedat_damaged(const struct tracedat *t)
{
	return t->damaged || t->decoder.damaged > 0;
}

bool tracedat_ends_early(const struct tracedat *t, int32_t cpu)
{
	for (size_t i = 0; i < t->decoder.n_streams; i++)
		if (t->decoder.streams[i].cpu == cpu && t->decoder.streams[i].gap)
			return true;
	return false;
}
