/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "convert/task_table.h"

#include <stdlib.h>

#include "base/checked.h"
#include "base/error.h"
#include "base/mem.h"

#define CHUNK	 512	    /* tasks; chunks never move, so pointers to tasks stay valid */
#define PIDS_MAX (1u << 24) /* four times the kernel's own limit */

struct slot {
	int32_t pid;	/* 0: free */
	uint32_t index; /* of the task */
};

struct name_change {
	int64_t time_ns;
	int32_t comm;
	int32_t previous; /* index of the change before it, -1 none */
};

struct life {
	struct schedtrace_task task;
	int32_t last_change; /* -1 none */
	bool seen;	     /* named by a record, not only by cmdlines */
};

struct tasks {
	struct schedtrace_context *ctx;
	struct slot *slots; /* open addressing, at most half full */
	uint32_t n_slots;
	uint32_t n;
	struct task **chunks;
	size_t n_chunks;
	struct life *lives;
	size_t n_lives, lives_max;
	struct name_change *changes;
	size_t n_changes, changes_max;
	bool states_hold;
};

static int no_memory(struct schedtrace_error *err, size_t n, const char *of)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %zu %s", n, of);
}

int tasks_new(struct tasks **out, struct schedtrace_context *ctx, struct schedtrace_error *err)
{
	struct tasks *tasks = calloc(1, sizeof(*tasks));

	if (!tasks)
		return no_memory(err, 1, "table of tasks");
	tasks->ctx = ctx;
	tasks->n_slots = 4096;
	tasks->slots = calloc(tasks->n_slots, sizeof(*tasks->slots));
	if (!tasks->slots) {
		tasks_free(tasks);
		return no_memory(err, 4096, "tasks");
	}
	*out = tasks;
	return 0;
}

void tasks_free(struct tasks *tasks)
{
	if (!tasks)
		return;
	for (size_t i = 0; i < tasks->n_chunks; i++)
		free(tasks->chunks[i]);
	free(tasks->chunks);
	free(tasks->slots);
	free(tasks->lives);
	free(tasks->changes);
	free(tasks);
}

static inline struct slot *slot_of(struct slot *slots, uint32_t n, int32_t pid)
{
	uint32_t i = ((uint32_t)pid * 2654435761u) >> 7;

	for (i &= n - 1; slots[i].pid && slots[i].pid != pid; i = (i + 1) & (n - 1))
		;
	return &slots[i];
}

static inline struct task *task_at(const struct tasks *tasks, uint32_t index)
{
	return &tasks->chunks[index / CHUNK][index % CHUNK];
}

static int grow_slots(struct tasks *tasks, struct schedtrace_error *err)
{
	uint32_t n = tasks->n_slots * 2;
	struct slot *slots = calloc(n, sizeof(*slots));

	if (!slots)
		return no_memory(err, n, "tasks");
	for (uint32_t i = 0; i < tasks->n_slots; i++)
		if (tasks->slots[i].pid)
			*slot_of(slots, n, tasks->slots[i].pid) = tasks->slots[i];
	free(tasks->slots);
	tasks->slots = slots;
	tasks->n_slots = n;
	return 0;
}

static int grow_chunks(struct tasks *tasks, struct schedtrace_error *err)
{
	struct task **chunks =
		reallocarray(tasks->chunks, tasks->n_chunks + 1, sizeof(struct task *));

	if (!chunks)
		return no_memory(err, tasks->n, "tasks");
	tasks->chunks = chunks;
	chunks[tasks->n_chunks] = calloc(CHUNK, sizeof(struct task));
	if (!chunks[tasks->n_chunks])
		return no_memory(err, tasks->n, "tasks");
	tasks->n_chunks++;
	return 0;
}

/* Room for one element more in *array; 0 or a negative status. */
static int reserve(void *array, size_t n, size_t *max, size_t element, struct schedtrace_error *err)
{
	size_t want = *max ? *max * 2 : 1024;
	void *larger;

	if (n < *max)
		return 0;
	memcpy(&larger, array, sizeof(larger)); /* it may point to any type */
	if (n >= INT32_MAX)
		return error_set(err, SCHEDTRACE_E_LIMIT, "more than %zu lives of tasks", n);
	larger = reallocarray(larger, want, element);
	if (!larger)
		return no_memory(err, want, "lives of tasks");
	memcpy(array, &larger, sizeof(larger));
	*max = want;
	return 0;
}

