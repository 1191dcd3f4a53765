/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libschedtrace/analyses/episodes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "libschedtrace/analysis.h"

#define MAX_LISTED 16
/* Kept for late evidence: what comes later than so many more is not taken notice of. */
#define MAX_ENDED (1u << 20)

enum { E_BEGIN, E_END, E_IDLE, E_WAITING, E_IDLE_MAX, E_WAITING_MAX, E_CERTAIN, N_E_COLUMNS };

static const struct schedtrace_column_info *const columns[N_E_COLUMNS] = {
	[E_BEGIN] = COLUMN_STAMP("begin_ns", "from when, on the trace clock"),
	[E_END] = COLUMN_STAMP("end_ns", "until when"),
	[E_IDLE] = COLUMN_TEXT("idle", "idle CPUs at the begin, the first 16"),
	[E_WAITING] =
		COLUMN_TEXT("waiting", "waiting tasks at the begin, the first 16: name:pid@CPU"),
	[E_IDLE_MAX] =
		COLUMN_COUNT("idle_max", "most idle CPUs at once", .merge = SCHEDTRACE_MERGE_MAX),
	[E_WAITING_MAX] = COLUMN_COUNT("waiting_max", "most waiting tasks at once",
				       .merge = SCHEDTRACE_MERGE_MAX),
	[E_CERTAIN] = COLUMN_ID(
		"certain", "0: a switch turned out to be missing or records lost; it may not have "
			   "been so"),
};

const struct schedtrace_table_info episodes_info = {
	.name = "idle_while_waiting",
	.about = "every stretch in which a CPU idled while a task waited for another CPU",
	.n_columns = N_E_COLUMNS,
	.columns = columns,
	.choices = SCHEDTRACE_BEFORE_TASK | SCHEDTRACE_BEFORE_CPU,
	.key = "begin_ns",
};

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for analysis runqueue");
}

void episodes_init(struct episodes *e, const struct queues *queues,
		   const struct schedtrace_sink *sink)
{
	e->queues = queues;
	e->sink = sink;
	e->look = 64;
}

static void free_lists(struct episode *e)
{
	free(e->idle);
	free(e->waiting);
	e->idle = e->waiting = NULL;
}

void episodes_free(struct episodes *e)
{
	for (uint32_t i = 0; i < e->n; i++)
		free_lists(&e->ended[i]);
	free_lists(&e->now);
	free(e->ended);
	histogram_free(&e->settled);
}

static char *list_idle(const struct queues *q)
{
	char *text = NULL;
	size_t size, n = 0;
	FILE *f = open_memstream(&text, &size);

	for (uint32_t cpu = 0; f && cpu < q->cpus.n && n < MAX_LISTED; cpu++) {
		const struct queue *c = grown_get(&q->cpus, cpu, struct queue);

		if (c->seen && queues_idle_is_waste(q, cpu))
			fprintf(f, "%s%u", n++ ? "," : "", cpu);
	}
	return f && !fclose(f) ? text : NULL;
}

static char *list_waiting(const struct queues *q)
{
	const struct lives *lives = replay_lives(q->replay);
	char *text = NULL;
	size_t size, n = 0;
	FILE *f = open_memstream(&text, &size);

	for (uint32_t cpu = 0; f && cpu < q->cpus.n && n < MAX_LISTED; cpu++) {
		const struct queue *c = grown_get(&q->cpus, cpu, struct queue);

		for (uint32_t life = c->first; life && n < MAX_LISTED;) {
			const char *name = lives_name(lives, life - 1);

			if (queues_counts(q, life - 1) && queues_idle_for(q, life - 1))
				fprintf(f, "%s%s:%d@%u", n++ ? " " : "", name ? name : "",
					lives->all[life - 1].pid, cpu);
			life = grown_get(&q->lives, life - 1, struct waiter)->next;
		}
	}
	return f && !fclose(f) ? text : NULL;
}

/* Rows of one moment may change who waits: the lists are as after the last of them. */
static int list_begin(struct episodes *e, struct schedtrace_error *err)
{
	if (!e->sink)
		return 0;
	free_lists(&e->now);
	e->now.idle = list_idle(e->queues);
	e->now.waiting = list_waiting(e->queues);
	return e->now.idle && e->now.waiting ? 0 : no_memory(err);
}

