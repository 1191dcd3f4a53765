/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows of system calls that map memory, of page faults, resident memory and page allocation. */
#include "convert/row_maker_state.h"

#define ERRNO_MAX     4095
#define ENOMEM_RESULT (-12)
#define LIMIT_32BIT   (INT64_C(1) << 32)

static void enter_call(struct row_maker *m, struct traced_cpu *cpu, int call, int64_t a, int64_t b,
		       int64_t c)
{
	struct task *task = cpu->task;

	if (!task)
		return;
	task->call = call;
	task->call_epoch = m->loss_epoch;
	task->call_args[0] = a;
	task->call_args[1] = b;
	task->call_args[2] = c;
}

static void enter_rows(struct row_maker *m, const struct compiled_event *e, const struct record *r,
		       struct traced_cpu *cpu)
{
	enter_call(m, cpu, e->kind->arg, field_int(&e->f[0], r), field_int(&e->f[1], r),
		   field_int(&e->f[2], r));
}

#define DONTUNMAP 4 /* MREMAP_DONTUNMAP: the old addresses stay mapped */

static void enter_mremap_rows(struct row_maker *m, const struct compiled_event *e,
			      const struct record *r, struct traced_cpu *cpu)
{
	bool stays = field_int(&e->f[3], r) & DONTUNMAP;

	enter_call(m, cpu, e->kind->arg, field_int(&e->f[0], r), stays ? 0 : field_int(&e->f[1], r),
		   field_int(&e->f[2], r));
}

/*
 * brk() gives the break that is in force, so a failure shows only as a break that is not the one
 * asked for; its errno is always ENOMEM.
 */
static void brk_rows(struct row_maker *m, const struct record *r, struct traced_cpu *cpu,
		     struct task *task, int64_t result)
{
	struct task *leader = row_maker_leader(m, cpu, task);
	int64_t asked = task->call_args[0], old = leader->brk;

	leader->brk = result;
	if (asked != 0 && asked != result)
		row(m, r, cpu->id, task, SCHEDTRACE_CALL_FAILED, SCHEDTRACE_BRK, ENOMEM_RESULT);
	else if (result != old && (asked != 0 || old != 0))
		row(m, r, cpu->id, task, SCHEDTRACE_BRK, result, old);
}

static void exit_call_rows(struct row_maker *m, const struct compiled_event *e,
			   const struct record *r, struct traced_cpu *cpu)
{
	struct task *task = cpu->task;
	int64_t result = field_int(&e->f[0], r);
	const int64_t *args;

	if (!task || task->call == NO_CALL)
		return;
	/* Begun before the trace, or before a gap: nobody knows what was asked. */
	if (task->call != e->kind->arg || task->call_epoch != m->loss_epoch) {
		task->call = NO_CALL;
		return;
	}
	task->call = NO_CALL;
	args = task->call_args;
	if (e->kind->arg == SCHEDTRACE_BRK) {
		brk_rows(m, r, cpu, task, result);
		return;
	}
	if (result < 0 && result >= -ERRNO_MAX) {
		row(m, r, cpu->id, task, SCHEDTRACE_CALL_FAILED, e->kind->arg, result);
		return;
	}
	switch (e->kind->arg) {
	case SCHEDTRACE_MMAP:
		row(m, r, cpu->id, task, SCHEDTRACE_MMAP, result, args[1]);
		break;
	case SCHEDTRACE_MUNMAP:
		row(m, r, cpu->id, task, SCHEDTRACE_MUNMAP, args[0], args[1]);
		break;
	case SCHEDTRACE_MREMAP_FROM:
		row(m, r, cpu->id, task, SCHEDTRACE_MREMAP_FROM, args[0], args[1]);
		row(m, r, cpu->id, task, SCHEDTRACE_MREMAP_TO, result, args[2]);
		break;
	}
}

enum { AREA_ADDR, AREA_LENGTH, AREA_HIGH };

/*
 * The kernel looks for free addresses. 64-bit tasks do so in a system call that gives its own row.
 * 32-bit calls are not traced, so this is all that shows of them; what they unmap is not seen. What
 * the kernel itself maps while exec builds a program is no call of the task.
 */