static int new_life(struct tasks *tasks, struct task *task, struct schedtrace_error *err)
{
	int r = reserve(&tasks->lives, tasks->n_lives, &tasks->lives_max, sizeof(*tasks->lives),
			err);

	if (r < 0)
		return r;
	task->life = (int32_t)tasks->n_lives++;
	return 0;
}

static void init_life(struct tasks *tasks, struct task *task, int64_t start_ns)
{
	struct schedtrace_task unknown = SCHEDTRACE_TASK_UNKNOWN;

	*task = (struct task){
		.pid = task->pid,
		.tgid = -1,
		.prio = PRIO_UNKNOWN,
		.queue_cpu = -1,
		.life = task->life,
		.call = NO_CALL,
		.threads = 1,
	};
	unknown.pid = task->pid;
	unknown.start_ns = start_ns;
	tasks->lives[task->life] = (struct life){ .task = unknown, .last_change = -1 };
}

static struct task *add_task(struct tasks *tasks, int32_t pid, struct schedtrace_error *err)
{
	struct task *task;

	if (tasks->n >= PIDS_MAX) {
		error_set(err, SCHEDTRACE_E_LIMIT,
			  "more than %u different task ids; a kernel has at most 4194304: the file "
			  "is damaged",
			  PIDS_MAX);
		return NULL;
	}
	if (tasks->n >= tasks->n_slots / 2 && grow_slots(tasks, err) < 0)
		return NULL;
	if (tasks->n == tasks->n_chunks * CHUNK && grow_chunks(tasks, err) < 0)
		return NULL;
	task = task_at(tasks, tasks->n);
	task->pid = pid;
	if (new_life(tasks, task, err) < 0)
		return NULL;
	init_life(tasks, task, INT64_MIN);
	*slot_of(tasks->slots, tasks->n_slots, pid) = (struct slot){ pid, tasks->n };
	tasks->n++;
	return task;
}

struct task *tasks_seen(const struct tasks *tasks, int32_t pid)
{
	const struct slot *slot = slot_of(tasks->slots, tasks->n_slots, pid);

	return slot->pid ? task_at(tasks, slot->index) : NULL;
}

struct task *tasks_at(const struct tasks *tasks, uint32_t index)
{
	return index < tasks->n ? task_at(tasks, index) : NULL;
}

struct task *tasks_find_unnamed(struct tasks *tasks, int32_t pid, struct schedtrace_error *err)
{
	struct task *task = tasks_seen(tasks, pid);

	return task ? task : add_task(tasks, pid, err);
}

struct task *tasks_find(struct tasks *tasks, int32_t pid, struct schedtrace_error *err)
{
	struct task *task = tasks_find_unnamed(tasks, pid, err);

	if (task && !task->noted) {
		task->noted = 1;
		tasks->lives[task->life].seen = true;
	}
	return task;
}

int tasks_begin_life(struct tasks *tasks, struct task *task, int64_t start_ns,
		     struct schedtrace_error *err)
{
	int r = 0;

	if (tasks->lives[task->life].seen)
		r = new_life(tasks, task, err);
	if (r < 0)
		return r;
	init_life(tasks, task, start_ns);
	task->noted = 1;
	tasks->lives[task->life].seen = true;
	return 0;
}

void tasks_end_life(struct tasks *tasks, struct task *task, int64_t end_ns)
{
	task->exited = 1;
	task->fresh = 0;
	tasks_life(tasks, task)->end_ns = end_ns;
}

struct schedtrace_task *tasks_life(struct tasks *tasks, const struct task *task)
{
	return &tasks->lives[task->life].task;
}

int tasks_rename(struct tasks *tasks, struct task *task, int64_t time_ns, union name name,
		 struct schedtrace_error *err)
{
	int32_t comm = schedtrace_context_intern_comm(tasks->ctx, name.bytes, sizeof(name), err);
	struct life *life = &tasks->lives[task->life];
	int r;