static void begin(struct episodes *e)
{
	e->open = true;
	e->now = (struct episode){
		.begin = e->queues->now,
		.followed = e->queues->sums.followed,
	};
}

/* Writes it into the log, where it stays as it is known now. */
static int tell(struct episodes *all, struct episode *e, struct schedtrace_error *err)
{
	union schedtrace_value v[N_E_COLUMNS];

	if (!all->sink || e->told)
		return 0;
	e->told = true;
	v[E_BEGIN].i = e->begin;
	v[E_END].i = e->end;
	v[E_IDLE].s = e->idle;
	v[E_WAITING].s = e->waiting;
	v[E_IDLE_MAX].i = e->idle_max;
	v[E_WAITING_MAX].i = e->waiting_max;
	v[E_CERTAIN].i = !e->doubtful;
	return all->sink->row(all->sink->user, &episodes_info, v, err);
}

static int settle(struct episodes *all, struct schedtrace_error *err)
{
	int64_t settled = queues_settled(all->queues);
	uint32_t n = 0;
	int r = 0;

	for (; n < all->n && r >= 0; n++) {
		struct episode *e = &all->ended[n];

		if (e->end > settled && all->n - n < MAX_ENDED)
			break;
		r = tell(all, e, err);
		free_lists(e);
		all->doubtful += e->doubtful;
		if (!e->doubtful && histogram_add(&all->settled, e->end - e->begin) < 0)
			r = no_memory(err);
	}
	all->n -= n;
	memmove(all->ended, all->ended + n, all->n * sizeof(*all->ended));
	all->look = 2 * all->n + 64 < MAX_ENDED ? 2 * all->n + 64 : MAX_ENDED;
	return r;
}

static int end(struct episodes *all, struct schedtrace_error *err)
{
	const struct queues *q = all->queues;
	struct episode *e = &all->now;

	all->open = false;
	e->begin = e->begin > q->window_begin ? e->begin : q->window_begin;
	e->end = q->now < q->window_end ? q->now : q->window_end;
	if (e->begin >= e->end) {
		free_lists(e);
		return 0;
	}
	e->doubtful = q->sums.followed - e->followed != e->end - e->begin;
	if (!array_room(all->ended, all->n, all->max))
		return no_memory(err);
	all->ended[all->n++] = *e;
	*e = (struct episode){ 0 };
	return all->n < all->look ? 0 : settle(all, err);
}

int episodes_follow(struct episodes *e, struct schedtrace_error *err)
{
	const struct queue_waste *waste = &e->queues->waste;
	bool wasted = waste->idle && waste->overloaded;
	int r = 0;

	if (e->open && !wasted)
		r = end(e, err);
	else if (!e->open && wasted)
		begin(e);
	if (wasted && e->now.begin == e->queues->now)
		r = list_begin(e, err);
	if (wasted && waste->idle > e->now.idle_max)
		e->now.idle_max = waste->idle;
	if (wasted && waste->waiting > e->now.waiting_max)
		e->now.waiting_max = waste->waiting;
	return r;
}

void episodes_doubted(void *self, int64_t since)
{
	struct episodes *e = self;

	for (uint32_t i = e->n; i-- > 0 && e->ended[i].end > since;)
		e->ended[i].doubtful = true;
}

int episodes_sum(const struct episodes *all, struct histogram *sure, int64_t *doubtful,
		 struct schedtrace_error *err)
{
	int r = 0;

	*doubtful = all->doubtful;
	*sure = (struct histogram){ 0 };
	if (histogram_merge(sure, &all->settled) < 0)
		r = no_memory(err);
	for (uint32_t i = 0; i < all->n && r >= 0; i++) {
		const struct episode *e = &all->ended[i];

		*doubtful += e->doubtful;
		if (!e->doubtful && histogram_add(sure, e->end - e->begin) < 0)
			r = no_memory(err);
	}
	return r;
}

int episodes_finish(struct episodes *all, struct schedtrace_error *err)
{
	int r = 0;

	for (uint32_t i = 0; i < all->n && r >= 0; i++)
		r = tell(all, &all->ended[i], err);
	return r;
}
