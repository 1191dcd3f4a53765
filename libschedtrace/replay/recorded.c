/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libschedtrace/replay/recorded.h"

#include <string.h>

/* Which event of the kernel makes the rows, and what to say where it is missing. */
static const struct {
	const char *name, *missing;
} kernel_events[SCHEDTRACE_EVENT_COUNT] = {
#define FROM(id, system, event) [SCHEDTRACE_##id] = { system ":" event, event " was not recorded" }
	FROM(EXEC, "sched", "sched_process_exec"),
	FROM(EXIT, "sched", "sched_process_exit"),
	FROM(FORK, "sched", "sched_process_fork"),
	FROM(NEWTASK, "task", "task_newtask"),
	FROM(CTX_SWITCH, "sched", "sched_switch"),
	FROM(WAKEUP, "sched", "sched_wakeup"),
	FROM(WAKEUP_NEW, "sched", "sched_wakeup_new"),
	FROM(WAKING, "sched", "sched_waking"),
	FROM(MIGRATE, "sched", "sched_migrate_task"),
	FROM(STAT_RUNTIME, "sched", "sched_stat_runtime"),
	FROM(PAGE_FAULT_USER, "exceptions", "page_fault_user"),
	FROM(PAGE_FAULT_KERNEL, "exceptions", "page_fault_kernel"),
	FROM(MAJOR_FAULT, "filemap", "mm_filemap_add_to_page_cache"),
	FROM(RSS_FILE, "kmem", "rss_stat"),
	FROM(RSS_ANON, "kmem", "rss_stat"),
	FROM(RSS_SWAP, "kmem", "rss_stat"),
	FROM(RSS_SHMEM, "kmem", "rss_stat"),
	FROM(PAGE_ALLOC, "kmem", "mm_page_alloc"),
	FROM(PAGE_FREE, "kmem", "mm_page_free"),
	FROM(MMAP, "syscalls", "sys_enter_mmap"),
	FROM(MUNMAP, "syscalls", "sys_enter_munmap"),
	FROM(MREMAP_FROM, "syscalls", "sys_enter_mremap"),
	FROM(MREMAP_TO, "syscalls", "sys_enter_mremap"),
	FROM(BRK, "syscalls", "sys_enter_brk"),
#undef FROM
};

/* @list has SYSTEM:EVENT with commas between. */
static bool is_listed(const char *list, const char *event)
{
	size_t n = strlen(event);

	for (const char *at = list; at && (at = strstr(at, event)); at += n)
		if ((at == list || at[-1] == ',') && (!at[n] || at[n] == ','))
			return true;
	return false;
}

bool event_recorded(const bool *seen, const char *recorded, int event)
{
	return seen[event] ||
	       (kernel_events[event].name && is_listed(recorded, kernel_events[event].name));
}

int event_by_name(const char *name)
{
	for (int id = 0; id < SCHEDTRACE_EVENT_COUNT; id++)
		if (!strcmp(schedtrace_event_info(id)->name, name))
			return id;
	return -1;
}

const char *event_missing(int event)
{
	return kernel_events[event].missing;
}

bool states_recorded(const bool *seen, const char *recorded)
{
	return seen[SCHEDTRACE_BLOCK] || seen[SCHEDTRACE_BLOCK_IO] || seen[SCHEDTRACE_STATE] ||
	       is_listed(recorded, kernel_events[SCHEDTRACE_CTX_SWITCH].name);
}
