/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How much memory does each process hold, and who asked for what?
 *
 * Mapped memory is what the system calls mmap, munmap, mremap and brk say, rounded up to pages;
 * what the kernel maps by itself at exec (the program, its interpreter, the stack) is not among
 * it. By ranges: MAP_FIXED replaces what was there, mremap moves, brk grows and shrinks, exec and
 * the last thread's exit drop all, a fork copies, threads share. Beside it stands the plain sum
 * mapped - unmapped; since the trace does not see what came before, it has a floor of 0, either
 * on the final sum or after every call. Requested is the sum of the lengths of its mmaps alone,
 * whatever became of them. Resident memory is kmem:rss_stat's: file + anon + shmem; without that
 * event only what was resident at the start is known, and nothing of what was later.
 */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "libschedtrace/analyses/memory.h"
#include "libschedtrace/analysis.h"

enum {
	L_TIME,
	L_PID,
	L_TGID,
	L_COMM,
	L_CALL,
	L_ADDRESS,
	L_SIZE,
	L_OLD_ADDRESS,
	L_OLD_SIZE,
	L_RESULT,
	N_L_COLUMNS
};

static const struct schedtrace_column_info *const log_columns[N_L_COLUMNS] = {
	[L_TIME] = COLUMN_STAMP("time_ns", "when the call returned, on the trace clock"),
	[L_PID] = COLUMN_ID("pid", "thread id of the caller"),
	[L_TGID] = COLUMN_ID("tgid", "its process id"),
	[L_COMM] = COLUMN_TEXT("comm", "its name then"),
	[L_CALL] = COLUMN_TEXT(
		"call", "mmap, munmap, mremap or brk; area: one of a 32-bit program that needed "
			"addresses"),
	[L_ADDRESS] =
		COLUMN_ADDRESS("address", "mapped or unmapped from here on; brk: the new break"),
	[L_SIZE] = COLUMN_SIZE("size", "as asked; brk: change of the break"),
	[L_OLD_ADDRESS] = COLUMN_ADDRESS("old_address", "mremap: where it was; brk: the old break"),
	[L_OLD_SIZE] = COLUMN_SIZE("old_size", "mremap: as asked"),
	[L_RESULT] = COLUMN_TEXT("result", "ok, or the name of the error"),
};

static const struct schedtrace_table_info requests_info = {
	.name = "requests",
	.about = "every request for memory: mmap, munmap, mremap, brk",
	.n_columns = N_L_COLUMNS,
	.columns = log_columns,
	.choices = SCHEDTRACE_BY_TASK,
	.key = "time_ns,pid",
	.unswitched = true,
	.needs = "MMAP",
};

enum { R_TIME, R_PID, R_COMM, R_FILE, R_ANON, R_SHMEM, R_SWAP, R_RSS, N_R_COLUMNS };

static const struct schedtrace_column_info *const resident_columns[N_R_COLUMNS] = {
	[R_TIME] = COLUMN_STAMP("time_ns", "when one of them changed, on the trace clock"),
	[R_PID] = COLUMN_ID("pid", "process id"),
	[R_COMM] = COLUMN_TEXT("comm", "its name then"),
	[R_FILE] = COLUMN_SIZE("rss_file_bytes", "file pages from then on"),
	[R_ANON] = COLUMN_SIZE("rss_anon_bytes", "anonymous pages"),
	[R_SHMEM] = COLUMN_SIZE("rss_shmem_bytes", "shared-memory pages"),
	[R_SWAP] = COLUMN_SIZE("swap_bytes", "swapped out"),
	[R_RSS] = COLUMN_SIZE("rss_bytes", "file + anon + shmem"),
};

static const struct schedtrace_picture picture_resident = {
	.from = "resident",
	.kind = SCHEDTRACE_PICTURE_RESIDENT,
	.ranked = "faults",
	.top = 7,
};

static const struct schedtrace_table_info resident_info = {
	.name = "resident",
	.about = "every change of a process's resident memory, by kind",
	.n_columns = N_R_COLUMNS,
	.columns = resident_columns,
	.choices = SCHEDTRACE_BY_TASK,
	.key = "time_ns,pid",
	.unswitched = true,
	.pictures = PICTURES(&picture_resident),
};

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for analysis memory");
}

static int64_t or_unknown(int32_t id)
{
	return id < 0 ? UNKNOWN_INT : id;
}

struct request {
	const char *call;
	int64_t address, size, old_address, old_size;
	int error; /* errno, 0: it succeeded */
};

