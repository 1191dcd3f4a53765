/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables of the analysis waits. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "libschedtrace/analyses/waits.h"

enum {
	PID,
	TGID,
	COMM,
	WALL,
	ON_CPU,
	WAIT_WAKEUP,
	WAIT_PREEMPT,
	WAIT_NEW,
	WAIT_OLD,
	SLEEP,
	IDLE,
	BLOCKED,
	STOPPED,
	MADE,
	LASTING,
	UNKNOWN,
	LASTS,
	N_COLUMNS,
	LIFE = N_COLUMNS,
	LASTING_IN,
	N_ALL
};

static const struct schedtrace_column_info *const columns[N_ALL] = {
	[PID] = COLUMN_ID("pid", "thread id"),
	[TGID] = COLUMN_ID("tgid", "process id (thread group)"),
	[COMM] = COLUMN_TEXT("comm", "the task's last name"),
	[WALL] = COLUMN_DURATION(
		"wall_ns",
		"time that it was there, in the recorded time (the window): the sum of the "
		"following up to unknown_ns",
		.needs = "CTX_SWITCH"),
	[ON_CPU] = COLUMN_DURATION("on_cpu_ns", "on a CPU, certain", .needs = "CTX_SWITCH"),
	[WAIT_WAKEUP] = COLUMN_DURATION("wait_wakeup_ns", "runnable after a wakeup, certain",
					.needs = "WAKEUP"),
	[WAIT_PREEMPT] = COLUMN_DURATION("wait_preempt_ns", "switched out while runnable, certain"),
	[WAIT_NEW] = COLUMN_DURATION("wait_new_ns", "runnable for the first time, certain",
				     .needs = "WAKEUP_NEW"),
	[WAIT_OLD] = COLUMN_DURATION("wait_old_ns", "runnable since before the recording, certain"),
	[SLEEP] = COLUMN_DURATION("sleep_ns", "asleep (S), certain"),
	[IDLE] = COLUMN_DURATION("idle_ns", "idle kernel thread (I), certain"),
	[BLOCKED] = COLUMN_DURATION("blocked_ns", "uninterruptible (D), certain"),
	[STOPPED] = COLUMN_DURATION("stopped_ns", "stopped (T, t, P), certain"),
	[MADE] = COLUMN_DURATION("made_ns", "from its fork to its first wakeup"),
	[LASTING] = COLUMN_DURATION("lasting_ns", "in the state of column lasts, to the last row"),
	[UNKNOWN] = COLUMN_DURATION("unknown_ns",
				    "the rest: before its first row, gaps, missing switches"),
	[LASTS] = COLUMN_TEXT(
		"lasts",
		"what it does at the last row: running; runnable; sleeping, idle, blocked, "
		"stopped; made"),
	[LIFE] = COLUMN_LIFE("life"),
	[LASTING_IN] = COLUMN_LASTING_IN("lasting_in"),
};

const struct schedtrace_picture picture_waits = {
	.from = "waits",
	.kind = SCHEDTRACE_PICTURE_STACKED_BARS,
	.labels = "comm,pid",
	.values = "on_cpu_ns,wait_wakeup_ns:waiting after a wakeup,"
		  "wait_preempt_ns:waiting after a preemption,"
		  "wait_new_ns:waiting when new,"
		  "wait_old_ns:waiting since before the begin,sleep_ns:sleeping,"
		  "idle_ns:idle kernel thread,blocked_ns,stopped_ns,"
		  "made_ns:new and not yet runnable,"
		  "lasting_ns:in the state that it ends in,unknown_ns",
	.top = 20,
};

const struct schedtrace_table_info waits_info = {
	.name = "waits",
	.about = "where the time of each task went, without remainder; a row a task life",
	.n_columns = N_COLUMNS,
	.columns = columns,
	.choices = SCHEDTRACE_BY_TASK,
	.key = "pid",
	.order = "-on_cpu_ns",
	.first = "pid,comm,wall_ns,on_cpu_ns,wait_wakeup_ns,wait_preempt_ns,"
		 "sleep_ns,blocked_ns,unknown_ns,lasting_ns,wait_new_ns,idle_ns",
	.compare =
		&(const struct schedtrace_table_compare){
			.same = "comm",
			.measures = "wait_wakeup_ns,wait_preempt_ns,blocked_ns",
			.totals = "",
			.usual = true },
	.pictures = PICTURES(&picture_waits),
	.n_hidden = N_ALL - N_COLUMNS,
	.interval = &(const struct schedtrace_table_interval){ .same = "life",
							       .lasting = "lasting_ns",
							       .lasting_in = "lasting_in" },
};

