/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "../analysis.h"
#include "../checked.h"
#include "../error.h"
#include "memory.h"

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

const struct schedtrace_table_info memory_info = {
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

const struct schedtrace_table_info memory_system_info = {
	"memory_system",
	"sums of table memory",
	N_S_COLUMNS,
	system_columns,
};

enum { B_PID, B_COMM, B_PROCESSES, B_HELD, B_SHARE, B_RSS_PEAK, N_B_COLUMNS };

static const struct schedtrace_column_info biggest_columns[N_B_COLUMNS] = {
	[B_PID] = { "pid", "", "process id, unknown for the others", SCHEDTRACE_INT },
	[B_COMM] = { "comm", "", "last name of the process's first thread, or others",
		     SCHEDTRACE_TEXT },
	[B_PROCESSES] = { "processes", "1", "1, or how many the others are", SCHEDTRACE_INT },
	[B_HELD] = { "net_floor_bytes", "bytes", "as in table memory; of the others, their sum",
		     SCHEDTRACE_INT },
	[B_SHARE] = { "share_traced", "%", "net_floor_bytes of that of all traced processes",
		      SCHEDTRACE_REAL },
	[B_RSS_PEAK] = { "rss_peak_bytes", "bytes",
			 "as in table memory; of the others, the sum of their peaks",
			 SCHEDTRACE_INT },
};

const struct schedtrace_table_info memory_biggest_info = {
	"memory_biggest",
	"the ten processes with the largest net_floor_bytes (rss_peak_bytes where that is "
	"unknown), "
	"and all others in one row",
	N_B_COLUMNS,
	biggest_columns,
};

static double percent(int64_t part, int64_t whole)
{
	return part != UNKNOWN_INT && whole > 0 ? 100.0 * (double)part / (double)whole : NAN;
}

static int64_t bounded(uint64_t bytes)
{
	return bytes > INT64_MAX ? INT64_MAX : (int64_t)bytes;
}

int64_t memory_add(int64_t sum, int64_t change)
{
	int64_t result;

	return checked_add(sum, change, &result) ? result : change < 0 ? INT64_MIN + 1 : INT64_MAX;
}

int64_t memory_rss(const struct process *process)
{
	return memory_add(memory_add(process->rss[RSS_FILE], process->rss[RSS_ANON]),
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
	v[RSS].i = process->has_rss ? memory_rss(process) : UNKNOWN_INT;
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
	v[FAULTS_MAJOR].i = m->has_majors ? process->faults_major : UNKNOWN_INT;
	v[ALLOCATED].i = m->has_pages ? process->pages_allocated : UNKNOWN_INT;
	v[FREED].i = m->has_pages ? process->pages_freed : UNKNOWN_INT;
	v[MMAPS].i = if_known(m->has_calls, process->mmaps);
	v[MUNMAPS].i = if_known(m->has_calls, process->munmaps);
	v[MREMAPS].i = if_known(m->has_calls, process->mremaps);
	v[BRKS].i = if_known(m->has_calls, process->brks);
	v[FAILED].i = if_known(m->has_calls, process->failed);
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

#define BIGGEST 10

struct biggest {
	union schedtrace_value rows[BIGGEST + 1][N_B_COLUMNS]; /* the last: the others */
	int n;						       /* of rows before that */
	bool any_others;
};

static void add_known(int64_t *sum, int64_t part)
{
	if (part != UNKNOWN_INT)
		*sum = *sum == UNKNOWN_INT ? part : memory_add(*sum, part);
}

static void add_to_others(struct biggest *b, const union schedtrace_value *row)
{
	union schedtrace_value *others = b->rows[BIGGEST];

	if (!b->any_others) {
		others[B_PID].i = UNKNOWN_INT;
		others[B_COMM].s = "others";
		others[B_PROCESSES].i = 0;
		others[B_HELD].i = others[B_RSS_PEAK].i = UNKNOWN_INT;
		b->any_others = true;
	}
	others[B_PROCESSES].i++;
	add_known(&others[B_HELD].i, row[B_HELD].i);
	add_known(&others[B_RSS_PEAK].i, row[B_RSS_PEAK].i);
}

/* Unknown is the smallest number. */
static bool is_bigger(const union schedtrace_value *a, const union schedtrace_value *b)
{
	if (a[B_HELD].i != b[B_HELD].i)
		return a[B_HELD].i > b[B_HELD].i;
	return a[B_RSS_PEAK].i > b[B_RSS_PEAK].i;
}

/* @v is a row of table memory. */
static void consider(struct biggest *b, const union schedtrace_value *v)
{
	union schedtrace_value row[N_B_COLUMNS];
	int at = b->n;

	row[B_PID] = v[PID];
	row[B_COMM] = v[COMM];
	row[B_PROCESSES].i = 1;
	row[B_HELD] = v[NET_FLOOR];
	row[B_RSS_PEAK] = v[RSS_PEAK];
	if (b->n < BIGGEST) {
		b->n++;
	} else if (is_bigger(row, b->rows[BIGGEST - 1])) {
		add_to_others(b, b->rows[BIGGEST - 1]);
		at--;
	} else {
		add_to_others(b, row);
		return;
	}
	for (; at && is_bigger(row, b->rows[at - 1]); at--)
		memcpy(b->rows[at], b->rows[at - 1], sizeof(row));
	memcpy(b->rows[at], row, sizeof(row));
}

static int add_biggest(struct biggest *b, int64_t traced, struct schedtrace_table *table,
		       struct schedtrace_error *err)
{
	int r = 0;

	for (int i = 0; i <= BIGGEST && r >= 0; i++) {
		union schedtrace_value *row = b->rows[i];

		if (i < BIGGEST ? i >= b->n : !b->any_others)
			continue;
		row[B_SHARE].f = percent(row[B_HELD].i, traced);
		r = table_row(table, row, err);
	}
	return r;
}

int memory_tables(const struct memory *m, struct schedtrace_tables *out,
		  struct schedtrace_error *err)
{
	int64_t memory_bytes = schedtrace_context_info(m->ctx)->memory_bytes, traced = 0;
	union schedtrace_value v[N_COLUMNS], s[N_S_COLUMNS];
	struct schedtrace_table *table, *system, *biggest_table;
	struct biggest biggest = { .n = 0 };
	int r = tables_add(out, &memory_info, &table, err);

	if (r >= 0)
		r = tables_add(out, &memory_biggest_info, &biggest_table, err);
	if (r >= 0)
		r = tables_add(out, &memory_system_info, &system, err);
	for (uint32_t k = 0; k < m->processes.n; k++)
		if (!m->processes.all[k].incomplete)
			traced = memory_add(traced, m->processes.all[k].net_floor);
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
		for (size_t j = 0; j < sizeof(sums) / sizeof(sums[0]); j++)
			add_known(&s[sums[j].sum].i, v[sums[j].part].i);
		consider(&biggest, v);
		r = table_row(table, v, err);
	}
	if (r >= 0)
		r = add_biggest(&biggest, traced, biggest_table, err);
	s[S_SHARE].f = percent(s[S_RSS].i, memory_bytes);
	return r < 0 ? r : table_row(system, s, err);
}
