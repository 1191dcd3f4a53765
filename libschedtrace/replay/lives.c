/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/mem.h"
#include "libschedtrace/known_tasks.h"
#include "libschedtrace/replay/lives.h"

#include <stdlib.h>
#include <string.h>

/* Names kept of a life; one that renames itself without end must not fill memory. */
#define MAX_NAMES 16

int lives_init(struct lives *lives, const struct schedtrace_context *ctx)
{
	*lives = (struct lives){ .ctx = ctx, .first_free = LIFE_NONE, .free_named = LIFE_NONE };
	intern_init(&lives->names);
	if (intmap_init(&lives->many_of_name) < 0 || intmap_init(&lives->block_of_pid) < 0)
		return -1;
	return intmap_init(&lives->by_pid);
}

void lives_free(struct lives *lives)
{
	free(lives->all);
	free(lives->name_of_comm);
	free(lives->named);
	intern_free(&lives->names);
	intmap_free(&lives->by_pid);
	intmap_free(&lives->many_of_name);
	intmap_free(&lives->block_of_pid);
	free(lives->ends.items);
}

const char *life_state_name(enum life_state state)
{
	switch (state) {
	case LIFE_RUNNING:
		return "running";
	case LIFE_WAIT_WAKEUP:
	case LIFE_WAIT_PREEMPT:
	case LIFE_WAIT_NEW:
	case LIFE_WAIT_OLD:
		return "runnable";
	case LIFE_SLEEPING:
		return "sleeping";
	case LIFE_IDLING:
		return "idle";
	case LIFE_BLOCKED:
		return "blocked";
	case LIFE_STOPPED:
		return "stopped";
	case LIFE_NEW:
		return "made";
	default:
		return NULL;
	}
}

/* The context's record of a life: of those of its pid the latest that began by then. */
static const struct schedtrace_task *record_of(const struct schedtrace_context *ctx, int32_t pid,
					       int64_t start_ns, int64_t now)
{
	size_t n, low = 0, high;
	const struct schedtrace_task *tasks = schedtrace_context_tasks(ctx, &n);

	high = n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (tasks[middle].pid < pid ||
		    (tasks[middle].pid == pid && known_task_since(&tasks[middle]) <= now))
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || tasks[low - 1].pid != pid)
		return NULL;
	/* A life that was seen to begin is not the one that was there at the start. */
	if (start_ns != INT64_MIN && known_task_since(&tasks[low - 1]) == INT64_MIN)
		return NULL;
	if (tasks[low - 1].end_ns != INT64_MIN && tasks[low - 1].end_ns < now)
		return NULL;
	return &tasks[low - 1];
}

static void complete(struct lives *lives, struct life *life, int64_t now)
{
	const struct schedtrace_task *task = record_of(lives->ctx, life->pid, life->start_ns, now);

	if (!task)
		return;
	if (life->tgid < 0)
		life->tgid = task->tgid;
	if (life->ppid < 0)
		life->ppid = task->ppid;
	if (life->of_command < 0)
		life->of_command = (int8_t)task->command_tree;
	if (life->start_ns == INT64_MIN)
		life->start_ns = task->start_ns;
	if (life->name < 0 && task->comm > 0)
		lives_set_comm(lives, (uint32_t)(life - lives->all), task->comm);
}

const struct schedtrace_task *lives_record(const struct lives *lives, const struct life *life)
{
	return record_of(lives->ctx, life->pid, life->start_ns, life->first_seen);
}

bool lives_of_command(const struct lives *lives, const struct life *life)
{
	const struct schedtrace_task *task;

	if (life->of_command >= 0)
		return life->of_command == 1;
	task = record_of(lives->knows ? lives->knows : lives->ctx, life->pid, life->start_ns,
			 life->first_seen);
	return task && task->command_tree == 1;
}

void lives_complete(struct lives *lives, struct life *life)
{
	if (life->tgid < 0 || life->ppid < 0 || life->name < 0)
		complete(lives, life, life->first_seen);
}

/* A number for a life, LIFE_NONE without memory. */
static uint32_t take_number(struct lives *lives)
{
	uint32_t id = lives->first_free;

	if (id != LIFE_NONE) {
		lives->first_free = lives->all[id].previous_dead;
		return id;
	}
	if (lives->n == lives->max) {
		uint32_t max = lives->max ? 2 * lives->max : 256;
		struct life *grown =
			max > LIFE_MAX ? NULL : reallocarray(lives->all, max, sizeof(*grown));

		if (!grown)
			return LIFE_NONE;
		lives->all = grown;
		lives->max = max;
	}
	return lives->n++;
}

uint32_t lives_begin(struct lives *lives, int32_t pid, int64_t start_ns, int64_t now)
{
	uint32_t id = take_number(lives);

	if (id == LIFE_NONE || intmap_set(&lives->by_pid, (uint32_t)pid, id) < 0)
		return LIFE_NONE;
	lives->last_pid = pid;
	lives->last_life = id;
	lives->all[id] = (struct life){
		.serial = ++lives->serial,
		.pid = pid,
		.cpu = -1,
		.tgid = -1,
		.ppid = -1,
		.of_command = -1,
		.prio = INT32_MIN,
		.name = -1,
		.first_name = LIFE_NONE,
		.previous_dead = LIFE_NONE,
		.into = LIFE_NONE,
		.waking = INT64_MIN,
		.start_ns = start_ns,
		.end_ns = INT64_MIN,
		.exit_ns = INT64_MIN,
		.first_seen = now,
	};
	complete(lives, &lives->all[id], now);
	return id;
}

