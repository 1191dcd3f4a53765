/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "libschedtrace/analyses/memory.h"
#include "libschedtrace/analysis.h"

enum {
	PID,
	COMM,
	MAPPED,
	MAPPED_PEAK,
	NET,
	NET_FLOOR,
	REQUESTED,
	RSS,
	RSS_PEAK,
	RSS_OF_FILE,
	RSS_OF_ANON,
	RSS_OF_SHMEM,
	SWAPPED,
	SHARE_RSS,
	SHARE_PEAK,
	SHARE_MAPPED,
	SHARE_TRACED,
	SHARE_HELD,
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
	N_COLUMNS,
	PROCESS = N_COLUMNS,
	LIFE,
	N_ALL
};

#define HELD_OF_ALL                                                                                \
	"net_floor_bytes of the machine's memory and swap together, as the SystemTap memory "      \
	"monitor did"

static const struct schedtrace_column_info *const columns[N_ALL] = {
	[PID] = COLUMN_ID("pid", "process id"),
	[COMM] = COLUMN_TEXT("comm", "last name of the process's first thread"),
	[MAPPED] = COLUMN_SIZE("mapped_bytes",
			       "mapped by its system calls now, by address range; 0 after its exit",
			       .change = SCHEDTRACE_CHANGE_LATER),
	[MAPPED_PEAK] = COLUMN_SIZE("mapped_peak_bytes", "most mapped at once",
				    .merge = SCHEDTRACE_MERGE_MAX),
	[NET] = COLUMN_SIZE("net_bytes", "sum of sizes mapped minus unmapped, at least 0",
			    .change = SCHEDTRACE_CHANGE_LATER),
	[NET_FLOOR] = COLUMN_SIZE(
		"net_floor_bytes",
		"the same, kept at 0 or above after every call, as the SystemTap memory "
		"monitor did",
		.change = SCHEDTRACE_CHANGE_LATER),
	[REQUESTED] = COLUMN_SIZE(
		"requested_bytes",
		"sum of the lengths of its mmap calls, as asked, whatever became of them"),
	[RSS] = COLUMN_SIZE("rss_bytes", "resident now: file + anon + shmem of kmem:rss_stat",
			    .change = SCHEDTRACE_CHANGE_LATER),
	[RSS_PEAK] = COLUMN_SIZE("rss_peak_bytes", "most resident at once",
				 .merge = SCHEDTRACE_MERGE_MAX),
	[RSS_OF_FILE] = COLUMN_SIZE("rss_file_peak_bytes", "most resident file pages",
				    .merge = SCHEDTRACE_MERGE_MAX),
	[RSS_OF_ANON] = COLUMN_SIZE("rss_anon_peak_bytes", "most resident anonymous pages",
				    .merge = SCHEDTRACE_MERGE_MAX),
	[RSS_OF_SHMEM] = COLUMN_SIZE("rss_shmem_peak_bytes", "most resident shared-memory pages",
				     .merge = SCHEDTRACE_MERGE_MAX),
	[SWAPPED] =
		COLUMN_SIZE("swap_peak_bytes", "most swapped out", .merge = SCHEDTRACE_MERGE_MAX),
	[SHARE_RSS] = COLUMN_SHARE("share_rss", "rss_bytes of the machine's memory",
				   .change = SCHEDTRACE_CHANGE_LATER),
	[SHARE_PEAK] = COLUMN_SHARE("share_peak", "rss_peak_bytes of the machine's memory",
				    .merge = SCHEDTRACE_MERGE_MAX),
	[SHARE_MAPPED] = COLUMN_SHARE("share_mapped", "mapped_bytes of the machine's memory",
				      .change = SCHEDTRACE_CHANGE_LATER),
	[SHARE_TRACED] =
		COLUMN_SHARE("share_traced", "net_floor_bytes of that of all traced processes",
			     .change = SCHEDTRACE_CHANGE_LATER),
	[SHARE_HELD] = COLUMN_SHARE("share_held", HELD_OF_ALL, .change = SCHEDTRACE_CHANGE_LATER),
	[FAULTS_USER] =
		COLUMN_COUNT("faults_user", "page faults in user mode (exceptions:page_fault_user)",
			     .doubt = SCHEDTRACE_DOUBT_COUNTED),
	[FAULTS_KERNEL] = COLUMN_COUNT("faults_kernel",
				       "page faults in kernel mode (exceptions:page_fault_kernel)",
				       .doubt = SCHEDTRACE_DOUBT_COUNTED),
	[FAULTS_MAJOR] = COLUMN_COUNT("faults_major", "of these, faults that had to read the page",
				      .doubt = SCHEDTRACE_DOUBT_COUNTED),
	[ALLOCATED] = COLUMN_COUNT("pages_allocated",
				   "pages that the kernel allocated while its threads ran "
				   "(kmem:mm_page_alloc)"),
	[FREED] = COLUMN_COUNT("pages_freed",
			       "pages freed while its threads ran (kmem:mm_page_free)"),
	[MMAPS] = COLUMN_COUNT("mmaps", "mmap calls that succeeded",
			       .doubt = SCHEDTRACE_DOUBT_COUNTED),
	[MUNMAPS] = COLUMN_COUNT("munmaps", "munmap calls that succeeded",
				 .doubt = SCHEDTRACE_DOUBT_COUNTED),
	[MREMAPS] = COLUMN_COUNT("mremaps", "mremap calls that succeeded",
				 .doubt = SCHEDTRACE_DOUBT_COUNTED),
	[BRKS] = COLUMN_COUNT("brks", "brk calls that moved the break",
			      .doubt = SCHEDTRACE_DOUBT_COUNTED),
	[FAILED] = COLUMN_COUNT("failed", "of the four calls, those that failed",
				.doubt = SCHEDTRACE_DOUBT_COUNTED),
	[PROCESS] = COLUMN_LIFE("process"),
	[LIFE] = COLUMN_LIFE("life"),
};

