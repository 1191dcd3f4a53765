/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which code do tasks leave the CPU in, how often, and how long did they run until then? What
 * counts as one is a call stack: that of the sched_switch away from a task. The stretch on the CPU
 * that this switch ends is booked to it. Idle tasks are left out. Two stacks are the same when
 * their addresses are; those of a program besides only within one address space.
 *
 * Edges: a stretch that does not end by a switch with a record is booked to nobody; one whose
 * begin is doubtful counts in on_cpu_ns as far as it is certain and in on_cpu_hi_ns whole. Switches
 * without a stack are one row whose frames are unknown.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grown.h"
#include "base/jhash.h"
#include "base/mem.h"
#include "libschedtrace/analysis.h"
#include "libschedtrace/choice.h"
#include "libschedtrace/known_stacks.h"
#include "libschedtrace/replay/replay.h"

#define NO_STACK UINT32_MAX

struct account {
	uint32_t stack; /* NO_STACK: there was none */
	int32_t name;	/* of the task, a number in lives->names, -1 unknown */
	int64_t switches, voluntary;
	int64_t ns, hi_ns;
};

/* The last stretch that ended on a CPU. */
struct stretch {
	uint32_t life; /* + 1; 0 none */
	bool voluntary;
	int64_t end, ns, hi_ns;
};

struct analysis_stacks {
	const struct schedtrace_context *ctx;
	struct replay *replay;
	struct choice *choice;
	struct grown stretches;	  /* struct stretch by CPU */
	struct intmap account_of; /* (name + 1) << 32 | stack: number in accounts */
	struct account *accounts;
	uint32_t n, max;
};

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for analysis stacks");
}

static struct account *account(struct analysis_stacks *s, uint32_t stack, int32_t name)
{
	uint64_t key = (uint64_t)(uint32_t)(name + 1) << 32 | stack;
	uint32_t k = intmap_get(&s->account_of, key);

	if (k != INTMAP_NONE)
		return &s->accounts[k];
	if (!array_room(s->accounts, s->n, s->max))
		return NULL;
	if (intmap_set(&s->account_of, key, s->n) < 0)
		return NULL;
	s->accounts[s->n] = (struct account){ .stack = stack, .name = name };
	return &s->accounts[s->n++];
}

static int span(void *self, const struct replay_span *span, struct schedtrace_error *err)
{
	struct analysis_stacks *s = self;
	struct stretch *stretch;

	if (span->state != LIFE_RUNNING || span->life == LIFE_IDLE || span->cpu < 0)
		return 0;
	stretch = grown_at(&s->stretches, span->cpu, struct stretch);
	if (!stretch)
		return no_memory(err);
	/* Before a task was found running there, it may have run already. */
	if (stretch->life != span->life + 1 || stretch->end != span->begin || stretch->ns)
		stretch->hi_ns = 0;
	stretch->life = span->life + 1; /* left() was called before */
	stretch->end = span->end;
	stretch->ns = span->certain_end - span->begin;
	stretch->hi_ns += span->end - span->begin;
	return 0;
}

static int left(void *self, uint32_t life, int32_t cpu, bool voluntary,
		struct schedtrace_error *err)
{
	struct analysis_stacks *s = self;
	struct stretch *stretch = cpu < 0 ? NULL : grown_at(&s->stretches, cpu, struct stretch);

	if (stretch)
		stretch->voluntary = voluntary;
	return 0;
}

static int row(void *self, const struct schedtrace_events *ev, size_t i, uint32_t life,
	       struct schedtrace_error *err)
{
	struct analysis_stacks *s = self;
	struct stretch *stretch = grown_get(&s->stretches, ev->cpu[i], struct stretch);
	int32_t stack = ev->stack ? ev->stack[i] : -1;
	const struct life *of;
	struct account *a;

