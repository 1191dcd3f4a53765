/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/mem.h"
#include "libschedtrace/known_tasks.h"
#include "libschedtrace/let_go.h"
#include "libschedtrace/replay/processes.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define CLONE_VM     0x00000100
#define CLONE_THREAD 0x00010000
#define NO_SPACE     UINT32_MAX

int processes_init(struct processes *processes, const struct schedtrace_context *ctx,
		   struct lives *lives)
{
	int32_t page = schedtrace_context_info(ctx)->page_size;

	*processes = (struct processes){ .ctx = ctx, .lives = lives, .free_space = NO_SPACE };
	processes->page = page > 0 && !(page & (page - 1)) ? (uint64_t)page : 4096;
	ranges_pool_init(&processes->pool);
	return intmap_init(&processes->by_tgid) < 0 ? -1 : intmap_init(&processes->orphan_of_mm);
}

void processes_free(struct processes *processes)
{
	intmap_free(&processes->by_tgid);
	intmap_free(&processes->orphan_of_mm);
	free(processes->orphans);
	ranges_pool_free(&processes->pool);
	free(processes->all);
	free(processes->spaces);
}

static uint32_t new_space(struct processes *p)
{
	uint32_t k = p->free_space;

	if (k != NO_SPACE) {
		p->free_space = (uint32_t)p->spaces[k].mapped_peak;
	} else {
		if (!array_room(p->spaces, p->n_spaces, p->spaces_max))
			return NO_SPACE;
		k = p->n_spaces++;
	}
	p->spaces[k] = (struct space){ .users = 1 };
	return k;
}

static void leave_space(struct processes *p, uint32_t k)
{
	struct space *space = &p->spaces[k];

	if (--space->users)
		return;
	ranges_clear(&p->pool, &space->mapped);
	space->mapped_peak = p->free_space;
	p->free_space = k;
}

static struct process *begin(struct processes *p, int32_t tgid, uint32_t leader, uint32_t space)
{
	struct process *process;

	if (space == NO_SPACE)
		return NULL;
	if (!array_room(p->all, p->n, p->max))
		return NULL;
	if (intmap_set(&p->by_tgid, (uint32_t)tgid, p->n) < 0)
		return NULL;
	process = &p->all[p->n++];
	*process = (struct process){ .serial = ++p->lives->serial,
				     .tgid = tgid,
				     .leader = leader,
				     .space = space,
				     .incomplete = p->spaces[space].incomplete };
	return process;
}

/* What was resident at the start of the recording. */
static void seed_rss(struct processes *p, struct process *process)
{
	size_t n;
	const struct schedtrace_task *tasks = schedtrace_context_tasks(p->ctx, &n);

	for (size_t low = 0, high = n; low < high;) {
		size_t middle = low + (high - low) / 2;
		const struct schedtrace_task *task = &tasks[middle];

		if (task->pid < process->tgid ||
		    (task->pid == process->tgid && known_task_since(task) != INT64_MIN)) {
			if (task->pid == process->tgid)
				high = middle;
			else
				low = middle + 1;
			continue;
		}
		if (task->pid > process->tgid) {
			high = middle;
			continue;
		}
		for (int k = 0; k < RSS_KINDS; k++) {
			if (task->rss_bytes[k] < 0)
				continue;
			process->has_rss = true;
			process->rss[k] = task->rss_bytes[k];
			process->rss_peak[k] = task->rss_bytes[k];
			if (k != RSS_SWAP)
				process->rss_sum_peak += task->rss_bytes[k];
		}
		return;
	}
}

struct process *processes_of_tgid(struct processes *p, int32_t tgid)
{
	uint32_t k = intmap_get(&p->by_tgid, (uint32_t)tgid);
	uint32_t leader = lives_find(p->lives, tgid);
	struct process *process = k == INTMAP_NONE ? NULL : &p->all[k];

