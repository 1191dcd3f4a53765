/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libschedtrace/replay/queues.h"

#include "base/checked.h"
#include "libschedtrace/choice.h"

int queues_init(struct queues *q, const struct analysis_env *env)
{
	q->replay = env->replay;
	q->window_begin = env->window_begin;
	q->window_end = env->window_end;
	q->now = INT64_MIN;
	return affinities_init(&q->affinities);
}

void queues_free(struct queues *q)
{
	free(q->cpus.items);
	free(q->lives.items);
	free(q->came.items);
	free(q->free.items);
	free(q->paused.items);
	for (uint32_t i = 0; i < q->classes.n; i++)
		free(grown_get(&q->classes, i, struct queue_class)->on.items);
	free(q->classes.items);
	free(q->idle.words);
	free(q->overloaded.words);
	free(q->wasted.words);
	free(q->hurt.words);
	affinities_free(&q->affinities);
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

	if (q->now == INT64_MIN || end <= begin || q->n_gaps)
		return sums;
	add(&sums.followed, 1, ns);
	add(&sums.idle, q->n_idle, ns);
	add(&sums.some_idle, q->n_idle > 0, ns);
	add(&sums.overloaded, q->n_overloaded > 0, ns);
	add(&sums.any_wall, q->n_idle && q->n_overloaded, ns);
	add(&sums.any_per_cpu, queues_less(q->n_idle, q->n_overloaded), ns);
	add(&sums.any_per_thread, queues_less(q->n_idle, q->n_behind), ns);
	add(&sums.wall, q->waste.idle && q->waste.overloaded, ns);
	add(&sums.per_cpu, queues_less(q->waste.idle, q->waste.overloaded), ns);
	add(&sums.per_thread, queues_less(q->waste.idle, q->waste.waiting), ns);
	return sums;
}

void queues_advance(struct queues *q, int64_t now)
{
	int64_t followed = q->sums.followed;

	if (now <= q->now)
		return;
	if (q->n_gaps)
		; /* anything may happen unseen */
	else if (q->n_idle || q->n_overloaded)
		q->sums = queues_sums_at(q, now);
	else if (q->now != INT64_MIN)
		q->sums.followed = queues_sums_at(q, now).followed;
	for (uint32_t i = 1; q->n_bound && i < q->classes.n; i++) {
		struct queue_class *class = grown_get(&q->classes, i, struct queue_class);

		if (class->waiting && class->may_use_idle)
			class->some_idle += q->sums.followed - followed;
	}
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
		if (cpu_set_put(&q->idle, (uint32_t)cpu, false) < 0 ||
		    cpu_set_put(&q->overloaded, (uint32_t)cpu, false) < 0 ||
		    cpu_set_put(&q->wasted, (uint32_t)cpu, false) < 0 ||
		    cpu_set_put(&q->hurt, (uint32_t)cpu, false) < 0)
			return NULL;
		c->seen = true;
		c->current = LIFE_NONE;
		c->woken = INT64_MAX;
		c->next_seen = q->first_seen;
		q->first_seen = (uint32_t)cpu + 1;
		q->n_seen++;
	}
	q->n_idle -= is_idle(c);
	q->n_overloaded -= is_overloaded(c);
	q->n_behind -= is_overloaded(c) ? c->waiting : 0;
	return c;
}

static void queue_changed(struct queues *q, const struct queue *c)
{
	uint32_t cpu = (uint32_t)(c - (const struct queue *)q->cpus.items);

	q->n_idle += is_idle(c);
	q->n_overloaded += is_overloaded(c);
	q->n_behind += is_overloaded(c) ? c->waiting : 0;
	cpu_set_put(&q->idle, cpu, is_idle(c));
	cpu_set_put(&q->overloaded, cpu, is_overloaded(c));
	q->changed = true;
}

