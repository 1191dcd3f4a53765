/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tracedat/merge.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/error.h"

#define BATCH  8192
#define FOLLOW 2 /* stacks that one event can have: the kernel's and the program's */
#define SLACK  (2 * FOLLOW)

/* Whoever sets a clock meets a long silence rather than a short one, even the longest of all. */
#define SILENCES 2
/* A moment that is longer than so many times what it shows of the step is unlikely. */
#define STEPS 16

int merge_open(struct merge *m, struct decoder *decoder, const bool *is_stack,
	       struct schedtrace_error *err)
{
	size_t n = decoder->n_streams + 1;

	m->decoder = decoder;
	m->is_stack = is_stack;
	m->now = INT64_MIN;
	/* At a step, every CPU has two records more. */
	m->batch = reallocarray(NULL, BATCH + SLACK + 2 * n, sizeof(*m->batch));
	m->heap = calloc(n, sizeof(struct stream *));
	m->held = calloc(n, sizeof(struct stream *));
	m->parked = calloc(n, sizeof(struct stream *));
	if (!m->batch || !m->heap || !m->held || !m->parked)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a batch of records");
	return 0;
}

void merge_close(struct merge *m)
{
	free(m->batch);
	free(m->heap);
	free(m->held);
	free(m->parked);
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

static void push(struct merge *m, struct stream *s)
{
	size_t at = m->n_heap++;

	while (at && before(s, m->heap[(at - 1) / 2])) {
		m->heap[at] = m->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	m->heap[at] = s;
}

/* Stacks come right behind the event that they belong to, whatever other CPUs did meanwhile. */
static size_t follow(const struct merge *m, struct stream *s, struct record *out)
{
	size_t room = (size_t)(m->batch + BATCH + SLACK - out), n = 0;

	while (n < FOLLOW && n < room && s->cur < s->cur_end && s->cur->kind == RECORD_EVENT &&
	       m->is_stack[s->cur->format])
		out[n++] = *s->cur++;
	return n;
}

static int64_t time_after_step(const struct stream *s)
{
	int64_t time;

	return checked_add(s->cur_end->timestamp, s->shift, &time) ? time : INT64_MAX;
}

/* Records are missing before its next one, so that it has a gap anyway, or it has none at all. */
static bool gap_is_open(const struct stream *s)
{
	if (s->cur < s->block_end)
		return s->cur->kind == RECORD_LOST;
	return s->gap || s->reached == INT64_MIN;
}

static void put_gap(struct merge *m, size_t *n, const struct stream *s, int64_t time)
{
	m->batch[(*n)++] = (struct record){ .timestamp = time, .kind = RECORD_GAP, .cpu = s->cpu };
}

/* The stream has come to where the clock was set back; true: no time is in doubt. */
static bool hold(struct merge *m, struct stream *s, size_t *n)
{
	int64_t after, back;

	if (s->goes_on)
		s->shift = m->shift;
	after = time_after_step(s);
	back = s->reached - after;
	if (s->goes_on && back <= 0) {
		s->goes_on = false;
		return true;
	}
	s->goes_on = back <= 0;
	back = back < 0 ? 0 : back;
	if (!m->n_held) {
		m->held_until = INT64_MAX;
		m->steps++;
	}
	if (back < m->held_until - s->reached)
		m->held_until = s->reached + back;
	if (back > m->longest_step)
		m->longest_step = back;
	if (!gap_is_open(s))
		put_gap(m, n, s, m->now);
	m->held[m->n_held++] = s;
	return false;
}

/*
 * Gets a stream whose records are used up, the last into the batch of @n, into the heap again, or
 * holds it. DECODER_FULL: after a release.
 */
static int refill(struct merge *m, struct stream *s, size_t *n, struct schedtrace_error *err)
{
	int r;

	m->waiting = NULL;
	for (;;) {
		r = decoder_advance(m->decoder, s, err);
		if (r == DECODER_STEP) {
			if (!hold(m, s, n))
				return r;
			m->awaits = false; /* it may have been the one */
			r = decoder_enter(m->decoder, s, err);
			r = r < 0 ? r : DECODER_RECORDS;
		}
		if (r != DECODER_RECORDS)
			break;
		*n += follow(m, s, m->batch + *n);
		if (s->cur < s->cur_end) {
			push(m, s);
			break;
		}
	}
	if (r == DECODER_FULL)
		m->waiting = s;
	return r;
}

static bool is_held(const struct stream *s)
{
	return s->cur == s->cur_end && s->cur < s->block_end;
}

/* How long the moment was at most, as far as can be known. */
static int64_t longest_moment(const struct merge *m)
{
	int64_t silence = INT64_MAX, in_gaps = INT64_MAX, back = 0;

	for (size_t i = 0; i < m->n_held; i++) {
		struct stream *s = m->held[i];
		int64_t *least = gap_is_open(s) ? &in_gaps : &silence;
		int64_t ns = SILENCES * stream_silence(s);

		*least = ns < *least ? ns : *least;
		if (s->reached - time_after_step(s) > back)
			back = s->reached - time_after_step(s);
	}
	silence = silence == INT64_MAX ? in_gaps : silence;
	return back && back < silence / STEPS ? STEPS * back : silence;
}

/* Until when the streams that are held may have been silent before their steps. */
static int64_t silent_until(const struct merge *m)
{
	int64_t until = INT64_MAX;

	for (size_t i = 0; i < m->n_held; i++) {
		struct stream *s = m->held[i];
		int64_t ns = gap_is_open(s) ? until - s->reached : SILENCES * stream_silence(s);

		if (ns < until - s->reached)
			until = s->reached + ns;
	}
	return until;
}

/*
 * No stream may come to the same step any more, but for those that come to one soon: only they stay
 * in the heap. False: there are none.
 */
static bool await(struct merge *m)
{
	int64_t until = silent_until(m);
	size_t n = 0;

	for (size_t i = 0; i < m->n_heap; i++) {
		struct stream *s = m->heap[i];

		if (s->cur_end < s->block_end && s->cur_end[-1].timestamp <= until)
			m->heap[n++] = s;
		else
			m->parked[m->n_parked++] = s;
	}
	m->n_heap = n;
	for (size_t at = n / 2; at-- > 0;)
		sift_down(m->heap, n, at);
	m->awaits = n > 0;
	return m->awaits;
}

/* Every CPU's gap ends here, and was one also where no record shows it. */
static void put_ends(struct merge *m, size_t *n, int64_t resume)
{
	const struct decoder *d = m->decoder;
	int32_t cpu = -1;

	for (size_t i = 0; i < d->n_streams; i++) {
		const struct stream *s = &d->streams[i];

		if (!is_held(s) && !gap_is_open(s))
			put_gap(m, n, s, m->now);
	}
	for (size_t i = 0; i < d->n_streams; i++) {
		const struct stream *s = &d->streams[i];

		if (s->cpu == cpu || gap_is_open(s))
			continue;
		cpu = s->cpu; /* which may have another buffer */
		m->batch[(*n)++] = (struct record){
			.timestamp = resume,
			.lost_since = is_held(s) ? s->reached : m->now,
			.lost = 0,
			.kind = RECORD_LOST,
			.cpu = s->cpu,
		};
	}
}

/* All CPUs have come to where the clock was set back, and go on after it. */
static int go_on(struct merge *m, size_t *n, struct schedtrace_error *err)
{
	int64_t pause = longest_moment(m), earliest = INT64_MAX, resume, shift;
	int r = 0;

	for (size_t i = 0; i < m->n_held; i++) {
		int64_t after = time_after_step(m->held[i]);

		if (!m->held[i]->goes_on && after < earliest)
			earliest = after;
	}
	if (!checked_add(m->now, pause, &resume) || resume > DECODER_TIME_MAX) {
		if (!m->decoder->salvage)
			return error_set(err, SCHEDTRACE_E_FORMAT,
					 "a time above 2^62 after the clock was set back");
		resume = DECODER_TIME_MAX;
		pause = resume - m->now;
	}
	put_ends(m, n, resume);
	while (m->n_parked)
		m->heap[m->n_heap++] = m->parked[--m->n_parked];
	m->awaits = false;
	shift = earliest == INT64_MAX ? pause : resume - earliest;
	for (size_t i = 0; i < m->n_heap && r >= 0; i++) {
		struct stream *s = m->heap[i];
		int64_t by = s->goes_on ? pause : shift;

		stream_silence(s); /* before a step makes it longer */
		s->shift += by;
		r = stream_shift(m->decoder, s, by, err);
	}
	for (size_t at = m->n_heap / 2; at-- > 0;)
		sift_down(m->heap, m->n_heap, at);
	m->shift += shift;
	m->now = resume;
	while (m->n_held && r >= 0) {
		struct stream *s = m->held[--m->n_held];

		s->shift += s->goes_on ? resume - time_after_step(s) : shift;
		r = decoder_enter(m->decoder, s, err);
		if (r >= 0)
			push(m, s);
	}
	return r;
}

static int begin(struct merge *m, size_t *n, struct schedtrace_error *err)
{
	m->begun = true;
	for (size_t i = 0; i < m->decoder->n_streams; i++) {
		struct stream *s = &m->decoder->streams[i];
		int r;

		/* Nothing is held yet but blocks without records. */
		while ((r = refill(m, s, n, err)) == DECODER_FULL)
			decoder_release(m->decoder);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Copies the records of the first stream that come before all others'. */
static size_t take_run(struct merge *m, struct record *out, size_t room)
{
	struct stream *s = m->heap[0];
	const struct record *r = s->cur, *end = s->cur_end;
	struct record *to = out;

	if ((size_t)(end - r) > room)
		end = r + room;
	if (m->n_held) {
		*to++ = *r++;
	} else if (m->n_heap == 1) {
		memcpy(to, r, (size_t)(end - r) * sizeof(*r));
		s->cur = end;
		return (size_t)(end - r);
	} else {
		struct stream *second = m->heap[1];
		int64_t limit;

		if (m->n_heap > 2 && before(m->heap[2], second))
			second = m->heap[2];
		/* Of equal stamps the lower CPU's goes first. */
		limit = second->cur->timestamp - (s > second);
		do
			*to++ = *r++;
		while (r < end && r->timestamp <= limit);
	}
	s->cur = r;
	to += follow(m, s, to);
	return (size_t)(to - out);
}

static int fill(struct merge *m, size_t *n, struct schedtrace_error *err)
{
	while (*n < BATCH && (m->n_heap || m->n_held)) {
		struct stream *s;
		int r;

		if (m->n_held &&
		    (!m->n_heap || (!m->awaits && m->heap[0]->cur->timestamp > m->held_until))) {
			if (await(m))
				continue;
			r = go_on(m, n, err);
			if (r < 0)
				return r;
			continue;
		}
		s = m->heap[0];
		*n += take_run(m, m->batch + *n, BATCH - *n);
		m->now = m->batch[*n - 1].timestamp;
		if (s->cur < s->cur_end) {
			sift_down(m->heap, m->n_heap, 0);
			continue;
		}
		m->heap[0] = m->heap[--m->n_heap];
		if (m->n_heap)
			sift_down(m->heap, m->n_heap, 0);
		r = refill(m, s, n, err);
		if (r < 0)
			return r;
		if (r == DECODER_FULL)
			break;
	}
	return 0;
}

int merge_next(struct merge *m, const struct record **records, size_t *n,
	       struct schedtrace_error *err)
{
	int r = 0;

	*n = 0;
	decoder_release(m->decoder);
	if (!m->begun)
		r = begin(m, n, err);
	while (r >= 0 && m->waiting) {
		r = refill(m, m->waiting, n, err);
		if (r == DECODER_FULL)
			decoder_release(m->decoder);
	}
	if (r >= 0)
		r = fill(m, n, err);
	if (r < 0)
		return r;
	*records = m->batch;
	return *n || m->waiting;
}
