/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables of the analysis waits. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
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
	N_COLUMNS
};

static const struct schedtrace_column_info columns[N_COLUMNS] = {
	[PID] = { "pid", "", "thread id", SCHEDTRACE_INT },
	[TGID] = { "tgid", "", "process id (thread group)", SCHEDTRACE_INT },
	[COMM] = { "comm", "", "the task's last name", SCHEDTRACE_TEXT },
	[WALL] = { "wall_ns", "ns",
		   "time that it was there, in the recorded time (the window): the sum of the "
		   "following up to unknown_ns",
		   SCHEDTRACE_INT },
	[ON_CPU] = { "on_cpu_ns", "ns", "on a CPU, certain", SCHEDTRACE_INT },
	[WAIT_WAKEUP] = { "wait_wakeup_ns", "ns", "runnable after a wakeup, certain",
			  SCHEDTRACE_INT },
	[WAIT_PREEMPT] = { "wait_preempt_ns", "ns", "switched out while runnable, certain",
			   SCHEDTRACE_INT },
	[WAIT_NEW] = { "wait_new_ns", "ns", "runnable for the first time, certain",
		       SCHEDTRACE_INT },
	[WAIT_OLD] = { "wait_old_ns", "ns", "runnable since before the recording, certain",
		       SCHEDTRACE_INT },
	[SLEEP] = { "sleep_ns", "ns", "asleep (S), certain", SCHEDTRACE_INT },
	[IDLE] = { "idle_ns", "ns", "idle kernel thread (I), certain", SCHEDTRACE_INT },
	[BLOCKED] = { "blocked_ns", "ns", "uninterruptible (D), certain", SCHEDTRACE_INT },
	[STOPPED] = { "stopped_ns", "ns", "stopped (T, t, P), certain", SCHEDTRACE_INT },
	[MADE] = { "made_ns", "ns", "from its fork to its first wakeup", SCHEDTRACE_INT },
	[LASTING] = { "lasting_ns", "ns", "in the state of column lasts, to the last row",
		      SCHEDTRACE_INT },
	[UNKNOWN] = { "unknown_ns", "ns", "the rest: before its first row, gaps, missing switches",
		      SCHEDTRACE_INT },
	[LASTS] = { "lasts", "",
		    "what it does at the last row: running; runnable; sleeping, idle, blocked, "
		    "stopped; made",
		    SCHEDTRACE_TEXT },
};

const struct schedtrace_table_info waits_info = {
	"waits",
	"where the time of each task went, without remainder; a row a task life",
	N_COLUMNS,
	columns,
	SCHEDTRACE_BY_TASK,
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
	N_R_COLUMNS
};

static const struct schedtrace_column_info reason_columns[N_R_COLUMNS] = {
	[R_PID] = { "pid", "", "thread id", SCHEDTRACE_INT },
	[R_TGID] = { "tgid", "", "process id (thread group)", SCHEDTRACE_INT },
	[R_COMM] = { "comm", "", "the task's last name", SCHEDTRACE_TEXT },
	[R_WAIT] = { "wait_ns", "ns", "waits that the reasons are about: those with a certain end",
		     SCHEDTRACE_INT },
	[R_BEHIND_TASKS] = { "behind_tasks_ns", "ns", "of that, other tasks ran on its CPU",
			     SCHEDTRACE_INT },
	[R_BEHIND_IDLE] = { "behind_idle_ns", "ns",
			    "of that, its CPU was still in the idle task, about to leave it",
			    SCHEDTRACE_INT },
	[R_OTHER_IDLE] = { "other_idle_ns", "ns",
			   "of wait_ns, some other CPU that it may run on idled meanwhile",
			   SCHEDTRACE_INT },
	[R_IRQ] = { "irq_ns", "ns",
		    "of wait_ns, interrupts and softirqs ran on its CPU; unknown when not recorded",
		    SCHEDTRACE_INT },
	[R_WOKEN_IDLE] = { "woken_idle", "1", "wakeups that put it on an idle CPU",
			   SCHEDTRACE_INT },
	[R_WOKEN_BUSY] = { "woken_busy", "1", "wakeups that put it on a busy CPU; none idled",
			   SCHEDTRACE_INT },
	[R_WOKEN_PAST_IDLE] = { "woken_past_idle", "1",
				"wakeups that put it on a busy CPU while another idled that it may "
				"run on",
				SCHEDTRACE_INT },
	[R_WAIT_PAST_IDLE] = { "wait_past_idle_ns", "ns", "what it waited after the latter",
			       SCHEDTRACE_INT },
	[R_PREEMPTED] = { "preempted", "1", "switched out while runnable", SCHEDTRACE_INT },
	[R_BY_PID] = { "by_pid", "", "who ran most on its CPU while it waited", SCHEDTRACE_INT },
	[R_BY] = { "by", "", "that task's last name", SCHEDTRACE_TEXT },
	[R_BY_NS] = { "by_ns", "ns", "for how long", SCHEDTRACE_INT },
};

const struct schedtrace_table_info wait_reasons_info = {
	"wait_reasons",	    "why each task that waited did so", N_R_COLUMNS, reason_columns,
	SCHEDTRACE_BY_TASK,
};

enum { A_PID, A_COMM, A_BY_PID, A_BY, A_NS, A_SHARE, A_PREEMPTIONS, N_A_COLUMNS };

