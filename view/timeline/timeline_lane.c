/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/timeline/timeline_lane.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Most tasks have few spans. Of a lane with many, the spans at the edges of columns are looked at,
 * and the sums of the chunks between: what a picture of any part of the time takes is bounded. */
#define FIRST_SPANS 4
#define MOST_SPANS  128
#define MOST_TOTALS (MOST_SPANS / 4)
#define ROOM_TOTALS 256 /* taken at once */

static struct timeline_chunk *last_chunk(const struct timeline_lane *lane)
{
	return lane->n ? &lane->chunks[lane->n - 1] : NULL;
}

/* The sums of a chunk, whose last span ends at @end; 0 when they are too many. */
static uint16_t add_up(const struct timeline_chunk *chunk, int64_t end,
		       struct timeline_total totals[MOST_TOTALS])
{
	uint16_t n = 0;

	for (uint16_t i = 0; i < chunk->n; i++) {
		int64_t until = i + 1 < chunk->n ? chunk->spans[i + 1].begin : end;
		uint16_t k = 0;

		while (k < n && totals[k].what != chunk->spans[i].what)
			k++;
		if (k == MOST_TOTALS)
			return 0;
		if (k == n)
			totals[n++] = (struct timeline_total){ 0, chunk->spans[i].what, 0 };
		totals[k].ns += until - chunk->spans[i].begin;
		totals[k].spans++;
	}
	return n;
}

static int keep_totals(struct timeline_lane *lane, struct cache_memory *memory, int64_t end)
{
	struct timeline_chunk *chunk = last_chunk(lane);
	struct timeline_total totals[MOST_TOTALS];
	uint16_t n = add_up(chunk, end, totals);

	if (lane->n_room < n) {
		lane->room = cache_memory_take(memory, ROOM_TOTALS * sizeof(*totals));
		lane->n_room = lane->room ? ROOM_TOTALS : 0;
	}
	if (lane->n_room < n)
		return -1;
	chunk->totals = lane->room;
	chunk->n_totals = n;
	for (uint16_t i = 0; i < n; i++)
		*lane->room++ = totals[i];
	lane->n_room -= n;
	return 0;
}

static int add_chunk(struct timeline_lane *lane, struct cache_memory *memory, int64_t begin)
{
	struct timeline_chunk *last = last_chunk(lane);
	uint32_t max = last ? last->max * 4 : FIRST_SPANS;
	struct timeline_chunk chunk = { .begin = begin };

	if (last && last->max == MOST_SPANS && keep_totals(lane, memory, begin) < 0)
		return -1;
	chunk.max = (uint16_t)(max < MOST_SPANS ? max : MOST_SPANS);
	if (!array_room(lane->chunks, lane->n, lane->max))
		return -1;
	chunk.spans = cache_memory_take(memory, chunk.max * sizeof(*chunk.spans));
	if (!chunk.spans)
		return -1;
	lane->chunks[lane->n++] = chunk;
	return 0;
}

static int put(struct timeline_lane *lane, struct cache_memory *memory, int64_t begin, int64_t end,
	       uint32_t what, uint32_t detail)
{
	struct timeline_chunk *chunk = last_chunk(lane);

	if ((!chunk || chunk->n == chunk->max) && add_chunk(lane, memory, begin) < 0)
		return -1;
	chunk = last_chunk(lane);
	chunk->spans[chunk->n++] = (struct timeline_span){ begin, what, detail };
	lane->end = end;
	return 0;
}

int timeline_lane_add(struct timeline_lane *lane, struct cache_memory *memory, int64_t begin,
		      int64_t end, uint32_t what, uint32_t detail)
{
	const struct timeline_chunk *chunk = last_chunk(lane);
	const struct timeline_span *last = chunk ? &chunk->spans[chunk->n - 1] : NULL;

	if (last && begin < lane->end)
		begin = lane->end;
	if (begin >= end)
		return 0;
	if (last && begin == lane->end && last->what == what && last->detail == detail) {
		lane->end = end;
		return 0;
	}
	if (last && begin > lane->end &&
	    put(lane, memory, lane->end, begin, TIMELINE_UNKNOWN, 0) < 0)
		return -1;
	return put(lane, memory, begin, end, what, detail);
}

void timeline_lane_cut(struct timeline_lane *lane, int64_t time)
{
	struct timeline_chunk *chunk;

	if (!lane->n || lane->end <= time)
		return;
	lane->end = time;
	/* What is taken away keeps its memory; it is a few chunks at most. */
	while ((chunk = last_chunk(lane))) {
		chunk->n_totals = 0;
		while (chunk->n && chunk->spans[chunk->n - 1].begin >= time)
			chunk->n--;
		if (chunk->n)
			break;
		lane->n--;
	}
}

void timeline_lane_free(struct timeline_lane *lane)
{
	free(lane->chunks);
	*lane = (struct timeline_lane){ .chunks = NULL };
}

