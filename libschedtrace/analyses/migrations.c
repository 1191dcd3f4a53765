/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who was moved between CPUs, why and how far? A move is a sched_migrate_task row. Its cause:
 *
 * - wake: between the task's WAKING and its WAKEUP: the waker chose another CPU.
 * - fork: after the task was made, before its first WAKEUP_NEW. The kernel usually places new
 *   tasks without a sched_migrate_task.
 * - exec: the task issues EXEC before it is switched out again: the kernel moved it at exec. Known
 *   only afterwards, so the log calls such a move balance and the tables call it exec.
 * - balance: all others: load balancing, and affinity that changed.
 *
 * How far, by the machine as it was recorded: the nearest that the two CPUs have in common of core,
 * cache, NUMA node. Where caches are not recorded, a package of one node is taken to share one.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "libschedtrace/analysis.h"
#include "libschedtrace/choice.h"
#include "libschedtrace/replay/replay.h"

enum cause { WAKE, FORK, EXEC, BALANCE, N_CAUSES };
static const char *const cause_names[] = { "wake", "fork", "exec", "balance" };

enum distance { SMT, CACHE, NODE, REMOTE, DISTANCE_UNKNOWN, N_DISTANCES };
static const char *const distance_names[] = { "smt", "cache", "node", "remote", "unknown" };

struct account {
	int64_t causes[N_CAUSES];
	int64_t distances[N_DISTANCES];
	int64_t first_ns, last_ns;
	int32_t first_from, last_to; /* -1 unknown */
	uint32_t last_cell;	     /* of the last move, to be corrected when an EXEC follows */
	bool exec_may_follow;
};

struct cell {
	int32_t from, to;
	int64_t causes[N_CAUSES];
};

struct migrations {
	const struct schedtrace_context *ctx;
	const struct schedtrace_sink *sink;
	struct replay *replay;
	struct choice *choice;
	struct intmap account_of; /* life: number in accounts */
	struct account *accounts;
	uint32_t *lives; /* of the accounts */
	uint32_t n, max;
	struct intmap cell_of; /* from << 32 | to: number in cells */
	struct cell *cells;
	uint32_t n_cells, cells_max;
};

enum { L_TIME, L_PID, L_TGID, L_COMM, L_PRIORITY, L_CAUSE, L_FROM, L_TO, L_DISTANCE, N_L_COLUMNS };

static const struct schedtrace_column_info *const log_columns[N_L_COLUMNS] = {
	[L_TIME] = COLUMN_STAMP("time_ns", "when, on the trace clock"),
	[L_PID] = COLUMN_ID("pid", "thread id of the task that is moved"),
	[L_TGID] = COLUMN_ID("tgid", "its process id"),
	[L_COMM] = COLUMN_TEXT("comm", "its name then"),
	[L_PRIORITY] = COLUMN_ID("priority", "last known, as the kernel prints it"),
	[L_CAUSE] = COLUMN_TEXT("cause", "wake, fork or balance (balancing, affinity and exec)"),
	[L_FROM] = COLUMN_ID("from", "CPU that it leaves"),
	[L_TO] = COLUMN_ID("to", "CPU that it comes to"),
	[L_DISTANCE] = COLUMN_TEXT(
		"distance",
		"smt: same core; cache: a cache in common; node: same NUMA node; remote; "
		"unknown"),
};

static const struct schedtrace_picture picture_migration_log = {
	.from = "migration_log",
	.kind = SCHEDTRACE_PICTURE_MIGRATION_RATE,
	.title = "Migrations over time",
};

static const struct schedtrace_table_info log_info = {
	.name = "migration_log",
	.about = "every move of a task, by sched_migrate_task",
	.n_columns = N_L_COLUMNS,
	.columns = log_columns,
	.choices = SCHEDTRACE_BY_TASK | SCHEDTRACE_BY_CPU,
	.key = "time_ns,pid",
	.doubt = SCHEDTRACE_DOUBT_ANY,
	.unswitched = true,
	.needs = "MIGRATE",
	.pictures = PICTURES(&picture_migration_log),
};

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for analysis migrations");
}

