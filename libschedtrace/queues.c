/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "queues.h"

#include "checked.h"

void queues_init(struct queues *q, const struct analysis_env *env)
{
	q->replay = env->replay;
	q->window_begin = env->window_begin;
	q->window_end = env->window_end;
	q->now = INT64_MIN;
}

void queues_free(struct queues *q)
{
	free(q->cpus.items);
	free(q->lives.items);
}

static void add(int64_t *sum, int64_t times, int64_t ns)
{
	int64_t product;

	if (!checked_mul(times, ns, &product) || !checked_add(*sum, product, sum))
		*sum = INT64_MAX;
}

struct queue_sums queues_sums_at(const struct queues *q, int64_t now)
{
	int64_t begin = q->now > q->window_begin ? q->now : q->window_begin;
	int64_t end = now < q->window_end ? now : q->window_end;
	struct queue_sums sums = q->sums;
	int64_t ns = end - begin;

	if (q->now == INT64_MIN || end <= begin)
		return sums;
	add(&sums.followed, 1, ns);
	add(&sums.idle, q->n_idle, ns);
	add(&sums.some_idle, q->n_idle > 0, ns);
	add(&sums.overloaded, q->n_overloaded > 0, ns);
	if (q->n_idle && q->n_overloaded) {
		add(&sums.wall, 1, ns);
		add(&sums.per_cpu, q->n_idle < q->n_overloaded ? q->n_idle : q->n_overloaded, ns);
	}
	if (q->n_idle && q->n_waiting)
		add(&sums.per_thread, q->n_idle < q->n_waiting ? q->n_idle : q->n_waiting, ns);
	return sums;
}

void queues_advance(struct queues *q, int64_t now)
{
	if (now <= q->now)
		return;
	if (q->n_idle || q->n_overloaded)
		q->sums = queues_sums_at(q, now);
	else if (q->now != INT64_MIN)
		q->sums.followed = queues_sums_at(q, now).followed;
	q->now = now;
}

static bool is_idle(const struct queue *c)
{
	return c->current == LIFE_IDLE && !c->waiting;
}

static bool is_overloaded(const struct queue *c)
{
	return c->current <= LIFE_MAX && c->waiting;
}

/* The CPU's queue before a change; queue_changed() after it. */
static struct queue *cpu_of(struct queues *q, int32_t cpu)
{
	struct queue *c = grown_at(&q->cpus, cpu, struct queue);

	if (!c)
		return NULL;
	if (!c->seen) {
		c->seen = true;
		c->current = LIFE_NONE;
		c->next_seen = q->first_seen;
		q->first_seen = (uint32_t)cpu + 1;
		q->n_seen++;
	}
	q->n_idle -= is_idle(c);
	q->n_overloaded -= is_overloaded(c);
	return c;
}

static void queue_changed(struct queues *q, const struct queue *c)
{
	q->n_idle += is_idle(c);
	q->n_overloaded += is_overloaded(c);
}

static struct waiter *waiter_of(struct queues *q, uint32_t life)
{
	return grown_at(&q->lives, life, struct waiter);
}

static int leave(struct queues *q, uint32_t life)
{
	struct waiter *w = waiter_of(q, life);
	struct queue *c;

	if (!w)
		return -1;
	if (!w->cpu)
		return 0;
	if (q->leaves && q->leaves(q->self, life, w->cpu - 1) < 0)
		return -1;
	c = cpu_of(q, w->cpu - 1);
	if (w->prev)
		waiter_of(q, w->prev - 1)->next = w->next;
	else
		c->first = w->next;
	if (w->next)
		waiter_of(q, w->next - 1)->prev = w->prev;
	c->waiting--;
	q->n_waiting--;
	w->cpu = 0;
	queue_changed(q, c);
	return 0;
}

static int enter(struct queues *q, uint32_t life, int32_t cpu)
{
	struct waiter *w = waiter_of(q, life);
	struct queue *c = w ? cpu_of(q, cpu) : NULL;

	if (!c)
		return -1;
	w->cpu = cpu + 1;
	w->since = q->now;
	w->prev = 0;
	w->next = c->first;
	if (w->next)
		waiter_of(q, w->next - 1)->prev = life + 1;
	c->first = life + 1;
	c->waiting++;
	q->n_waiting++;
	queue_changed(q, c);
	return q->entered ? q->entered(q->self, life, cpu) : 0;
}

/* Puts the task into the queue where the replay has it now, if any. */
static int place(struct queues *q, uint32_t id)
{
	const struct life *life = &replay_lives(q->replay)->all[id];
	bool waits =
		life->cpu >= 0 && life->state >= LIFE_WAIT_WAKEUP && life->state <= LIFE_WAIT_NEW;
	struct waiter *w = waiter_of(q, id);

	if (!w)
		return -1;
	if (waits && w->cpu == life->cpu + 1)
		return 0;
	if (w->cpu && leave(q, id) < 0)
		return -1;
	return waits ? enter(q, id, life->cpu) : 0;
}