	if (!ev->stack || life == LIFE_NONE)
		return 0;
	of = &replay_lives(s->replay)->all[life];
	if (!choice_takes(s->choice, replay_lives(s->replay), life, ev->cpu[i]))
		return 0;
	a = account(s, stack < 0 ? NO_STACK : (uint32_t)stack, of->name);
	if (!a)
		return no_memory(err);
	a->switches++;
	if (!stretch)
		return 0;
	a->voluntary += stretch->voluntary;
	if (stretch->life == life + 1 && stretch->end == ev->timestamp[i]) {
		a->ns += stretch->ns;
		a->hi_ns += stretch->hi_ns;
	}
	*stretch = (struct stretch){ 0 };
	return 0;
}

enum {
	RANK,
	HASH,
	SWITCHES,
	VOLUNTARY,
	ON_CPU,
	ON_CPU_HI,
	TICKS,
	SHARE,
	COMMS,
	N_FRAMES,
	KERNEL_FRAMES,
	FRAMES,
	N_COLUMNS
};

static const struct schedtrace_column_info *const columns[N_COLUMNS] = {
	[RANK] = COLUMN_COUNT("rank", "place by time on the CPU, from 1",
			      .merge = SCHEDTRACE_MERGE_NONE, .change = SCHEDTRACE_CHANGE_UNKNOWN),
	[HASH] = COLUMN_TEXT(
		"hash",
		"Jenkins hash of the addresses, as the kernel's jhash2() of their 32-bit words "
		"from 0, hexadecimal"),
	[SWITCHES] = COLUMN_COUNT(
		"switches",
		"times a task was switched out with this stack: how often it was scheduled",
		.needs = "CTX_SWITCH"),
	[VOLUNTARY] = COLUMN_COUNT("voluntary", "of these, to sleep, block, stop or end"),
	[ON_CPU] = COLUMN_DURATION(
		"on_cpu_ns", "time on the CPU that these switches ended, as far as it is certain",
		.most = "on_cpu_hi_ns", .needs = "CTX_SWITCH"),
	[ON_CPU_HI] = COLUMN_DURATION("on_cpu_hi_ns", "the same with what is possible as well"),
	[TICKS] = COLUMN("on_cpu_ticks", "ticks", INT, AMOUNT,
			 "on_cpu_ns in ticks of the time-stamp counter, where its rate is known"),
	[SHARE] = COLUMN_SHARE("share", "part of on_cpu_ns of all stacks"),
	[COMMS] = COLUMN_TEXT(
		"comms", "names of the tasks: the two with most time, and how many more there are"),
	[N_FRAMES] =
		COLUMN_COUNT("n_frames", "frames of the stack", .merge = SCHEDTRACE_MERGE_NONE),
	[KERNEL_FRAMES] = COLUMN_COUNT("kernel_frames", "of these, the kernel's, which come first",
				       .merge = SCHEDTRACE_MERGE_NONE),
	[FRAMES] = COLUMN_TEXT(
		"frames",
		"functions, the innermost first, \";\" between; addresses where no name is "
		"known"),
};

static const struct schedtrace_picture picture_stacks = {
	.from = "stacks",
	.kind = SCHEDTRACE_PICTURE_BARS,
	.title = "Call stacks with most time on the CPU until the switch away",
	.labels = "comms,frames",
	.values = "on_cpu_ns",
	.top = 20,
};

static const struct schedtrace_table_info whole_info = {
	.name = "stacks",
	.about =
		"call stacks at the switch away from a task, and the time on the CPU that it ended",
	.n_columns = N_COLUMNS,
	.columns = columns,
	.choices = SCHEDTRACE_BEFORE_TASK | SCHEDTRACE_BEFORE_CPU,
	.key = "hash",
	.order = "-on_cpu_ns",
	.first = "rank,hash,switches,on_cpu_ns,share,comms,voluntary",
	.compare = &(const struct schedtrace_table_compare){ .same = "frames",
							     .measures = "on_cpu_ns,switches",
							     .totals = "",
							     .usual = true },
	.pictures = PICTURES(&picture_stacks),
};