const struct schedtrace_picture picture_memory = {
	.from = "memory",
	.kind = SCHEDTRACE_PICTURE_REQUESTED,
	.top = 10,
};

const struct schedtrace_table_info memory_info = {
	.name = "memory",
	.about = "memory of each process with events about it; a row a process life",
	.n_columns = N_COLUMNS,
	.columns = columns,
	.choices = SCHEDTRACE_BY_TASK,
	.key = "pid",
	.order = "-rss_peak_bytes,-net_bytes",
	.first = "pid,comm,rss_peak_bytes,mapped_peak_bytes,faults_user,"
		 "faults_major,faults_kernel,net_floor_bytes,share_held,share_peak",
	.unswitched = true,
	.shown = SCHEDTRACE_SHOWN_WITH_ROWS,
	.compare =
		&(const struct schedtrace_table_compare){
			.same = "comm",
			.measures = "rss_peak_bytes,mapped_peak_bytes,faults_user",
			.usual = true },
	.pictures = PICTURES(&picture_memory),
	.n_hidden = N_ALL - N_COLUMNS,
	.interval = &(const struct schedtrace_table_interval){ .same = "process" },
};

enum {
	S_PROCESSES,
	S_MEMORY,
	S_MAPPED,
	S_NET_FLOOR,
	S_REQUESTED,
	S_RSS,
	S_SHARE_RSS,
	S_SHARE_HELD,
	S_FAULTS_USER,
	S_FAULTS_KERNEL,
	S_FAULTS_MAJOR,
	S_ALLOCATED,
	S_FREED,
	N_S_COLUMNS
};

static const struct schedtrace_column_info *const system_columns[N_S_COLUMNS] = {
	[S_PROCESSES] = COLUMN_COUNT("processes", "rows of table memory",
				     .change = SCHEDTRACE_CHANGE_LATER),
	[S_MEMORY] = COLUMN_SIZE("memory_bytes", "the machine's memory",
				 .change = SCHEDTRACE_CHANGE_LATER),
	[S_MAPPED] = COLUMN_SIZE("mapped_bytes",
				 "sum over processes where known; shared ones count for each",
				 .change = SCHEDTRACE_CHANGE_LATER),
	[S_NET_FLOOR] = COLUMN_SIZE("net_floor_bytes", "sum over processes",
				    .change = SCHEDTRACE_CHANGE_LATER),
	[S_REQUESTED] = COLUMN_SIZE("requested_bytes", "sum over processes"),
	[S_RSS] = COLUMN_SIZE("rss_bytes", "sum over processes; shared pages count for each",
			      .change = SCHEDTRACE_CHANGE_LATER),
	[S_SHARE_RSS] = COLUMN_SHARE("share_rss", "rss_bytes of the machine's memory",
				     .change = SCHEDTRACE_CHANGE_LATER),
	[S_SHARE_HELD] = COLUMN_SHARE("share_held", HELD_OF_ALL, .change = SCHEDTRACE_CHANGE_LATER),
	[S_FAULTS_USER] = COLUMN_COUNT("faults_user", "page faults in user mode"),
	[S_FAULTS_KERNEL] = COLUMN_COUNT("faults_kernel", "page faults in kernel mode"),
	[S_FAULTS_MAJOR] = COLUMN_COUNT("faults_major", "of these, major"),
	[S_ALLOCATED] = COLUMN_COUNT("pages_allocated", "pages allocated, the idle task's too"),
	[S_FREED] = COLUMN_COUNT("pages_freed", "pages freed, the idle task's too"),
};