enum {
	R_PID,
	R_TGID,
	R_COMM,
	R_WAIT,
	R_BEHIND_TASKS,
	R_BEHIND_IDLE,
	R_OTHER_IDLE,
	R_IRQ,
	R_WOKEN_IDLE,
	R_WOKEN_BUSY,
	R_WOKEN_PAST_IDLE,
	R_WAIT_PAST_IDLE,
	R_PREEMPTED,
	R_BY_PID,
	R_BY,
	R_BY_NS,
	N_R_COLUMNS,
	R_LIFE = N_R_COLUMNS,
	N_R_ALL
};

static const struct schedtrace_column_info *const reason_columns[N_R_ALL] = {
	[R_PID] = COLUMN_ID("pid", "thread id"),
	[R_TGID] = COLUMN_ID("tgid", "process id (thread group)"),
	[R_COMM] = COLUMN_TEXT("comm", "the task's last name"),
	[R_WAIT] = COLUMN_DURATION("wait_ns",
				   "waits that the reasons are about: those with a certain end"),
	[R_BEHIND_TASKS] =
		COLUMN_DURATION("behind_tasks_ns", "of that, other tasks ran on its CPU"),
	[R_BEHIND_IDLE] = COLUMN_DURATION(
		"behind_idle_ns", "of that, its CPU was still in the idle task, about to leave it"),
	[R_OTHER_IDLE] = COLUMN_DURATION(
		"other_idle_ns", "of wait_ns, some other CPU that it may run on idled meanwhile"),
	[R_IRQ] = COLUMN_DURATION(
		"irq_ns",
		"of wait_ns, interrupts and softirqs ran on its CPU; unknown when not recorded"),
	[R_WOKEN_IDLE] = COLUMN_COUNT("woken_idle", "wakeups that put it on an idle CPU"),
	[R_WOKEN_BUSY] =
		COLUMN_COUNT("woken_busy", "wakeups that put it on a busy CPU; none idled"),
	[R_WOKEN_PAST_IDLE] =
		COLUMN_COUNT("woken_past_idle",
			     "wakeups that put it on a busy CPU while another idled that it may "
			     "run on"),
	[R_WAIT_PAST_IDLE] =
		COLUMN_DURATION("wait_past_idle_ns", "what it waited after the latter"),
	[R_PREEMPTED] = COLUMN_COUNT("preempted", "switched out while runnable"),
	[R_BY_PID] = COLUMN_ID("by_pid", "who ran most on its CPU while it waited",
			       .change = SCHEDTRACE_CHANGE_UNKNOWN),
	[R_BY] = COLUMN_TEXT("by", "that task's last name", .change = SCHEDTRACE_CHANGE_UNKNOWN),
	[R_BY_NS] = COLUMN_DURATION("by_ns", "for how long", .change = SCHEDTRACE_CHANGE_UNKNOWN),
	[R_LIFE] = COLUMN_LIFE("life"),
};

const struct schedtrace_picture picture_wait_reasons = {
	.from = "wait_reasons",
	.kind = SCHEDTRACE_PICTURE_STACKED_BARS,
	.labels = "comm,pid",
	.values = "behind_tasks_ns:other tasks ran on its CPU,"
		  "behind_idle_ns:its CPU was about to leave idle,"
		  "wait_ns-behind_tasks_ns-behind_idle_ns:unknown",
	.top = 12,
};

const struct schedtrace_table_info wait_reasons_info = {
	.name = "wait_reasons",
	.about = "why each task that waited did so",
	.n_columns = N_R_COLUMNS,
	.columns = reason_columns,
	.choices = SCHEDTRACE_BY_TASK,
	.key = "pid",
	.order = "-wait_ns",
	.first = "pid,comm,wait_ns,behind_tasks_ns,by_pid,by,by_ns,other_idle_ns,"
		 "wait_past_idle_ns,preempted,irq_ns",
	.compare =
		&(const struct schedtrace_table_compare){
			.same = "comm",
			.measures = "wait_ns,behind_tasks_ns,other_idle_ns",
			.totals = "",
			.usual = true },
	.pictures = PICTURES(&picture_wait_reasons),
	.n_hidden = N_R_ALL - N_R_COLUMNS,
	.interval = &(const struct schedtrace_table_interval){ .same = "life" },
};

