/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "context.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "checked.h"
#include "error.h"
#include "intern.h"
#include "mem.h"
#include "stacks.h"

struct schedtrace_context {
	struct schedtrace_info info;
	struct schedtrace_cpu *cpus;
	size_t n_cpus, cpus_max;
	struct intern comms;  /* id - 1 */
	struct intern events; /* id - SCHEDTRACE_EVENT_COUNT */

	/* Readers may share a context, and the first of them sorts. */
	pthread_mutex_t lock;
	struct schedtrace_task *tasks;
	size_t n_tasks, n_sorted, tasks_max;
	size_t *order; /* as many as tasks: what sorting needs */
	size_t order_max;
	struct arena names;

	struct stacks stacks;
	/* Of a tarball whose stacks were not asked for yet. */
	int32_t stacks_later;
	int (*load_stacks)(void *user, struct stacks *into, struct schedtrace_error *err);
	void *load_stacks_user;
};

const struct info_string context_info_strings[CONTEXT_INFO_STRINGS] = {
	{ "clock", offsetof(struct schedtrace_info, clock) },
	{ "host", offsetof(struct schedtrace_info, host) },
	{ "release", offsetof(struct schedtrace_info, release) },
	{ "machine", offsetof(struct schedtrace_info, machine) },
	{ "command", offsetof(struct schedtrace_info, command) },
	{ "tool", offsetof(struct schedtrace_info, tool) },
	{ "incomplete", offsetof(struct schedtrace_info, incomplete) },
	{ "events", offsetof(struct schedtrace_info, events) },
	{ "missing", offsetof(struct schedtrace_info, missing) },
};

static char **info_string(struct schedtrace_info *info, size_t i)
{
	return (char **)((char *)info + context_info_strings[i].offset);
}

static const struct schedtrace_info unknown_info = {
	.size = sizeof(struct schedtrace_info),
	.begin_ns = INT64_MIN,
	.end_ns = INT64_MIN,
	.wall_offset_begin_ns = INT64_MIN,
	.wall_offset_end_ns = INT64_MIN,
};

int schedtrace_context_new(struct schedtrace_context **out, struct schedtrace_error *err)
{
	struct schedtrace_context *ctx;

	if (!out)
		return error_set(err, SCHEDTRACE_E_USAGE, "no place for the context");
	*out = NULL;
	ctx = calloc(1, sizeof(*ctx));
	if (!ctx)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a context");
	ctx->info = unknown_info;
	intern_init(&ctx->comms);
	intern_init(&ctx->events);
	stacks_init(&ctx->stacks);
	pthread_mutex_init(&ctx->lock, NULL);
	*out = ctx;
	return 0;
}

static void free_info_strings(struct schedtrace_info *info)
{
	for (size_t i = 0; i < CONTEXT_INFO_STRINGS; i++)
		free(*info_string(info, i));
}

void schedtrace_context_free(struct schedtrace_context *ctx)
{
	if (!ctx)
		return;
	free_info_strings(&ctx->info);
	free(ctx->cpus);
	free(ctx->tasks);
	free(ctx->order);
	intern_free(&ctx->comms);
	intern_free(&ctx->events);
	arena_free(&ctx->names);
	stacks_free(&ctx->stacks);
	pthread_mutex_destroy(&ctx->lock);
	free(ctx);
}

const struct schedtrace_info *schedtrace_context_info(const struct schedtrace_context *ctx)
{
	return ctx ? &ctx->info : &unknown_info;
}

int schedtrace_context_set_info(struct schedtrace_context *ctx, const struct schedtrace_info *info,
				struct schedtrace_error *err)
{
	struct schedtrace_info copy = unknown_info;

	if (!ctx || !info || info->size <= sizeof(size_t))
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "set_info needs a context and facts with "
				 "their size set");
	memcpy(&copy, info, info->size < sizeof(copy) ? info->size : sizeof(copy));
	copy.size = sizeof(copy);
	for (size_t i = 0; i < CONTEXT_INFO_STRINGS; i++) {
		char **s = info_string(&copy, i);

		if (!*s)
			continue;
		*s = strdup(*s);
		if (*s)
			continue;
		while (i-- > 0)
			free(*info_string(&copy, i));
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a context");
	}
	free_info_strings(&ctx->info);
	ctx->info = copy;
	return 0;
}

