/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libschedtrace/replay/recorded.h"

#include <string.h>

/* Which event of the kernel makes the rows. */
static const char *const kernel_events[SCHEDTRACE_EVENT_COUNT] = {
	[SCHEDTRACE_EXEC] = "sched:sched_process_exec",
	[SCHEDTRACE_EXIT] = "sched:sched_process_exit",
	[SCHEDTRACE_FORK] = "sched:sched_process_fork",
	[SCHEDTRACE_NEWTASK] = "task:task_newtask",
	[SCHEDTRACE_CTX_SWITCH] = "sched:sched_switch",
	[SCHEDTRACE_WAKEUP] = "sched:sched_wakeup",
	[SCHEDTRACE_WAKEUP_NEW] = "sched:sched_wakeup_new",
	[SCHEDTRACE_WAKING] = "sched:sched_waking",
	[SCHEDTRACE_MIGRATE] = "sched:sched_migrate_task",
	[SCHEDTRACE_STAT_RUNTIME] = "sched:sched_stat_runtime",
	[SCHEDTRACE_PAGE_FAULT_USER] = "exceptions:page_fault_user",
	[SCHEDTRACE_PAGE_FAULT_KERNEL] = "exceptions:page_fault_kernel",
	[SCHEDTRACE_MAJOR_FAULT] = "filemap:mm_filemap_add_to_page_cache",
	[SCHEDTRACE_RSS_FILE] = "kmem:rss_stat",
	[SCHEDTRACE_RSS_ANON] = "kmem:rss_stat",
	[SCHEDTRACE_RSS_SWAP] = "kmem:rss_stat",
	[SCHEDTRACE_RSS_SHMEM] = "kmem:rss_stat",
	[SCHEDTRACE_PAGE_ALLOC] = "kmem:mm_page_alloc",
	[SCHEDTRACE_PAGE_FREE] = "kmem:mm_page_free",
	[SCHEDTRACE_MMAP] = "syscalls:sys_enter_mmap",
	[SCHEDTRACE_MUNMAP] = "syscalls:sys_enter_munmap",
	[SCHEDTRACE_MREMAP_FROM] = "syscalls:sys_enter_mremap",
	[SCHEDTRACE_MREMAP_TO] = "syscalls:sys_enter_mremap",
	[SCHEDTRACE_BRK] = "syscalls:sys_enter_brk",
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
	return seen[event] || (kernel_events[event] && is_listed(recorded, kernel_events[event]));
}

bool states_recorded(const bool *seen, const char *recorded)
{
	return seen[SCHEDTRACE_BLOCK] || seen[SCHEDTRACE_BLOCK_IO] || seen[SCHEDTRACE_STATE] ||
	       is_listed(recorded, kernel_events[SCHEDTRACE_CTX_SWITCH]);
}
