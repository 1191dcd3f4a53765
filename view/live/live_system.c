/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/live/live_system.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

#define MOST_TEXT 262144 /* /proc/stat names each interrupt */

/* The whole of a file of /proc, to be freed; NULL: there is none. */
static char *read_file(const char *path)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	auto_free char *text = fd >= 0 ? malloc(MOST_TEXT) : NULL;
	size_t have = 0;
	ssize_t n = 0;

	while (text && have < MOST_TEXT - 1 &&
	       (n = read(fd, text + have, MOST_TEXT - 1 - have)) > 0)
		have += (size_t)n;
	if (!text || n < 0)
		return NULL;
	text[have] = '\0';
	return steal_ptr(text);
}

/* The number behind a word that begins a line. */
static bool find_number(const char *text, const char *word, uint64_t *out)
{
	size_t n = strlen(word);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, word, n) && sscanf(line + n, "%lu", out) == 1)
			return true;
	}
	return false;
}

static int64_t number(const char *text, const char *word, int64_t unit)
{
	uint64_t value;

	return text && find_number(text, word, &value) ? (int64_t)value * unit : INT64_MIN;
}

/* Of the last ten seconds, those in which some task waited for it. */
static double pressure(const char *path)
{
	auto_free char *text = read_file(path);
	double share;

	return text && sscanf(text, "some avg10=%lf", &share) == 1 ? share : NAN;
}

static double rate(uint64_t now, uint64_t before, int64_t passed_ns)
{
	return passed_ns > 0 && now >= before ? (double)(now - before) * 1e9 / (double)passed_ns
					      : NAN;
}

static int64_t cpu_time(clockid_t clock)
{
	struct timespec t;

	return clock_gettime(clock, &t) == 0 ? (int64_t)t.tv_sec * 1000000000 + t.tv_nsec : -1;
}

static int64_t cpu_time_of(pid_t pid)
{
	clockid_t clock;

	return clock_getcpuclockid(pid, &clock) == 0 ? cpu_time(clock) : -1;
}

static double share(int64_t now, int64_t before, int64_t passed_ns)
{
	return passed_ns > 0 && now >= 0 && before >= 0
		       ? 100.0 * (double)(now - before) / (double)passed_ns
		       : NAN;
}

enum {
	LOAD_1,
	LOAD_5,
	LOAD_15,
	MEMORY_TOTAL,
	MEMORY_AVAILABLE,
	SWAP_TOTAL,
	SWAP_FREE,
	PRESSURE_CPU,
	PRESSURE_MEMORY,
	PRESSURE_IO,
	RUNNABLE,
	BLOCKED,
	FORKS,
	SWITCHES,
	INTERRUPTS,
	RECORDER,
	VIEWER,
	CPUS,
	N_COLUMNS
};
_Static_assert(N_COLUMNS == LIVE_SYSTEM_COLUMNS, "as the header says");

#define COLUMN_NOW(name, unit, kind, ...)                                                          \
	COLUMN(name, unit, REAL, kind, __VA_ARGS__, .merge = SCHEDTRACE_MERGE_NONE,                \
	       .doubt = SCHEDTRACE_DOUBT_NONE)
#define COLUMN_BYTES(name, ...) COLUMN_SIZE(name, __VA_ARGS__, .merge = SCHEDTRACE_MERGE_NONE)