const struct schedtrace_cpu *schedtrace_context_cpus(const struct schedtrace_context *ctx,
						     size_t *n)
{
	if (n)
		*n = ctx ? ctx->n_cpus : 0;
	return ctx ? ctx->cpus : NULL;
}

/* @array with room for one element more than @n; the same one, and an error, without memory. */
static void *grown(void *array, size_t n, size_t *max, size_t element, int *r,
		   struct schedtrace_error *err)
{
	size_t want = *max ? *max * 2 : 16;
	void *p;

	if (n < *max)
		return array;
	p = reallocarray(array, want, element);
	if (!p) {
		*r = error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %zu elements", want);
		return array;
	}
	*max = want;
	return p;
}

int schedtrace_context_set_cpu(struct schedtrace_context *ctx, const struct schedtrace_cpu *cpu,
			       struct schedtrace_error *err)
{
	size_t i;
	int r = 0;

	if (!ctx || !cpu)
		return error_set(err, SCHEDTRACE_E_USAGE, "set_cpu needs a context and a CPU");
	if (cpu->cpu < 0 || cpu->cpu > CONTEXT_MAX_CPU)
		return error_set(err, SCHEDTRACE_E_USAGE, "CPU id %d is not within 0 to %d",
				 cpu->cpu, CONTEXT_MAX_CPU);
	for (i = ctx->n_cpus; i > 0 && ctx->cpus[i - 1].cpu >= cpu->cpu; i--)
		if (ctx->cpus[i - 1].cpu == cpu->cpu) {
			ctx->cpus[i - 1] = *cpu;
			return 0;
		}
	ctx->cpus = grown(ctx->cpus, ctx->n_cpus, &ctx->cpus_max, sizeof(*ctx->cpus), &r, err);
	if (r < 0)
		return r;
	memmove(ctx->cpus + i + 1, ctx->cpus + i, (ctx->n_cpus - i) * sizeof(*ctx->cpus));
	ctx->cpus[i] = *cpu;
	ctx->n_cpus++;
	return 0;
}

const char *schedtrace_context_comm(const struct schedtrace_context *ctx, int32_t id)
{
	return ctx && id > 0 && id <= ctx->comms.n ? ctx->comms.names[id - 1] : NULL;
}

int32_t schedtrace_context_comms(const struct schedtrace_context *ctx)
{
	return ctx ? ctx->comms.n : 0;
}

int32_t schedtrace_context_intern_comm(struct schedtrace_context *ctx, const char *name, size_t n,
				       struct schedtrace_error *err)
{
	int32_t number;

	if (!ctx || (!name && n > 0))
		return error_set(err, SCHEDTRACE_E_USAGE, "intern_comm needs a context and a name");
	n = n ? strnlen(name, n) : 0;
	if (n == 0)
		return 0;
	number = intern_add(&ctx->comms, name, n);
	if (number < 0)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %d task names",
				 ctx->comms.n + 1);
	return number + 1;
}

const char *schedtrace_context_event_name(const struct schedtrace_context *ctx, int32_t id)
{
	const struct schedtrace_event_info *info = schedtrace_event_info(id);

	if (info)
		return info->name;
	id -= SCHEDTRACE_EVENT_COUNT;
	return ctx && id >= 0 && id < ctx->events.n ? ctx->events.names[id] : NULL;
}

int32_t context_event_id(const struct schedtrace_context *ctx, const char *name, size_t n)
{
	int32_t number;

	for (int id = 0; id < SCHEDTRACE_EVENT_COUNT; id++) {
		const char *own = schedtrace_event_info(id)->name;

		if (strncmp(own, name, n) == 0 && own[n] == '\0')
			return id;
	}
	number = intern_find(&ctx->events, name, n);
	return number < 0 ? -1 : number + SCHEDTRACE_EVENT_COUNT;
}

int context_event_name_ok(const char *name, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (name[i] <= ' ' || name[i] > '~')
			return 0;
	return n > 0 && n <= 255;
}