static const struct schedtrace_column_info antagonist_columns[N_A_COLUMNS] = {
	[A_PID] = { "pid", "", "task that waited", SCHEDTRACE_INT },
	[A_COMM] = { "comm", "", "its last name", SCHEDTRACE_TEXT },
	[A_BY_PID] = { "by_pid", "",
		       "task that ran on its CPU meanwhile; unknown: all that are not among the "
		       "16 remembered",
		       SCHEDTRACE_INT },
	[A_BY] = { "by", "", "that task's last name", SCHEDTRACE_TEXT },
	[A_NS] = { "ran_ns", "ns", "for how long (SchedViz's antagonist time)", SCHEDTRACE_INT },
	[A_SHARE] = { "share", "%", "of all tasks that ran there meanwhile", SCHEDTRACE_REAL },
	[A_PREEMPTIONS] = { "preemptions", "1", "how often it was switched to instead of it",
			    SCHEDTRACE_INT },
};

const struct schedtrace_table_info antagonists_info = {
	"antagonists",	    "who ran where each task waited, the longest first",
	N_A_COLUMNS,	    antagonist_columns,
	SCHEDTRACE_BY_TASK,
};

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

static int add_task(const struct waits *w, uint32_t id, const struct wait_account *a, int64_t begin,
		    int64_t end, const struct replay_known *known, struct schedtrace_table *table,
		    struct schedtrace_error *err)
{
	const struct lives *lives = replay_lives(w->queues.replay);
	const struct life *life = &lives->all[id];
	const bool waits_known[4] = { known->wakeups, known->states, known->new_wakeups,
				      known->switches };
	int64_t sum = a->on_cpu + a->made;
	struct replay_span open;
	union schedtrace_value v[N_COLUMNS];

	clip_life(life, a, &begin, &end);
	v[PID].i = life->pid;
	v[TGID].i = life->tgid < 0 ? UNKNOWN_INT : life->tgid;
	v[COMM].s = lives_name(lives, id);
	v[WALL].i = end - begin;
	v[ON_CPU].i = if_known(known->switches, a->on_cpu);
	for (int i = 0; i < 4; i++) {
		v[WAIT_WAKEUP + i].i = if_known(waits_known[i], a->waits[i]);
		v[SLEEP + i].i = if_known(known->sleeps, a->sleeps[i]);
		sum += a->waits[i] + a->sleeps[i];
	}
	v[MADE].i = a->made;
	v[LASTING].i = 0;
	v[LASTS].s = NULL;
	if (replay_open(w->queues.replay, id, &open) && life_state_name(open.state)) {
		begin = open.begin > begin ? open.begin : begin;
		v[LASTING].i = open.end > begin ? open.end - begin : 0;
		v[LASTS].s = life_state_name(open.state);
	}
	v[UNKNOWN].i = v[WALL].i - sum - v[LASTING].i;
	return table_row(table, v, err);
}

static int add_reasons(const struct waits *w, uint32_t id, const struct wait_account *a,
		       const struct replay_known *known, struct schedtrace_table *table,
		       struct schedtrace_error *err)
{
	const struct lives *lives = replay_lives(w->queues.replay);
	const struct life *life = &lives->all[id];
	const struct antagonist *most = NULL;
	union schedtrace_value v[N_R_COLUMNS];

	for (uint32_t i = 0; i < a->n_antagonists; i++) {
		if (a->antagonists[i].ns > (most ? most->ns : 0))
			most = &a->antagonists[i];
	}
	v[R_PID].i = life->pid;
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
	v[R_BY_PID].i = most ? lives->all[most->life].pid : UNKNOWN_INT;
	v[R_BY].s = most ? lives_name(lives, most->life) : NULL;
	v[R_BY_NS].i = most ? most->ns : UNKNOWN_INT;
	return table_row(table, v, err);
}

static int longest_first(const void *a, const void *b)
{
	const struct antagonist *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns < y->ns ? 1 : -1;
	return (x->life > y->life) - (x->life < y->life);
}

static int add_antagonists(const struct waits *w, uint32_t id, const struct wait_account *a,
			   struct schedtrace_table *table, struct schedtrace_error *err)
{
	const struct lives *lives = replay_lives(w->queues.replay);
	struct antagonist all[MAX_ANTAGONISTS];
	int64_t sum = a->forgotten;
	int r = 0;

	for (uint32_t i = 0; i < a->n_antagonists; i++) {
		all[i] = a->antagonists[i];
		sum += all[i].ns;
	}
	qsort(all, a->n_antagonists, sizeof(*all), longest_first);
	for (uint32_t i = 0; r >= 0 && i < a->n_antagonists + (a->forgotten > 0); i++) {
		bool known = i < a->n_antagonists;
		int64_t ns = known ? all[i].ns : a->forgotten;
		union schedtrace_value v[N_A_COLUMNS];

		v[A_PID].i = lives->all[id].pid;
		v[A_COMM].s = lives_name(lives, id);
		v[A_BY_PID].i = known ? lives->all[all[i].life].pid : UNKNOWN_INT;
		v[A_BY].s = known ? lives_name(lives, all[i].life) : NULL;
		v[A_NS].i = ns;
		v[A_SHARE].f = sum ? 100.0 * (double)ns / (double)sum : NAN;
		v[A_PREEMPTIONS].i = known ? all[i].preemptions : UNKNOWN_INT;
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
			r = error_set(err, SCHEDTRACE_E_NOMEM, "no memory for analysis waits");
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
