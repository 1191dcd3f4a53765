/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tracedat/decode.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/error.h"
#include "tracedat/decode_block.h"

#define BLOCK_BYTES    (256u << 10)
#define DEFAULT_MEMORY (256ull << 20)
#define NOTES_MAX      5

/* With the lock held: the stream that is least ahead of its consumer, if any has room. */
static bool claim(struct decoder *d, struct stream *wanted, struct block_work *w)
{
	struct stream *best = NULL;
	size_t i;

	for (i = 0; i < d->n_streams; i++) {
		struct stream *s = wanted ? wanted : &d->streams[i];

		if (s->finished || s->ring[s->claimed % d->depth].state != BLOCK_FREE)
			continue;
		if (!best || s->claimed - s->consumed < best->claimed - best->consumed)
			best = s;
	}
	if (!best)
		return false;
	w->d = d;
	w->s = best;
	w->b = &best->ring[best->claimed % d->depth];
	decode_block_begin(w);
	w->b->state = BLOCK_CLAIMED;
	best->claimed++;
	return true;
}

static void decode_unlocked(struct block_work *w)
{
	pthread_mutex_unlock(&w->d->lock);
	decode_block(w);
	pthread_mutex_lock(&w->d->lock);
	w->b->state = BLOCK_READY;
	pthread_cond_signal(&w->d->ready);
}

static void *thread_main(void *user)
{
	struct decoder *d = user;
	void *codec = NULL;
	struct block_work w = { .codec = &codec };

	pthread_mutex_lock(&d->lock);
	while (!d->stop) {
		if (claim(d, NULL, &w))
			decode_unlocked(&w);
		else
			pthread_cond_wait(&d->room, &d->lock);
	}
	pthread_mutex_unlock(&d->lock);
	codec_free(codec);
	return NULL;
}

/* A block that begins long before the end of the one before it. */
static int check_times(struct decoder *d, const struct stream *s, const struct block *b,
		       int64_t back, struct schedtrace_error *err)
{
	if (back <= CLOCK_LIMIT_NS)
		return 0;
	if (!d->salvage)
		return error_set(err, SCHEDTRACE_E_FORMAT,
				 "CPU %d: data at byte %" PRIu64 " begins %" PRId64
				 " ns before the record before it",
				 s->cpu, b->offset, back);
	d->damaged++;
	return 0;
}

static void tell(struct decoder *d, const char *text)
{
	if (d->notes.tell && d->noted < NOTES_MAX) {
		d->noted++;
		note(&d->notes, "%s", text);
	}
}

/* Makes what the threads could not know right: the block before ended at s->last. */
static int join_blocks(struct decoder *d, struct stream *s, struct block *b,
		       struct schedtrace_error *err)
{
	struct page_records *r = &b->records;
	int status = 0;

	if (s->gap && r->n && page_records_end_gap(r) < 0)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for records");
	s->gap = page_records_open_gap(r, s->last) || (s->gap && !r->n);
	for (size_t i = 0; i < r->n; i++) {
		struct record *rec = &r->list[i];

		if (rec->kind == RECORD_GAP) {
			/* When it began is unknown where nothing precedes it. */
			if (rec->timestamp == INT64_MIN)
				rec->timestamp = s->last == INT64_MIN ? rec[1].timestamp : s->last;
			continue;
		}
		if (rec->kind == RECORD_LOST && rec->lost_since == INT64_MIN)
			rec->lost_since = s->last;
		if (rec->timestamp < s->last)
			status = check_times(d, s, b, s->last - rec->timestamp, err);
		/* Pages are in order among themselves, or decode_pages() noted where they are
		 * not. */
		if (status == 0 && (rec->timestamp < s->last || s->marked) &&
		    page_records_step(r, i) < 0)
			status = error_set(err, SCHEDTRACE_E_NOMEM, "no memory for records");
		break;
	}
	if (r->n) {
		s->last = r->list[r->n - 1].timestamp;
		s->marked = r->marked;
	}
	if (b->damaged)
		tell(d, b->err.text);
	d->damaged += b->damaged;
	d->empty += b->empty;
	d->done += b->bytes;
	return status;
}

/* The records from the first that would be too late; a loss until the end of time stands for them,
 * and for all that comes later in the block. */
static void give_up_from(struct decoder *d, struct stream *s, struct record *first, int64_t shift,
			 const char *why)
{
	bool none = first == s->cur;

	/* The times before shifts, of which the next block's are. */
	if (!none)
		s->last = first[-1].timestamp + shift - s->shift;
	else
		s->last = s->reached == INT64_MIN ? INT64_MIN : s->reached - s->shift;
	*first = (struct record){
		.timestamp = DECODER_TIME_MAX - shift,
		.lost_since = none ? s->reached : first[-1].timestamp,
		.lost = -1,
		.kind = RECORD_LOST,
		.cpu = s->cpu,
	};
	s->cur_end = s->block_end = first + 1;
	d->damaged++;
	tell(d, why);
}