int32_t schedtrace_context_add_event(struct schedtrace_context *ctx, const char *name,
				     struct schedtrace_error *err)
{
	int32_t id, number;

	if (!ctx || !name || !context_event_name_ok(name, strlen(name)))
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "event name '%.255s' is not 1 to 255 printable characters without "
				 "a space",
				 name ? name : "");
	id = context_event_id(ctx, name, strlen(name));
	if (id >= 0)
		return id;
	number = intern_add(&ctx->events, name, strlen(name));
	if (number < 0)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for event %s", name);
	return number + SCHEDTRACE_EVENT_COUNT;
}

static int compare_tasks(const void *a, const void *b)
{
	const struct schedtrace_task *s = a, *t = b;

	if (s->pid != t->pid)
		return s->pid < t->pid ? -1 : 1;
	return (s->start_ns > t->start_ns) - (s->start_ns < t->start_ns);
}

static int compare_order(const void *a, const void *b, void *arg)
{
	size_t i = *(const size_t *)a, j = *(const size_t *)b;
	const struct schedtrace_task *tasks = arg;
	int c = compare_tasks(&tasks[i], &tasks[j]);

	return c ? c : (i > j) - (i < j);
}

/* Moves tasks[order[i]] to tasks[i], cycle by cycle. */
static void permute(struct schedtrace_task *tasks, size_t *order, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct schedtrace_task first = tasks[i];
		size_t to = i;

		while (order[to] != i) {
			size_t from = order[to];

			tasks[to] = tasks[from];
			order[to] = to;
			to = from;
		}
		tasks[to] = first;
		order[to] = to;
	}
}

/* By pid and start; of equals the one added last stays. Needs no memory, so it cannot fail. */
static void sort_tasks(struct schedtrace_context *ctx)
{
	struct schedtrace_task *tasks = ctx->tasks;
	size_t n = 0;

	for (size_t i = 0; i < ctx->n_tasks; i++)
		ctx->order[i] = i;
	qsort_r(ctx->order, ctx->n_tasks, sizeof(*ctx->order), compare_order, tasks);
	permute(tasks, ctx->order, ctx->n_tasks);
	for (size_t i = 0; i < ctx->n_tasks; i++) {
		if (n > 0 && compare_tasks(&tasks[n - 1], &tasks[i]) == 0)
			n--;
		tasks[n++] = tasks[i];
	}
	ctx->n_tasks = ctx->n_sorted = n;
}

const struct schedtrace_task *schedtrace_context_tasks(const struct schedtrace_context *ctx,
						       size_t *n)
{
	struct schedtrace_context *c = (struct schedtrace_context *)ctx;

	if (n)
		*n = 0;
	if (!ctx)
		return NULL;
	pthread_mutex_lock(&c->lock);
	if (c->n_sorted != c->n_tasks)
		sort_tasks(c);
	pthread_mutex_unlock(&c->lock);
	if (n)
		*n = ctx->n_tasks;
	return ctx->tasks;
}

int schedtrace_context_add_task(struct schedtrace_context *ctx, const struct schedtrace_task *task,
				struct schedtrace_error *err)
{
	struct schedtrace_task copy;
	int r = 0;

	if (!ctx || !task || (task->n_names && !task->names))
		return error_set(err, SCHEDTRACE_E_USAGE, "add_task needs a context and a task");
	if (task->pid <= 0)
		return error_set(err, SCHEDTRACE_E_USAGE, "pid %d is no task", task->pid);
	copy = *task;
	copy.names = NULL;
	if (task->n_names) {
		struct schedtrace_task_name *names;
		size_t size;

		if (!checked_mul(task->n_names, sizeof(*names), &size))
			return error_set(err, SCHEDTRACE_E_USAGE, "%zu names", task->n_names);
		names = arena_alloc(&ctx->names, size);
		if (!names)
			return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %zu task names",
					 task->n_names);
		memcpy(names, task->names, size);
		copy.names = names;
	}
	ctx->tasks = grown(ctx->tasks, ctx->n_tasks, &ctx->tasks_max, sizeof(*ctx->tasks), &r, err);
	ctx->order = grown(ctx->order, ctx->n_tasks, &ctx->order_max, sizeof(*ctx->order), &r, err);
	if (r < 0)
		return r;
	ctx->tasks[ctx->n_tasks++] = copy;
	return 0;
}