static int append_name(struct lives *lives, struct life *life, int32_t name)
{
	uint32_t *link = &life->first_name, k;

	if (life->name == name)
		return 0;
	life->name = name;
	if (life->n_names == MAX_NAMES)
		return 0;
	if (lives->free_named != LIFE_NONE) {
		k = lives->free_named;
		lives->free_named = lives->named[k].next;
	} else {
		if (!array_room(lives->named, lives->n_named, lives->named_max))
			return -1;
		k = lives->n_named++;
	}
	while (*link != LIFE_NONE)
		link = &lives->named[*link].next;
	*link = k;
	lives->named[k] = (struct life_name){ name, LIFE_NONE };
	life->n_names++;
	return 0;
}

int lives_set_comm(struct lives *lives, uint32_t id, int32_t comm)
{
	struct life *life = &lives->all[id];
	const char *text = schedtrace_context_comm(lives->ctx, comm);

	life->comm = comm;
	if (!text)
		return 0;
	if (comm >= lives->n_comms) {
		int32_t n = schedtrace_context_comms(lives->ctx) + 1;
		int32_t *grown = reallocarray(lives->name_of_comm, (size_t)n, sizeof(*grown));

		if (!grown)
			return -1;
		for (int32_t i = lives->n_comms; i < n; i++)
			grown[i] = -1;
		lives->name_of_comm = grown;
		lives->n_comms = n;
	}
	if (lives->name_of_comm[comm] < 0)
		lives->name_of_comm[comm] = intern_add(&lives->names, text, strlen(text));
	if (lives->name_of_comm[comm] < 0)
		return -1;
	return append_name(lives, life, lives->name_of_comm[comm]);
}

int lives_set_name(struct lives *lives, uint32_t id, const char *name, size_t n)
{
	int32_t number = n ? intern_add(&lives->names, name, n) : 0;

	if (!n)
		return 0;
	if (number < 0)
		return -1;
	lives->all[id].comm = 0;
	return append_name(lives, &lives->all[id], number);
}

const char *lives_name(const struct lives *lives, uint32_t id)
{
	int32_t name = lives->all[id].name;

	return name < 0 ? NULL : lives->names.names[name];
}

uint32_t lives_many(struct lives *lives, uint32_t id, bool chosen)
{
	int32_t name = lives->all[id].name;
	uint64_t key = 2 * (uint64_t)(name + 1) + chosen;
	uint32_t many = intmap_get(&lives->many_of_name, key);

	if (many == INTMAP_NONE && lives->many_of_name.n >= LIVES_MAX_MANY) {
		name = -1;
		key = chosen;
		many = intmap_get(&lives->many_of_name, key);
	}
	if (many != INTMAP_NONE)
		return many;
	many = take_number(lives);
	if (many == LIFE_NONE || intmap_set(&lives->many_of_name, key, many) < 0)
		return LIFE_NONE;
	lives->all[many] = (struct life){
		.serial = ++lives->serial,
		.pid = -1,
		.state = LIFE_DEAD,
		.flags = (uint16_t)(LIFE_MANY | (chosen ? LIFE_CHOSEN : 0)),
		.cpu = -1,
		.waking = INT64_MIN,
		.tgid = -1,
		.ppid = -1,
		.of_command = -1,
		.prio = INT32_MIN,
		.start_ns = INT64_MIN,
		.end_ns = INT64_MIN,
		.exit_ns = INT64_MIN,
		.previous_dead = LIFE_NONE,
		.name = name,
		.first_name = LIFE_NONE,
		.into = LIFE_NONE,
	};
	return many;
}

static int remember_end(struct lives *lives, const struct life *life)
{
	uint32_t k = intmap_get(&lives->block_of_pid, (uint32_t)life->pid / 64);
	struct life_ends *ends;

	if (k == INTMAP_NONE) {
		k = lives->n_blocks;
		ends = grown_at(&lives->ends, k, struct life_ends);
		if (!ends || intmap_set(&lives->block_of_pid, (uint32_t)life->pid / 64, k) < 0)
			return -1;
		for (size_t i = 0; i < 64; i++)
			ends->ns[i] = INT64_MAX;
		lives->n_blocks++;
	}
	grown_get(&lives->ends, k, struct life_ends)->ns[life->pid % 64] = life->end_ns;
	return 0;
}

int lives_free_one(struct lives *lives, uint32_t id)
{
	struct life *life = &lives->all[id];
	uint32_t *link = &life->first_name;

	/* Its pid may mean another one by now. */
	if (intmap_get(&lives->by_pid, (uint32_t)life->pid) == id) {
		if (remember_end(lives, life) < 0)
			return -1;
		intmap_remove(&lives->by_pid, (uint32_t)life->pid);
		lives->last_pid = 0;
	}
	while (*link != LIFE_NONE)
		link = &lives->named[*link].next;
	*link = lives->free_named;
	lives->free_named = life->first_name;
	*life = (struct life){
		.state = LIFE_DEAD,
		.flags = LIFE_FREE,
		.name = -1,
		.first_name = LIFE_NONE,
		.into = LIFE_NONE,
		.previous_dead = lives->first_free,
	};
	lives->first_free = id;
	return 0;
}

bool lives_let_go(const struct lives *lives, int32_t pid, int64_t *end_ns)
{
	uint32_t k = intmap_get(&lives->block_of_pid, (uint32_t)pid / 64);

	if (k == INTMAP_NONE)
		return false;
	*end_ns = grown_get(&lives->ends, k, struct life_ends)->ns[pid % 64];
	return *end_ns != INT64_MAX;
}