static bool intersect(const struct cpu_set *a, const struct cpu_set *b)
{
	for (uint32_t i = 0; i < a->n && i < b->n; i++)
		if (a->words[i] & b->words[i])
			return true;
	return false;
}

static int64_t count(const struct cpu_set *set)
{
	int64_t n = 0;

	for (uint32_t i = 0; i < set->n; i++)
		n += __builtin_popcountll(set->words[i]);
	return n;
}

/* Tasks of one class that may use some idle CPU: those CPUs, and the CPUs that they overload. */
static void add_waste(struct queues *q, const struct queue_class *class, const struct cpu_set *cpus)
{
	int64_t behind = 0;

	for (uint32_t i = 0; i < q->idle.n; i++) {
		for (uint64_t open = q->overloaded.words[i]; open; open &= open - 1) {
			uint32_t cpu = 64 * i + (uint32_t)__builtin_ctzll(open);
			const uint32_t *here = grown_get(&class->on, cpu, uint32_t);

			if (!here || !*here)
				continue;
			q->hurt.words[i] |= open & -open;
			behind += *here;
		}
	}
	q->waste.waiting += behind;
	for (uint32_t i = 0; i < q->idle.n && behind; i++) {
		if (!cpus)
			q->wasted.words[i] |= q->idle.words[i];
		else if (i < cpus->n)
			q->wasted.words[i] |= q->idle.words[i] & cpus->words[i];
	}
}

/* Every task that waits may run everywhere, and counts. */
static bool all_count_alike(const struct queues *q)
{
	return !q->n_bound && !(q->choice && q->choice->given);
}

static void count_waste(struct queues *q)
{
	q->changed = false;
	q->waste = (struct queue_waste){ 0 };
	if (all_count_alike(q)) {
		if (q->n_idle && q->n_overloaded)
			q->waste = (struct queue_waste){ q->n_idle, q->n_overloaded, q->n_behind };
		return;
	}
	memset(q->wasted.words, 0, q->wasted.n * sizeof(*q->wasted.words));
	memset(q->hurt.words, 0, q->hurt.n * sizeof(*q->hurt.words));
	for (uint32_t i = 0; i < q->classes.n; i++) {
		struct queue_class *class = grown_get(&q->classes, i, struct queue_class);
		const struct cpu_set *cpus;

		if (!class->waiting)
			continue;
		cpus = i ? &q->affinities.classes[i].cpus : NULL;
		class->may_use_idle = cpus ? intersect(&q->idle, cpus) : q->n_idle > 0;
		if (class->may_use_idle)
			add_waste(q, class, cpus);
	}
	q->waste.idle = count(&q->wasted);
	q->waste.overloaded = count(&q->hurt);
}

bool queues_idle_for(const struct queues *q, uint32_t life)
{
	const uint32_t *class = grown_get(&q->affinities.of_life, life, uint32_t);

	if (!class || *class <= 1)
		return q->n_idle > 0;
	return intersect(&q->idle, &q->affinities.classes[*class - 1].cpus);
}

int64_t queues_some_idle(const struct queues *q, uint32_t life)
{
	const struct waiter *w = grown_get(&q->lives, life, struct waiter);

	if (!w || !w->class)
		return q->sums.some_idle;
	return grown_get(&q->classes, w->class, struct queue_class)->some_idle;
}

bool queues_counts(const struct queues *q, uint32_t life)
{
	const struct waiter *w = grown_get(&q->lives, life, struct waiter);

	return w && !w->bystander;
}

bool queues_idle_is_waste(const struct queues *q, uint32_t cpu)
{
	return cpu_set_has(all_count_alike(q) ? &q->idle : &q->wasted, cpu);
}

/* A task comes to a queue (1) or leaves it (-1). */
static int count_in_class(struct queues *q, const struct waiter *w, int32_t cpu, int change)
{
	struct queue_class *class;
	uint32_t *here;

	if (w->bystander)
		return 0;
	class = grown_at(&q->classes, w->class, struct queue_class);
	here = class ? grown_at(&class->on, cpu, uint32_t) : NULL;
	if (!here)
		return -1;
	*here += (uint32_t)change;
	class->waiting += (uint32_t)change;
	q->n_bound += w->class ? change : 0;
	return 0;
}

