/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plot_figures.h"

#include <string.h>

static const struct panel_spec specs[] = {
	{ .of = "tasks",
	  .from = "tasks",
	  .make = plot_make_bars,
	  .title = "Time of each task, without its sleep",
	  .labels = "comm,pid",
	  .values = "on_cpu_ns,on_cpu_hi_ns-on_cpu_ns:possibly on CPU,wait_wakeup_ns,"
		    "wait_preempt_ns,wait_new_ns,blocked_ns,stopped_ns",
	  .top = 20,
	  .stacked = true },
	{ .of = "cpus",
	  .from = "cpus",
	  .make = plot_make_bars,
	  .labels = "cpu",
	  .values = "busy_ns,idle_ns,unknown_ns",
	  .top = 64,
	  .stacked = true },
	{ .of = "cpus",
	  .from = "cpu_tasks",
	  .make = plot_make_bars,
	  .labels = "cpu,comm,pid",
	  .values = "on_cpu_ns",
	  .top = 20 },
	{ .of = "migrations",
	  .from = "migrations",
	  .make = plot_make_bars,
	  .labels = "comm,pid",
	  .values = "wake:at a wakeup,fork:at a fork,exec:at an exec,balance:for balance",
	  .top = 20,
	  .stacked = true },
	{ .of = "latency",
	  .from = "latency_histogram",
	  .make = plot_make_histogram,
	  .title = "How long waits are, by powers of two" },
	{ .of = "latency",
	  .from = "latency_histogram",
	  .make = plot_make_distribution,
	  .title = "How many waits are not longer" },
	{ .from = "latency",
	  .make = plot_make_bars,
	  .labels = "comm,pid,kind",
	  .values = "p50_ns:median,p99_ns:99 % within,max_ns:longest",
	  .top = 12 },
	{ .from = "latency_worst",
	  .make = plot_make_bars,
	  .labels = "comm,pid,kind",
	  .values = "latency_ns",
	  .top = 20 },
	{ .from = "latency_kinds",
	  .make = plot_make_bars,
	  .labels = "kind,placement",
	  .values = "p50_ns:median,p99_ns:99 % within,max_ns:longest",
	  .top = 12 },
	{ .of = "waits",
	  .from = "waits",
	  .make = plot_make_bars,
	  .labels = "comm,pid",
	  .values = "on_cpu_ns,wait_wakeup_ns,wait_preempt_ns,wait_new_ns,sleep_ns,idle_ns,"
		    "blocked_ns,stopped_ns,made_ns,lasting_ns,unknown_ns",
	  .top = 20,
	  .stacked = true },
	{ .of = "waits",
	  .from = "wait_reasons",
	  .make = plot_make_bars,
	  .labels = "comm,pid",
	  .values = "behind_tasks_ns:other tasks ran on its CPU,"
		    "behind_idle_ns:its CPU was about to leave idle,"
		    "wait_ns-behind_tasks_ns-behind_idle_ns:unknown",
	  .top = 12,
	  .stacked = true },
	{ .from = "antagonists",
	  .make = plot_make_bars,
	  .title = "Who ran where each task waited",
	  .labels = "comm,pid,by,by_pid",
	  .values = "ran_ns",
	  .top = 20 },
	{ .of = "memory",
	  .from = "memory",
	  .make = plot_make_pie,
	  .title = "Memory of each process",
	  .labels = "comm,pid",
	  .values = "rss_peak_bytes:most resident at once|net_floor_bytes:mapped less "
		    "what was unmapped",
	  .top = 10 },
	{ .of = "faults", .from = "faults_curve", .make = plot_make_faults, .top = 7 },
	{ .from = "faults_total", .make = plot_make_faults, .top = 7 },
	{ .from = "faults",
	  .make = plot_make_bars,
	  .labels = "comm,pid",
	  .values = "minor,major",
	  .top = 20 },
	{ .of = "utilization",
	  .from = "utilization",
	  .make = plot_make_utilization,
	  .title = "How busy the CPUs were, and with which tasks",
	  .top = 7 },
	{ .from = "utilization_tasks",
	  .make = plot_make_bars,
	  .labels = "comm,pid",
	  .values = "on_cpu_ns",
	  .top = 20 },
	{ .from = "completion",
	  .make = plot_make_bars,
	  .labels = "what",
	  .values = "completion_ns,on_cpu_ns",
	  .top = 20 },
	{ .of = "stacks",
	  .from = "stacks",
	  .make = plot_make_bars,
	  .title = "Call stacks with most time on the CPU until the switch away",
	  .labels = "comms,frames",
	  .values = "on_cpu_ns",
	  .top = 20 },
	{ .from = "stacks_kernel",
	  .make = plot_make_bars,
	  .labels = "comms,frames",
	  .values = "on_cpu_ns",
	  .top = 20 },
	{ .from = "stacks_user",
	  .make = plot_make_bars,
	  .labels = "comms,frames",
	  .values = "on_cpu_ns",
	  .top = 20 },
	{ .of = "runqueue",
	  .from = "runqueue_lengths",
	  .make = plot_make_bars,
	  .labels = "cpu,length",
	  .values = "ns:time",
	  .top = 40 },
};

#define N_SPECS (sizeof(specs) / sizeof(*specs))

const struct panel_spec plot_spec_any = { .make = plot_make_bars, .top = 20 };

const struct panel_spec *plot_spec_of_analysis(const char *analysis, size_t i)
{
	for (size_t s = 0; s < N_SPECS; s++)
		if (specs[s].of && !strcmp(specs[s].of, analysis) && !i--)
			return &specs[s];
	return NULL;
}

const struct panel_spec *plot_spec_from(const char *table_or_log, size_t i)
{
	for (size_t s = 0; s < N_SPECS; s++)
		if (!strcmp(specs[s].from, table_or_log) && !i--)
			return &specs[s];
	return NULL;
}