static const struct schedtrace_picture picture_stacks_kernel = {
	.from = "stacks_kernel",
	.kind = SCHEDTRACE_PICTURE_BARS,
	.title = "Kernel parts of call stacks, by the time on the CPU until the switch away",
	.labels = "comms,frames",
	.values = "on_cpu_ns",
	.top = 20,
};

static const struct schedtrace_table_info kernel_info = {
	.name = "stacks_kernel",
	.about = "the same by the kernel's part of the stacks only",
	.n_columns = N_COLUMNS,
	.columns = columns,
	.choices = SCHEDTRACE_BEFORE_TASK | SCHEDTRACE_BEFORE_CPU,
	.key = "hash",
	.order = "-on_cpu_ns",
	.first = "rank,hash,switches,on_cpu_ns,share,comms,voluntary",
	.compare = &(const struct schedtrace_table_compare){ .same = "frames",
							     .measures = "on_cpu_ns,switches" },
	.pictures = PICTURES(&picture_stacks_kernel),
};

static const struct schedtrace_picture picture_stacks_user = {
	.from = "stacks_user",
	.kind = SCHEDTRACE_PICTURE_BARS,
	.title = "Program parts of call stacks, by the time on the CPU until the switch away",
	.labels = "comms,frames",
	.values = "on_cpu_ns",
	.top = 20,
};

static const struct schedtrace_table_info user_info = {
	.name = "stacks_user",
	.about = "the same by the program's part of the stacks only",
	.n_columns = N_COLUMNS,
	.columns = columns,
	.choices = SCHEDTRACE_BEFORE_TASK | SCHEDTRACE_BEFORE_CPU,
	.key = "hash",
	.order = "-on_cpu_ns",
	.first = "rank,hash,switches,on_cpu_ns,share,comms,voluntary",
	.compare = &(const struct schedtrace_table_compare){ .same = "frames",
							     .measures = "on_cpu_ns,switches" },
	.pictures = PICTURES(&picture_stacks_user),
};

enum { C_COMM, C_HASH, C_SWITCHES, C_ON_CPU, C_N_FRAMES, C_KERNEL_FRAMES, C_FRAMES, N_C_COLUMNS };

static const struct schedtrace_column_info *const comm_columns[N_C_COLUMNS] = {
	[C_COMM] = COLUMN_TEXT("comm", "name of the tasks"),
	[C_HASH] = COLUMN_TEXT("hash", "of the whole stack; see stacks"),
	[C_SWITCHES] =
		COLUMN_COUNT("switches", "times such a task was switched out with this stack",
			     .needs = "CTX_SWITCH"),
	[C_ON_CPU] =
		COLUMN_DURATION("on_cpu_ns", "certain time on the CPU that these switches ended",
				.needs = "CTX_SWITCH"),
	[C_N_FRAMES] =
		COLUMN_COUNT("n_frames", "frames of the stack", .merge = SCHEDTRACE_MERGE_NONE),
	[C_KERNEL_FRAMES] =
		COLUMN_COUNT("kernel_frames", "of these, the kernel's, which come first",
			     .merge = SCHEDTRACE_MERGE_NONE),
	[C_FRAMES] = COLUMN_TEXT("frames", "functions, the innermost first, \";\" between"),
};

static const struct schedtrace_picture picture_stack_comms = {
	.from = "stack_comms",
	.kind = SCHEDTRACE_PICTURE_BARS,
	.title = "Call stacks of each name with most time on the CPU until the switch away",
	.labels = "comm,frames",
	.values = "on_cpu_ns",
	.top = 20,
};

static const struct schedtrace_table_info comm_info = {
	.name = "stack_comms",
	.about = "each stack by the name of the tasks, as flame graphs want it",
	.n_columns = N_C_COLUMNS,
	.columns = comm_columns,
	.choices = SCHEDTRACE_BEFORE_TASK | SCHEDTRACE_BEFORE_CPU,
	.key = "comm,hash",
	.order = "-on_cpu_ns",
	.compare = &(const struct schedtrace_table_compare){ .same = "comm,frames",
							     .measures = "on_cpu_ns,switches" },
	.pictures = PICTURES(&picture_stack_comms),
};

