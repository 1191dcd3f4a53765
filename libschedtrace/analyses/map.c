/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The view of perf sched map: at every switch, who runs on which CPU, each task as a letter and a
 * digit. By perf's own rules (map_switch_event() in tools/perf/builtin-sched.c): tasks get A0 to
 * Z0, A1 and so on up to Z9 when they are first switched in, and then from A0 again; "." is idle,
 * blank a CPU that has not switched yet, and * stands before the CPU that switches. A CPU shows
 * whom it last switched to, until it switches again: a missing switch goes unnoticed. One
 * difference: after lost records a CPU is "?" until its next switch.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grown.h"
#include "libschedtrace/analyses/states.h"
#include "libschedtrace/analysis.h"
#include "libschedtrace/choice.h"
#include "libschedtrace/replay/replay.h"

#define CELL	4   /* as perf: the mark, two characters, a blank */
#define LETTERS 260 /* A0 to Z9 */

struct letter {
	bool assigned;
	bool counts; /* switched in on a CPU that does */
	uint16_t number;
	int32_t announced; /* the name that was last printed, + 2; 0 none */
	int64_t first, switched_in;
};

struct map {
	const struct schedtrace_sink *sink;
	struct replay *replay;
	struct choice *choice;
	int64_t window_begin;
	struct grown letters; /* struct letter by life */
	uint16_t next;	      /* number of the next letter */
	char *cells;
	int32_t n_cpus;
	int32_t marked; /* the CPU before which * stands */
};

enum { L_TIME, L_CPUS, L_CPU, L_PID, L_COMM, L_TEXT, N_L_COLUMNS };

static const struct schedtrace_column_info *const log_columns[N_L_COLUMNS] = {
	[L_TIME] = COLUMN_STAMP("time_ns", "when, on the trace clock"),
	[L_CPUS] = COLUMN_TEXT("cpus",
			       "who runs on each CPU, from CPU 0 on; * stands before the one that "
			       "switches"),
	[L_CPU] = COLUMN_ID("cpu", "CPU that switches"),
	[L_PID] = COLUMN_ID("pid", "thread id of the task that it switches to, 0 idle"),
	[L_COMM] = COLUMN_TEXT("comm", "that task's name"),
	[L_TEXT] = COLUMN_TEXT("new", "a letter's first use, or a new name: letter => name:pid"),
};

static const struct schedtrace_table_info log_info = {
	.name = "map_log",
	.about = "who runs on which CPU after every switch, as perf sched map",
	.n_columns = N_L_COLUMNS,
	.columns = log_columns,
	.choices = SCHEDTRACE_BY_TASK | SCHEDTRACE_BY_CPU,
	.key = "time_ns,cpu",
};

enum { LETTER, PID, TGID, COMM, FIRST, SWITCHED_IN, N_COLUMNS, LIFE = N_COLUMNS, N_ALL };

static const struct schedtrace_column_info *const columns[N_ALL] = {
	[LETTER] = COLUMN_TEXT("letter", "as in the log; letters recur after 260 tasks"),
	[PID] = COLUMN_ID("pid", "thread id"),
	[TGID] = COLUMN_ID("tgid", "process id (thread group)"),
	[COMM] = COLUMN_TEXT("comm", "the task's last name"),
	[FIRST] = COLUMN_STAMP("first_ns", "when it was first switched in"),
	[SWITCHED_IN] = COLUMN_COUNT("switches_in", "how often it was switched in"),
	[LIFE] = COLUMN_LIFE("life"),
};

static const struct schedtrace_table_info table_info = {
	.name = "map",
	.about = "the letters of perf sched map; a row a task that was switched in",
	.n_columns = N_COLUMNS,
	.columns = columns,
	.choices = SCHEDTRACE_BY_TASK | SCHEDTRACE_BEFORE_CPU,
	.key = "pid",
	.compare =
		&(const struct schedtrace_table_compare){
			.same = "comm", .measures = "switches_in", .totals = "", .usual = true },
	.n_hidden = N_ALL - N_COLUMNS,
	.interval = &(const struct schedtrace_table_interval){ .same = "life" },
};

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for analysis map");
}

static void spell(char text[2], uint16_t number)
{
	text[0] = (char)('A' + number % 26);
	text[1] = (char)('0' + number / 26);
}

/* The cell of @cpu, after making room for as many CPUs. */
static char *cell_of(struct map *map, int32_t cpu)
{
	if (cpu >= map->n_cpus) {
		char *grown = realloc(map->cells, (size_t)(cpu + 1) * CELL + 1);

		if (!grown)
			return NULL;
		memset(grown + (size_t)map->n_cpus * CELL, ' ',
		       (size_t)(cpu + 1 - map->n_cpus) * CELL);
		map->cells = grown;
		map->n_cpus = cpu + 1;
		map->cells[(size_t)map->n_cpus * CELL] = '\0';
	}
	return map->cells + (size_t)cpu * CELL;
}

/* "A0 => name:pid" where the name is new, else empty. */
static void announce(const struct map *map, uint32_t id, struct letter *letter, char *text,
		     size_t size)
{
	const struct lives *lives = replay_lives(map->replay);
	const char *name = lives_name(lives, id);
	char spelled[3] = "";

	text[0] = '\0';
	if (letter->announced == lives->all[id].name + 2)
		return;
	letter->announced = lives->all[id].name + 2;
	spell(spelled, letter->number);
	snprintf(text, size, "%s => %s:%d", spelled, name ? name : "", lives->all[id].pid);
}

static void count(const struct map *map, struct letter *letter, int64_t time)
{
	if (!letter->counts)
		letter->first = time;
	letter->counts = true;
	letter->switched_in += time >= map->window_begin;
}