	if (comm < 0)
		return comm;
	task->name = name;
	if (comm == task->comm)
		return 0;
	task->comm = comm;
	if (life->task.comm == 0) {
		life->task.comm = comm;
		return 0;
	}
	r = reserve(&tasks->changes, tasks->n_changes, &tasks->changes_max, sizeof(*tasks->changes),
		    err);
	if (r < 0)
		return r;
	tasks->changes[tasks->n_changes] = (struct name_change){ time_ns, comm, life->last_change };
	life->last_change = (int32_t)tasks->n_changes++;
	return 0;
}

static size_t digits(const char *text, size_t n)
{
	size_t i = 0;

	while (i < n && text[i] >= '0' && text[i] <= '9')
		i++;
	return i;
}

size_t tasks_proc_name(const char *name, size_t n)
{
	static const char worker[] = "kworker/";
	size_t i = sizeof(worker) - 1;

	/* CPU:number, u and the pool's id:number; H where the priority is high. */
	if (n <= i || memcmp(name, worker, i) != 0)
		return n;
	i += name[i] == 'u';
	i += digits(name + i, n - i);
	if (i == n || name[i] != ':')
		return n;
	i++;
	i += digits(name + i, n - i);
	i += i < n && name[i] == 'H';
	return i < n && (name[i] == '-' || name[i] == '+') ? i : n;
}

static int use_name(struct tasks *tasks, int32_t pid, const char *name, size_t n, bool ahead,
		    struct schedtrace_error *err)
{
	struct task *task = tasks_seen(tasks, pid);

	if (!task && ahead) {
		task = add_task(tasks, pid, err);
		if (!task)
			return err->status;
	}
	if (!task || task->comm || (!ahead && !tasks->lives[task->life].seen))
		return 0;
	return tasks_rename(tasks, task, INT64_MIN, name_make(name, tasks_proc_name(name, n)), err);
}

int tasks_use_names(struct tasks *tasks, const char *text, size_t bytes, bool ahead,
		    struct schedtrace_error *err)
{
	const char *end = text + bytes;
	int r = 0;

	while (r == 0 && text < end) {
		const char *line_end = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((line_end ? line_end : end) - text), i = 0;
		int64_t pid = 0;

		for (; i < n && text[i] >= '0' && text[i] <= '9' && pid <= INT32_MAX; i++)
			pid = pid * 10 + (text[i] - '0');
		if (i > 0 && i + 1 < n && text[i] == ' ' && pid > 0 && pid <= INT32_MAX &&
		    memcmp(text + i, " <...>", n - i < 6 ? n - i : 6) != 0)
			r = use_name(tasks, (int32_t)pid, text + i + 1, n - i - 1, ahead, err);
		text += n + 1;
	}
	return r;
}

/* The names of a life after its first, oldest first, into *names, which grows. */
static int collect_names(const struct tasks *tasks, const struct life *life,
			 struct schedtrace_task_name **names, size_t *max, size_t *n,
			 struct schedtrace_error *err)
{
	size_t count = 0;
	int r;

	for (int32_t c = life->last_change; c >= 0; c = tasks->changes[c].previous)
		count++;
	*n = count;
	while (*max < count) {
		r = reserve(names, *max, max, sizeof(**names), err);
		if (r < 0)
			return r;
	}
	for (int32_t c = life->last_change; c >= 0; c = tasks->changes[c].previous)
		(*names)[--count] = (struct schedtrace_task_name){
			.time_ns = tasks->changes[c].time_ns,
			.comm = tasks->changes[c].comm,
		};
	return 0;
}

void tasks_states_hold(struct tasks *tasks, bool hold)
{
	tasks->states_hold = hold;
}

int tasks_to_context(struct tasks *tasks, struct schedtrace_error *err)
{
	auto_free struct schedtrace_task_name *names = NULL;
	size_t max = 0;

	for (size_t i = 0; i < tasks->n_lives; i++) {
		struct life *life = &tasks->lives[i];
		struct schedtrace_task task;
		int r;

		if (!life->seen)
			continue;
		r = collect_names(tasks, life, &names, &max, &life->task.n_names, err);
		if (r < 0)
			return r;
		task = life->task;
		task.names = names;
		if (!tasks->states_hold) {
			task.state = 0;
			task.state_ns = INT64_MIN;
		}
		r = schedtrace_context_add_task(tasks->ctx, &task, err);
		if (r < 0)
			return r;
	}
	return 0;
}