struct stacks *context_stacks(struct schedtrace_context *ctx)
{
	return &ctx->stacks;
}

void context_load_stacks_later(struct schedtrace_context *ctx, int32_t n,
			       int (*load)(void *user, struct stacks *into,
					   struct schedtrace_error *err),
			       void *user)
{
	ctx->stacks_later = n;
	ctx->load_stacks = load;
	ctx->load_stacks_user = user;
}

int32_t schedtrace_context_stacks(const struct schedtrace_context *ctx)
{
	struct schedtrace_context *c = (struct schedtrace_context *)ctx;
	int32_t n;

	if (!ctx)
		return 0;
	pthread_mutex_lock(&c->lock);
	n = ctx->load_stacks ? ctx->stacks_later : (int32_t)ctx->stacks.n;
	pthread_mutex_unlock(&c->lock);
	return n;
}

/* Readers may share a context, and the first that asks reads. */
static int load_stacks(struct schedtrace_context *ctx, struct schedtrace_error *err)
{
	int r = 0;

	pthread_mutex_lock(&ctx->lock);
	if (ctx->load_stacks) {
		struct stacks loaded;

		stacks_init(&loaded);
		r = ctx->load_stacks(ctx->load_stacks_user, &loaded, err);
		if (r == 0) {
			ctx->stacks = loaded;
			ctx->load_stacks = NULL;
		} else {
			stacks_free(&loaded);
		}
	}
	pthread_mutex_unlock(&ctx->lock);
	return r;
}

int schedtrace_context_stack(const struct schedtrace_context *ctx, int32_t id,
			     struct schedtrace_stack *out, struct schedtrace_error *err)
{
	const struct stack_entry *e;
	int r;

	if (!ctx || !out)
		return error_set(err, SCHEDTRACE_E_USAGE, "stack needs a context and a place");
	r = load_stacks((struct schedtrace_context *)ctx, err);
	if (r < 0)
		return r;
	if (id < 0 || (size_t)id >= ctx->stacks.n)
		return error_set(err, SCHEDTRACE_E_USAGE, "no call stack %d, there are %zu", id,
				 ctx->stacks.n);
	e = &ctx->stacks.entries[id];
	*out = (struct schedtrace_stack){ e->n, e->n_kernel, e->space,
					  ctx->stacks.frames + e->first };
	return 0;
}

const char *schedtrace_context_symbol(const struct schedtrace_context *ctx, int32_t space,
				      uint64_t address)
{
	return ctx ? stacks_symbol(&ctx->stacks, space, address) : NULL;
}

int32_t schedtrace_context_add_stack(struct schedtrace_context *ctx,
				     const struct schedtrace_stack *stack,
				     struct schedtrace_error *err)
{
	int32_t id;

	if (!ctx || !stack || (stack->n && !stack->frames) || stack->n_kernel > stack->n ||
	    stack->space < 0)
		return error_set(err, SCHEDTRACE_E_USAGE, "add_stack needs a context and a stack");
	if (stack->n > STACKS_MAX_FRAMES)
		return error_set(err, SCHEDTRACE_E_LIMIT, "a call stack of %u frames, at most %d",
				 stack->n, STACKS_MAX_FRAMES);
	id = load_stacks(ctx, err);
	if (id < 0)
		return id;
	id = stacks_add(&ctx->stacks, stack->frames, stack->n, stack->n_kernel, stack->space);
	return id >= 0 ? id
		       : error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %zu call stacks",
				   ctx->stacks.n + 1);
}

int schedtrace_context_set_symbol(struct schedtrace_context *ctx, int32_t space, uint64_t address,
				  const char *name, struct schedtrace_error *err)
{
	int r;

	if (!ctx || !name || space < 0)
		return error_set(err, SCHEDTRACE_E_USAGE, "set_symbol needs a context and a name");
	r = load_stacks(ctx, err);
	if (r < 0)
		return r;
	if (stacks_set_symbol(&ctx->stacks, space, address, name) < 0)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for symbols");
	return 0;
}