	/* Its fork need not be recorded: then the life that its pid means tells. */
	if (process && (leader == process->leader || process->leader == LIFE_NONE))
		return process;
	process = begin(p, tgid, leader, new_space(p));
	if (process && (leader == LIFE_NONE || p->lives->all[leader].flags & LIFE_OLD))
		seed_rss(p, process);
	return process;
}

struct process *processes_of_life(struct processes *p, uint32_t life)
{
	const struct life *task = &p->lives->all[life];

	return processes_of_tgid(p, task->tgid > 0 ? task->tgid : task->pid);
}

int processes_fork(struct processes *p, uint32_t child, int32_t parent_pid)
{
	struct life *life = &p->lives->all[child];
	uint32_t from = parent_pid > 0 ? lives_find(p->lives, parent_pid) : LIFE_NONE, k;
	uint32_t parent_space = NO_SPACE;
	struct process *parent;

	if (life->tgid > 0 && life->tgid != life->pid)
		return 0; /* a thread shares all */
	if (from != LIFE_NONE) {
		parent = processes_of_life(p, from);
		if (!parent)
			return -1;
		parent_space = parent->space;
	}
	if (parent_space != NO_SPACE && life->clone_flags & CLONE_VM) {
		if (!begin(p, life->pid, child, parent_space))
			return -1;
		p->spaces[parent_space].users++;
		return 0;
	}
	k = new_space(p);
	if (k != NO_SPACE && parent_space != NO_SPACE)
		p->spaces[k].incomplete = p->spaces[parent_space].incomplete;
	if (!begin(p, life->pid, child, k))
		return -1;
	if (parent_space == NO_SPACE)
		return 0;
	p->spaces[k].mapped_peak = p->spaces[parent_space].mapped.bytes;
	return ranges_copy(&p->pool, &p->spaces[k].mapped, &p->spaces[parent_space].mapped);
}

int processes_drop(struct processes *p, struct process *process)
{
	struct space *space = &p->spaces[process->space];

	/* At exec the rows of the new memory began before: mm stays, processes_rss() tells them
	 * apart. */
	memset(process->rss, 0, sizeof(process->rss));
	if (space->users == 1) {
		ranges_clear(&p->pool, &space->mapped);
		space->incomplete = false;
	} else {
		uint32_t k = new_space(p);

		if (k == NO_SPACE)
			return -1;
		leave_space(p, process->space);
		process->space = k;
	}
	return 0;
}

int64_t processes_pages(const struct processes *p, int64_t length)
{
	uint64_t pages;

	if (length <= 0)
		return 0;
	pages = ((uint64_t)length + p->page - 1) & ~(p->page - 1);
	return pages > INT64_MAX ? INT64_MAX : (int64_t)pages;
}

/* The whole pages from @address on, as far as addresses reach. */
static uint64_t end_of(const struct processes *p, uint64_t address, int64_t length)
{
	uint64_t end;

	if (__builtin_add_overflow(address, (uint64_t)processes_pages(p, length), &end))
		return UINT64_MAX;
	return end;
}

int processes_map(struct processes *p, struct process *process, int64_t address, int64_t length)
{
	struct space *space = &p->spaces[process->space];

	if (ranges_add(&p->pool, &space->mapped, (uint64_t)address,
		       end_of(p, (uint64_t)address, length)) < 0)
		return -1;
	if (space->mapped.bytes > space->mapped_peak)
		space->mapped_peak = space->mapped.bytes;
	return 0;
}

int processes_unmap(struct processes *p, struct process *process, int64_t address, int64_t length)
{
	return ranges_remove(&p->pool, &p->spaces[process->space].mapped, (uint64_t)address,
			     end_of(p, (uint64_t)address, length));
}

int processes_brk(struct processes *p, struct process *process, int64_t now, int64_t old)
{
	uint64_t mask = p->page - 1;
	uint64_t to = ((uint64_t)now + mask) & ~mask, from = ((uint64_t)old + mask) & ~mask;

	if (!old)
		return 0;
	if (to > from)
		return processes_map(p, process, (int64_t)from,
				     to - from > INT64_MAX ? INT64_MAX : (int64_t)(to - from));
	return ranges_remove(&p->pool, &p->spaces[process->space].mapped, to, from);
}

