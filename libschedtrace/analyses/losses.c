/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is missing, where, and which figures does it touch? Gaps are lost records, marked by the
 * kernel in the buffer (LOST rows). A broken chain is a CPU that is found to run somebody else
 * than it last switched to: a switch is missing without any mark. The kernel's own count of lost
 * records is the exact total; the counts at gaps are not always known.
 */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "libschedtrace/analysis.h"
#include "libschedtrace/replay/replay.h"

struct account {
	bool named;
	int64_t gaps, gap_ns, gap_records, gaps_uncounted;
	int64_t broken, broken_ns, resumed_ns, start_ns, missed;
	int64_t clock_steps, clock_ns;
	int64_t offline_ns, offline_since;
	bool offline;
};

struct losses {
	const struct schedtrace_context *ctx;
	const struct schedtrace_sink *sink;
	struct replay *replay;
	struct account *accounts;
	int32_t n;
};

enum { L_BEGIN, L_END, L_CPU, L_KIND, L_RECORDS, N_L_COLUMNS };

static const struct schedtrace_column_info *const log_columns[N_L_COLUMNS] = {
	[L_BEGIN] = COLUMN_STAMP("begin_ns", "from when on nobody knows, on the trace clock"),
	[L_END] = COLUMN_STAMP("end_ns", "until when"),
	[L_CPU] = COLUMN_ID("cpu", "CPU"),
	[L_KIND] = COLUMN_TEXT(
		"kind",
		"start: before the CPU's first row; gap: lost records; resumed: after a gap "
		"until somebody is seen to run; broken: a switch is missing; offline: "
		"nobody could; clock: it was set back, and nobody knows how long this was"),
	[L_RECORDS] = COLUMN_COUNT("records", "lost records"),
};

static const struct schedtrace_picture picture_gap_log = {
	.from = "gap_log",
	.kind = SCHEDTRACE_PICTURE_GAPS,
	.title = "When it is unknown who ran",
};

static const struct schedtrace_table_info log_info = {
	.name = "gap_log",
	.about = "every stretch in which it is unknown who ran on a CPU",
	.n_columns = N_L_COLUMNS,
	.columns = log_columns,
	.choices = SCHEDTRACE_BY_CPU,
	.key = "begin_ns,cpu",
	.doubt = SCHEDTRACE_DOUBT_NONE,
	.pictures = PICTURES(&picture_gap_log),
};

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for analysis losses");
}

static struct account *account(struct losses *losses, int32_t cpu)
{
	if (cpu >= losses->n) {
		int32_t n = cpu + 1 > 2 * losses->n ? cpu + 1 : 2 * losses->n;
		struct account *grown = reallocarray(losses->accounts, (size_t)n, sizeof(*grown));

		if (!grown)
			return NULL;
		memset(grown + losses->n, 0, (size_t)(n - losses->n) * sizeof(*grown));
		losses->accounts = grown;
		losses->n = n;
	}
	losses->accounts[cpu].named = true;
	return &losses->accounts[cpu];
}

static int doubt(void *self, int32_t cpu, enum replay_doubt why, int64_t begin, int64_t end,
		 int64_t records, struct schedtrace_error *err)
{
	static const char *const kinds[] = {
		[REPLAY_START] = "start",     [REPLAY_BROKEN] = "broken",
		[REPLAY_GAP] = "gap",	      [REPLAY_CLOCK] = "clock",
		[REPLAY_RESUMED] = "resumed", [REPLAY_OFFLINE] = "offline",
	};
	struct losses *losses = self;
	struct account *a = account(losses, cpu);
	union schedtrace_value v[N_L_COLUMNS];

	if (!a)
		return no_memory(err);
	switch (why) {
	case REPLAY_START:
		a->start_ns += end - begin;
		break;
	case REPLAY_BROKEN:
		a->broken++;
		a->broken_ns += end - begin;
		break;
	case REPLAY_GAP:
		a->gaps++;
		a->gap_ns += end - begin;
		if (records < 0)
			a->gaps_uncounted++;
		else if (!checked_add(a->gap_records, records, &a->gap_records))
			a->gap_records = INT64_MAX;
		break;
	case REPLAY_CLOCK:
		a->clock_steps++;
		a->clock_ns += end - begin;
		break;
	case REPLAY_RESUMED:
		a->resumed_ns += end - begin;
		break;
	case REPLAY_OFFLINE:
		a->offline_ns += end - begin;
		a->offline = false;
		break;
	}
	if (!losses->sink)
		return 0;
	v[L_BEGIN].i = begin;
	v[L_END].i = end;
	v[L_CPU].i = cpu;
	v[L_KIND].s = kinds[why];
	v[L_RECORDS].i = records < 0 ? UNKNOWN_INT : records;
	return losses->sink->row(losses->sink->user, &log_info, v, err);
}