static int switched(struct map *map, const struct schedtrace_events *ev, size_t i,
		    struct schedtrace_error *err)
{
	const struct lives *lives = replay_lives(map->replay);
	int64_t next = ev->arg0[i];
	uint32_t id = LIFE_NONE;
	union schedtrace_value v[N_L_COLUMNS];
	char *cell = cell_of(map, ev->cpu[i]);
	char text[64] = "";

	if (!cell)
		return no_memory(err);
	map->cells[(size_t)map->marked * CELL] = ' ';
	map->marked = ev->cpu[i];
	memcpy(cell, next ? "*?  " : "*.  ", CELL);
	if (next > 0 && next <= INT32_MAX)
		id = lives_find(replay_lives(map->replay), (int32_t)next);
	if (id != LIFE_NONE) {
		struct letter *letter = grown_at(&map->letters, id, struct letter);

		if (!letter)
			return no_memory(err);
		if (!letter->assigned) {
			letter->assigned = true;
			letter->number = map->next;
			map->next = (uint16_t)((map->next + 1) % LETTERS);
		}
		if (choice_takes_cpu(map->choice, ev->cpu[i]))
			count(map, letter, ev->timestamp[i]);
		spell(cell + 1, letter->number);
		if (map->sink && ev->timestamp[i] >= map->window_begin)
			announce(map, id, letter, text, sizeof(text));
	}
	if (!map->sink || ev->timestamp[i] < map->window_begin)
		return 0;
	v[L_TIME].i = ev->timestamp[i];
	v[L_CPUS].s = map->cells;
	v[L_CPU].i = ev->cpu[i];
	v[L_PID].i = id == LIFE_NONE && next ? UNKNOWN_INT : next;
	v[L_COMM].s = id == LIFE_NONE ? NULL : lives_name(lives, id);
	v[L_TEXT].s = *text ? text : NULL;
	return map->sink->row(map->sink->user, &log_info, v, err);
}

static int row(void *self, const struct schedtrace_events *ev, size_t i, uint32_t id,
	       struct schedtrace_error *err)
{
	struct map *map = self;
	char *cell;

	if (ev->event[i] == SCHEDTRACE_CTX_SWITCH)
		return switched(map, ev, i, err);
	cell = cell_of(map, ev->cpu[i]); /* LOST, CPU_OFFLINE */
	if (!cell)
		return no_memory(err);
	memcpy(cell + 1, "?  ", CELL - 1);
	return 0;
}

static int forget(void *self, const uint32_t *gone, uint32_t n, struct schedtrace_error *err)
{
	struct map *map = self;
	const struct lives *lives = replay_lives(map->replay);

	for (uint32_t i = 0; i < n; i++) {
		uint32_t into = lives->all[gone[i]].into;
		struct letter *to = grown_at(&map->letters, into, struct letter);
		struct letter *letter = grown_get(&map->letters, gone[i], struct letter);

		if (!to)
			return no_memory(err);
		if (!letter)
			continue;
		if (letter->switched_in && (!to->switched_in || letter->first < to->first))
			to->first = letter->first;
		to->switched_in += letter->switched_in;
		*letter = (struct letter){ 0 };
	}
	return 0;
}

static int snapshot(void *self, struct schedtrace_tables *out, struct schedtrace_error *err)
{
	struct map *map = self;
	struct lives *lives = replay_lives(map->replay);
	struct schedtrace_table *table;
	int r = tables_add(out, &table_info, &table, err);

	for (uint32_t id = 0; r >= 0 && id < lives->n; id++) {
		const struct letter *letter = grown_get(&map->letters, id, struct letter);
		struct life *life = &lives->all[id];
		union schedtrace_value v[N_ALL];
		char spelled[3] = "";

		if (!letter || !letter->switched_in)
			continue;
		lives_complete(lives, life);
		spell(spelled, letter->number);
		v[LETTER].s = letter->assigned ? spelled : NULL;
		v[PID].i = life_pid(life);
		v[TGID].i = life->tgid < 0 ? UNKNOWN_INT : life->tgid;
		v[COMM].s = lives_name(lives, id);
		v[FIRST].i = letter->first;
		v[SWITCHED_IN].i = letter->switched_in;
		v[LIFE].i = (int64_t)life->serial;
		r = table_row(table, v, err);
	}
	return r;
}

static void destroy(void *self)
{
	struct map *map = self;

	free(map->letters.items);
	free(map->cells);
	free(map);
}

static int create(void **self, const struct analysis_env *env, struct schedtrace_error *err)
{
	struct map *map = calloc(1, sizeof(*map));
	struct replay_listener listener = {
		.self = map,
		.events = REPLAY_EVENT(CTX_SWITCH) | REPLAY_EVENT(LOST) | REPLAY_EVENT(CPU_OFFLINE),
		.before_window = true,
		.row = row,
		.forget = forget,
	};
	const struct schedtrace_cpu *cpus;
	size_t n;

	if (!map)
		return no_memory(err);
	*self = map;
	map->sink = env->sink;
	map->replay = env->replay;
	map->choice = env->choice;
	map->window_begin = env->window_begin;
	cpus = schedtrace_context_cpus(env->ctx, &n);
	if (!cell_of(map, n ? cpus[n - 1].cpu : 0))
		return no_memory(err);
	return replay_listen(env->replay, &listener, err);
}

static const char *const needs[] = { "CTX_SWITCH", NULL };
static const struct schedtrace_table_info *const tables[] = { &table_info };
static const struct schedtrace_table_info *const logs[] = { &log_info };

const struct analysis analysis_map = {
	.info = { "map", "who runs on which CPU after every switch, as perf sched map", needs, 1,
		  tables, 1, logs, PICTURES(&picture_who_ran) },
	.uses_replay = true,
	.create = create,
	.snapshot = snapshot,
	.destroy = destroy,
};