static const struct schedtrace_picture picture_memory_system = {
	.from = "memory_system",
	.kind = SCHEDTRACE_PICTURE_BARS,
	.title = "Memory of all traced processes together",
	.values = "requested_bytes:requested by mmap,"
		  "net_floor_bytes:mapped less what was unmapped,"
		  "mapped_bytes:mapped at the end,rss_bytes:resident at the end",
	.top = 20,
};

const struct schedtrace_table_info memory_system_info = {
	.name = "memory_system",
	.about = "sums of table memory",
	.n_columns = N_S_COLUMNS,
	.columns = system_columns,
	.choices = SCHEDTRACE_BEFORE_TASK,
	.first = "processes,rss_bytes,share_rss,faults_user,faults_kernel,"
		 "faults_major",
	.unswitched = true,
	.compare =
		&(const struct schedtrace_table_compare){
			.measures = "mapped_bytes,rss_bytes,faults_user,faults_kernel,faults_major",
			.totals = "" },
	.pictures = PICTURES(&picture_memory_system),
};

enum {
	B_PID,
	B_COMM,
	B_PROCESSES,
	B_REQUESTED,
	B_SHARE_REQUESTED,
	B_HELD,
	B_SHARE_HELD,
	B_SHARE_TRACED,
	B_RSS_PEAK,
	N_B_COLUMNS
};

static const struct schedtrace_column_info *const biggest_columns[N_B_COLUMNS] = {
	[B_PID] = COLUMN_ID("pid", "process id, unknown for the others"),
	[B_COMM] = COLUMN_TEXT("comm", "last name of the process's first thread, or others"),
	[B_PROCESSES] = COLUMN_COUNT("processes", "1, or how many the others are"),
	[B_REQUESTED] =
		COLUMN_SIZE("requested_bytes", "as in table memory; of the others, their sum"),
	[B_SHARE_REQUESTED] =
		COLUMN_SHARE("share_requested", "requested_bytes of that of all traced processes"),
	[B_HELD] = COLUMN_SIZE("net_floor_bytes", "as in table memory; of the others, their sum"),
	[B_SHARE_HELD] = COLUMN_SHARE("share_held", HELD_OF_ALL),
	[B_SHARE_TRACED] =
		COLUMN_SHARE("share_traced", "net_floor_bytes of that of all traced processes"),
	[B_RSS_PEAK] = COLUMN_SIZE(
		"rss_peak_bytes",
		"as in table memory; unknown for the others, whose peaks were not at one "
		"time",
		.merge = SCHEDTRACE_MERGE_MAX),
};

static const struct schedtrace_picture picture_memory_biggest = {
	.from = "memory_biggest",
	.kind = SCHEDTRACE_PICTURE_REQUESTED,
	.top = 10,
};