static const struct schedtrace_column_info *const columns[N_COLUMNS] = {
	[LOAD_1] = COLUMN_NOW("load_1", "1", COUNT,
			      "tasks that run, wait or are blocked: mean of a minute"),
	[LOAD_5] = COLUMN_NOW("load_5", "1", COUNT, "the same of five minutes"),
	[LOAD_15] = COLUMN_NOW("load_15", "1", COUNT, "the same of fifteen"),
	[MEMORY_TOTAL] = COLUMN_BYTES("memory_total_bytes", "MemTotal of /proc/meminfo"),
	[MEMORY_AVAILABLE] =
		COLUMN_BYTES("memory_available_bytes", "what programs can have without swapping"),
	[SWAP_TOTAL] = COLUMN_BYTES("swap_total_bytes", "SwapTotal of /proc/meminfo"),
	[SWAP_FREE] = COLUMN_BYTES("swap_free_bytes", "SwapFree of /proc/meminfo"),
	[PRESSURE_CPU] =
		COLUMN_NOW("pressure_cpu", "%", SHARE,
			   "of the last 10 s, the time in which some task waited for a CPU"),
	[PRESSURE_MEMORY] = COLUMN_NOW("pressure_memory", "%", SHARE, "the same of memory"),
	[PRESSURE_IO] = COLUMN_NOW("pressure_io", "%", SHARE, "the same of I/O"),
	[RUNNABLE] =
		COLUMN_UNMERGED("runnable", "1", INT, AMOUNT, "tasks that run or wait for a CPU"),
	[BLOCKED] = COLUMN_UNMERGED("blocked", "1", INT, AMOUNT, "tasks that wait for a device"),
	[FORKS] = COLUMN_NOW("forks", "1/s", AMOUNT, "tasks made in a second"),
	[SWITCHES] = COLUMN_NOW("switches", "1/s", AMOUNT, "context switches in a second"),
	[INTERRUPTS] = COLUMN_NOW("interrupts", "1/s", AMOUNT, "interrupts in a second"),
	[RECORDER] = COLUMN_NOW("recorder_cpu", "%", SHARE, "of one CPU, what recording takes"),
	[VIEWER] = COLUMN_NOW("viewer_cpu", "%", SHARE, "of one CPU, what making tables takes"),
	[CPUS] = COLUMN_UNMERGED("cpus", "1", INT, AMOUNT, "CPUs that are online"),
};

const struct schedtrace_table_info live_system_info = {
	.name = "system",
	.about = "the whole machine, by /proc",
	.n_columns = N_COLUMNS,
	.columns = columns,
	.doubt = SCHEDTRACE_DOUBT_NONE,
	.unswitched = true,
};

static void read_rates(struct live_system *system, const char *stat, pid_t recorder,
		       union schedtrace_value *v)
{
	const struct live_system before = *system;
	int64_t passed;

	system->read_ns = now_ns();
	system->recorder_ns = cpu_time_of(recorder);
	system->viewer_ns = cpu_time(CLOCK_PROCESS_CPUTIME_ID);
	passed = before.read_ns ? system->read_ns - before.read_ns : 0;
	if (!stat || !find_number(stat, "ctxt ", &system->switches) ||
	    !find_number(stat, "intr ", &system->interrupts) ||
	    !find_number(stat, "processes ", &system->forks))
		system->read_ns = 0;
	v[FORKS].f = rate(system->forks, before.forks, passed);
	v[SWITCHES].f = rate(system->switches, before.switches, passed);
	v[INTERRUPTS].f = rate(system->interrupts, before.interrupts, passed);
	v[RECORDER].f = share(system->recorder_ns, before.recorder_ns, passed);
	v[VIEWER].f = share(system->viewer_ns, before.viewer_ns, passed);
}

void live_system_read(struct live_system *system, pid_t recorder,
		      union schedtrace_value v[LIVE_SYSTEM_COLUMNS])
{
	auto_free char *memory = read_file("/proc/meminfo"), *stat = read_file("/proc/stat");
	auto_free char *load = read_file("/proc/loadavg");

	if (!load || sscanf(load, "%lf %lf %lf", &v[LOAD_1].f, &v[LOAD_5].f, &v[LOAD_15].f) != 3)
		v[LOAD_1].f = v[LOAD_5].f = v[LOAD_15].f = NAN;
	v[MEMORY_TOTAL].i = number(memory, "MemTotal:", 1024);
	v[MEMORY_AVAILABLE].i = number(memory, "MemAvailable:", 1024);
	v[SWAP_TOTAL].i = number(memory, "SwapTotal:", 1024);
	v[SWAP_FREE].i = number(memory, "SwapFree:", 1024);
	v[PRESSURE_CPU].f = pressure("/proc/pressure/cpu");
	v[PRESSURE_MEMORY].f = pressure("/proc/pressure/memory");
	v[PRESSURE_IO].f = pressure("/proc/pressure/io");
	v[RUNNABLE].i = number(stat, "procs_running ", 1);
	v[BLOCKED].i = number(stat, "procs_blocked ", 1);
	v[CPUS].i = sysconf(_SC_NPROCESSORS_ONLN);
	read_rates(system, stat, recorder, v);
}

json_t *live_system_json(const union schedtrace_value v[LIVE_SYSTEM_COLUMNS])
{
	json_t *all = json_object();

	for (size_t i = 0; i < N_COLUMNS; i++) {
		json_t *value = columns[i]->type == SCHEDTRACE_REAL ? json_real(v[i].f)
				: v[i].i == INT64_MIN		    ? NULL
								    : json_integer(v[i].i);

		json_object_set_new(all, columns[i]->name, value ? value : json_null());
	}
	return all;
}
