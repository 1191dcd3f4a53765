/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/figure/find_instructions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/nearest.h"

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

/* Beside the program, which may have been moved with its prefix, or not installed at all; NULL: it
 * is not there. */
static char *beside_program(const char *name)
{
	static const char *const folders[] = { "instructions",
					       "../share/schedtrace/instructions" };
	char program[4096], *slash, *path;
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);

	if (n <= 0)
		return NULL;
	program[n] = '\0';
	slash = strrchr(program, '/');
	if (!slash)
		return NULL;
	*slash = '\0';
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		if (asprintf(&path, "%s/%s/%s.json", program, folders[i], name) < 0)
			return NULL;
		if (access(path, R_OK) == 0)
			return path;
		free(path);
	}
	return NULL;
}

int find_instructions(const char *name, char **path, struct schedtrace_error *err)
{
	const char *near;

	*path = NULL;
	if (access(name, F_OK) == 0 || strchr(name, '/')) {
		*path = strdup(name);
		return *path ? 0 : error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a file name");
	}
	for (size_t i = 0; i < N_INSTALLED; i++) {
		if (strcmp(installed[i], name))
			continue;
		*path = beside_program(name);
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