static int log_request(const struct memory *m, int64_t time, uint32_t id,
		       const struct request *request, struct schedtrace_error *err)
{
	struct lives *lives = replay_lives(m->replay);
	const char *result = request->error ? strerrorname_np(request->error) : "ok";
	union schedtrace_value v[N_L_COLUMNS];

	if (!m->sink || time < m->window_begin)
		return 0;
	v[L_TIME].i = time;
	v[L_PID].i = lives->all[id].pid;
	v[L_TGID].i = or_unknown(lives->all[id].tgid);
	v[L_COMM].s = lives_name(lives, id);
	v[L_CALL].s = request->call;
	v[L_ADDRESS].i = request->address;
	v[L_SIZE].i = request->size;
	v[L_OLD_ADDRESS].i = request->old_address;
	v[L_OLD_SIZE].i = request->old_size;
	v[L_RESULT].s = result ? result : "unknown error";
	return m->sink->row(m->sink->user, &requests_info, v, err);
}

/* The plain sum, in both forms. */
static void count_net(struct process *process, int64_t change)
{
	process->net = memory_add(process->net, change);
	process->net_floor = memory_add(process->net_floor, change);
	if (process->net_floor < 0)
		process->net_floor = 0;
}

static const char *call_name(int64_t event)
{
	switch (event) {
	case SCHEDTRACE_MMAP:
		return "mmap";
	case SCHEDTRACE_MUNMAP:
		return "munmap";
	case SCHEDTRACE_MREMAP_FROM:
	case SCHEDTRACE_MREMAP_TO:
		return "mremap";
	case SCHEDTRACE_BRK:
		return "brk";
	case SCHEDTRACE_AREA:
		return "area";
	default:
		return "unknown";
	}
}

/* One of the mmap family, in the process whose thread @life called. */
static int call(struct memory *m, const struct schedtrace_events *ev, size_t i, uint32_t life,
		struct schedtrace_error *err)
{
	struct processes *p = &m->processes;
	struct process *process = processes_of_life(p, life);
	int64_t arg0 = ev->arg0[i], arg1 = ev->arg1[i], change = 0;
	bool counted = ev->timestamp[i] >= m->window_begin;
	struct request request = {
		call_name(ev->event[i]), arg0, arg1, UNKNOWN_INT, UNKNOWN_INT, 0
	};
	int r = 0;

	if (!process)
		return no_memory(err);
	m->has_calls = true;
	process->has_memory = true;
	switch (ev->event[i]) {
	case SCHEDTRACE_MMAP:
		r = processes_map(p, process, arg0, arg1);
		change = processes_pages(p, arg1);
		process->mmaps += counted;
		if (counted && arg1 > 0)
			process->requested = memory_add(process->requested, arg1);
		break;
	case SCHEDTRACE_AREA:
		m->processes.spaces[process->space].incomplete = true;
		process->incomplete = true;
		break;
	case SCHEDTRACE_MUNMAP:
		r = processes_unmap(p, process, arg0, arg1);
		change = -processes_pages(p, arg1);
		process->munmaps += counted;
		break;
	case SCHEDTRACE_MREMAP_FROM:
		/* An old length of 0 maps the same memory a second time. */
		r = processes_unmap(p, process, arg0, arg1);
		if (counted)
			count_net(process, -processes_pages(p, arg1));
		m->from_pid = ev->pid[i];
		m->from_address = arg0;
		m->from_length = arg1;
		return r < 0 ? no_memory(err) : 0;
	case SCHEDTRACE_MREMAP_TO:
		r = processes_map(p, process, arg0, arg1);
		change = processes_pages(p, arg1);
		process->mremaps += counted;
		if (m->from_pid == ev->pid[i]) {
			request.old_address = m->from_address;
			request.old_size = m->from_length;
		}
		m->from_pid = 0;
		break;
	case SCHEDTRACE_BRK:
		r = processes_brk(p, process, arg0, arg1);
		process->brks += counted;
		request.size = UNKNOWN_INT;
		if (arg1) {
			request.old_address = arg1;
			/* Breaks are addresses of user space; others wrap and mean nothing. */
			request.size = (int64_t)((uint64_t)arg0 - (uint64_t)arg1);
			change = processes_pages(p, request.size);
			if (request.size < 0)
				change = -processes_pages(
					p, request.size == INT64_MIN ? INT64_MAX : -request.size);
		}
		break;
	default: /* CALL_FAILED */
		process->failed += counted;
		request.call = call_name(arg0);
		request.address = UNKNOWN_INT;
		request.size = UNKNOWN_INT;
		request.error = arg1 < 0 && arg1 > -4096 ? (int)-arg1 : -1;
		break;
	}
	if (r < 0)
		return no_memory(err);
	if (counted)
		count_net(process, change);
	return log_request(m, ev->timestamp[i], life, &request, err);
}