static int missed(void *self, uint32_t life, int32_t cpu, struct schedtrace_error *err)
{
	struct losses *losses = self;
	struct account *a = cpu < 0 ? NULL : account(losses, cpu);

	if (cpu < 0)
		return 0;
	if (!a)
		return no_memory(err);
	a->missed++;
	return 0;
}

enum {
	CPU,
	READ,
	LOST,
	GAPS,
	GAP_RECORDS,
	GAPS_UNCOUNTED,
	GAP_NS,
	RESUMED_NS,
	BROKEN,
	BROKEN_NS,
	MISSED,
	START_NS,
	OFFLINE_NS,
	CLOCK_STEPS,
	CLOCK_NS,
	TOUCHES,
	N_COLUMNS
};

static const struct schedtrace_column_info *const columns[N_COLUMNS] = {
	[CPU] = COLUMN_ID("cpu", "CPU"),
	[READ] = COLUMN_COUNT("read", "records that the recorder read from this CPU's buffer"),
	[LOST] = COLUMN_COUNT("lost", "records lost there, by the kernel's own count"),
	[GAPS] = COLUMN_COUNT("gaps", "places where records were lost (LOST rows)"),
	[GAP_RECORDS] =
		COLUMN_COUNT("gap_records", "records lost at the gaps whose count is known"),
	[GAPS_UNCOUNTED] = COLUMN_COUNT("gaps_uncounted", "gaps whose count is not known"),
	[GAP_NS] = COLUMN_DURATION("gap_ns", "time in gaps"),
	[RESUMED_NS] =
		COLUMN_DURATION("resumed_ns", "time after gaps until somebody was seen to run"),
	[BROKEN] = COLUMN_COUNT(
		"broken_chains",
		"somebody else was found running than was switched to: a switch is missing"),
	[BROKEN_NS] = COLUMN_DURATION(
		"broken_ns",
		"doubtful time at broken chains: possible, not certain, for both tasks"),
	[MISSED] = COLUMN_COUNT("missed_runs",
				"a task was woken while it waited here: it ran and slept unseen"),
	[START_NS] = COLUMN_DURATION("start_unknown_ns",
				     "time before the CPU's first row, when nobody knows who ran"),
	[OFFLINE_NS] = COLUMN_DURATION("offline_ns",
				       "time when the CPU was offline, and nobody could run"),
	[CLOCK_STEPS] =
		COLUMN_COUNT("clock_steps", "times that the clock was set back (LOST rows of 0)"),
	[CLOCK_NS] = COLUMN_DURATION("clock_ns",
				     "doubtful time there, as nobody knows how long it took"),
	[TOUCHES] =
		COLUMN_TEXT("touches", "the figures that are too low or have two bounds for it"),
};

static const struct schedtrace_picture picture_losses = {
	.from = "losses",
	.kind = SCHEDTRACE_PICTURE_BARS,
	.title = "Records lost and switches missing on each CPU",
	.labels = "cpu",
	.values = "lost:records lost,broken_chains:switches missing",
	.top = 64,
};

static const struct schedtrace_table_info losses_info = {
	.name = "losses",
	.about = "what is missing on each CPU, and which figures it touches",
	.n_columns = N_COLUMNS,
	.columns = columns,
	.choices = SCHEDTRACE_BY_CPU,
	.key = "cpu",
	.first = "cpu,lost,gaps,broken_chains,broken_ns,touches",
	.doubt = SCHEDTRACE_DOUBT_NONE,
	.shown = SCHEDTRACE_SHOWN_IF_MISSING,
	.compare = &(const struct schedtrace_table_compare){ .same = "cpu",
							     .measures = "lost,gaps,broken_chains",
							     .totals = "",
							     .usual = true },
	.pictures = PICTURES(&picture_losses),
};