const struct schedtrace_table_info memory_biggest_info = {
	.name = "memory_biggest",
	.about = "the ten processes with the largest requested_bytes (rss_peak_bytes where that is "
		 "unknown), "
		 "and all others in one row",
	.n_columns = N_B_COLUMNS,
	.columns = biggest_columns,
	.choices = SCHEDTRACE_BEFORE_TASK | SCHEDTRACE_FIRST_ONLY,
	.key = "pid",
	.interval = &table_left_out,
	.unswitched = true,
	.pictures = PICTURES(&picture_memory_biggest),
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

/* What shares are of. */
struct wholes {
	int64_t memory, memory_and_swap; /* the machine's */
	int64_t held, requested;	 /* by all traced processes */
};

static struct wholes wholes_of(const struct memory *m)
{
	const struct schedtrace_info *info = schedtrace_context_info(m->ctx);
	struct wholes of = { info->memory_bytes, info->memory_and_swap_bytes, 0, 0 };

	for (uint32_t k = 0; k < m->processes.n; k++) {
		const struct process *process = &m->processes.all[k];

		if (process->incomplete)
			continue;
		of.held = memory_add(of.held, process->net_floor);
		of.requested = memory_add(of.requested, process->requested);
	}
	for (uint32_t id = 0; id < m->gone.n; id++) {
		const struct memory_gone *gone = grown_get(&m->gone, id, struct memory_gone);

		of.held = memory_add(of.held, gone->sums.net_floor);
		of.requested = memory_add(of.requested, gone->sums.requested);
	}
	return of;
}

/* The life of its first thread, LIFE_NONE unknown. */
static uint32_t leader_of(const struct memory *m, const struct process *process)
{
	if (process->leader != LIFE_NONE)
		return process->leader;
	return lives_find(replay_lives(m->replay), process->tgid); /* named after its memory was */
}

static bool is_chosen(const struct memory *m, const struct process *process)
{
	return choice_takes_process(m->choice, replay_lives(m->replay), process->tgid,
				    leader_of(m, process));
}

/* What is known of the memory of a process, or of those let go. */
struct figures {
	const struct process *process;
	int64_t mapped, mapped_peak, rss;
	bool knows_calls, knows_mapped, knows_rss;
};

static struct figures figures_of(const struct memory *m, const struct process *process)
{
	const struct space *space = &m->processes.spaces[process->space];

	return (struct figures){
		.process = process,
		.mapped = bounded(space->mapped.bytes),
		.mapped_peak = bounded(space->mapped_peak),
		.rss = memory_rss(process),
		.knows_calls = m->has_calls && !process->incomplete,
		.knows_mapped = m->has_calls && !space->incomplete,
		.knows_rss = m->has_rss && process->has_rss,
	};
}

static void fill_name(const struct memory *m, const struct process *process,
		      union schedtrace_value *v)
{
	struct lives *lives = replay_lives(m->replay);
	uint32_t leader = leader_of(m, process);

	if (leader != LIFE_NONE)
		lives_complete(lives, &lives->all[leader]);
	v[PROCESS].i = (int64_t)process->serial;
	v[LIFE].i = leader == LIFE_NONE ? 0 : (int64_t)lives->all[leader].serial;
	v[PID].i = process->tgid;
	v[COMM].s = leader == LIFE_NONE ? NULL : lives_name(lives, leader);
}

static void fill(const struct memory *m, const struct figures *figures, const struct wholes *of,
		 union schedtrace_value *v)
{
	const struct process *process = figures->process;
	bool knows_calls = figures->knows_calls, knows_rss = figures->knows_rss;

	v[MAPPED].i = if_known(figures->knows_mapped, figures->mapped);
	v[MAPPED_PEAK].i = if_known(knows_calls, figures->mapped_peak);
	v[NET].i = knows_calls ? process->net > 0 ? process->net : 0 : UNKNOWN_INT;
	v[NET_FLOOR].i = if_known(knows_calls, process->net_floor);
	v[REQUESTED].i = if_known(knows_calls, process->requested);
	v[RSS].i = if_known(knows_rss, figures->rss);
	v[RSS_PEAK].i = if_known(knows_rss, process->rss_sum_peak);
	v[RSS_OF_FILE].i = if_known(knows_rss, process->rss_peak[RSS_FILE]);
	v[RSS_OF_ANON].i = if_known(knows_rss, process->rss_peak[RSS_ANON]);
	v[RSS_OF_SHMEM].i = if_known(knows_rss, process->rss_peak[RSS_SHMEM]);
	v[SWAPPED].i = if_known(knows_rss, process->rss_peak[RSS_SWAP]);
	v[SHARE_RSS].f = percent(v[RSS].i, of->memory);
	v[SHARE_PEAK].f = percent(v[RSS_PEAK].i, of->memory);
	v[SHARE_MAPPED].f = percent(v[MAPPED].i, of->memory);
	v[SHARE_TRACED].f = percent(v[NET_FLOOR].i, of->held);
	v[SHARE_HELD].f = percent(v[NET_FLOOR].i, of->memory_and_swap);
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
	{ S_REQUESTED, REQUESTED },
	{ S_RSS, RSS },
	{ S_FAULTS_USER, FAULTS_USER },
	{ S_FAULTS_KERNEL, FAULTS_KERNEL },
	{ S_FAULTS_MAJOR, FAULTS_MAJOR },
	{ S_ALLOCATED, ALLOCATED },
	{ S_FREED, FREED },
};

_Static_assert(N_B_COLUMNS == MEMORY_BIGGEST_COLUMNS, "memory.h has room for the rows");

static void add_known(int64_t *sum, int64_t part)
{
	if (part != UNKNOWN_INT)
		*sum = *sum == UNKNOWN_INT ? part : memory_add(*sum, part);
}

/* A row of table memory that stands for so many processes. */
static void add_to_system(union schedtrace_value *system, const union schedtrace_value *v,
			  int64_t processes)
{
	system[S_PROCESSES].i += processes;
	for (size_t j = 0; j < sizeof(sums) / sizeof(sums[0]); j++)
		add_known(&system[sums[j].sum].i, v[sums[j].part].i);
}

static void add_to_others(struct memory_biggest *b, const union schedtrace_value *row)
{
	union schedtrace_value *others = b->rows[MEMORY_BIGGEST];

	if (!b->any_others) {
		others[B_PID].i = UNKNOWN_INT;
		others[B_COMM].s = "others";
		others[B_PROCESSES].i = 0;
		others[B_REQUESTED].i = others[B_HELD].i = others[B_RSS_PEAK].i = UNKNOWN_INT;
		b->any_others = true;
	}
	others[B_PROCESSES].i++;
	add_known(&others[B_REQUESTED].i, row[B_REQUESTED].i);
	add_known(&others[B_HELD].i, row[B_HELD].i);
}

/* Unknown is the smallest number. */
static bool is_bigger(const union schedtrace_value *a, const union schedtrace_value *b)
{
	if (a[B_REQUESTED].i != b[B_REQUESTED].i)
		return a[B_REQUESTED].i > b[B_REQUESTED].i;
	return a[B_RSS_PEAK].i > b[B_RSS_PEAK].i;
}

static void fill_shares(union schedtrace_value *row, const struct wholes *of)
{
	row[B_SHARE_REQUESTED].f = percent(row[B_REQUESTED].i, of->requested);
	row[B_SHARE_HELD].f = percent(row[B_HELD].i, of->memory_and_swap);
	row[B_SHARE_TRACED].f = percent(row[B_HELD].i, of->held);
}

/* @v is a row of table memory. */
static void consider(const struct memory *m, struct memory_biggest *b, const struct wholes *of,
		     const union schedtrace_value *v)
{
	union schedtrace_value row[N_B_COLUMNS];
	int at = b->n;

	row[B_PID] = v[PID];
	row[B_COMM] = v[COMM];
	row[B_PROCESSES].i = 1;
	row[B_REQUESTED] = v[REQUESTED];
	row[B_HELD] = v[NET_FLOOR];
	row[B_RSS_PEAK] = v[RSS_PEAK];
	fill_shares(row, of);
	if (!row_filter_takes(m->row_filter, &memory_biggest_info, row))
		return;
	if (b->n < MEMORY_BIGGEST) {
		b->n++;
	} else if (is_bigger(row, b->rows[MEMORY_BIGGEST - 1])) {
		add_to_others(b, b->rows[MEMORY_BIGGEST - 1]);
		at--;
	} else {
		add_to_others(b, row);
		return;
	}
	for (; at && is_bigger(row, b->rows[at - 1]); at--)
		memcpy(b->rows[at], b->rows[at - 1], sizeof(row));
	memcpy(b->rows[at], row, sizeof(row));
}

static void keep_larger(int64_t *kept, int64_t value)
{
	if (value > *kept)
		*kept = value;
}

static void add_process(struct process *to, const struct process *from)
{
	for (int kind = 0; kind < RSS_KINDS; kind++)
		keep_larger(&to->rss_peak[kind], from->rss_peak[kind]);
	keep_larger(&to->rss_sum_peak, from->rss_sum_peak);
	to->mmaps += from->mmaps;
	to->munmaps += from->munmaps;
	to->mremaps += from->mremaps;
	to->brks += from->brks;
	to->failed += from->failed;
	to->faults_user += from->faults_user;
	to->faults_kernel += from->faults_kernel;
	to->faults_major += from->faults_major;
	to->pages_allocated += from->pages_allocated;
	to->pages_freed += from->pages_freed;
}

int memory_forget(struct memory *m, const struct process *process)
{
	uint32_t into = replay_lives(m->replay)->all[process->leader].into;
	struct memory_gone *to = grown_at(&m->gone, into, struct memory_gone);
	const struct figures figures = figures_of(m, process);
	const struct wholes of = { 0 };
	union schedtrace_value v[N_ALL];

	if (!to)
		return -1;
	fill_name(m, process, v);
	fill(m, &figures, &of, v);
	if (is_chosen(m, process))
		consider(m, &m->biggest_gone, &of, v);
	to->processes++;
	add_process(&to->sums, process);
	if (!process->incomplete) {
		to->knows_calls = true;
		to->sums.net = memory_add(to->sums.net, process->net > 0 ? process->net : 0);
		to->sums.net_floor = memory_add(to->sums.net_floor, process->net_floor);
		to->sums.requested = memory_add(to->sums.requested, process->requested);
		keep_larger(&to->mapped_peak, figures.mapped_peak);
	}
	if (!m->processes.spaces[process->space].incomplete) {
		to->knows_mapped = true;
		to->mapped = memory_add(to->mapped, figures.mapped);
	}
	if (process->has_rss) {
		to->has_rss = true;
		to->rss = memory_add(to->rss, figures.rss);
	}
	return 0;
}

/* The row of those of one name that were let go. */
static void fill_gone(const struct memory *m, uint32_t id, const struct memory_gone *gone,
		      const struct wholes *of, union schedtrace_value *v)
{
	const struct figures figures = {
		.process = &gone->sums,
		.mapped = gone->mapped,
		.mapped_peak = gone->mapped_peak,
		.rss = gone->rss,
		.knows_calls = m->has_calls && gone->knows_calls,
		.knows_mapped = m->has_calls && gone->knows_mapped,
		.knows_rss = m->has_rss && gone->has_rss,
	};

	v[PROCESS].i = v[LIFE].i = (int64_t)replay_lives(m->replay)->all[id].serial;
	v[PID].i = UNKNOWN_INT;
	v[COMM].s = lives_name(replay_lives(m->replay), id);
	fill(m, &figures, of, v);
}

static int add_biggest(struct memory_biggest *b, const struct wholes *of,
		       struct schedtrace_table *table, struct schedtrace_error *err)
{
	int r = 0;

	for (int i = 0; i <= MEMORY_BIGGEST && r >= 0; i++) {
		union schedtrace_value *row = b->rows[i];

		if (i < MEMORY_BIGGEST ? i >= b->n : !b->any_others)
			continue;
		fill_shares(row, of);
		r = table_row(table, row, err);
	}
	return r;
}

int memory_tables(const struct memory *m, struct schedtrace_tables *out,
		  struct schedtrace_error *err)
{
	const struct wholes of = wholes_of(m);
	union schedtrace_value v[N_ALL], s[N_S_COLUMNS];
	struct schedtrace_table *table, *system, *biggest_table;
	struct memory_biggest biggest = m->biggest_gone;
	int r = tables_add(out, &memory_info, &table, err);

	if (r >= 0)
		r = tables_add(out, &memory_biggest_info, &biggest_table, err);
	if (r >= 0)
		r = tables_add(out, &memory_system_info, &system, err);
	s[S_PROCESSES].i = 0;
	s[S_MEMORY].i = if_known(of.memory > 0, of.memory);
	for (size_t j = 0; j < sizeof(sums) / sizeof(sums[0]); j++)
		s[sums[j].sum].i = UNKNOWN_INT;
	if (m->has_pages && !m->choice->given) {
		s[S_ALLOCATED].i = m->kernel_pages_allocated;
		s[S_FREED].i = m->kernel_pages_freed;
	}
	for (uint32_t k = 0; r >= 0 && k < m->processes.n; k++) {
		const struct process *process = &m->processes.all[k];
		const struct figures figures = figures_of(m, process);

		if (!process->has_memory)
			continue;
		fill_name(m, process, v);
		fill(m, &figures, &of, v);
		r = table_row(table, v, err);
		if (!is_chosen(m, process))
			continue;
		add_to_system(s, v, 1);
		consider(m, &biggest, &of, v);
	}
	for (uint32_t id = 0; r >= 0 && id < m->gone.n; id++) {
		const struct memory_gone *gone = grown_get(&m->gone, id, struct memory_gone);

		if (!gone->processes)
			continue;
		fill_gone(m, id, gone, &of, v);
		r = table_row(table, v, err);
		if (choice_takes_task(m->choice, replay_lives(m->replay), id))
			add_to_system(s, v, gone->processes);
	}
	if (r >= 0)
		r = add_biggest(&biggest, &of, biggest_table, err);
	s[S_SHARE_RSS].f = percent(s[S_RSS].i, of.memory);
	s[S_SHARE_HELD].f = percent(s[S_NET_FLOOR].i, of.memory_and_swap);
	return r < 0 ? r : table_row(system, s, err);
}
