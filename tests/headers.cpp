// SPDX-License-Identifier: LGPL-2.1-or-later
// The public header in a C++ program: it compiles without a warning, and links.
#include <schedtrace/schedtrace.h>

#include <cstdio>

int main()
{
	schedtrace_error err;
	schedtrace_builder *builder;
	schedtrace *trace;
	schedtrace_task task = SCHEDTRACE_TASK_UNKNOWN;
	const schedtrace_events *events;

	task.pid = 7;
	if (schedtrace_builder_new(&builder, &err) < 0)
		return 1;
	if (schedtrace_context_add_task(schedtrace_builder_context(builder), &task, &err) < 0 ||
	    schedtrace_builder_add(builder, 1, 0, 7, SCHEDTRACE_WAKEUP, 0, 0, 0, &err) < 0 ||
	    schedtrace_builder_finish(builder, &trace, &err) < 0)
		return 1;
	int r = schedtrace_load(trace, &events, &err);
	bool right = r == 0 && events->n == 1 && events->pid[0] == 7;
	schedtrace_close(trace);
	std::printf("%s 1 - a C++ program uses the library\n1..1\n", right ? "ok" : "not ok");
	return right ? 0 : 1;
}