static const char *touches(const struct account *a, int64_t lost, bool switches)
{
	if (!switches)
		return "all of on_cpu, wait and switches: no switches were recorded";
	if (a->gaps || lost > 0)
		return "all: counts and sums are too low; on_cpu and wait have two bounds";
	if (a->broken || a->missed)
		return "on_cpu and wait: two bounds; switches: too low";
	if (a->clock_steps)
		return "all times over where the clock was set back: two bounds";
	if (a->start_ns)
		return "on_cpu and wait: two bounds at the start";
	return "none";
}

static int snapshot(void *self, struct schedtrace_tables *out, struct schedtrace_error *err)
{
	struct losses *losses = self;
	struct schedtrace_table *table;
	size_t n, k = 0;
	const struct schedtrace_cpu *known = schedtrace_context_cpus(losses->ctx, &n);
	bool switches = replay_known(losses->replay).switches;
	int r = tables_add(out, &losses_info, &table, err);

	for (size_t i = 0; i < n; i++) {
		if (known[i].cpu >= 0 && !account(losses, known[i].cpu))
			return no_memory(err);
	}
	for (int32_t cpu = 0; r >= 0 && cpu < losses->n; cpu++) {
		const struct account *a = &losses->accounts[cpu];
		int64_t lost = -1, read = -1, begin, end;
		union schedtrace_value v[N_COLUMNS];

		if (!a->named)
			continue;
		while (k < n && known[k].cpu < cpu)
			k++;
		if (k < n && known[k].cpu == cpu) {
			lost = known[k].lost;
			read = known[k].read;
		}
		v[CPU].i = cpu;
		v[READ].i = read < 0 ? UNKNOWN_INT : read;
		v[LOST].i = lost < 0 ? UNKNOWN_INT : lost;
		v[GAPS].i = a->gaps;
		v[GAP_RECORDS].i = a->gap_records;
		v[GAPS_UNCOUNTED].i = a->gaps_uncounted;
		v[GAP_NS].i = a->gap_ns;
		v[RESUMED_NS].i = a->resumed_ns;
		v[BROKEN].i = if_known(switches, a->broken);
		v[BROKEN_NS].i = if_known(switches, a->broken_ns);
		v[MISSED].i = if_known(switches, a->missed);
		v[START_NS].i = a->start_ns;
		v[OFFLINE_NS].i = a->offline_ns;
		v[CLOCK_STEPS].i = a->clock_steps;
		v[CLOCK_NS].i = a->clock_ns;
		if (a->offline && replay_covered(losses->replay, &begin, &end))
			v[OFFLINE_NS].i +=
				end - (a->offline_since > begin ? a->offline_since : begin);
		v[TOUCHES].s = touches(a, lost, switches);
		r = table_row(table, v, err);
	}
	return r;
}

static int row(void *self, const struct schedtrace_events *ev, size_t i, uint32_t life,
	       struct schedtrace_error *err)
{
	struct account *a = account(self, ev->cpu[i]);

	if (!a)
		return no_memory(err);
	if (ev->event[i] == SCHEDTRACE_CPU_OFFLINE && !a->offline)
		a->offline_since = ev->timestamp[i];
	a->offline = ev->event[i] == SCHEDTRACE_CPU_OFFLINE;
	return 0;
}

static void destroy(void *self)
{
	struct losses *losses = self;

	free(losses->accounts);
	free(losses);
}

static int create(void **self, const struct analysis_env *env, struct schedtrace_error *err)
{
	struct losses *losses = calloc(1, sizeof(*losses));
	struct replay_listener listener = {
		.self = losses,
		.doubt = doubt,
		.missed = missed,
		.row = row, /* so that a CPU without losses has its row too */
		.events = REPLAY_EVENT(CTX_SWITCH) | REPLAY_EVENT(CPU_OFFLINE) |
			  REPLAY_EVENT(CPU_ONLINE),
		.before_window = true, /* it may be offline since */
	};

	if (!losses)
		return no_memory(err);
	*self = losses;
	losses->ctx = env->ctx;
	losses->sink = env->sink;
	losses->replay = env->replay;
	return replay_listen(env->replay, &listener, err);
}

static const char *const needs[] = { "CTX_SWITCH", "RUNS", "LOST", NULL };
static const struct schedtrace_table_info *const tables[] = { &losses_info };
static const struct schedtrace_table_info *const logs[] = { &log_info };

const struct analysis analysis_losses = {
	.info = { "losses", "what is missing, where, and which figures it touches", needs, 1,
		  tables, 1, logs, PICTURES(&picture_gap_log) },
	.uses_replay = true,
	.create = create,
	.snapshot = snapshot,
	.destroy = destroy,
};
