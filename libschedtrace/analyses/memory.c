/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How much memory does each process hold, and who asked for what?
 *
 * Mapped memory is what the system calls mmap, munmap, mremap and brk say, rounded up to pages;
 * what the kernel maps by itself at exec (the program, its interpreter, the stack) is not among
 * it. By ranges: MAP_FIXED replaces what was there, mremap moves, brk grows and shrinks, exec and
 * the last thread's exit drop all, a fork copies, threads share. Beside it stands the plain sum
 * mapped - unmapped; since the trace does not see what came before, it has a floor of 0, either
 * on the final sum or after every call. Resident memory is kmem:rss_stat's: file + anon + shmem.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../analysis.h"
#include "../checked.h"
#include "../error.h"
#include "../processes.h"

struct memory {
	const struct schedtrace_context *ctx;
	const struct schedtrace_sink *sink;
	struct replay *replay;
	struct processes processes;
	int64_t window_begin;
	/* The MREMAP_FROM row that its MREMAP_TO follows. */
	int32_t from_pid;
	int64_t from_address, from_length;
	/* Of rows that belong to no process. */
	int64_t kernel_pages_allocated, kernel_pages_freed;
	bool has_faults, has_rss, has_pages, has_calls, has_majors;
};

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

static const struct schedtrace_column_info log_columns[N_L_COLUMNS] = {
	[L_TIME] = { "time_ns", "ns", "when the call returned, on the trace clock",
		     SCHEDTRACE_INT },
	[L_PID] = { "pid", "", "thread id of the caller", SCHEDTRACE_INT },
	[L_TGID] = { "tgid", "", "its process id", SCHEDTRACE_INT },
	[L_COMM] = { "comm", "", "its name then", SCHEDTRACE_TEXT },
	[L_CALL] = { "call", "",
		     "mmap, munmap, mremap or brk; area: one of a 32-bit program that needed "
		     "addresses",
		     SCHEDTRACE_TEXT },
	[L_ADDRESS] = { "address", "", "mapped or unmapped from here on; brk: the new break",
			SCHEDTRACE_INT },
	[L_SIZE] = { "size", "bytes", "as asked; brk: change of the break", SCHEDTRACE_INT },
	[L_OLD_ADDRESS] = { "old_address", "", "mremap: where it was; brk: the old break",
			    SCHEDTRACE_INT },
	[L_OLD_SIZE] = { "old_size", "bytes", "mremap: as asked", SCHEDTRACE_INT },
	[L_RESULT] = { "result", "", "ok, or the name of the error", SCHEDTRACE_TEXT },
};

static const struct schedtrace_table_info log_info = {
	"requests",
	"every request for memory: mmap, munmap, mremap, brk",
	N_L_COLUMNS,
	log_columns,
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
	return m->sink->row(m->sink->user, &log_info, v, err);
}

static int64_t add_up(int64_t sum, int64_t change)
{
	int64_t result;

	return checked_add(sum, change, &result) ? result : change < 0 ? INT64_MIN + 1 : INT64_MAX;
}