int stream_shift(struct decoder *d, struct stream *s, int64_t shift, struct schedtrace_error *err)
{
	struct record *r = s->list + (s->cur - s->list), *end = s->list + (s->cur_end - s->list);
	int64_t last;

	if (r == end)
		return 0;
	if (!checked_add(end[-1].timestamp, shift, &last) || last > DECODER_TIME_MAX) {
		struct schedtrace_error late;
		int status = error_set(&late, SCHEDTRACE_E_FORMAT,
				       "CPU %d: a time above 2^62 after the clock was set back",
				       s->cpu);

		if (!d->salvage) {
			if (err)
				*err = late;
			return status;
		}
		while (r->timestamp <= DECODER_TIME_MAX - shift)
			r++;
		give_up_from(d, s, r, shift, late.text);
		r = s->list + (s->cur - s->list);
		last = DECODER_TIME_MAX;
	}
	for (; shift && r < s->cur_end; r++) {
		r->timestamp += shift;
		/* The first one's gap began before. */
		if (r->kind == RECORD_LOST && r->lost_since != INT64_MIN && r > s->cur)
			r->lost_since += shift;
	}
	s->reached = last;
	return 0;
}

int decoder_enter(struct decoder *d, struct stream *s, struct schedtrace_error *err)
{
	const struct page_records *r = s->records;

	s->cur = s->cur_end;
	s->cur_end = s->next_step < r->n_steps ? r->list + r->steps[s->next_step++] : s->block_end;
	if (s->cur < s->cur_end && s->cur->kind == RECORD_LOST && s->reached != INT64_MIN)
		s->list[s->cur - s->list].lost_since = s->reached;
	return stream_shift(d, s, s->shift, err);
}

int64_t stream_silence(struct stream *s)
{
	const struct page_records *r = s->records;
	size_t step = 0;

	if (s->silence_known)
		return s->silence;
	s->silence_known = true;
	for (size_t i = 1; i < r->n; i++) {
		int64_t ns = r->list[i].timestamp - r->list[i - 1].timestamp;

		while (step < r->n_steps && r->steps[step] < i)
			step++;
		if (ns > s->silence && (step == r->n_steps || r->steps[step] != i))
			s->silence = ns;
	}
	return s->silence;
}

/* @next: the block after it, NULL: it is not there yet and the one that ends will be released. */
static void end_block(struct stream *s, const struct page_records *next)
{
	bool needed = !next || (next->n_steps && !next->steps[0]);

	if (needed && s->records)
		stream_silence(s);
	else if (!needed)
		s->silence = 0;
	s->silence_known = false;
	s->records = next;
}

int decoder_advance(struct decoder *d, struct stream *s, struct schedtrace_error *err)
{
	struct block_work w = { .codec = &d->codec };
	struct block *b;
	int r;

	if (s->cur_end < s->block_end)
		return DECODER_STEP;
	do {
		pthread_mutex_lock(&d->lock);
		for (;;) {
			bool end = s->finished && s->consumed == s->claimed;

			if (end || s->consumed - s->released == d->depth) {
				pthread_mutex_unlock(&d->lock);
				if (!end)
					end_block(s, NULL);
				return end ? DECODER_END : DECODER_FULL;
			}
			b = &s->ring[s->consumed % d->depth];
			if (s->consumed < s->claimed && b->state == BLOCK_READY)
				break;
			if (claim(d, s->consumed == s->claimed ? s : NULL, &w))
				decode_unlocked(&w);
			else
				pthread_cond_wait(&d->ready, &d->lock);
		}
		s->consumed++;
		pthread_mutex_unlock(&d->lock);
		if (b->status < 0) {
			if (err)
				*err = b->err;
			return b->status;
		}
		r = join_blocks(d, s, b, err);
		if (r < 0)
			return r;
	} while (!b->records.n);
	end_block(s, &b->records);
	s->list = b->records.list;
	s->block_end = s->list + b->records.n;
	s->next_step = 0;
	s->cur = s->cur_end = s->list;
	r = decoder_enter(d, s, err);
	return r < 0 ? r : DECODER_RECORDS;
}

void decoder_release(struct decoder *d)
{
	size_t i;

	pthread_mutex_lock(&d->lock);
	for (i = 0; i < d->n_streams; i++) {
		struct stream *s = &d->streams[i];
		uint64_t keep = s->consumed - (s->cur < s->block_end);

		while (s->released < keep)
			s->ring[s->released++ % d->depth].state = BLOCK_FREE;
	}
	pthread_cond_broadcast(&d->room);
	pthread_mutex_unlock(&d->lock);
}