static int set_current(struct queues *q, int32_t cpu, uint32_t life)
{
	struct queue *c = cpu_of(q, cpu);
	struct waiter *w;

	if (!c)
		return -1;
	if (c->current != life) {
		if (c->current <= LIFE_MAX)
			waiter_of(q, c->current)->running = 0;
		c->current = life;
		c->since = q->now;
	}
	c->at_sign = q->sums;
	queue_changed(q, c);
	if (life > LIFE_MAX)
		return 0;
	w = waiter_of(q, life);
	if (!w)
		return -1;
	if (w->running && w->running != cpu + 1) {
		/* It was believed to run elsewhere; nobody saw it leave. */
		struct queue *other = cpu_of(q, w->running - 1);

		other->current = LIFE_NONE;
		other->since = q->now;
		queue_changed(q, other);
	}
	w = waiter_of(q, life);
	w->running = cpu + 1;
	return 0;
}

static int leave_all(struct queues *q, bool only_dead)
{
	const struct lives *lives = replay_lives(q->replay);

	for (uint32_t cpu = q->first_seen; cpu && q->n_waiting;) {
		const struct queue *c = grown_get(&q->cpus, cpu - 1, struct queue);
		uint32_t life = c->first;

		cpu = c->next_seen;
		while (life) {
			uint32_t next = grown_get(&q->lives, life - 1, struct waiter)->next;

			if ((!only_dead || lives->all[life - 1].state == LIFE_DEAD) &&
			    leave(q, life - 1) < 0)
				return -1;
			life = next;
		}
	}
	return 0;
}

static int switched(struct queues *q, const struct schedtrace_events *ev, size_t i, uint32_t out)
{
	int64_t next = ev->arg0[i];
	uint32_t in = next ? LIFE_NONE : LIFE_IDLE;

	if (next > 0 && next <= INT32_MAX)
		in = lives_find(replay_lives(q->replay), (int32_t)next);
	if (in <= LIFE_MAX && place(q, in) < 0)
		return -1;
	if (set_current(q, ev->cpu[i], in) < 0)
		return -1;
	return out <= LIFE_MAX ? place(q, out) : 0;
}

int queues_follow(struct queues *q, const struct schedtrace_events *ev, size_t i, uint32_t life)
{
	int32_t pid = ev->pid[i];
	const struct waiter *w;
	struct queue *c;

	queues_advance(q, ev->timestamp[i]);
	switch (ev->event[i]) {
	case SCHEDTRACE_CTX_SWITCH:
		return switched(q, ev, i, life);
	case SCHEDTRACE_RUNS:
		if (life <= LIFE_MAX && place(q, life) < 0)
			return -1;
		return set_current(q, ev->cpu[i], pid ? life : LIFE_IDLE);
	case SCHEDTRACE_CPU_IDLE:
		return set_current(q, ev->cpu[i], LIFE_IDLE);
	case SCHEDTRACE_CPU_OFFLINE:
		return set_current(q, ev->cpu[i], LIFE_NONE);
	case SCHEDTRACE_STAT_RUNTIME:
		w = life <= LIFE_MAX ? grown_get(&q->lives, life, struct waiter) : NULL;
		if (w && w->running)
			grown_get(&q->cpus, w->running - 1, struct queue)->at_sign = q->sums;
		return 0;
	case SCHEDTRACE_LOST:
		c = cpu_of(q, ev->cpu[i]);
		if (!c)
			return -1;
		if (c->current <= LIFE_MAX)
			waiter_of(q, c->current)->running = 0;
		c->current = LIFE_NONE;
		c->since = q->now;
		c->at_sign = q->sums;
		queue_changed(q, c);
		return leave_all(q, false);
	case SCHEDTRACE_MIGRATE:
		w = life <= LIFE_MAX ? grown_get(&q->lives, life, struct waiter) : NULL;
		return w && w->cpu ? place(q, life) : 0;
	case SCHEDTRACE_NEWTASK:
	case SCHEDTRACE_FORK:
	case SCHEDTRACE_WAKEUP_NEW:
		/* The life that the pid meant before may have waited. */
		if (life <= LIFE_MAX && life + 1 == replay_lives(q->replay)->n &&
		    leave_all(q, true) < 0)
			return -1;
		break;
	default:
		break;
	}
	return life <= LIFE_MAX ? place(q, life) : 0;
}

static int64_t less(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static struct queue_sums least(const struct queue_sums *a, const struct queue_sums *b)
{
	return (struct queue_sums){
		.followed = less(a->followed, b->followed),
		.idle = less(a->idle, b->idle),
		.some_idle = less(a->some_idle, b->some_idle),
		.overloaded = less(a->overloaded, b->overloaded),
		.wall = less(a->wall, b->wall),
		.per_cpu = less(a->per_cpu, b->per_cpu),
		.per_thread = less(a->per_thread, b->per_thread),
	};
}

void queues_doubt(struct queues *q, int32_t cpu, enum replay_doubt why, int64_t end)
{
	struct queue *c = grown_get(&q->cpus, cpu, struct queue);

	if (!c || !c->seen || (why != REPLAY_BROKEN && why != REPLAY_GAP))
		return;
	queues_advance(q, end);
	q->sums = least(&q->sums, &c->at_sign);
	/* Stretches of other CPUs that overlap with this one are not taken out twice. */
	for (uint32_t i = q->first_seen; i; i = c->next_seen) {
		c = grown_get(&q->cpus, i - 1, struct queue);
		c->at_sign = least(&c->at_sign, &q->sums);
	}
}
