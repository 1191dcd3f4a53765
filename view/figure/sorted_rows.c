/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/figure/sorted_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/error.h"
#include "base/mem.h"

#define DIGIT_BITS 11
#define DIGITS	   6 /* of 64 bits */
#define BUCKETS	   (1u << DIGIT_BITS)
#define LEVELS	   9 /* of the tree of splitters */
#define SPLITTERS  ((1u << LEVELS) - 1)
#define PARTS	   (2 * (SPLITTERS + 1))
#define SAMPLES	   ((size_t)32 * (SPLITTERS + 1))
#define CHUNK_ROWS ((size_t)1 << 10)
#define HUGE_PAGE  ((size_t)2 << 20)

struct chunk {
	uint64_t keys[CHUNK_ROWS];
	uint32_t rows[CHUNK_ROWS];
};

/* Rows with keys that lie between two splitters, or are the same as one: the last of them wait in a
 * chunk, others were written. */
struct part {
	size_t n, n_chunks, max;
	uint32_t *chunks; /* numbers of those that were written */
};

/* Rows in memory, and room for the same after a pass. */
struct batch {
	size_t n, max;
	uint64_t *keys, *other_keys;
	uint32_t *rows, *other_rows;
	size_t counts[DIGITS][BUCKETS];
};

struct sorting {
	const struct query_column *column;
	size_t n;
	bool count;
	sorted_rows_sink *sink;
	void *user;
	const atomic_bool *cancel;
	struct schedtrace_error *err;
	struct batch batch;
	/* Of many rows: */
	uint64_t splitters[SPLITTERS + 1]; /* in their order, the last ones more than any key */
	uint64_t tree[SPLITTERS + 1];	   /* the same; behind node i come 2 i and 2 i + 1 */
	struct part parts[PARTS];
	struct chunk *waiting; /* of each part */
	struct cache_piece written;
	uint32_t n_written;
};

static int no_memory(const struct sorting *s)
{
	return error_set(s->err, SCHEDTRACE_E_NOMEM, "no memory to order %zu rows", s->n);
}

static int look_whether_to_stop(const struct sorting *s)
{
	return s->cancel && atomic_load(s->cancel)
		       ? error_set(s->err, SCHEDTRACE_E_CANCELLED, "cancelled")
		       : 0;
}

uint64_t sorted_rows_key(const struct query_column *column, size_t i)
{
	const uint64_t sign = (uint64_t)1 << 63;
	uint64_t bits;

	if (!column->reals)
		return (uint64_t)(column->ints ? column->ints[i] : column->small_ints[i]) ^ sign;
	memcpy(&bits, &column->reals[i], sizeof(bits));
	if (bits == sign)
		bits = 0;
	return bits & sign ? ~bits : bits | sign;
}

double sorted_rows_value(const struct query_column *column, uint64_t key)
{
	const uint64_t sign = (uint64_t)1 << 63;
	double value;

	if (!column->reals)
		return (double)(int64_t)(key ^ sign);
	key = key & sign ? key ^ sign : ~key;
	memcpy(&value, &key, sizeof(value));
	return value;
}

static int batch_room(struct sorting *s, size_t n)
{
	struct batch *b = &s->batch;

	if (n <= b->max)
		return 0;
	free(b->keys);
	free(b->other_keys);
	free(b->rows);
	free(b->other_rows);
	b->keys = malloc(n * sizeof(*b->keys));
	b->other_keys = malloc(n * sizeof(*b->keys));
	b->rows = malloc(n * sizeof(*b->rows));
	b->other_rows = malloc(n * sizeof(*b->rows));
	b->max = n;
	return b->keys && b->other_keys && b->rows && b->other_rows ? 0 : no_memory(s);
}

static uint32_t digit_of(uint64_t key, int digit)
{
	return (uint32_t)(key >> (digit * DIGIT_BITS)) % BUCKETS;
}

static void count_digits(struct batch *b)
{
	memset(b->counts, 0, sizeof(b->counts));
	for (size_t i = 0; i < b->n; i++)
		for (int digit = 0; digit < DIGITS; digit++)
			b->counts[digit][digit_of(b->keys[i], digit)]++;
}