enum part { WHOLE, KERNEL, USER };

/* A row to be: what the accounts of one stack, or of one part of stacks, add up to. */
struct group {
	struct schedtrace_stack stack;
	bool unknown;
	int64_t switches, voluntary, ns, hi_ns;
	size_t first, n; /* accounts, in the order of groups */
};

struct member {
	uint32_t group;
	const struct account *account;
};

static int by_group_and_name(const void *a, const void *b)
{
	const struct member *m = a, *n = b;

	if (m->group != n->group)
		return m->group < n->group ? -1 : 1;
	if (m->account->name != n->account->name)
		return m->account->name < n->account->name ? -1 : 1;
	return (m->account > n->account) - (m->account < n->account);
}

static int by_time(const void *a, const void *b)
{
	const struct group *g = a, *h = b;

	if (g->ns != h->ns)
		return g->ns > h->ns ? -1 : 1;
	if (g->switches != h->switches)
		return g->switches > h->switches ? -1 : 1;
	return (g->first > h->first) - (g->first < h->first);
}

static struct schedtrace_stack part_of(const struct schedtrace_stack *stack, enum part part)
{
	struct schedtrace_stack s = *stack;

	if (part == KERNEL) {
		s.n = s.n_kernel;
		s.space = 0;
	} else if (part == USER) {
		s.frames += s.n_kernel;
		s.n -= s.n_kernel;
		s.n_kernel = 0;
	}
	return s;
}

static void put_frames(FILE *f, const struct schedtrace_context *ctx,
		       const struct schedtrace_stack *stack)
{
	for (uint32_t i = 0; i < stack->n; i++) {
		uint64_t address = stack->frames[i];
		const char *name = schedtrace_context_symbol(
			ctx, i < stack->n_kernel ? 0 : stack->space, address);

		if (i)
			fputc(';', f);
		for (; name && *name; name++)
			fputc(*name == ';' ? ':' : *name, f);
		if (!name)
			fprintf(f, "0x%llx", (unsigned long long)address);
	}
}

/* To be freed; NULL without memory. */
static char *frames_text(const struct schedtrace_context *ctx, const struct schedtrace_stack *stack)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	if (!f)
		return NULL;
	put_frames(f, ctx, stack);
	if (fclose(f) == 0)
		return text;
	free(text);
	return NULL;
}

/* The two names with most time, and how many more there are; @members are in the order of names. */
static char *comms_text(const struct lives *lives, const struct member *members, size_t n)
{
	int64_t most[2] = { -1, -1 };
	const char *names[2] = { "", "" };
	size_t count = 0;
	char *text;

	for (size_t i = 0; i < n; count++) {
		int32_t number = members[i].account->name;
		const char *name = number < 0 ? "?" : lives->names.names[number];
		int64_t ns = 0;

		for (; i < n && members[i].account->name == number; i++)
			ns += members[i].account->ns;
		if (ns > most[0]) {
			most[1] = most[0];
			names[1] = names[0];
			most[0] = ns;
			names[0] = name;
		} else if (ns > most[1]) {
			most[1] = ns;
			names[1] = name;
		}
	}
	if (count > 2 && asprintf(&text, "%s, %s, +%zu", names[0], names[1], count - 2) >= 0)
		return text;
	if (count <= 2 && asprintf(&text, "%s%s%s", names[0], count > 1 ? ", " : "", names[1]) >= 0)
		return text;
	return NULL;
}

static int64_t ticks_of(const struct schedtrace_context *ctx, int64_t ns)
{
	int64_t hz = schedtrace_context_info(ctx)->tsc_hz;

	return hz > 0 ? (int64_t)((__int128)ns * hz / 1000000000) : UNKNOWN_INT;
}

