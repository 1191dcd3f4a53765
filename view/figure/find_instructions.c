/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/figure/find_instructions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "view/figure/beside_program.h"

/* Those of instructions/; a test compares them with the folder. */
static const char *const installed[] = {
	"blocked-and-woken-per-task",
	"events-per-cpu",
	"frequency-bands",
	"frequency-while-running",
	"idle-states",
	"load-balancing",
	"memory-requests",
	"memory-requests-in-order",
	"migrations",
	"page-faults",
	"page-faults-in-order",
	"resident-memory",
	"run-queue-length",
	"run-queue-length-points",
	"wakeup-latency",
	"wakeup-latency-over-time",
	"who-ran",
};

#define N_INSTALLED (sizeof(installed) / sizeof(*installed))

const char *installed_instructions(size_t i)
{
	return i < N_INSTALLED ? installed[i] : NULL;
}

int find_instructions(const char *name, char **path, struct schedtrace_error *err)
{
	const char *near;
	char beside[256];

	*path = NULL;
	if (access(name, F_OK) == 0 || strchr(name, '/')) {
		*path = strdup(name);
		return *path ? 0 : error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a file name");
	}
	for (size_t i = 0; i < N_INSTALLED; i++) {
		if (strcmp(installed[i], name))
			continue;
		snprintf(beside, sizeof(beside), "instructions/%s.json", name);
		*path = beside_program(beside);
		if (!*path && asprintf(path, "%s/%s.json", INSTRUCTIONS_DIRECTORY, name) < 0)
			*path = NULL;
		return *path ? 0 : error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a file name");
	}
	near = nearest_word(name, installed, N_INSTALLED);
	return near ? error_set(err, SCHEDTRACE_E_USAGE, "no instruction file %s; did you mean %s?",
				name, near)
		    : error_set(err, SCHEDTRACE_E_USAGE,
				"no instruction file %s; schedview --help lists the installed ones",
				name);
}