static void unmapped_area_rows(struct row_maker *m, const struct compiled_event *e,
			       const struct record *r, struct traced_cpu *cpu)
{
	struct task *task = cpu->task;
	uint64_t high = (uint64_t)field_int(&e->f[AREA_HIGH], r);
	int64_t address = field_int(&e->f[AREA_ADDR], r);

	if (!task || task->pid <= 0 || task->call != NO_CALL || task->in_exec)
		return;
	if (high > LIMIT_32BIT || (address < 0 && address >= -ERRNO_MAX))
		return;
	row(m, r, cpu->id, task, SCHEDTRACE_AREA, address, field_int(&e->f[AREA_LENGTH], r));
}

/* The process of the current task loses its memory: by exit, or by exec, which rebuilds it. */
static void exit_mmap_rows(struct row_maker *m, const struct compiled_event *e,
			   const struct record *r, struct traced_cpu *cpu)
{
	struct task *task = cpu->task, *leader;

	if (!task || task->pid <= 0)
		return;
	leader = row_maker_leader(m, cpu, task);
	if (leader->has_mm)
		owners_remove(&m->owners, leader->mm_id, leader->pid);
	leader->has_mm = 0;
	task->in_exec = 1;
}

/*
 * The owner of a map is the process that first changes it as its own (curr). The rest, such as a
 * parent that fills its child's map or exec that fills the next program's, is given to the owner
 * if it is known by then, else written with pid -1; the values are absolute, so that the first
 * row with an owner makes up for those.
 */
enum { RSS_MM, RSS_MEMBER, RSS_SIZE, RSS_CURR };

static void rss_rows(struct row_maker *m, const struct compiled_event *e, const struct record *r,
		     struct traced_cpu *cpu)
{
	static const int ids[] = { SCHEDTRACE_RSS_FILE, SCHEDTRACE_RSS_ANON, SCHEDTRACE_RSS_SWAP,
				   SCHEDTRACE_RSS_SHMEM };
	uint32_t mm_id = (uint32_t)field_int(&e->f[RSS_MM], r);
	int64_t member = field_int(&e->f[RSS_MEMBER], r);
	int32_t tgid = owners_get(&m->owners, mm_id);
	struct task *task = cpu->task, *leader, *owner;
	int32_t comm = 0;

	if (member < 0 || member > 3)
		return;
	if (field_int(&e->f[RSS_CURR], r) && tgid < 0 && task && task->tgid > 0) {
		leader = row_maker_leader(m, cpu, task);
		if (leader->has_mm)
			owners_remove(&m->owners, leader->mm_id, leader->pid);
		leader->has_mm = 1;
		leader->mm_id = mm_id;
		tgid = leader->pid;
		if (owners_set(&m->owners, mm_id, tgid, m->err) < 0)
			m->status = SCHEDTRACE_E_NOMEM;
	}
	if (tgid > 0) {
		owner = row_maker_task(m, cpu, tgid);
		comm = owner->comm;
	}
	rows_add(m->rows, r->timestamp, cpu->id, tgid, comm, ids[member],
		 field_int(&e->f[RSS_SIZE], r), mm_id);
}

enum { FAULT_ADDRESS, FAULT_IP };

static void fault_rows(struct row_maker *m, const struct compiled_event *e, const struct record *r,
		       struct traced_cpu *cpu)
{
	struct task *task = cpu->task;
	int64_t address = field_int(&e->f[FAULT_ADDRESS], r);

	if (!task)
		return;
	task->in_fault = 1;
	task->fault_missed = 0;
	task->fault_address = address;
	row(m, r, cpu->id, task, e->kind->arg, address, field_int(&e->f[FAULT_IP], r));
}

enum { FILEMAP_INODE, FILEMAP_DEVICE, FILEMAP_INDEX };

static void filemap_fault_rows(struct row_maker *m, const struct compiled_event *e,
			       const struct record *r, struct traced_cpu *cpu)
{
	struct task *task = cpu->task;

	if (!task || !task->in_fault)
		return;
	task->fault_missed = 1;
	task->fault_inode = field_int(&e->f[FILEMAP_INODE], r);
	task->fault_device = field_int(&e->f[FILEMAP_DEVICE], r);
	task->fault_index = field_int(&e->f[FILEMAP_INDEX], r);
}