/* By one digit, equal ones in the order that they have. */
static void sort_by_digit(struct batch *b, int digit)
{
	size_t *begins = b->counts[digit], before = 0;
	uint64_t *keys = b->keys;
	uint32_t *rows = b->rows;

	if (begins[digit_of(keys[0], digit)] == b->n) /* all have it in common */
		return;
	for (size_t bucket = 0; bucket < BUCKETS; bucket++) {
		size_t count = begins[bucket];

		begins[bucket] = before;
		before += count;
	}
	for (size_t i = 0; i < b->n; i++) {
		size_t to = begins[digit_of(keys[i], digit)]++;

		b->other_keys[to] = keys[i];
		b->other_rows[to] = rows[i];
	}
	b->keys = b->other_keys;
	b->rows = b->other_rows;
	b->other_keys = keys;
	b->other_rows = rows;
}

static int sort_batch(struct sorting *s)
{
	struct batch *b = &s->batch;

	if (!b->n)
		return 0;
	count_digits(b);
	for (int digit = 0; digit < DIGITS; digit++)
		sort_by_digit(b, digit);
	return s->sink(s->user, b->rows, b->n, s->err);
}

/* Those of @rows rows from @begin on that have a value; @known: how many there were before. */
static size_t take_rows(const struct sorting *s, size_t begin, size_t rows, size_t known,
			uint64_t *keys, uint32_t *numbers)
{
	size_t n = 0;

	for (size_t i = begin; i < begin + rows; i++) {
		if (s->column->reals && isnan(s->column->reals[i]))
			continue;
		keys[n] = sorted_rows_key(s->column, i);
		numbers[n] = (uint32_t)(s->count ? known + n : i);
		n++;
	}
	return n;
}

static int sort_at_once(struct sorting *s)
{
	int r = batch_room(s, s->n + 1);

	if (r < 0)
		return r;
	s->batch.n = take_rows(s, 0, s->n, 0, s->batch.keys, s->batch.rows);
	return sort_batch(s);
}

static int compare_keys(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Values of rows all over the column; those that are the same make one splitter. */
static int choose_splitters(struct sorting *s)
{
	auto_free uint64_t *samples = malloc(SAMPLES * sizeof(*samples));
	uint64_t random = 1;
	size_t n = 0;

	if (!samples)
		return no_memory(s);
	for (size_t i = 0; i < SAMPLES; i++) {
		size_t row;

		random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		row = (size_t)((random >> 32) * s->n >> 32);
		samples[i] = sorted_rows_key(s->column, row);
	}
	qsort(samples, SAMPLES, sizeof(*samples), compare_keys);
	for (size_t i = 1; i <= SPLITTERS; i++) {
		uint64_t key = samples[i * (SAMPLES / (SPLITTERS + 1))];

		if (!n || key != s->splitters[n - 1])
			s->splitters[n++] = key;
	}
	for (; n <= SPLITTERS; n++)
		s->splitters[n] = UINT64_MAX;
	for (size_t level = 0, node = 1; level < LEVELS; level++)
		for (size_t i = 0; i < (size_t)1 << level; i++)
			s->tree[node++] = s->splitters[((2 * i + 1) << (LEVELS - 1 - level)) - 1];
	return 0;
}

static size_t part_of(const struct sorting *s, uint64_t key)
{
	size_t node = 1;

	for (int level = 0; level < LEVELS; level++)
		node = 2 * node + (s->tree[node] < key);
	node -= SPLITTERS + 1;
	return 2 * node + (s->splitters[node] == key);
}

static int write_chunk(struct sorting *s, size_t p)
{
	struct part *part = &s->parts[p];

	if (!array_room(part->chunks, part->n_chunks, part->max))
		return no_memory(s);
	if (cache_piece_write(&s->written, s->n_written * sizeof(struct chunk), &s->waiting[p],
			      sizeof(struct chunk)) < 0)
		return error_set(s->err, SCHEDTRACE_E_IO,
				 "the cache folder does not take %zu rows to be ordered: %m", s->n);
	part->chunks[part->n_chunks++] = s->n_written++;
	return 0;
}

static int put_into_parts(struct sorting *s, const uint64_t *keys, const uint32_t *rows, size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		size_t p = part_of(s, keys[i]), at = s->parts[p].n++ % CHUNK_ROWS;

		s->waiting[p].keys[at] = keys[i];
		s->waiting[p].rows[at] = rows[i];
		if (at == CHUNK_ROWS - 1)
			r = write_chunk(s, p);
	}
	return r;
}