static int add_group(const struct analysis_stacks *s, struct schedtrace_table *table,
		     const struct group *g, const struct member *members, size_t rank,
		     int64_t total_ns, struct schedtrace_error *err)
{
	auto_free char *comms = comms_text(replay_lives(s->replay), members + g->first, g->n);
	auto_free char *frames = g->unknown ? NULL : frames_text(s->ctx, &g->stack);
	union schedtrace_value v[N_COLUMNS];
	char hash[16];

	if (!comms || (!frames && !g->unknown))
		return no_memory(err);
	snprintf(hash, sizeof(hash), "%08x", jhash_addresses(g->stack.frames, g->stack.n, 0));
	v[RANK].i = (int64_t)rank;
	v[HASH].s = g->unknown ? NULL : hash;
	v[SWITCHES].i = g->switches;
	v[VOLUNTARY].i = g->voluntary;
	v[ON_CPU].i = g->ns;
	v[ON_CPU_HI].i = g->hi_ns;
	v[TICKS].i = ticks_of(s->ctx, g->ns);
	v[SHARE].f = total_ns ? 100.0 * (double)g->ns / (double)total_ns : __builtin_nan("");
	v[COMMS].s = comms;
	v[N_FRAMES].i = g->unknown ? UNKNOWN_INT : g->stack.n;
	v[KERNEL_FRAMES].i = g->unknown ? UNKNOWN_INT : g->stack.n_kernel;
	v[FRAMES].s = frames;
	return table_row(table, v, err);
}

/* Sorts the accounts into groups by @part of their stacks; *n_groups is set. */
static int make_groups(const struct analysis_stacks *s, enum part part, struct stacks *parts,
		       struct group *groups, struct member *members, size_t *n_groups,
		       struct schedtrace_error *err)
{
	size_t n = 0;

	for (uint32_t k = 0; k < s->n; k++) {
		const struct account *a = &s->accounts[k];
		struct schedtrace_stack stack = { 0 };
		uint32_t g = 0; /* without that part */

		if (a->stack != NO_STACK) {
			int r = schedtrace_context_stack(s->ctx, (int32_t)a->stack, &stack, err);
			int32_t id;

			if (r < 0)
				return r;
			stack = part_of(&stack, part);
			id = stacks_add(parts, stack.frames, stack.n, stack.n_kernel, stack.space);
			if (id < 0)
				return no_memory(err);
			g = stack.n ? (uint32_t)id + 1 : 0;
		}
		members[k] = (struct member){ g, a };
	}
	if (s->n)
		qsort(members, s->n, sizeof(*members), by_group_and_name);
	for (uint32_t k = 0; k < s->n; k++) {
		const struct account *a = members[k].account;
		struct group *g = &groups[n];

		if (k == 0 || members[k].group != members[k - 1].group) {
			*g = (struct group){ .first = k, .unknown = members[k].group == 0 };
			if (!g->unknown) {
				schedtrace_context_stack(s->ctx, (int32_t)a->stack, &g->stack,
							 NULL);
				g->stack = part_of(&g->stack, part);
			}
			n++;
		}
		g = &groups[n - 1];
		g->n++;
		g->switches += a->switches;
		g->voluntary += a->voluntary;
		g->ns += a->ns;
		g->hi_ns += a->hi_ns;
	}
	if (n)
		qsort(groups, n, sizeof(*groups), by_time);
	*n_groups = n;
	return 0;
}

static int add_part(const struct analysis_stacks *s, struct schedtrace_tables *out,
		    const struct schedtrace_table_info *info, enum part part,
		    struct schedtrace_error *err)
{
	auto_free struct group *groups = calloc(s->n + 1, sizeof(*groups));
	auto_free struct member *members = calloc(s->n + 1, sizeof(*members));
	struct schedtrace_table *table;
	struct stacks parts;
	int64_t total = 0;
	size_t n = 0;
	int r = tables_add(out, info, &table, err);