static int pages(struct memory *m, const struct schedtrace_events *ev, size_t i, uint32_t life,
		 struct schedtrace_error *err)
{
	bool allocated = ev->event[i] == SCHEDTRACE_PAGE_ALLOC;
	int64_t order = ev->arg1[i], n = order >= 0 && order < 32 ? INT64_C(1) << order : 0;
	struct process *process;

	if (ev->timestamp[i] < m->window_begin)
		return 0;
	m->has_pages = true;
	if (life == LIFE_NONE) {
		*(allocated ? &m->kernel_pages_allocated : &m->kernel_pages_freed) += n;
		return 0;
	}
	process = processes_of_life(&m->processes, life);
	if (!process)
		return no_memory(err);
	process->has_memory = true;
	*(allocated ? &process->pages_allocated : &process->pages_freed) += n;
	return 0;
}

static int fault(struct memory *m, const struct schedtrace_events *ev, size_t i, uint32_t life,
		 struct schedtrace_error *err)
{
	struct process *process = processes_of_life(&m->processes, life);

	if (!process)
		return no_memory(err);
	process->has_memory = true;
	if (ev->event[i] == SCHEDTRACE_MAJOR_FAULT)
		m->has_majors = true;
	else
		m->has_faults = true;
	if (ev->timestamp[i] < m->window_begin)
		return 0;
	if (ev->event[i] == SCHEDTRACE_PAGE_FAULT_USER)
		process->faults_user++;
	else if (ev->event[i] == SCHEDTRACE_PAGE_FAULT_KERNEL)
		process->faults_kernel++;
	else
		process->faults_major++;
	return 0;
}

static bool is_rss(int32_t event)
{
	return event == SCHEDTRACE_RSS_FILE || event == SCHEDTRACE_RSS_ANON ||
	       event == SCHEDTRACE_RSS_SWAP || event == SCHEDTRACE_RSS_SHMEM;
}

static int log_resident(const struct memory *m, int64_t time, uint32_t life,
			const struct process *process, struct schedtrace_error *err)
{
	union schedtrace_value v[N_R_COLUMNS];

	if (!m->sink || time < m->window_begin)
		return 0;
	v[R_TIME].i = time;
	v[R_PID].i = process->tgid;
	v[R_COMM].s = lives_name(replay_lives(m->replay), life);
	v[R_FILE].i = process->rss[RSS_FILE];
	v[R_ANON].i = process->rss[RSS_ANON];
	v[R_SHMEM].i = process->rss[RSS_SHMEM];
	v[R_SWAP].i = process->rss[RSS_SWAP];
	v[R_RSS].i = memory_rss(process);
	return m->sink->row(m->sink->user, &resident_info, v, err);
}

static int resident(struct memory *m, const struct schedtrace_events *ev, size_t i, uint32_t life,
		    struct schedtrace_error *err)
{
	enum rss_kind kind = (enum rss_kind)(ev->event[i] - SCHEDTRACE_RSS_FILE);
	struct processes *p = &m->processes;
	struct process *process;

	if (life == LIFE_NONE)
		return processes_orphan_rss(p, kind, ev->arg0[i], ev->arg1[i]) < 0 ? no_memory(err)
										   : 0;
	process = processes_of_tgid(p, ev->pid[i]);
	if (!process)
		return no_memory(err);
	m->has_rss = true;
	process->has_memory = true;
	if (!processes_rss(p, process, kind, ev->arg0[i], ev->arg1[i]))
		return 0;
	return log_resident(m, ev->timestamp[i], life, process, err);
}

static int row(void *self, const struct schedtrace_events *ev, size_t i, uint32_t life,
	       struct schedtrace_error *err)
{
	struct memory *m = self;
	struct process *process;

	if (ev->event[i] == SCHEDTRACE_PAGE_ALLOC || ev->event[i] == SCHEDTRACE_PAGE_FREE)
		return pages(m, ev, i, life, err);
	if (is_rss(ev->event[i]))
		return resident(m, ev, i, life, err);
	if (life == LIFE_NONE)
		return 0;
	switch (ev->event[i]) {
	case SCHEDTRACE_FORK:
		return processes_fork(&m->processes, life,
				      ev->arg0[i] > 0 && ev->arg0[i] <= INT32_MAX
					      ? (int32_t)ev->arg0[i]
					      : 0) < 0
			       ? no_memory(err)
			       : 0;
	case SCHEDTRACE_PAGE_FAULT_USER:
	case SCHEDTRACE_PAGE_FAULT_KERNEL:
	case SCHEDTRACE_MAJOR_FAULT:
		return fault(m, ev, i, life, err);
	case SCHEDTRACE_EXIT_MM:
		process = processes_of_tgid(&m->processes, ev->pid[i]);
		if (!process || processes_drop(&m->processes, process) < 0)
			return no_memory(err);
		return 0;
	default:
		return call(m, ev, i, life, err);
	}
}