enum { CACHE_INODE, CACHE_DEVICE, CACHE_INDEX, CACHE_ORDER };

/* A fault is major if the page that it looked for has to be added to the page cache. */
static void page_cache_rows(struct row_maker *m, const struct compiled_event *e,
			    const struct record *r, struct traced_cpu *cpu)
{
	struct task *task = cpu->task;
	uint64_t begin = (uint64_t)field_int(&e->f[CACHE_INDEX], r);
	uint64_t order = (uint64_t)field_int(&e->f[CACHE_ORDER], r);

	if (!task || !task->in_fault || !task->fault_missed || order > 63)
		return;
	if (field_int(&e->f[CACHE_INODE], r) != task->fault_inode ||
	    field_int(&e->f[CACHE_DEVICE], r) != task->fault_device)
		return;
	if ((uint64_t)task->fault_index - begin >= UINT64_C(1) << order)
		return;
	task->in_fault = 0;
	row(m, r, cpu->id, task, SCHEDTRACE_MAJOR_FAULT, task->fault_address, task->fault_inode);
}

enum { PAGE_PFN, PAGE_ORDER };

/* A page frame number of all ones is an allocation that failed. */
static void page_rows(struct row_maker *m, const struct compiled_event *e, const struct record *r,
		      struct traced_cpu *cpu)
{
	int64_t pfn = field_int(&e->f[PAGE_PFN], r);
	const struct task *task = cpu->task;

	if (pfn != -1)
		rows_add(m->rows, r->timestamp, cpu->id, r->pid, task ? task->comm : 0,
			 e->kind->arg, pfn, field_int(&e->f[PAGE_ORDER], r));
}

const struct event_kind memory_events[] = {
	{ "syscalls", "sys_enter_mmap", enter_rows, SCHEDTRACE_MMAP, { "addr", "len" } },
	{ "syscalls", "sys_exit_mmap", exit_call_rows, SCHEDTRACE_MMAP, { "ret" } },
	{ "syscalls", "sys_enter_munmap", enter_rows, SCHEDTRACE_MUNMAP, { "addr", "len" } },
	{ "syscalls", "sys_exit_munmap", exit_call_rows, SCHEDTRACE_MUNMAP, { "ret" } },
	{ "syscalls",
	  "sys_enter_mremap",
	  enter_mremap_rows,
	  SCHEDTRACE_MREMAP_FROM,
	  { "addr", "old_len", "new_len", "?flags" } },
	{ "syscalls", "sys_exit_mremap", exit_call_rows, SCHEDTRACE_MREMAP_FROM, { "ret" } },
	{ "syscalls", "sys_enter_brk", enter_rows, SCHEDTRACE_BRK, { "brk" } },
	{ "syscalls", "sys_exit_brk", exit_call_rows, SCHEDTRACE_BRK, { "ret" } },
	{ "mmap", "vm_unmapped_area", unmapped_area_rows, 0, { "addr", "length", "high_limit" } },
	{ "mmap", "exit_mmap", exit_mmap_rows, 0, { 0 } },
	{ "kmem", "rss_stat", rss_rows, 0, { "mm_id", "member", "size", "curr" } },
	{ "exceptions",
	  "page_fault_user",
	  fault_rows,
	  SCHEDTRACE_PAGE_FAULT_USER,
	  { "address", "ip" } },
	{ "exceptions",
	  "page_fault_kernel",
	  fault_rows,
	  SCHEDTRACE_PAGE_FAULT_KERNEL,
	  { "address", "ip" } },
	{ "filemap", "mm_filemap_fault", filemap_fault_rows, 0, { "i_ino", "s_dev", "index" } },
	{ "filemap",
	  "mm_filemap_add_to_page_cache",
	  page_cache_rows,
	  0,
	  { "i_ino", "s_dev", "index", "?order" } },
	{ "kmem", "mm_page_alloc", page_rows, SCHEDTRACE_PAGE_ALLOC, { "pfn", "order" } },
	{ "kmem", "mm_page_free", page_rows, SCHEDTRACE_PAGE_FREE, { "pfn", "order" } },
	{ 0 },
};