static int part_rows(struct sorting *s, struct cache_memory *memory)
{
	uint64_t keys[CHUNK_ROWS];
	uint32_t rows[CHUNK_ROWS];
	size_t known = 0;
	int r = choose_splitters(s);

	if (r < 0)
		return r;
	s->waiting = aligned_alloc(HUGE_PAGE, PARTS * sizeof(struct chunk)); /* a multiple */
	if (!s->waiting ||
	    cache_memory_reserve(memory, (s->n / CHUNK_ROWS + 1) * sizeof(struct chunk),
				 &s->written) < 0)
		return no_memory(s);
	madvise(s->waiting, PARTS * sizeof(struct chunk), MADV_HUGEPAGE);
	for (size_t begin = 0; begin < s->n && r == 0; begin += CHUNK_ROWS) {
		size_t left = s->n - begin, n;

		n = take_rows(s, begin, left < CHUNK_ROWS ? left : CHUNK_ROWS, known, keys, rows);
		known += n;
		r = put_into_parts(s, keys, rows, n);
		if (r == 0)
			r = look_whether_to_stop(s);
	}
	return r;
}

static const struct chunk *chunk_of(const struct sorting *s, size_t p, size_t i)
{
	const struct chunk *written = s->written.bytes;

	return i < s->parts[p].n_chunks ? &written[s->parts[p].chunks[i]] : &s->waiting[p];
}

/* All rows of a part have the same value, or it is to be sorted. */
static int send_part(struct sorting *s, size_t p)
{
	size_t left = s->parts[p].n;
	int r = look_whether_to_stop(s);

	if (r == 0 && !(p % 2))
		r = batch_room(s, left);
	s->batch.n = 0;
	for (size_t i = 0; left && r == 0; i++) {
		const struct chunk *chunk = chunk_of(s, p, i);
		size_t n = left < CHUNK_ROWS ? left : CHUNK_ROWS;

		left -= n;
		if (p % 2) {
			r = s->sink(s->user, chunk->rows, n, s->err);
			continue;
		}
		memcpy(s->batch.keys + s->batch.n, chunk->keys, n * sizeof(*chunk->keys));
		memcpy(s->batch.rows + s->batch.n, chunk->rows, n * sizeof(*chunk->rows));
		s->batch.n += n;
	}
	return r < 0 ? r : sort_batch(s);
}

static void sorting_free(struct sorting **sorting)
{
	struct sorting *s = *sorting;

	if (!s)
		return;
	for (size_t p = 0; p < PARTS; p++)
		free(s->parts[p].chunks);
	free(s->waiting);
	free(s->batch.keys);
	free(s->batch.other_keys);
	free(s->batch.rows);
	free(s->batch.other_rows);
	free(s);
}

int sorted_rows(const struct query_column *column, size_t n, bool count,
		struct cache_memory *memory, sorted_rows_sink *sink, void *user,
		const atomic_bool *cancel, struct schedtrace_error *err)
{
	__attribute__((cleanup(sorting_free))) struct sorting *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory to order %zu rows", n);
	if (n > UINT32_MAX)
		return error_set(err, SCHEDTRACE_E_LIMIT, "%zu rows to order are more than %u", n,
				 UINT32_MAX);
	s->column = column;
	s->n = n;
	s->count = count;
	s->sink = sink;
	s->user = user;
	s->cancel = cancel;
	s->err = err;
	r = look_whether_to_stop(s);
	if (r < 0)
		return r;
	if (n <= SORTED_ROWS_AT_ONCE)
		return sort_at_once(s);
	r = part_rows(s, memory);
	for (size_t p = 0; p < PARTS && r == 0; p++)
		r = send_part(s, p);
	return r;
}