/* The plain sum, in both forms. */
static void count_net(struct process *process, int64_t change)
{
	process->net = add_up(process->net, change);
	process->net_floor = add_up(process->net_floor, change);
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
	processes_rss(p, process, kind, ev->arg0[i], ev->arg1[i]);
	return 0;
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

enum {
	PID,
	COMM,
	MAPPED,
	MAPPED_PEAK,
	NET,
	NET_FLOOR,
	RSS,
	RSS_PEAK,
	RSS_OF_FILE,
	RSS_OF_ANON,
	RSS_OF_SHMEM,
	SWAPPED,
	SHARE,
	SHARE_PEAK,
	SHARE_MAPPED,
	SHARE_TRACED,
	FAULTS_USER,
	FAULTS_KERNEL,
	FAULTS_MAJOR,
	ALLOCATED,
	FREED,
	MMAPS,
	MUNMAPS,
	MREMAPS,
	BRKS,
	FAILED,
	N_COLUMNS
};

static const struct schedtrace_column_info columns[N_COLUMNS] = {
	[PID] = { "pid", "", "process id", SCHEDTRACE_INT },
	[COMM] = { "comm", "", "last name of the process's first thread", SCHEDTRACE_TEXT },
	[MAPPED] = { "mapped_bytes", "bytes",
		     "mapped by its system calls now, by address range; 0 after its exit",
		     SCHEDTRACE_INT },
	[MAPPED_PEAK] = { "mapped_peak_bytes", "bytes", "most mapped at once", SCHEDTRACE_INT },
	[NET] = { "net_bytes", "bytes", "sum of sizes mapped minus unmapped, at least 0",
		  SCHEDTRACE_INT },
	[NET_FLOOR] = { "net_floor_bytes", "bytes",
			"the same, kept at 0 or above after every call, as the SystemTap memory "
			"monitor did",
			SCHEDTRACE_INT },
	[RSS] = { "rss_bytes", "bytes", "resident now: file + anon + shmem of kmem:rss_stat",
		  SCHEDTRACE_INT },
	[RSS_PEAK] = { "rss_peak_bytes", "bytes", "most resident at once", SCHEDTRACE_INT },
	[RSS_OF_FILE] = { "rss_file_peak_bytes", "bytes", "most resident file pages",
			  SCHEDTRACE_INT },
	[RSS_OF_ANON] = { "rss_anon_peak_bytes", "bytes", "most resident anonymous pages",
			  SCHEDTRACE_INT },
	[RSS_OF_SHMEM] = { "rss_shmem_peak_bytes", "bytes", "most resident shared-memory pages",
			   SCHEDTRACE_INT },
	[SWAPPED] = { "swap_peak_bytes", "bytes", "most swapped out", SCHEDTRACE_INT },
	[SHARE] = { "share", "%", "rss_bytes of the machine's memory", SCHEDTRACE_REAL },
	[SHARE_PEAK] = { "share_peak", "%", "rss_peak_bytes of the machine's memory",
			 SCHEDTRACE_REAL },
	[SHARE_MAPPED] = { "share_mapped", "%", "mapped_bytes of the machine's memory",
			   SCHEDTRACE_REAL },
	[SHARE_TRACED] = { "share_traced", "%", "net_floor_bytes of that of all traced processes",
			   SCHEDTRACE_REAL },
	[FAULTS_USER] = { "faults_user", "1",
			  "page faults in user mode (exceptions:page_fault_user)", SCHEDTRACE_INT },
	[FAULTS_KERNEL] = { "faults_kernel", "1",
			    "page faults in kernel mode (exceptions:page_fault_kernel)",
			    SCHEDTRACE_INT },
	[FAULTS_MAJOR] = { "faults_major", "1", "of these, faults that had to read the page",
			   SCHEDTRACE_INT },
	[ALLOCATED] = { "pages_allocated", "1",
			"pages that the kernel allocated while its threads ran "
			"(kmem:mm_page_alloc)",
			SCHEDTRACE_INT },
	[FREED] = { "pages_freed", "1", "pages freed while its threads ran (kmem:mm_page_free)",
		    SCHEDTRACE_INT },
	[MMAPS] = { "mmaps", "1", "mmap calls that succeeded", SCHEDTRACE_INT },
	[MUNMAPS] = { "munmaps", "1", "munmap calls that succeeded", SCHEDTRACE_INT },
	[MREMAPS] = { "mremaps", "1", "mremap calls that succeeded", SCHEDTRACE_INT },
	[BRKS] = { "brks", "1", "brk calls that moved the break", SCHEDTRACE_INT },
	[FAILED] = { "failed", "1", "of the four calls, those that failed", SCHEDTRACE_INT },
};

static const struct schedtrace_table_info memory_info = {
	"memory",
	"memory of each process with events about it; a row a process life",
	N_COLUMNS,
	columns,
};

enum {
	S_PROCESSES,
	S_MEMORY,
	S_MAPPED,
	S_NET_FLOOR,
	S_RSS,
	S_SHARE,
	S_FAULTS_USER,
	S_FAULTS_KERNEL,
	S_FAULTS_MAJOR,
	S_ALLOCATED,
	S_FREED,
	N_S_COLUMNS
};

static const struct schedtrace_column_info system_columns[N_S_COLUMNS] = {
	[S_PROCESSES] = { "processes", "1", "rows of table memory", SCHEDTRACE_INT },
	[S_MEMORY] = { "memory_bytes", "bytes", "the machine's memory", SCHEDTRACE_INT },
	[S_MAPPED] = { "mapped_bytes", "bytes",
		       "sum over processes where known; shared ones count for each",
		       SCHEDTRACE_INT },
	[S_NET_FLOOR] = { "net_floor_bytes", "bytes", "sum over processes", SCHEDTRACE_INT },
	[S_RSS] = { "rss_bytes", "bytes", "sum over processes; shared pages count for each",
		    SCHEDTRACE_INT },
	[S_SHARE] = { "share", "%", "rss_bytes of the machine's memory", SCHEDTRACE_REAL },
	[S_FAULTS_USER] = { "faults_user", "1", "page faults in user mode", SCHEDTRACE_INT },
	[S_FAULTS_KERNEL] = { "faults_kernel", "1", "page faults in kernel mode", SCHEDTRACE_INT },
	[S_FAULTS_MAJOR] = { "faults_major", "1", "of these, major", SCHEDTRACE_INT },
	[S_ALLOCATED] = { "pages_allocated", "1", "pages allocated, the idle task's too",
			  SCHEDTRACE_INT },
	[S_FREED] = { "pages_freed", "1", "pages freed, the idle task's too", SCHEDTRACE_INT },
};

static const struct schedtrace_table_info system_info = {
	"memory_system",
	"sums of table memory",
	N_S_COLUMNS,
	system_columns,
};

static double percent(int64_t part, int64_t whole)
{
	return part != UNKNOWN_INT && whole > 0 ? 100.0 * (double)part / (double)whole : NAN;
}

static int64_t bounded(uint64_t bytes)
{
	return bytes > INT64_MAX ? INT64_MAX : (int64_t)bytes;
}

static int64_t rss_of(const struct process *process)
{
	return add_up(add_up(process->rss[RSS_FILE], process->rss[RSS_ANON]),
		      process->rss[RSS_SHMEM]);
}

static void fill(const struct memory *m, const struct process *process, int64_t memory_bytes,
		 int64_t traced, union schedtrace_value *v)
{
	const struct space *space = &m->processes.spaces[process->space];
	struct lives *lives = replay_lives(m->replay);
	bool knows_calls = m->has_calls && !process->incomplete;
	uint32_t leader = process->leader;

	if (leader == LIFE_NONE) /* named only after its memory was */
		leader = lives_find(lives, process->tgid);
	if (leader != LIFE_NONE)
		lives_complete(lives, &lives->all[leader]);
	v[PID].i = process->tgid;
	v[COMM].s = leader == LIFE_NONE ? NULL : lives_name(lives, leader);
	v[MAPPED].i =
		m->has_calls && !space->incomplete ? bounded(space->mapped.bytes) : UNKNOWN_INT;
	v[MAPPED_PEAK].i = knows_calls ? bounded(space->mapped_peak) : UNKNOWN_INT;
	v[NET].i = knows_calls ? process->net > 0 ? process->net : 0 : UNKNOWN_INT;
	v[NET_FLOOR].i = knows_calls ? process->net_floor : UNKNOWN_INT;
	v[RSS].i = process->has_rss ? rss_of(process) : UNKNOWN_INT;
	v[RSS_PEAK].i = process->has_rss ? process->rss_sum_peak : UNKNOWN_INT;
	v[RSS_OF_FILE].i = process->has_rss ? process->rss_peak[RSS_FILE] : UNKNOWN_INT;
	v[RSS_OF_ANON].i = process->has_rss ? process->rss_peak[RSS_ANON] : UNKNOWN_INT;
	v[RSS_OF_SHMEM].i = process->has_rss ? process->rss_peak[RSS_SHMEM] : UNKNOWN_INT;
	v[SWAPPED].i = process->has_rss ? process->rss_peak[RSS_SWAP] : UNKNOWN_INT;
	v[SHARE].f = percent(v[RSS].i, memory_bytes);
	v[SHARE_PEAK].f = percent(v[RSS_PEAK].i, memory_bytes);
	v[SHARE_MAPPED].f = percent(v[MAPPED].i, memory_bytes);
	v[SHARE_TRACED].f = percent(v[NET_FLOOR].i, traced);
	v[FAULTS_USER].i = m->has_faults ? process->faults_user : UNKNOWN_INT;
	v[FAULTS_KERNEL].i = m->has_faults ? process->faults_kernel : UNKNOWN_INT;
	v[FAULTS_MAJOR].i = m->has_faults ? process->faults_major : UNKNOWN_INT;
	v[ALLOCATED].i = m->has_pages ? process->pages_allocated : UNKNOWN_INT;
	v[FREED].i = m->has_pages ? process->pages_freed : UNKNOWN_INT;
	v[MMAPS].i = process->mmaps;
	v[MUNMAPS].i = process->munmaps;
	v[MREMAPS].i = process->mremaps;
	v[BRKS].i = process->brks;
	v[FAILED].i = process->failed;
}

/* What a row of table memory adds to its sum in memory_system. */
static const struct {
	int sum, part;
} sums[] = {
	{ S_MAPPED, MAPPED },
	{ S_NET_FLOOR, NET_FLOOR },
	{ S_RSS, RSS },
	{ S_FAULTS_USER, FAULTS_USER },
	{ S_FAULTS_KERNEL, FAULTS_KERNEL },
	{ S_FAULTS_MAJOR, FAULTS_MAJOR },
	{ S_ALLOCATED, ALLOCATED },
	{ S_FREED, FREED },
};

static int snapshot(void *self, struct schedtrace_tables *out, struct schedtrace_error *err)
{
	struct memory *m = self;
	int64_t memory_bytes = schedtrace_context_info(m->ctx)->memory_bytes, traced = 0;
	union schedtrace_value v[N_COLUMNS], s[N_S_COLUMNS];
	struct schedtrace_table *table, *system;
	int r = tables_add(out, &memory_info, &table, err);

	if (r >= 0)
		r = tables_add(out, &system_info, &system, err);
	for (uint32_t k = 0; k < m->processes.n; k++)
		traced = add_up(traced, m->processes.all[k].net_floor);
	s[S_PROCESSES].i = 0;
	s[S_MEMORY].i = memory_bytes > 0 ? memory_bytes : UNKNOWN_INT;
	for (size_t j = 0; j < sizeof(sums) / sizeof(sums[0]); j++)
		s[sums[j].sum].i = UNKNOWN_INT;
	if (m->has_pages) {
		s[S_ALLOCATED].i = m->kernel_pages_allocated;
		s[S_FREED].i = m->kernel_pages_freed;
	}
	for (uint32_t k = 0; r >= 0 && k < m->processes.n; k++) {
		const struct process *process = &m->processes.all[k];

		if (!process->has_memory)
			continue;
		fill(m, process, memory_bytes, traced, v);
		s[S_PROCESSES].i++;
		for (size_t j = 0; j < sizeof(sums) / sizeof(sums[0]); j++) {
			int64_t part = v[sums[j].part].i, *sum = &s[sums[j].sum].i;

			if (part != UNKNOWN_INT)
				*sum = *sum == UNKNOWN_INT ? part : add_up(*sum, part);
		}
		r = table_row(table, v, err);
	}
	s[S_SHARE].f = percent(s[S_RSS].i, memory_bytes);
	return r < 0 ? r : table_row(system, s, err);
}

static void destroy(void *self)
{
	struct memory *m = self;

	processes_free(&m->processes);
	free(m);
}

static int create(void **self, const struct analysis_env *env, struct schedtrace_error *err)
{
	struct memory *m = calloc(1, sizeof(*m));
	struct replay_listener listener = {
		.self = m,
		.row = row,
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
static const struct schedtrace_table_info *const tables[] = { &memory_info, &system_info };
static const struct schedtrace_table_info *const logs[] = { &log_info };

const struct analysis analysis_memory = {
	.info = { "memory", "per process: memory mapped and resident, faults; every request", needs,
		  2, tables, 1, logs },
	.uses_replay = true,
	.create = create,
	.snapshot = snapshot,
	.destroy = destroy,
};