static const struct schedtrace_cpu *find_cpu(const struct schedtrace_context *ctx, int32_t cpu)
{
	size_t n;
	const struct schedtrace_cpu *cpus = schedtrace_context_cpus(ctx, &n);

	for (size_t low = 0, high = n; low < high;) {
		size_t middle = low + (high - low) / 2;

		if (cpus[middle].cpu == cpu)
			return &cpus[middle];
		if (cpus[middle].cpu < cpu)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static enum distance distance_of(const struct schedtrace_context *ctx, int32_t from, int32_t to)
{
	const struct schedtrace_cpu *a = find_cpu(ctx, from), *b = find_cpu(ctx, to);
	bool caches = false;

	if (!a || !b || a->package < 0 || b->package < 0)
		return DISTANCE_UNKNOWN;
	if (a->package == b->package && (a->core < 0 || b->core < 0))
		return DISTANCE_UNKNOWN;
	if (a->package == b->package && a->core == b->core)
		return SMT;
	for (size_t l = 0; l < SCHEDTRACE_CACHE_LEVELS; l++) {
		if (a->caches[l] < 0 || b->caches[l] < 0)
			continue;
		if (a->caches[l] == b->caches[l])
			return CACHE;
		caches = true;
	}
	if (a->node >= 0 && b->node >= 0 && a->node != b->node)
		return REMOTE;
	if (!caches && a->package == b->package)
		return CACHE;
	return a->node >= 0 && b->node >= 0 ? NODE : DISTANCE_UNKNOWN;
}

static int32_t cpu_id(int64_t arg)
{
	return arg >= 0 && arg < 65535 ? (int32_t)arg : -1;
}

static struct account *account(struct migrations *m, uint32_t life)
{
	uint32_t k = intmap_get(&m->account_of, life);

	if (k != INTMAP_NONE)
		return &m->accounts[k];
	if (m->n == m->max) {
		uint32_t max = m->max ? 2 * m->max : 64;
		struct account *accounts = reallocarray(m->accounts, max, sizeof(*accounts));
		uint32_t *lives;

		if (!accounts)
			return NULL;
		m->accounts = accounts;
		lives = reallocarray(m->lives, max, sizeof(*lives));
		if (!lives)
			return NULL;
		m->lives = lives;
		m->max = max;
	}
	if (intmap_set(&m->account_of, life, m->n) < 0)
		return NULL;
	m->accounts[m->n] = (struct account){ .first_from = -1, .last_to = -1 };
	m->lives[m->n] = life;
	return &m->accounts[m->n++];
}

/* The matrix cell's number, INTMAP_NONE when memory ran out. */
static uint32_t cell(struct migrations *m, int32_t from, int32_t to)
{
	uint64_t key = (uint64_t)(uint32_t)from << 32 | (uint32_t)to;
	uint32_t k = intmap_get(&m->cell_of, key);

	if (k != INTMAP_NONE)
		return k;
	if (!array_room(m->cells, m->n_cells, m->cells_max))
		return INTMAP_NONE;
	if (intmap_set(&m->cell_of, key, m->n_cells) < 0)
		return INTMAP_NONE;
	m->cells[m->n_cells] = (struct cell){ .from = from, .to = to };
	return m->n_cells++;
}

static int64_t or_unknown(int32_t id)
{
	return id < 0 ? UNKNOWN_INT : id;
}

static int log_move(const struct migrations *m, int64_t time, uint32_t id, enum cause cause,
		    int32_t from, int32_t to, enum distance distance, struct schedtrace_error *err)
{
	struct lives *lives = replay_lives(m->replay);
	const struct life *life = &lives->all[id];
	union schedtrace_value v[N_L_COLUMNS];

	if (!m->sink)
		return 0;
	v[L_TIME].i = time;
	v[L_PID].i = life->pid;
	v[L_TGID].i = or_unknown(life->tgid);
	v[L_COMM].s = lives_name(lives, id);
	v[L_PRIORITY].i = life->prio == INT32_MIN ? UNKNOWN_INT : life->prio;
	v[L_CAUSE].s = cause_names[cause];
	v[L_FROM].i = or_unknown(from);
	v[L_TO].i = or_unknown(to);
	v[L_DISTANCE].s = distance_names[distance];
	return m->sink->row(m->sink->user, &log_info, v, err);
}

/* -1 without memory. */
static int count(struct migrations *m, int64_t time, uint32_t id, enum cause cause, int32_t from,
		 int32_t to, enum distance distance)
{
	struct account *a = account(m, id);
	bool counts = choice_takes_task(m->choice, replay_lives(m->replay), id);
	uint32_t k = counts ? cell(m, from, to) : INTMAP_NONE;

	if (!a || (counts && k == INTMAP_NONE))
		return -1;
	if (a->first_from < 0 && a->last_to < 0) {
		a->first_from = from;
		a->first_ns = time;
	}
	a->last_to = to;
	a->last_ns = time;
	a->causes[cause]++;
	a->distances[distance]++;
	a->last_cell = k;
	a->exec_may_follow = cause == BALANCE;
	if (counts)
		m->cells[k].causes[cause]++;
	return 0;
}

/* A coming EXEC has nothing to do with the task's last move that counts. */
static void settle(struct migrations *m, uint32_t life)
{
	uint32_t k = intmap_get(&m->account_of, life);

	if (k != INTMAP_NONE)
		m->accounts[k].exec_may_follow = false;
}

static int moved(struct migrations *m, const struct schedtrace_events *ev, size_t i, uint32_t id,
		 struct schedtrace_error *err)
{
	const struct life *life = &replay_lives(m->replay)->all[id];
	int32_t from = cpu_id(ev->arg0[i]), to = cpu_id(ev->arg1[i]);
	enum distance distance = distance_of(m->ctx, from, to);
	bool here = choice_takes_move(m->choice, from, to);
	enum cause cause = BALANCE;

	if (life->state == LIFE_NEW)
		cause = FORK;
	else if (life->waking != INT64_MIN)
		cause = WAKE;
	if (!here)
		settle(m, id);
	else if (count(m, ev->timestamp[i], id, cause, from, to, distance) < 0)
		return no_memory(err);
	return log_move(m, ev->timestamp[i], id, cause, from, to, distance, err);
}

static int row(void *self, const struct schedtrace_events *ev, size_t i, uint32_t life,
	       struct schedtrace_error *err)
{
	struct migrations *m = self;
	uint32_t k;

	if (life == LIFE_NONE)
		return 0;
	if (ev->event[i] == SCHEDTRACE_MIGRATE)
		return moved(m, ev, i, life, err);
	k = intmap_get(&m->account_of, life); /* EXEC */
	if (k != INTMAP_NONE && m->accounts[k].exec_may_follow) {
		struct account *a = &m->accounts[k];

		a->exec_may_follow = false;
		a->causes[BALANCE]--;
		a->causes[EXEC]++;
		if (a->last_cell == INTMAP_NONE)
			return 0; /* it does not count in the matrix */
		m->cells[a->last_cell].causes[BALANCE]--;
		m->cells[a->last_cell].causes[EXEC]++;
	}
	return 0;
}

/* Once it ran and left on its new CPU, a coming EXEC has nothing to do with the move. */
static int left(void *self, uint32_t life, int32_t cpu, bool voluntary,
		struct schedtrace_error *err)
{
	settle(self, life);
	return 0;
}

static void add_account(struct account *to, const struct account *a)
{
	bool first = to->first_from < 0 && to->last_to < 0;

	for (int i = 0; i < N_CAUSES; i++)
		to->causes[i] += a->causes[i];
	for (int i = 0; i < N_DISTANCES; i++)
		to->distances[i] += a->distances[i];
	if (first || a->first_ns < to->first_ns) {
		to->first_ns = a->first_ns;
		to->first_from = a->first_from;
	}
	if (first || a->last_ns > to->last_ns) {
		to->last_ns = a->last_ns;
		to->last_to = a->last_to;
	}
}

static int forget(void *self, const uint32_t *gone, uint32_t n, struct schedtrace_error *err)
{
	struct migrations *m = self;
	const struct lives *lives = replay_lives(m->replay);
	uint32_t before = m->n;

	intmap_clear(&m->account_of);
	m->n = 0;
	for (uint32_t k = 0; k < before; k++) {
		struct account a = m->accounts[k], *to; /* at or behind where it goes */
		uint32_t life = m->lives[k], there = m->n;

		to = account(m, lives_now(lives, life));
		if (!to)
			return no_memory(err);
		if (m->n > there)
			*to = a;
		else
			add_account(to, &a);
	}
	return 0;
}

enum {
	PID,
	TGID,
	COMM,
	MIGRATIONS,
	BY_WAKE,
	BY_FORK,
	BY_EXEC,
	BY_BALANCE,
	TO_SMT,
	TO_CACHE,
	TO_NODE,
	TO_REMOTE,
	FIRST_NS,
	LAST_NS,
	FIRST_FROM,
	LAST_TO,
	N_COLUMNS,
	LIFE = N_COLUMNS,
	N_ALL
};

static const struct schedtrace_column_info *const columns[N_ALL] = {
	[PID] = COLUMN_ID("pid", "thread id"),
	[TGID] = COLUMN_ID("tgid", "process id (thread group)"),
	[COMM] = COLUMN_TEXT("comm", "the task's last name"),
	[MIGRATIONS] = COLUMN_COUNT(
		"migrations",
		"sched_migrate_task rows, as perf's cpu-migrations; moves of a task that "
		"waits included",
		.doubt = SCHEDTRACE_DOUBT_COUNTED),
	[BY_WAKE] = COLUMN_COUNT("wake", "of these, between its sched_waking and its sched_wakeup"),
	[BY_FORK] = COLUMN_COUNT("fork", "of these, before its first sched_wakeup_new"),
	[BY_EXEC] =
		COLUMN_COUNT("exec", "of these, followed by its exec before it left the CPU again"),
	[BY_BALANCE] = COLUMN_COUNT(
		"balance", "of these, the others: load balancing, affinity; exec's and fork's too "
			   "where "
			   "those were not recorded"),
	[TO_SMT] = COLUMN_COUNT("smt", "of these, to a hardware thread of the same core"),
	[TO_CACHE] = COLUMN_COUNT("cache", "of these, to another core with a cache in common"),
	[TO_NODE] = COLUMN_COUNT("node", "of these, farther, in the same NUMA node"),
	[TO_REMOTE] = COLUMN_COUNT("remote", "of these, to another NUMA node"),
	[FIRST_NS] = COLUMN_STAMP("first_ns", "when it was first moved"),
	[LAST_NS] = COLUMN_STAMP("last_ns", "when it was last moved"),
	[FIRST_FROM] = COLUMN_ID("first_from", "CPU that the first move took it from"),
	[LAST_TO] = COLUMN_ID("last_to", "CPU that the last move brought it to"),
	[LIFE] = COLUMN_LIFE("life"),
};

static const struct schedtrace_picture picture_migrations = {
	.from = "migrations",
	.kind = SCHEDTRACE_PICTURE_STACKED_BARS,
	.title = "Migrations of each task",
	.labels = "comm,pid",
	.values = "wake:at a wakeup,fork:at a fork,exec:at an exec,"
		  "balance:for balance",
	.top = 20,
};

static const struct schedtrace_table_info migrations_info = {
	.name = "migrations",
	.about = "moves of each task that was moved, by cause and distance",
	.n_columns = N_COLUMNS,
	.columns = columns,
	.choices = SCHEDTRACE_BY_TASK | SCHEDTRACE_BEFORE_CPU,
	.key = "pid",
	.order = "-migrations",
	.doubt = SCHEDTRACE_DOUBT_ANY,
	.unswitched = true,
	.needs = "MIGRATE",
	.shown = SCHEDTRACE_SHOWN,
	.compare = &(const struct schedtrace_table_compare){ .same = "comm",
							     .measures = "migrations,wake,balance",
							     .totals = "",
							     .usual = true },
	.pictures = PICTURES(&picture_migrations),
	.n_hidden = N_ALL - N_COLUMNS,
	.interval = &(const struct schedtrace_table_interval){ .same = "life" },
};

enum { M_FROM, M_TO, M_MIGRATIONS, M_WAKE, M_FORK, M_EXEC, M_BALANCE, M_DISTANCE, N_M_COLUMNS };

static const struct schedtrace_column_info *const matrix_columns[N_M_COLUMNS] = {
	[M_FROM] = COLUMN_ID("from", "CPU that tasks leave"),
	[M_TO] = COLUMN_ID("to", "CPU that they come to"),
	[M_MIGRATIONS] = COLUMN_COUNT("migrations", "sched_migrate_task rows",
				      .doubt = SCHEDTRACE_DOUBT_COUNTED),
	[M_WAKE] = COLUMN_COUNT("wake", "of these, at a wakeup"),
	[M_FORK] = COLUMN_COUNT("fork", "of these, at a fork"),
	[M_EXEC] = COLUMN_COUNT("exec", "of these, at an exec"),
	[M_BALANCE] = COLUMN_COUNT("balance", "of these, for balance or affinity"),
	[M_DISTANCE] =
		COLUMN_TEXT("distance", "smt, cache, node, remote or unknown; see migrations"),
};

static const struct schedtrace_picture picture_migration_matrix = {
	.from = "migration_matrix",
	.kind = SCHEDTRACE_PICTURE_MIGRATION_MATRIX,
	.title = "Migrations from CPU to CPU",
};

static const struct schedtrace_table_info matrix_info = {
	.name = "migration_matrix",
	.about = "moves from each CPU to each other; pairs without any are left out",
	.n_columns = N_M_COLUMNS,
	.columns = matrix_columns,
	.choices = SCHEDTRACE_BEFORE_TASK | SCHEDTRACE_BY_CPU,
	.key = "from,to",
	.order = "-migrations",
	.doubt = SCHEDTRACE_DOUBT_ANY,
	.unswitched = true,
	.needs = "MIGRATE",
	.compare = &(const struct schedtrace_table_compare){ .same = "from,to",
							     .measures = "migrations",
							     .usual = true },
	.pictures = PICTURES(&picture_migration_matrix),
};

static int64_t sum(const int64_t *values, size_t n)
{
	int64_t total = 0;

	while (n--)
		total += values[n];
	return total;
}

/* Which causes can be told from the recording; without wakings, most moves have one of two. */
struct causes {
	bool wake, fork, exec;
};

static struct causes known_causes(const struct replay *replay)
{
	return (struct causes){
		.wake = replay_recorded(replay, SCHEDTRACE_WAKING),
		.fork = replay_recorded(replay, SCHEDTRACE_FORK) ||
			replay_recorded(replay, SCHEDTRACE_NEWTASK),
		.exec = replay_recorded(replay, SCHEDTRACE_EXEC),
	};
}

static int add_matrix(const struct migrations *m, struct schedtrace_tables *out,
		      struct schedtrace_error *err)
{
	const struct causes known = known_causes(m->replay);
	struct schedtrace_table *table;
	int r = tables_add(out, &matrix_info, &table, err);

	for (uint32_t k = 0; r >= 0 && k < m->n_cells; k++) {
		const struct cell *c = &m->cells[k];
		union schedtrace_value v[N_M_COLUMNS];

		v[M_FROM].i = or_unknown(c->from);
		v[M_TO].i = or_unknown(c->to);
		v[M_MIGRATIONS].i = sum(c->causes, N_CAUSES);
		v[M_WAKE].i = if_known(known.wake, c->causes[WAKE]);
		v[M_FORK].i = if_known(known.fork, c->causes[FORK]);
		v[M_EXEC].i = if_known(known.exec, c->causes[EXEC]);
		v[M_BALANCE].i = if_known(known.wake, c->causes[BALANCE]);
		v[M_DISTANCE].s = distance_names[distance_of(m->ctx, c->from, c->to)];
		r = table_row(table, v, err);
	}
	return r;
}

static int snapshot(void *self, struct schedtrace_tables *out, struct schedtrace_error *err)
{
	struct migrations *m = self;
	struct lives *lives = replay_lives(m->replay);
	const struct causes known = known_causes(m->replay);
	struct schedtrace_table *table;
	int r = tables_add(out, &migrations_info, &table, err);

	for (uint32_t k = 0; r >= 0 && k < m->n; k++) {
		const struct account *a = &m->accounts[k];
		struct life *life = &lives->all[m->lives[k]];
		union schedtrace_value v[N_ALL];

		lives_complete(lives, life);
		v[PID].i = life_pid(life);
		v[TGID].i = or_unknown(life->tgid);
		v[COMM].s = lives_name(lives, m->lives[k]);
		v[MIGRATIONS].i = sum(a->causes, N_CAUSES);
		v[BY_WAKE].i = if_known(known.wake, a->causes[WAKE]);
		v[BY_FORK].i = if_known(known.fork, a->causes[FORK]);
		v[BY_EXEC].i = if_known(known.exec, a->causes[EXEC]);
		v[BY_BALANCE].i = if_known(known.wake, a->causes[BALANCE]);
		v[TO_SMT].i = a->distances[SMT];
		v[TO_CACHE].i = a->distances[CACHE];
		v[TO_NODE].i = a->distances[NODE];
		v[TO_REMOTE].i = a->distances[REMOTE];
		v[FIRST_NS].i = a->first_ns;
		v[LAST_NS].i = a->last_ns;
		v[FIRST_FROM].i = or_unknown(a->first_from);
		v[LAST_TO].i = or_unknown(a->last_to);
		v[LIFE].i = (int64_t)life->serial;
		r = table_row(table, v, err);
	}
	return r < 0 ? r : add_matrix(m, out, err);
}

static void destroy(void *self)
{
	struct migrations *m = self;

	intmap_free(&m->account_of);
	intmap_free(&m->cell_of);
	free(m->accounts);
	free(m->lives);
	free(m->cells);
	free(m);
}

static int create(void **self, const struct analysis_env *env, struct schedtrace_error *err)
{
	struct migrations *m = calloc(1, sizeof(*m));
	struct replay_listener listener = {
		.self = m,
		.left = left,
		.row = row,
		.forget = forget,
		.events = REPLAY_EVENT(MIGRATE) | REPLAY_EVENT(EXEC),
	};

	if (!m)
		return no_memory(err);
	*self = m;
	m->ctx = env->ctx;
	m->sink = env->sink;
	m->replay = env->replay;
	m->choice = env->choice;
	if (intmap_init(&m->account_of) < 0 || intmap_init(&m->cell_of) < 0)
		return no_memory(err);
	return replay_listen(env->replay, &listener, err);
}

static const char *const needs[] = { "MIGRATE", "WAKING", "WAKEUP", "WAKEUP_NEW", "EXEC", NULL };
static const struct schedtrace_table_info *const tables[] = { &migrations_info, &matrix_info };
static const struct schedtrace_table_info *const logs[] = { &log_info };

const struct analysis analysis_migrations = {
	.info = { "migrations", "moves between CPUs: per task, from CPU to CPU, cause and distance",
		  needs, 2, tables, 1, logs,
		  PICTURES(&picture_migration_matrix, &picture_migration_log,
			   &picture_migrations) },
	.uses_replay = true,
	.create = create,
	.snapshot = snapshot,
	.destroy = destroy,
};