/* A CPU's data, as far as the file has it. */
static int open_stream(struct decoder *d, const struct cpu_data *data, struct schedtrace_error *err)
{
	struct stream *s = &d->streams[d->n_streams];
	/* In a compressed buffer the size leaves the number of chunks out. */
	uint64_t end = data->offset + data->size + (d->instance->compressed ? 4 : 0);

	*s = (struct stream){
		.cpu = data->cpu,
		.at = data->offset,
		.end = end,
		.last = INT64_MIN,
		.reached = INT64_MIN,
	};
	if (end > d->c->size) {
		s->cut = end;
		s->end = d->c->size > s->at ? d->c->size : s->at;
		error_set(err, SCHEDTRACE_E_FORMAT,
			  "CPU %d data ends at byte %" PRIu64 ", header says %" PRIu64
			  ": file is cut",
			  s->cpu, d->c->size, end);
		if (!d->salvage)
			return SCHEDTRACE_E_FORMAT;
		if (err)
			note(&d->notes, "%s", err->text);
		d->damaged++;
	}
	s->gap = s->finished = s->at == s->end;
	d->n_streams++;
	if (s->finished)
		return 0;
	s->ring = calloc(d->depth, sizeof(*s->ring));
	if (!s->ring)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for blocks");
	d->total += s->end - s->at;
	return 0;
}

/* Blocks are small enough that all that are ahead fit in half of the memory allowed. */
static void choose_sizes(struct decoder *d, uint64_t memory)
{
	uint64_t page = d->config.layout.page_size;
	uint64_t each, n = 1;
	size_t i;

	for (i = 0; i < d->instance->n_cpus; i++)
		n += d->instance->cpus[i].size > 0;
	d->depth = 4;
	/* Beside the pages there are as many bytes again of records, and of packed chunks. */
	each = (memory ? memory : DEFAULT_MEMORY) / 2 / 3 / d->depth / n;
	if (each > BLOCK_BYTES)
		each = BLOCK_BYTES;
	d->block_bytes = each < page ? page : each / page * page;
}

static int by_cpu(const void *a, const void *b)
{
	const struct stream *x = a, *y = b;

	if (x->cpu != y->cpu)
		return x->cpu > y->cpu ? 1 : -1;
	return (x->at > y->at) - (x->at < y->at); /* of two buffers */
}

static int start_threads(struct decoder *d, unsigned int threads, struct schedtrace_error *err)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	size_t n = threads ? threads : cpus > 0 ? (size_t)cpus : 1;

	n = n > 64 ? 64 : n;
	/* One of the threads is the consumer. */
	if (n == 1 || d->total <= 2 * d->block_bytes)
		return 0;
	d->threads = calloc(n - 1, sizeof(*d->threads));
	if (!d->threads)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for threads");
	for (; d->n_threads < n - 1; d->n_threads++)
		if (pthread_create(&d->threads[d->n_threads], NULL, thread_main, d))
			break; /* fewer are enough: the consumer decodes too */
	return 0;
}

int decoder_open(struct decoder *d, const struct container *c, const struct file_instance *instance,
		 const struct formats *formats, const struct tracedat_options *options,
		 struct schedtrace_error *err)
{
	size_t i;
	int r;

	d->c = c;
	d->instance = instance;
	d->salvage = options && options->salvage;
	if (options)
		d->notes = options->notes;
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->ready, NULL);
	pthread_cond_init(&d->room, NULL);
	r = pages_configure(&d->config, &c->layout, formats, err);
	if (r < 0)
		return r;
	choose_sizes(d, options ? options->max_memory : 0);
	d->streams = calloc(instance->n_cpus + 1, sizeof(*d->streams));
	if (!d->streams)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %zu CPUs",
				 instance->n_cpus);
	for (i = 0; r == 0 && i < instance->n_cpus; i++)
		if (instance->cpus[i].size)
			r = open_stream(d, &instance->cpus[i], err);
	if (r < 0)
		return r;
	qsort(d->streams, d->n_streams, sizeof(*d->streams), by_cpu);
	return start_threads(d, options ? options->threads : 0, err);
}

void decoder_close(struct decoder *d)
{
	size_t i, k;

	if (!d->c)
		return;
	pthread_mutex_lock(&d->lock);
	d->stop = true;
	pthread_cond_broadcast(&d->room);
	pthread_mutex_unlock(&d->lock);
	for (i = 0; i < d->n_threads; i++)
		pthread_join(d->threads[i], NULL);
	for (i = 0; i < d->n_streams; i++) {
		for (k = 0; d->streams[i].ring && k < d->depth; k++) {
			free(d->streams[i].ring[k].packed);
			free(d->streams[i].ring[k].data);
			free(d->streams[i].ring[k].records.list);
			free(d->streams[i].ring[k].records.steps);
		}
		free(d->streams[i].ring);
	}
	free(d->streams);
	free(d->threads);
	codec_free(d->codec);
	pages_config_free(&d->config);
	pthread_mutex_destroy(&d->lock);
	pthread_cond_destroy(&d->ready);
	pthread_cond_destroy(&d->room);
	*d = (struct decoder){ 0 };
}