	if (r < 0)
		return r;
	if (!groups || !members)
		return no_memory(err);
	stacks_init(&parts);
	r = make_groups(s, part, &parts, groups, members, &n, err);
	for (size_t i = 0; i < n; i++)
		total += groups[i].ns;
	for (size_t i = 0; r >= 0 && i < n; i++)
		r = add_group(s, table, &groups[i], members, i + 1, total, err);
	stacks_free(&parts);
	return r;
}

static int add_comms(const struct analysis_stacks *s, struct schedtrace_tables *out,
		     struct schedtrace_error *err)
{
	const struct lives *lives = replay_lives(s->replay);
	struct schedtrace_table *table;
	int r = tables_add(out, &comm_info, &table, err);

	for (uint32_t k = 0; r >= 0 && k < s->n; k++) {
		const struct account *a = &s->accounts[k];
		bool unknown = a->stack == NO_STACK;
		struct schedtrace_stack stack = { 0 };
		union schedtrace_value v[N_C_COLUMNS];
		auto_free char *frames = NULL;
		char hash[16];

		if (!unknown)
			r = schedtrace_context_stack(s->ctx, (int32_t)a->stack, &stack, err);
		if (r < 0)
			return r;
		if (!unknown)
			frames = frames_text(s->ctx, &stack);
		if (!unknown && !frames)
			return no_memory(err);
		snprintf(hash, sizeof(hash), "%08x", jhash_addresses(stack.frames, stack.n, 0));
		v[C_COMM].s = a->name < 0 ? NULL : lives->names.names[a->name];
		v[C_HASH].s = unknown ? NULL : hash;
		v[C_SWITCHES].i = a->switches;
		v[C_ON_CPU].i = a->ns;
		v[C_N_FRAMES].i = unknown ? UNKNOWN_INT : stack.n;
		v[C_KERNEL_FRAMES].i = unknown ? UNKNOWN_INT : stack.n_kernel;
		v[C_FRAMES].s = frames;
		r = table_row(table, v, err);
	}
	return r;
}

static int snapshot(void *self, struct schedtrace_tables *out, struct schedtrace_error *err)
{
	const struct analysis_stacks *s = self;
	int r = add_part(s, out, &whole_info, WHOLE, err);

	if (r >= 0)
		r = add_part(s, out, &kernel_info, KERNEL, err);
	if (r >= 0)
		r = add_part(s, out, &user_info, USER, err);
	return r < 0 ? r : add_comms(s, out, err);
}

static void destroy(void *self)
{
	struct analysis_stacks *s = self;

	intmap_free(&s->account_of);
	free(s->stretches.items);
	free(s->accounts);
	free(s);
}

static int create(void **self, const struct analysis_env *env, struct schedtrace_error *err)
{
	struct analysis_stacks *s = calloc(1, sizeof(*s));
	struct replay_listener listener = {
		.self = s,
		.span = span,
		.left = left,
		.row = row,
		.events = REPLAY_EVENT(CTX_SWITCH),
	};

	if (!s)
		return no_memory(err);
	*self = s;
	s->ctx = env->ctx;
	s->replay = env->replay;
	s->choice = env->choice;
	if (intmap_init(&s->account_of) < 0)
		return no_memory(err);
	return replay_listen(env->replay, &listener, err);
}

static const char *const needs[] = { "CTX_SWITCH", "RUNS", "BLOCK", NULL };
static const struct schedtrace_table_info *const tables[] = { &whole_info, &kernel_info, &user_info,
							      &comm_info };

const struct analysis analysis_stacks = {
	.info = { "stacks",
		  "call stacks in which tasks leave the CPU: how often, and time until then", needs,
		  4, tables, 0, NULL, PICTURES(&picture_stacks) },
	.uses_replay = true,
	.create = create,
	.snapshot = snapshot,
	.destroy = destroy,
};