enum {
	A_PID,
	A_COMM,
	A_BY_PID,
	A_BY,
	A_NS,
	A_SHARE,
	A_PREEMPTIONS,
	N_A_COLUMNS,
	A_LIFE = N_A_COLUMNS,
	A_BY_LIFE,
	N_A_ALL
};

static const struct schedtrace_column_info *const antagonist_columns[N_A_ALL] = {
	[A_PID] = COLUMN_ID("pid", "task that waited"),
	[A_COMM] = COLUMN_TEXT("comm", "its last name"),
	[A_BY_PID] = COLUMN_ID(
		"by_pid", "task that ran on its CPU meanwhile; unknown: all that are not among the "
			  "16 remembered"),
	[A_BY] = COLUMN_TEXT("by", "that task's last name"),
	[A_NS] = COLUMN_DURATION("ran_ns", "for how long (SchedViz's antagonist time)"),
	[A_SHARE] = COLUMN_SHARE("share", "of all tasks that ran there meanwhile"),
	[A_PREEMPTIONS] = COLUMN_COUNT("preemptions", "how often it was switched to instead of it"),
	[A_LIFE] = COLUMN_LIFE("life"),
	[A_BY_LIFE] = COLUMN_LIFE("by_life"),
};

static const struct schedtrace_picture picture_antagonists = {
	.from = "antagonists",
	.kind = SCHEDTRACE_PICTURE_BARS,
	.title = "Who ran where each task waited",
	.labels = "comm,pid,by,by_pid",
	.values = "ran_ns",
	.top = 20,
};

const struct schedtrace_table_info antagonists_info = {
	.name = "antagonists",
	.about = "who ran where each task waited, the longest first",
	.n_columns = N_A_COLUMNS,
	.columns = antagonist_columns,
	.choices = SCHEDTRACE_BY_TASK,
	.key = "pid,by_pid",
	.order = "-ran_ns",
	.compare =
		&(const struct schedtrace_table_compare){ .same = "comm,by", .measures = "ran_ns" },
	.pictures = PICTURES(&picture_antagonists),
	.n_hidden = N_A_ALL - N_A_COLUMNS,
	.interval = &(const struct schedtrace_table_interval){ .same = "life,by_life" },
};

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for analysis waits");
}

/* Where the life begins and ends within [*begin, *end). */
static void clip_life(const struct life *life, const struct wait_account *a, int64_t *begin,
		      int64_t *end)
{
	int64_t from = life->start_ns, to = life->end_ns;

	if (from == INT64_MIN && !(life->flags & LIFE_OLD))
		from = life->first_seen;
	/* It ended unseen. */
	if (life->state == LIFE_DEAD && to == INT64_MIN) {
		to = life->exit_ns > from ? life->exit_ns : from;
		to = a->last && a->last - 1 > to ? a->last - 1 : to;
	}
	if (from > *begin)
		*begin = from;
	if (to != INT64_MIN && to < *end)
		*end = to;
	if (*end < *begin)
		*end = *begin;
}

/* Time in a state, for certain. */
static int64_t certain(const struct wait_account *a)
{
	int64_t sum = a->on_cpu + a->made;

	for (int i = 0; i < 4; i++)
		sum += a->waits[i] + a->sleeps[i];
	return sum;
}

void waits_forget_one(const struct waits *w, uint32_t id, struct wait_account *to,
		      const struct wait_account *a)
{
	const struct life *life = &replay_lives(w->queues.replay)->all[id];
	int64_t begin, end;

	if (!replay_covered(w->queues.replay, &begin, &end) ||
	    !replay_in_window(w->queues.replay, life))
		return;
	clip_life(life, a, &begin, &end);
	to->wall += end - begin;
	to->unknown += end - begin - certain(a);
	to->on_cpu += a->on_cpu;
	to->made += a->made;
	for (int i = 0; i < 4; i++) {
		to->waits[i] += a->waits[i];
		to->sleeps[i] += a->sleeps[i];
	}
	to->explained += a->explained;
	to->behind_tasks += a->behind_tasks;
	to->behind_idle += a->behind_idle;
	to->other_idle += a->other_idle;
	to->irq += a->irq;
	for (int i = 0; i < N_PLACEMENTS; i++)
		to->placed[i] += a->placed[i];
	to->preempted += a->preempted;
	to->wait_past_idle += a->wait_past_idle;
	to->forgotten += a->forgotten;
}