/* Keeps the sums as of now, for when it turns out that the task does not wait. */
static int take_slot(struct queues *q, struct waiter *w)
{
	uint32_t slot = q->n_free ? *grown_get(&q->free, q->n_free - 1, uint32_t) : q->n_slots;
	struct queue_sums *sums = grown_at(&q->came, slot, struct queue_sums);

	if (!sums)
		return -1;
	*sums = q->sums;
	w->slot = slot;
	if (q->n_free)
		q->n_free--;
	else
		q->n_slots++;
	return 0;
}

static int free_slot(struct queues *q, uint32_t slot)
{
	uint32_t *free = grown_at(&q->free, q->n_free, uint32_t);

	if (!free)
		return -1;
	*free = slot;
	q->n_free++;
	return 0;
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
	if (count_in_class(q, w, w->cpu - 1, -1) < 0 || free_slot(q, w->slot) < 0)
		return -1;
	w->cpu = 0;
	queue_changed(q, c);
	return 0;
}

static int enter(struct queues *q, uint32_t life, int32_t cpu)
{
	const struct lives *lives = replay_lives(q->replay);
	struct waiter *w = waiter_of(q, life);
	struct queue *c = w ? cpu_of(q, cpu) : NULL;

	if (!c || affinity_seen(&q->affinities, lives, life, (uint32_t)cpu) < 0)
		return -1;
	w->class = affinity_of(&q->affinities, lives, life);
	w->bystander = q->choice && !choice_takes(q->choice, lives, life, cpu);
	if (w->class == UINT32_MAX || count_in_class(q, w, cpu, 1) < 0 || take_slot(q, w) < 0)
		return -1;
	if (c->current == LIFE_IDLE && !c->waiting) {
		c->woken = q->now;
		c->at_woken = q->sums;
	}
	w->cpu = cpu + 1;
	w->since = q->now;
	w->resumed = false;
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

/* It waits since before a gap, which is not certain wherever it goes: the sums stay as it came. */
static int move_resumed(struct queues *q, struct waiter *w, uint32_t id, int32_t cpu)
{
	struct queue_sums came = *grown_get(&q->came, w->slot, struct queue_sums);
	int64_t since = w->since;

	if (leave(q, id) < 0 || enter(q, id, cpu) < 0)
		return -1;
	*grown_get(&q->came, w->slot, struct queue_sums) = came;
	w->since = since;
	w->resumed = true;
	return 0;
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
	if (waits && w->cpu && w->resumed)
		return move_resumed(q, w, id, life->cpu);
	if (w->cpu && leave(q, id) < 0)
		return -1;
	return waits ? enter(q, id, life->cpu) : 0;
}

static void sign(const struct queues *q, struct queue *c)
{
	c->at_sign = q->sums;
	c->sign = q->now;
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
	sign(q, c);
	c->woken = INT64_MAX;
	queue_changed(q, c);
	if (life > LIFE_MAX)
		return 0;
	w = waiter_of(q, life);
	if (!w || affinity_seen(&q->affinities, replay_lives(q->replay), life, (uint32_t)cpu) < 0)
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

static int leave_cpu(struct queues *q, int32_t cpu)
{
	const struct queue *c = grown_get(&q->cpus, cpu, struct queue);

	for (uint32_t life = c ? c->first : 0, next; life; life = next) {
		next = grown_get(&q->lives, life - 1, struct waiter)->next;
		if (leave(q, life - 1) < 0)
			return -1;
	}
	return 0;
}

static int leave_all(struct queues *q)
{
	for (uint32_t cpu = q->first_seen; cpu && q->n_waiting;) {
		if (leave_cpu(q, (int32_t)cpu - 1) < 0)
			return -1;
		cpu = grown_get(&q->cpus, cpu - 1, struct queue)->next_seen;
	}
	return 0;
}

/* All leave; who they were is kept, as it may turn out that no record is missing. */
static int pause_all(struct queues *q)
{
	const struct queue *c;

	for (uint32_t cpu = q->first_seen; cpu; cpu = c->next_seen) {
		c = grown_get(&q->cpus, cpu - 1, struct queue);
		for (uint32_t life = c->first; life;) {
			uint32_t *paused = grown_at(&q->paused, q->n_paused, uint32_t);

			if (!paused)
				return -1;
			*paused = life - 1;
			q->n_paused++;
			life = grown_get(&q->lives, life - 1, struct waiter)->next;
		}
	}
	return leave_all(q);
}

static int resume_all(struct queues *q)
{
	for (uint32_t i = 0; i < q->n_paused; i++) {
		uint32_t life = *grown_get(&q->paused, i, uint32_t);

		if (place(q, life) < 0)
			return -1;
		waiter_of(q, life)->resumed = true;
	}
	q->n_paused = 0;
	return 0;
}

/* Somebody may wait for an idle CPU whom nobody saw coming. */
static int forget_idle(struct queues *q)
{
	struct queue *c;

	for (uint32_t cpu = q->first_seen; cpu; cpu = c->next_seen) {
		c = cpu_of(q, (int32_t)cpu - 1);
		if (!c)
			return -1;
		if (c->current == LIFE_IDLE)
			c->current = LIFE_NONE;
		queue_changed(q, c);
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
	/* Who were believed to wait there have been and gone, or may not run. */
	if (in == LIFE_IDLE) {
		queues_refute(q, ev->cpu[i]);
		if (leave_cpu(q, ev->cpu[i]) < 0)
			return -1;
	}
	if (set_current(q, ev->cpu[i], in) < 0)
		return -1;
	return out <= LIFE_MAX ? place(q, out) : 0;
}

/* Where @life ran before, the task runs whose number it has now, unless that is dead. */
static int renumbered(struct queues *q, const struct schedtrace_events *ev, size_t i, uint32_t life)
{
	struct lives *lives = replay_lives(q->replay);
	int32_t running = 0;
	uint32_t from = LIFE_NONE;
	const struct waiter *w;

	if (life > LIFE_MAX)
		return 0;
	w = grown_get(&q->lives, life, struct waiter);
	if (w)
		running = w->running;
	if (ev->arg0[i] > 0 && ev->arg0[i] <= INT32_MAX)
		from = lives_find(lives, (int32_t)ev->arg0[i]);
	if (place(q, life) < 0 || (from <= LIFE_MAX && place(q, from) < 0))
		return -1;
	if (lives->all[life].state == LIFE_RUNNING && lives->all[life].cpu == ev->cpu[i] &&
	    set_current(q, ev->cpu[i], life) < 0)
		return -1;
	if (running && running != ev->cpu[i] + 1 && from <= LIFE_MAX &&
	    lives->all[from].state == LIFE_RUNNING)
		return set_current(q, running - 1, from);
	return 0;
}

static int inherit(struct queues *q, int64_t parent, uint32_t child)
{
	struct lives *lives = replay_lives(q->replay);
	uint32_t from = LIFE_NONE;

	if (parent > 0 && parent <= INT32_MAX)
		from = lives_find(lives, (int32_t)parent);
	if (child > LIFE_MAX || from > LIFE_MAX || child == from)
		return 0;
	return affinity_inherit(&q->affinities, lives, child, from);
}

static int gap_changed(struct queues *q, int32_t cpu, bool gap)
{
	struct queue *c = cpu_of(q, cpu);

	if (!c)
		return -1;
	q->n_gaps += gap - c->gap;
	c->gap = gap;
	if (c->current <= LIFE_MAX)
		waiter_of(q, c->current)->running = 0;
	c->current = LIFE_NONE;
	c->since = q->now;
	sign(q, c);
	c->woken = INT64_MAX;
	queue_changed(q, c);
	return 0;
}

static int gap_begins(struct queues *q, int32_t cpu)
{
	if (forget_idle(q) < 0 || gap_changed(q, cpu, true) < 0)
		return -1;
	return pause_all(q);
}

static int gap_ends(struct queues *q, int32_t cpu)
{
	q->n_paused = 0;
	if (forget_idle(q) < 0 || gap_changed(q, cpu, false) < 0)
		return -1;
	return leave_all(q);
}

/* No record is missing: once this is over on all CPUs, who waited waits on. */
static int clock_set_back(struct queues *q, int32_t cpu)
{
	if (gap_changed(q, cpu, false) < 0 || pause_all(q) < 0)
		return -1;
	return q->n_gaps ? 0 : resume_all(q);
}

static int follow(struct queues *q, const struct schedtrace_events *ev, size_t i, uint32_t life)
{
	int32_t pid = ev->pid[i];
	const struct waiter *w;

	queues_advance(q, ev->timestamp[i]);
	switch (ev->event[i]) {
	case SCHEDTRACE_CTX_SWITCH:
		return switched(q, ev, i, life);
	case SCHEDTRACE_RUNS:
		if (life <= LIFE_MAX && place(q, life) < 0)
			return -1;
		return set_current(q, ev->cpu[i], pid ? life : LIFE_IDLE);
	case SCHEDTRACE_RENUMBER:
		return renumbered(q, ev, i, life);
	case SCHEDTRACE_CPU_IDLE:
		return set_current(q, ev->cpu[i], LIFE_IDLE);
	case SCHEDTRACE_CPU_OFFLINE:
		return set_current(q, ev->cpu[i], LIFE_NONE);
	case SCHEDTRACE_STAT_RUNTIME:
		w = life <= LIFE_MAX ? grown_get(&q->lives, life, struct waiter) : NULL;
		if (w && w->running)
			sign(q, grown_get(&q->cpus, w->running - 1, struct queue));
		return 0;
	case SCHEDTRACE_GAP:
		return gap_begins(q, ev->cpu[i]);
	case SCHEDTRACE_LOST:
		return ev->arg0[i] ? gap_ends(q, ev->cpu[i]) : clock_set_back(q, ev->cpu[i]);
	case SCHEDTRACE_MIGRATE:
		w = life <= LIFE_MAX ? grown_get(&q->lives, life, struct waiter) : NULL;
		return w && w->cpu ? place(q, life) : 0;
	case SCHEDTRACE_FORK:
		if (inherit(q, ev->arg0[i], life) < 0)
			return -1;
		/* fall through */
	case SCHEDTRACE_NEWTASK:
	case SCHEDTRACE_WAKEUP_NEW:
		/* The life that the pid meant before may have waited, and died of this row. */
		if (replay_last_dead(q->replay) != LIFE_NONE &&
		    leave(q, replay_last_dead(q->replay)) < 0)
			return -1;
		break;
	default:
		break;
	}
	return life <= LIFE_MAX ? place(q, life) : 0;
}

int queues_follow(struct queues *q, const struct schedtrace_events *ev, size_t i, uint32_t life)
{
	int r = follow(q, ev, i, life);

	if (q->changed)
		count_waste(q);
	return r;
}

bool queues_keep(const struct queues *q, uint32_t life)
{
	const struct waiter *w = grown_get(&q->lives, life, struct waiter);

	return w && (w->cpu || w->running);
}

void queues_forget(struct queues *q, const uint32_t *gone, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct waiter *w = grown_get(&q->lives, gone[i], struct waiter);
		uint32_t *class = grown_get(&q->affinities.of_life, gone[i], uint32_t);

		if (w)
			*w = (struct waiter){ 0 };
		if (class)
			*class = 0;
	}
}