/* Without a row of an event that was recorded, the count is known to be 0. */
static void note_recorded(struct memory *m)
{
	m->has_faults |= replay_recorded(m->replay, SCHEDTRACE_PAGE_FAULT_USER);
	m->has_majors |= replay_recorded(m->replay, SCHEDTRACE_MAJOR_FAULT);
	m->has_pages |= replay_recorded(m->replay, SCHEDTRACE_PAGE_ALLOC);
	m->has_calls |= replay_recorded(m->replay, SCHEDTRACE_MMAP);
	m->has_rss |= replay_recorded(m->replay, SCHEDTRACE_RSS_ANON);
}

static int forget_one(void *m, const struct process *process)
{
	return process->has_memory ? memory_forget(m, process) : 0;
}

static int forget(void *self, const uint32_t *gone, uint32_t n, struct schedtrace_error *err)
{
	struct memory *m = self;

	note_recorded(m);
	return processes_forget(&m->processes, forget_one, m) < 0 ? no_memory(err) : 0;
}

static int snapshot(void *self, struct schedtrace_tables *out, struct schedtrace_error *err)
{
	struct memory *m = self;

	note_recorded(m);
	return memory_tables(m, out, err);
}

static void destroy(void *self)
{
	struct memory *m = self;

	processes_free(&m->processes);
	free(m->gone.items);
	free(m);
}

static int create(void **self, const struct analysis_env *env, struct schedtrace_error *err)
{
	struct memory *m = calloc(1, sizeof(*m));
	struct replay_listener listener = {
		.self = m,
		.row = row,
		.forget = forget,
		.before_window = true,
		.events = REPLAY_EVENT(FORK) | REPLAY_EVENT(PAGE_FAULT_USER) |
			  REPLAY_EVENT(PAGE_FAULT_KERNEL) | REPLAY_EVENT(MAJOR_FAULT) |
			  REPLAY_EVENT(MMAP) | REPLAY_EVENT(MUNMAP) | REPLAY_EVENT(MREMAP_FROM) |
			  REPLAY_EVENT(MREMAP_TO) | REPLAY_EVENT(BRK) | REPLAY_EVENT(AREA) |
			  REPLAY_EVENT(CALL_FAILED) | REPLAY_EVENT(EXIT_MM) |
			  REPLAY_EVENT(RSS_FILE) | REPLAY_EVENT(RSS_ANON) | REPLAY_EVENT(RSS_SWAP) |
			  REPLAY_EVENT(RSS_SHMEM) | REPLAY_EVENT(PAGE_ALLOC) |
			  REPLAY_EVENT(PAGE_FREE),
	};

	if (!m)
		return no_memory(err);
	*self = m;
	m->ctx = env->ctx;
	m->sink = env->sink;
	m->replay = env->replay;
	m->choice = env->choice;
	m->row_filter = env->row_filter;
	m->window_begin = env->window_begin;
	if (processes_init(&m->processes, env->ctx, replay_lives(env->replay)) < 0)
		return no_memory(err);
	return replay_listen(env->replay, &listener, err);
}

static const char *const needs[] = { "MMAP",
				     "MUNMAP",
				     "MREMAP_FROM",
				     "MREMAP_TO",
				     "BRK",
				     "EXIT_MM",
				     "RSS_FILE",
				     "RSS_ANON",
				     "RSS_SHMEM",
				     "PAGE_FAULT_USER",
				     "PAGE_FAULT_KERNEL",
				     "FORK",
				     "NEWTASK",
				     NULL };
static const struct schedtrace_table_info *const tables[] = { &memory_info, &memory_biggest_info,
							      &memory_system_info };
static const struct schedtrace_table_info *const logs[] = { &requests_info, &resident_info };

const struct analysis analysis_memory = {
	.info = { "memory", "per process: memory mapped and resident, faults; every request", needs,
		  3, tables, 2, logs, PICTURES(&picture_memory, &picture_resident) },
	.uses_replay = true,
	.create = create,
	.snapshot = snapshot,
	.destroy = destroy,
};
