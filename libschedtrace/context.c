/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libschedtrace/context.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/intern.h"
#include "base/mem.h"
#include "libschedtrace/known_stacks.h"
#include "libschedtrace/known_tasks.h"

struct schedtrace_context {
	struct schedtrace_info info;
	struct schedtrace_cpu *cpus;
	size_t n_cpus, cpus_max;
	struct intern comms;  /* id - 1 */
	struct intern events; /* id - SCHEDTRACE_EVENT_COUNT */

	struct known_tasks tasks;

	/* Readers may share a context, and the first that asks loads, or sorts. */
	pthread_mutex_t lock;
	/* Of a tarball whose tasks were not asked for yet. */
	int (*load_tasks)(void *user, struct schedtrace_context *ctx, struct schedtrace_error *err);
	void *load_tasks_user;

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
	known_tasks_init(&ctx->tasks);
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
	known_tasks_free(&ctx->tasks);
	intern_free(&ctx->comms);
	intern_free(&ctx->events);
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

void context_load_tasks_later(struct schedtrace_context *ctx,
			      int (*load)(void *user, struct schedtrace_context *ctx,
					  struct schedtrace_error *err),
			      void *user)
{
	ctx->load_tasks = load;
	ctx->load_tasks_user = user;
}

/* With the lock held. */
static int load_tasks(struct schedtrace_context *ctx, struct schedtrace_error *err)
{
	int (*load)(void *, struct schedtrace_context *, struct schedtrace_error *) =
		ctx->load_tasks;
	int r;

	if (!load)
		return 0;
	ctx->load_tasks = NULL; /* it adds tasks */
	r = load(ctx->load_tasks_user, ctx, err);
	if (r < 0) {
		ctx->load_tasks = load;
		ctx->tasks.n = ctx->tasks.n_sorted = 0;
	}
	return r;
}

int schedtrace_context_load_tasks(const struct schedtrace_context *ctx,
				  struct schedtrace_error *err)
{
	struct schedtrace_context *c = (struct schedtrace_context *)ctx;
	int r;

	if (!ctx)
		return error_set(err, SCHEDTRACE_E_USAGE, "load_tasks needs a context");
	pthread_mutex_lock(&c->lock);
	r = load_tasks(c, err);
	pthread_mutex_unlock(&c->lock);
	return r;
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
	load_tasks(c, NULL);
	known_tasks_sort(&c->tasks);
	pthread_mutex_unlock(&c->lock);
	if (n)
		*n = ctx->tasks.n;
	return ctx->tasks.all;
}

int schedtrace_context_add_task(struct schedtrace_context *ctx, const struct schedtrace_task *task,
				struct schedtrace_error *err)
{
	int r;

	if (!ctx || !task || (task->n_names && !task->names))
		return error_set(err, SCHEDTRACE_E_USAGE, "add_task needs a context and a task");
	r = load_tasks(ctx, err);
	return r < 0 ? r : known_tasks_add(&ctx->tasks, task, err);
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