int processes_orphan_rss(struct processes *p, enum rss_kind kind, int64_t bytes, int64_t mm)
{
	uint32_t k = intmap_get(&p->orphan_of_mm, (uint64_t)mm);

	if (k == INTMAP_NONE) {
		k = p->n_orphans;
		if (!array_room(p->orphans, p->n_orphans, p->orphans_max) ||
		    intmap_set(&p->orphan_of_mm, (uint64_t)mm, k) < 0)
			return -1;
		p->orphans[p->n_orphans++] = (struct orphan){ .known = 0 };
	}
	if (bytes < 0)
		return 0;
	p->orphans[k].rss[kind] = bytes;
	p->orphans[k].known |= 1U << kind;
	return 0;
}

static struct orphan *find_orphan(const struct processes *p, int64_t mm)
{
	uint32_t k = intmap_get(&p->orphan_of_mm, (uint64_t)mm);

	return k == INTMAP_NONE || !p->orphans[k].known ? NULL : &p->orphans[k];
}

/* The map becomes the one in use; what was resident before it had an owner is the process's. */
static void adopt(const struct processes *p, struct process *process, int64_t mm)
{
	struct orphan *orphan = find_orphan(p, mm);

	if (process->has_mm) {
		process->old_mm = process->mm;
		process->has_old_mm = true;
		memset(process->rss, 0, sizeof(process->rss));
	}
	process->has_mm = true;
	process->mm = mm;
	if (!orphan)
		return;
	for (int kind = 0; kind < RSS_KINDS; kind++) {
		if (!(orphan->known & 1U << kind))
			continue;
		process->rss[kind] = orphan->rss[kind];
		if (process->rss[kind] > process->rss_peak[kind])
			process->rss_peak[kind] = process->rss[kind];
	}
	orphan->known = 0; /* the id will be that of another map */
}

/* The memory from before exec, which is being given back; unless a new map has its id by now. */
static bool is_old(const struct processes *p, const struct process *process, int64_t mm)
{
	return process->has_old_mm && process->old_mm == mm && !find_orphan(p, mm);
}

bool processes_rss(const struct processes *p, struct process *process, enum rss_kind kind,
		   int64_t bytes, int64_t mm)
{
	int64_t sum;

	if (bytes < 0 || is_old(p, process, mm))
		return false;
	if (!process->has_mm || process->mm != mm)
		adopt(p, process, mm);
	process->has_rss = true;
	process->rss[kind] = bytes;
	if (bytes > process->rss_peak[kind])
		process->rss_peak[kind] = bytes;
	if (__builtin_add_overflow(process->rss[RSS_FILE], process->rss[RSS_ANON], &sum) ||
	    __builtin_add_overflow(sum, process->rss[RSS_SHMEM], &sum))
		sum = INT64_MAX;
	if (sum > process->rss_sum_peak)
		process->rss_sum_peak = sum;
	return true;
}

int processes_forget(struct processes *p, int (*gone)(void *user, const struct process *process),
		     void *user)
{
	uint32_t n = 0;

	intmap_clear(&p->by_tgid);
	for (uint32_t k = 0; k < p->n; k++) {
		struct process process = p->all[k];

		if (lives_now(p->lives, process.leader) != process.leader) {
			uint32_t into = lives_now(p->lives, process.leader);

			if (gone(user, &process) < 0 || let_go_add(p->lives->let_go, process.serial,
								   p->lives->all[into].serial) < 0)
				return -1;
			leave_space(p, process.space);
			continue;
		}
		p->all[n] = process;
		/* Of those with one number, the last has it now. */
		if (intmap_set(&p->by_tgid, (uint32_t)process.tgid, n++) < 0)
			return -1;
	}
	p->n = n;
	return 0;
}
