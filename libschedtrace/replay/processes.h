/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Address spaces of processes, followed from rows: what is mapped, how much is resident, and the
 * counts of what their threads did. A process is (tgid, start), as a task is (pid, start).
 */
#ifndef LIBSCHEDTRACE_REPLAY_PROCESSES_H
#define LIBSCHEDTRACE_REPLAY_PROCESSES_H

#include "base/ranges.h"
#include "libschedtrace/replay/replay.h"

enum rss_kind { RSS_FILE, RSS_ANON, RSS_SWAP, RSS_SHMEM, RSS_KINDS };

/* Threads share one, and so does a child of vfork until it calls exec. */
struct space {
	struct ranges mapped;
	uint64_t mapped_peak;
	bool incomplete; /* 32-bit calls, which are not traced, changed it */
	uint32_t users;	 /* processes; 0: free */
};

struct process {
	uint64_t serial; /* as of a life; no other process or life has it */
	int32_t tgid;
	uint32_t leader; /* life that it began with, LIFE_NONE: not seen */
	uint32_t space;
	bool has_memory; /* a row about its memory came */
	bool incomplete; /* some space that it had was */

	bool has_rss;
	int64_t mm, old_mm; /* ids of RSS rows: of the current mm, and of that before exec */
	bool has_mm, has_old_mm;
	int64_t rss[RSS_KINDS], rss_peak[RSS_KINDS], rss_sum_peak;

	/* Only what lies inside the window. */
	int64_t mmaps, munmaps, mremaps, brks, failed;
	int64_t requested; /* sum of the lengths of its mmaps, as asked */
	int64_t net, net_floor;
	int64_t faults_user, faults_kernel, faults_major;
	int64_t pages_allocated, pages_freed;
};

/* Resident memory of a map whose owner is not known yet, such as that of a child in its fork. */
struct orphan {
	int64_t rss[RSS_KINDS];
	uint32_t known; /* a bit a kind */
};

struct processes {
	const struct schedtrace_context *ctx;
	struct lives *lives;
	struct process *all;
	uint32_t n, max;
	struct intmap by_tgid;
	struct intmap orphan_of_mm;
	struct orphan *orphans;
	uint32_t n_orphans, orphans_max;
	struct space *spaces;
	uint32_t n_spaces, spaces_max, free_space;
	struct ranges_pool pool;
	uint64_t page; /* bytes */
};

/* -1 (or NULL) when memory ran out. */
int processes_init(struct processes *processes, const struct schedtrace_context *ctx,
		   struct lives *lives);
void processes_free(struct processes *processes);

/* The process that @tgid, or the task @life, belongs to now. */
struct process *processes_of_tgid(struct processes *processes, int32_t tgid);
struct process *processes_of_life(struct processes *processes, uint32_t life);

/* A FORK row of @child, which is no thread. */
int processes_fork(struct processes *processes, uint32_t child, int32_t parent_pid);

/* exec or group exit: a new, empty address space. */
int processes_drop(struct processes *processes, struct process *process);

int processes_map(struct processes *processes, struct process *process, int64_t address,
		  int64_t length);
int processes_unmap(struct processes *processes, struct process *process, int64_t address,
		    int64_t length);
int processes_brk(struct processes *processes, struct process *process, int64_t now, int64_t old);

/* A row about a map that belongs to @process: false if it is the one from before exec. And a row
 * about a map whose owner is not known yet. */
bool processes_rss(const struct processes *processes, struct process *process, enum rss_kind kind,
		   int64_t bytes, int64_t mm);
int processes_orphan_rss(struct processes *processes, enum rss_kind kind, int64_t bytes,
			 int64_t mm);

/* Lets go of the processes whose first threads are let go, telling @gone of each before. */
int processes_forget(struct processes *processes,
		     int (*gone)(void *user, const struct process *process), void *user);

/* Bytes of whole pages, 0 for a negative length. */
int64_t processes_pages(const struct processes *processes, int64_t length);

#endif
