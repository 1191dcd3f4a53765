/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every single wait: those that ended as a log, those that go on as a table. */
#include "base/error.h"
#include "libschedtrace/analyses/latency.h"

enum {
	BEGIN,
	LATENCY,
	LATENCY_HI,
	PID,
	TGID,
	COMM,
	KIND,
	CPU,
	WAKER_PID,
	MOVED,
	N_COLUMNS,
	LIFE = N_COLUMNS, /* of the table */
	N_ALL
};

static const struct schedtrace_column_info *const columns[N_ALL] = {
	[BEGIN] = COLUMN_STAMP("begin_ns", "when the wait began, on the trace clock"),
	[LATENCY] = COLUMN_DURATION("latency_ns", "how long it was, as far as it is certain",
				    .most = "latency_hi_ns"),
	[LATENCY_HI] = COLUMN_DURATION(
		"latency_hi_ns",
		"the most that it can be: the same where begin and end rows show; unknown "
		"where a gap or the edge of the window ended it, or it may have begun "
		"in a gap"),
	[PID] = COLUMN_ID("pid", "thread id"),
	[TGID] = COLUMN_ID("tgid", "process id (thread group)"),
	[COMM] = COLUMN_TEXT("comm", "the task's name then"),
	[KIND] = COLUMN_TEXT("kind", LATENCY_ABOUT_KIND),
	[CPU] = COLUMN_ID("cpu", "CPU where it ended"),
	[WAKER_PID] = COLUMN_ID("waker_pid", "who woke it, 0 an interrupt in idle"),
	[MOVED] = COLUMN_COUNT("moved", "1: woken on another CPU than it last ran on"),
	[LIFE] = COLUMN_LIFE("life"),
};

const struct schedtrace_table_info latency_log_info = {
	.name = "latency_log",
	.about = "every wait that ended, as its end becomes known",
	.n_columns = N_COLUMNS,
	.columns = columns,
	.choices = SCHEDTRACE_BY_TASK | SCHEDTRACE_BY_CPU,
	.key = "begin_ns,pid,kind",
};

const struct schedtrace_table_info latency_open_info = {
	.name = "latency_open",
	.about = "waits that go on at the last row; cpu is where the task waits",
	.n_columns = N_COLUMNS,
	.columns = columns,
	.choices = SCHEDTRACE_BY_TASK | SCHEDTRACE_BY_CPU,
	.key = "pid,kind",
	.n_hidden = N_ALL - N_COLUMNS,
	.interval = &table_of_now,
};

static void fill(union schedtrace_value v[N_ALL], const struct latency *latency,
		 const struct latency_account *a, enum latency_kind kind,
		 const struct replay_span *span)
{
	const struct lives *lives = replay_lives(latency->replay);
	const struct life *life = &lives->all[span->life];
	bool woken = a && a->woken.seen && (kind == WAKEUP || kind == WAKING);

	v[BEGIN].i = kind == WAKING ? a->woken.time : span->begin;
	v[PID].i = life->pid;
	v[LIFE].i = (int64_t)life->serial;
	v[TGID].i = life->tgid < 0 ? UNKNOWN_INT : life->tgid;
	v[COMM].s = lives_name(lives, span->life);
	v[KIND].s = latency_kind_names[kind];
	v[CPU].i = span->cpu < 0 ? UNKNOWN_INT : span->cpu;
	v[WAKER_PID].i = UNKNOWN_INT;
	if (woken && a->woken.waker == LIFE_IDLE)
		v[WAKER_PID].i = 0;
	else if (woken && a->woken.waker != LIFE_NONE)
		v[WAKER_PID].i = life_pid(&lives->all[a->woken.waker]);
	v[MOVED].i = kind == WAKEUP || kind == WAKING ? a && a->is_moved : UNKNOWN_INT;
}

int latency_log(const struct latency *latency, const struct latency_account *a,
		enum latency_kind kind, const struct replay_span *span,
		struct schedtrace_error *err)
{
	union schedtrace_value v[N_ALL];

	if (!latency->sink)
		return 0;
	fill(v, latency, a, kind, span);
	v[LATENCY].i = span->certain_end - v[BEGIN].i;
	if (kind == WAKING && a->woken.doubtful)
		v[LATENCY].i = span->certain_end - span->begin;
	v[LATENCY_HI].i = latency_most(latency, kind, span, v[BEGIN].i);
	if (kind == UNKNOWN)
		v[LATENCY].i = 0;
	return latency->sink->row(latency->sink->user, &latency_log_info, v, err);
}

int latency_open(const struct latency *latency, struct schedtrace_tables *out,
		 struct schedtrace_error *err)
{
	struct lives *lives = replay_lives(latency->replay);
	struct schedtrace_table *table;
	int r = tables_add(out, &latency_open_info, &table, err);

	for (uint32_t id = 0; r >= 0 && id < lives->n; id++) {
		const struct latency_account *a =
			grown_get(&latency->accounts, id, struct latency_account);
		enum latency_kind kinds[2] = { 0, N_KINDS };
		union schedtrace_value v[N_ALL];
		struct replay_span open;

		if (!latency_still_waits(latency, id, &open))
			continue;
		lives_complete(lives, &lives->all[id]);
		kinds[0] = latency_kind_of(&open);
		if (kinds[0] == WAKEUP && a && a->woken.seen)
			kinds[1] = WAKING;
		for (int i = 0; r >= 0 && i < 2 && kinds[i] < N_KINDS; i++) {
			fill(v, latency, a, kinds[i], &open);
			v[LATENCY].i = kinds[i] == UNKNOWN ? 0 : open.end - v[BEGIN].i;
			if (kinds[i] == WAKING && a->woken.doubtful)
				v[LATENCY].i = open.end - open.begin;
			v[LATENCY_HI].i = UNKNOWN_INT;
			r = table_row(table, v, err);
		}
	}
	return r;
}