/* Which column counts time in a state, -1 none. */
static int column_of(enum life_state state)
{
	if (state == LIFE_RUNNING)
		return ON_CPU;
	if (state == LIFE_NEW)
		return MADE;
	if (life_is_waiting(state))
		return WAIT_WAKEUP + (int)(state - LIFE_WAIT_WAKEUP);
	if (state >= LIFE_SLEEPING && state <= LIFE_STOPPED)
		return SLEEP + (int)(state - LIFE_SLEEPING);
	return -1;
}

static int add_task(const struct waits *w, uint32_t id, const struct wait_account *a, int64_t begin,
		    int64_t end, const struct replay_known *known, struct schedtrace_table *table,
		    struct schedtrace_error *err)
{
	const struct lives *lives = replay_lives(w->queues.replay);
	const struct life *life = &lives->all[id];
	const bool waits_known[4] = { known->wakeups, known->states, known->new_wakeups,
				      known->switches };
	struct replay_span open;
	union schedtrace_value v[N_ALL];

	clip_life(life, a, &begin, &end);
	v[PID].i = life_pid(life);
	v[TGID].i = life->tgid < 0 ? UNKNOWN_INT : life->tgid;
	v[COMM].s = lives_name(lives, id);
	v[WALL].i = end - begin;
	v[ON_CPU].i = if_known(known->switches, a->on_cpu);
	for (int i = 0; i < 4; i++) {
		v[WAIT_WAKEUP + i].i = if_known(waits_known[i], a->waits[i]);
		v[SLEEP + i].i = if_known(known->sleeps, a->sleeps[i]);
	}
	v[MADE].i = a->made;
	v[LIFE].i = (int64_t)life->serial;
	v[LASTING].i = 0;
	v[LASTING_IN].i = -1;
	v[LASTS].s = NULL;
	if (replay_open(w->queues.replay, id, &open) && life_state_name(open.state)) {
		begin = open.begin > begin ? open.begin : begin;
		v[LASTING].i = open.end > begin ? open.end - begin : 0;
		v[LASTS].s = life_state_name(open.state);
		v[LASTING_IN].i = column_of(open.state);
	}
	v[UNKNOWN].i = v[WALL].i - certain(a) - v[LASTING].i;
	if (life->flags & LIFE_MANY) {
		v[WALL].i = a->wall;
		v[UNKNOWN].i = a->unknown;
	}
	return table_row(table, v, err);
}

static int add_reasons(const struct waits *w, uint32_t id, const struct wait_account *a,
		       const struct replay_known *known, struct schedtrace_table *table,
		       struct schedtrace_error *err)
{
	const struct lives *lives = replay_lives(w->queues.replay);
	const struct life *life = &lives->all[id];
	const struct antagonist *most = NULL;
	union schedtrace_value v[N_R_ALL];

	for (uint32_t i = 0; i < a->n_antagonists; i++) {
		if (a->antagonists[i].ns > (most ? most->ns : 0))
			most = &a->antagonists[i];
	}
	v[R_PID].i = life_pid(life);
	v[R_TGID].i = life->tgid < 0 ? UNKNOWN_INT : life->tgid;
	v[R_COMM].s = lives_name(lives, id);
	v[R_WAIT].i = a->explained;
	v[R_BEHIND_TASKS].i = a->behind_tasks;
	v[R_BEHIND_IDLE].i = a->behind_idle;
	v[R_OTHER_IDLE].i = a->other_idle;
	v[R_IRQ].i = w->has_irqs ? a->irq : UNKNOWN_INT;
	v[R_WOKEN_IDLE].i = if_known(known->wakeups, a->placed[PLACED_IDLE]);
	v[R_WOKEN_BUSY].i = if_known(known->wakeups, a->placed[PLACED_BUSY]);
	v[R_WOKEN_PAST_IDLE].i = if_known(known->wakeups, a->placed[PLACED_PAST_IDLE]);
	v[R_WAIT_PAST_IDLE].i = if_known(known->wakeups, a->wait_past_idle);
	v[R_PREEMPTED].i = if_known(known->states, a->preempted);
	v[R_BY_PID].i = most ? life_pid(&lives->all[most->life]) : UNKNOWN_INT;
	v[R_BY].s = most ? lives_name(lives, most->life) : NULL;
	v[R_BY_NS].i = most ? most->ns : UNKNOWN_INT;
	v[R_LIFE].i = (int64_t)life->serial;
	return table_row(table, v, err);
}

static bool is_longer(const struct antagonist *x, const struct antagonist *y)
{
	return x->ns != y->ns ? x->ns > y->ns : x->life < y->life;
}

