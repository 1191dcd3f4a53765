/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What turns out not to have been as the queues showed it. */
#include "libschedtrace/replay/queues.h"

static struct queue_sums least(const struct queue_sums *a, const struct queue_sums *b)
{
	return (struct queue_sums){
		.followed = queues_less(a->followed, b->followed),
		.idle = queues_less(a->idle, b->idle),
		.some_idle = queues_less(a->some_idle, b->some_idle),
		.overloaded = queues_less(a->overloaded, b->overloaded),
		.wall = queues_less(a->wall, b->wall),
		.per_cpu = queues_less(a->per_cpu, b->per_cpu),
		.per_thread = queues_less(a->per_thread, b->per_thread),
		.any_wall = queues_less(a->any_wall, b->any_wall),
		.any_per_cpu = queues_less(a->any_per_cpu, b->any_per_cpu),
		.any_per_thread = queues_less(a->any_per_thread, b->any_per_thread),
	};
}

/* Takes out the time since sums were as @before, so that it counts no longer. */
static void take_out(struct queues *q, const struct queue_sums *before, int64_t since)
{
	struct queue_sums now = least(&q->sums, before);
	int64_t some_idle = q->sums.some_idle - now.some_idle;
	struct queue *c;

	for (uint32_t i = 1; i < q->classes.n; i++) {
		struct queue_class *class = grown_get(&q->classes, i, struct queue_class);

		class->some_idle -= queues_less(class->some_idle, some_idle);
	}
	q->sums = now;
	/* Stretches that overlap with this one are not taken out twice. */
	for (uint32_t i = q->first_seen; i; i = c->next_seen) {
		c = grown_get(&q->cpus, i - 1, struct queue);
		c->at_sign = least(&c->at_sign, &q->sums);
		c->at_woken = least(&c->at_woken, &q->sums);
		for (uint32_t life = c->first; life;) {
			const struct waiter *w = grown_get(&q->lives, life - 1, struct waiter);
			struct queue_sums *came = grown_get(&q->came, w->slot, struct queue_sums);

			*came = least(came, &q->sums);
			life = w->next;
		}
	}
	if (q->doubted)
		q->doubted(q->self, since);
}

void queues_refute(struct queues *q, int32_t cpu)
{
	const struct queue *c = grown_get(&q->cpus, cpu, struct queue);
	const struct waiter *w;

	for (uint32_t life = c ? c->first : 0; life; life = w->next) {
		w = grown_get(&q->lives, life - 1, struct waiter);
		take_out(q, grown_get(&q->came, w->slot, struct queue_sums), w->since);
	}
}

void queues_doubt(struct queues *q, int32_t cpu, enum replay_doubt why, int64_t begin, int64_t end)
{
	struct queue *c = grown_get(&q->cpus, cpu, struct queue);
	bool woken;

	if (!c || !c->seen || (why != REPLAY_BROKEN && why != REPLAY_GAP && why != REPLAY_CLOCK))
		return;
	queues_advance(q, end);
	q->doubt.cpu = cpu;
	q->doubt.begin = begin;
	q->doubt.end = end;
	woken = c->woken <= begin;
	/* What is taken out begins where the sums were kept, which may be before the doubt. */
	take_out(q, woken ? &c->at_woken : &c->at_sign,
		 queues_less(begin, woken ? c->woken : c->sign));
}

void queues_span(struct queues *q, const struct replay_span *span)
{
	const struct waiter *w = grown_get(&q->lives, span->life, struct waiter);

	if (!life_is_waiting(span->state) || span->certain_end == span->end || !w || !w->cpu)
		return;
	/* The CPU's own doubt took it out, unless it waited on after that. */
	if (q->doubt.cpu == w->cpu - 1 && q->doubt.end == span->end &&
	    q->doubt.begin <= span->certain_end && w->since < span->end)
		return;
	queues_advance(q, span->end);
	take_out(q, grown_get(&q->came, w->slot, struct queue_sums), w->since);
}

int64_t queues_settled(const struct queues *q)
{
	const struct queue *c;
	int64_t settled = q->now;

	for (uint32_t cpu = q->first_seen; cpu; cpu = c->next_seen) {
		c = grown_get(&q->cpus, cpu - 1, struct queue);
		if (c->current != LIFE_NONE)
			settled = queues_less(settled, c->sign);
		for (uint32_t life = c->first; life;) {
			const struct waiter *w = grown_get(&q->lives, life - 1, struct waiter);

			settled = queues_less(settled, w->since);
			life = w->next;
		}
	}
	return settled;
}