/* The last chunk that begins at @time or before, or the first one. */
static uint32_t chunk_at(const struct timeline_lane *lane, int64_t time)
{
	uint32_t low = 0, high = lane->n;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (lane->chunks[middle].begin <= time)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static int64_t end_of(const struct timeline_lane *lane, uint32_t chunk, uint32_t span)
{
	const struct timeline_chunk *c = &lane->chunks[chunk];

	if (span + 1 < c->n)
		return c->spans[span + 1].begin;
	return chunk + 1 < lane->n ? lane->chunks[chunk + 1].begin : lane->end;
}

struct timeline_cursor timeline_lane_seek(const struct timeline_lane *lane, int64_t time)
{
	struct timeline_cursor cursor = { .lane = lane };

	if (!lane->n || time >= lane->end) {
		cursor.chunk = lane->n;
		return cursor;
	}
	cursor.chunk = chunk_at(lane, time);
	while (end_of(lane, cursor.chunk, cursor.span) <= time)
		cursor.span++;
	return cursor;
}

const struct timeline_span *timeline_lane_next(struct timeline_cursor *cursor, int64_t *end)
{
	const struct timeline_lane *lane = cursor->lane;
	const struct timeline_chunk *chunk;
	const struct timeline_span *span;

	if (cursor->chunk >= lane->n)
		return NULL;
	chunk = &lane->chunks[cursor->chunk];
	span = &chunk->spans[cursor->span];
	*end = end_of(lane, cursor->chunk, cursor->span);
	if (++cursor->span == chunk->n) {
		cursor->chunk++;
		cursor->span = 0;
	}
	return span;
}

int64_t timeline_column(const struct timeline_window *window, uint32_t column)
{
	__int128 length = (__int128)window->end - window->begin;

	return window->begin + (int64_t)(length * column / window->columns);
}

/* The special ones come first. */
static size_t place_of(uint32_t what)
{
	return what >= TIMELINE_FIRST_SPECIAL
		       ? UINT32_MAX - what
		       : (size_t)what + UINT32_MAX - TIMELINE_FIRST_SPECIAL + 1;
}

static int room_for_place(struct timeline_shares *shares, size_t place)
{
	size_t n = place + place / 2 + 64;
	uint32_t *grown = reallocarray(shares->places, n, sizeof(*grown));

	if (!grown)
		return -1;
	memset(grown + shares->n_places, 0, (n - shares->n_places) * sizeof(*grown));
	shares->places = grown;
	shares->n_places = n;
	return 0;
}

/* Adds to a share of the column whose shares begin at @first. */
static inline int put_share(struct timeline_shares *shares, size_t first, uint32_t column,
			    uint32_t what, int64_t ns, uint32_t spans)
{
	size_t place = place_of(what), at;

	if (place >= shares->n_places && room_for_place(shares, place) < 0)
		return -1;
	at = shares->places[place];
	if (at > first && at <= shares->n && shares->all[at - 1].what == what) {
		shares->all[at - 1].ns += ns;
		shares->all[at - 1].spans += spans;
		return 0;
	}
	if (!array_room(shares->all, shares->n, shares->max))
		return -1;
	shares->all[shares->n++] = (struct timeline_share){ column, what, spans, ns };
	shares->places[place] = (uint32_t)shares->n;
	return 0;
}

/* A lane on its way through the columns. */
struct thinning {
	const struct timeline_window *window;
	struct timeline_shares *out;
	int64_t at, edge; /* where it is, and the end of the column */
	uint32_t column;
	size_t first; /* share of the column */
};

static void go_to(struct thinning *t, int64_t time)
{
	t->at = time > t->at ? time : t->at;
	while (t->edge <= t->at && t->at < t->window->end) {
		t->edge = timeline_column(t->window, ++t->column + 1);
		t->first = t->out->n;
	}
}

static int add_span(struct thinning *t, const struct timeline_span *span, int64_t end)
{
	end = end < t->window->end ? end : t->window->end;
	for (go_to(t, span->begin); t->at < end; go_to(t, t->at)) {
		int64_t until = end < t->edge ? end : t->edge;

		if (put_share(t->out, t->first, t->column, span->what, until - t->at, 1) < 0)
			return -1;
		t->at = until;
	}
	return 0;
}

/* Adds the sums of a chunk that lies in the column as a whole: 1; else 0. */
static int add_chunk_totals(struct thinning *t, const struct timeline_chunk *chunk, int64_t end)
{
	if (!chunk->n_totals || chunk->begin < t->at)
		return 0;
	go_to(t, chunk->begin);
	if (end > t->edge)
		return 0;
	for (uint16_t i = 0; i < chunk->n_totals; i++)
		if (put_share(t->out, t->first, t->column, chunk->totals[i].what,
			      chunk->totals[i].ns, chunk->totals[i].spans) < 0)
			return -1;
	t->at = end;
	return 1;
}

int timeline_lane_thin(const struct timeline_lane *lane, const struct timeline_window *window,
		       struct timeline_shares *out)
{
	struct timeline_cursor cursor = timeline_lane_seek(lane, window->begin);
	struct thinning t = { window, out, window->begin, timeline_column(window, 1), 0, out->n };
	const struct timeline_span *span;
	int64_t end;
	int r = 0;

	go_to(&t, window->begin);
	while (r >= 0 && t.at < window->end && cursor.chunk < lane->n) {
		r = 0;
		if (!cursor.span && cursor.chunk + 1 < lane->n)
			r = add_chunk_totals(&t, &lane->chunks[cursor.chunk],
					     lane->chunks[cursor.chunk + 1].begin);
		cursor.chunk += r > 0;
		if (r)
			continue;
		span = timeline_lane_next(&cursor, &end);
		r = add_span(&t, span, end);
	}
	return r < 0 ? -1 : 0;
}

void timeline_shares_free(struct timeline_shares *shares)
{
	free(shares->all);
	free(shares->places);
	*shares = (struct timeline_shares){ .all = NULL };
}