/* The longest first; there are few. */
static void sort_antagonists(struct antagonist *all, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++) {
		struct antagonist a = all[i];
		uint32_t k = i;

		for (; k && is_longer(&a, &all[k - 1]); k--)
			all[k] = all[k - 1];
		all[k] = a;
	}
}

static int add_antagonists(const struct waits *w, uint32_t id, const struct wait_account *a,
			   struct schedtrace_table *table, struct schedtrace_error *err)
{
	const struct lives *lives = replay_lives(w->queues.replay);
	auto_free struct antagonist *all = NULL;
	int64_t sum = a->forgotten;
	int r = 0;

	if (!a->n_antagonists && !a->forgotten)
		return 0;
	all = reallocarray(NULL, a->n_antagonists + 1, sizeof(*all));
	if (!all)
		return no_memory(err);
	for (uint32_t i = 0; i < a->n_antagonists; i++) {
		all[i] = a->antagonists[i];
		sum += all[i].ns;
	}
	sort_antagonists(all, a->n_antagonists);
	for (uint32_t i = 0; r >= 0 && i < a->n_antagonists + (a->forgotten > 0); i++) {
		bool known = i < a->n_antagonists;
		int64_t ns = known ? all[i].ns : a->forgotten;
		union schedtrace_value v[N_A_ALL];

		v[A_PID].i = life_pid(&lives->all[id]);
		v[A_COMM].s = lives_name(lives, id);
		v[A_BY_PID].i = known ? life_pid(&lives->all[all[i].life]) : UNKNOWN_INT;
		v[A_BY].s = known ? lives_name(lives, all[i].life) : NULL;
		v[A_NS].i = ns;
		v[A_SHARE].f = sum ? 100.0 * (double)ns / (double)sum : NAN;
		v[A_PREEMPTIONS].i = known ? all[i].preemptions : UNKNOWN_INT;
		v[A_LIFE].i = (int64_t)lives->all[id].serial;
		v[A_BY_LIFE].i = known ? (int64_t)lives->all[all[i].life].serial : 0;
		r = table_row(table, v, err);
	}
	return r;
}

/* The account with what the wait that still goes on has come to; *own is to be freed. */
static int as_of_now(const struct waits *w, uint32_t id, struct wait_account *a,
		     struct antagonist **own)
{
	const struct waiter *waiter = grown_get(&w->queues.lives, id, struct waiter);
	int r;

	*own = NULL;
	if (!waiter || !waiter->cpu)
		return 0;
	*own = malloc(MAX_ANTAGONISTS * sizeof(**own));
	if (!*own)
		return -1;
	if (a->n_antagonists)
		memcpy(*own, a->antagonists, a->n_antagonists * sizeof(**own));
	a->antagonists = *own;
	r = waits_settle(w, a, id, waiter->cpu - 1, w->queues.now);
	*own = a->antagonists; /* it may have moved */
	return r;
}

int waits_tables(const struct waits *w, struct schedtrace_tables *out, struct schedtrace_error *err)
{
	struct lives *lives = replay_lives(w->queues.replay);
	struct schedtrace_table *tasks, *reasons, *antagonists;
	struct replay_known known = replay_known(w->queues.replay);
	int64_t begin, end;
	int r = tables_add(out, &waits_info, &tasks, err);

	if (r >= 0)
		r = tables_add(out, &wait_reasons_info, &reasons, err);
	if (r >= 0)
		r = tables_add(out, &antagonists_info, &antagonists, err);
	if (!replay_covered(w->queues.replay, &begin, &end))
		return r;
	for (uint32_t id = 0; r >= 0 && id < lives->n; id++) {
		const struct wait_account *found = grown_get(&w->accounts, id, struct wait_account);
		struct wait_account a = found ? *found : (struct wait_account){ 0 };
		struct antagonist *own;

		if (!replay_in_window(w->queues.replay, &lives->all[id]))
			continue;
		lives_complete(lives, &lives->all[id]);
		if (as_of_now(w, id, &a, &own) < 0)
			r = no_memory(err);
		if (r >= 0)
			r = add_task(w, id, &a, begin, end, &known, tasks, err);
		if (r >= 0 && (a.explained || a.n_antagonists))
			r = add_reasons(w, id, &a, &known, reasons, err);
		if (r >= 0)
			r = add_antagonists(w, id, &a, antagonists, err);
		free(own);
	}
	return r;
}
