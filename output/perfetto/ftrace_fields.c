/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "output/perfetto/ftrace_fields.h"

#include <stddef.h>
#include <string.h>

/* Those whose records come as they are. Switches, wakings and others are made of rows. */
static const struct ftrace_message messages[] = {
	{ "ftrace", "print", 3, { { "ip", 1 }, { "buf", 2 } } },
	{ "sched",
	  "sched_blocked_reason",
	  18,
	  { { "pid", 1 }, { "caller", 2 }, { "io_wait", 3 } } },
	{ "irq", "softirq_entry", FTRACE_SOFTIRQ_ENTRY, { { "vec", 1 } } },
	{ "irq", "softirq_exit", FTRACE_SOFTIRQ_EXIT, { { "vec", 1 } } },
	{ "irq", "softirq_raise", 26, { { "vec", 1 } } },
	{ "irq", "irq_handler_entry", FTRACE_IRQ_HANDLER_ENTRY, { { "irq", 1 }, { "name", 2 } } },
	{ "irq", "irq_handler_exit", FTRACE_IRQ_HANDLER_EXIT, { { "irq", 1 }, { "ret", 2 } } },
	{ "vmscan",
	  "mm_vmscan_direct_reclaim_begin",
	  46,
	  { { "order", 1 }, { "may_writepage", 2 }, { "gfp_flags", 3 } } },
	{ "vmscan", "mm_vmscan_direct_reclaim_end", 47, { { "nr_reclaimed", 1 } } },
	{ "compaction",
	  "mm_compaction_begin",
	  99,
	  { { "zone_start", 1 },
	    { "migrate_pfn", 2 },
	    { "free_pfn", 3 },
	    { "zone_end", 4 },
	    { "sync", 5 } } },
	{ "compaction",
	  "mm_compaction_end",
	  103,
	  { { "zone_start", 1 },
	    { "migrate_pfn", 2 },
	    { "free_pfn", 3 },
	    { "zone_end", 4 },
	    { "sync", 5 },
	    { "status", 6 } } },
	{ "task",
	  "task_newtask",
	  FTRACE_TASK_NEWTASK,
	  { { "pid", 1 }, { "comm", 2 }, { "clone_flags", 3 }, { "oom_score_adj", 4 } } },
	{ "task",
	  "task_rename",
	  FTRACE_TASK_RENAME,
	  { { "pid", 1 }, { "oldcomm", 2 }, { "newcomm", 3 }, { "oom_score_adj", 4 } } },
	{ "sched",
	  "sched_process_exec",
	  FTRACE_SCHED_PROCESS_EXEC,
	  { { "filename", 1 }, { "pid", 2 }, { "old_pid", 3 } } },
	{ "sched",
	  "sched_process_exit",
	  FTRACE_SCHED_PROCESS_EXIT,
	  { { "comm", 1 }, { "pid", 2 }, { "prio", 4 } } },
	{ "sched",
	  "sched_process_fork",
	  FTRACE_SCHED_PROCESS_FORK,
	  { { "parent_comm", 1 }, { "parent_pid", 2 }, { "child_comm", 3 }, { "child_pid", 4 } } },
	{ "sched", "sched_process_free", 240, { { "comm", 1 }, { "pid", 2 }, { "prio", 3 } } },
	{ "kmem",
	  "mm_page_alloc",
	  FTRACE_MM_PAGE_ALLOC,
	  { { "gfp_flags", 1 }, { "migratetype", 2 }, { "order", 3 }, { "pfn", 5 } } },
	{ "kmem", "mm_page_free", FTRACE_MM_PAGE_FREE, { { "order", 1 }, { "pfn", 3 } } },
	{ "kmem",
	  "rss_stat",
	  FTRACE_RSS_STAT,
	  { { "member", 1 }, { "size", 2 }, { "curr", 3 }, { "mm_id", 4 } } },
};

const struct ftrace_message *ftrace_message(const char *system, const char *name)
{
	for (size_t i = 0; i < sizeof(messages) / sizeof(*messages); i++)
		if (strcmp(messages[i].name, name) == 0 && strcmp(messages[i].system, system) == 0)
			return &messages[i];
	return NULL;
}
