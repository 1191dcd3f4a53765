/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/live/live_system.h"

#include <fcntl.h>
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

static json_t *number(const char *text, const char *word, uint64_t unit)
{
	uint64_t value;

	return text && find_number(text, word, &value) ? json_integer((json_int_t)(value * unit))
						       : json_null();
}

static json_t *load(void)
{
	auto_free char *text = read_file("/proc/loadavg");
	double a, b, c;

	return text && sscanf(text, "%lf %lf %lf", &a, &b, &c) == 3
		       ? json_pack("[f, f, f]", a, b, c)
		       : json_null();
}

/* Of the last ten seconds, those in which some task waited for it. */
static json_t *pressure(const char *path)
{
	auto_free char *text = read_file(path);
	double share;

	return text && sscanf(text, "some avg10=%lf", &share) == 1 ? json_real(share) : json_null();
}

static json_t *rate(uint64_t now, uint64_t before, int64_t passed_ns)
{
	return passed_ns > 0 && now >= before
		       ? json_real((double)(now - before) * 1e9 / (double)passed_ns)
		       : json_null();
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

static json_t *share(int64_t now, int64_t before, int64_t passed_ns)
{
	return passed_ns > 0 && now >= 0 && before >= 0
		       ? json_real(100.0 * (double)(now - before) / (double)passed_ns)
		       : json_null();
}

json_t *live_system_read(struct live_system *system, pid_t recorder)
{
	auto_free char *memory = read_file("/proc/meminfo"), *stat = read_file("/proc/stat");
	const struct live_system before = *system;
	int64_t passed;
	json_t *all;

	system->read_ns = now_ns();
	system->recorder_ns = cpu_time_of(recorder);
	system->viewer_ns = cpu_time(CLOCK_PROCESS_CPUTIME_ID);
	passed = before.read_ns ? system->read_ns - before.read_ns : 0;
	if (!stat || !find_number(stat, "ctxt ", &system->switches) ||
	    !find_number(stat, "intr ", &system->interrupts) ||
	    !find_number(stat, "processes ", &system->forks))
		system->read_ns = 0;
	all = json_pack(
		"{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "load", load(),
		"memory_total", number(memory, "MemTotal:", 1024), "memory_available",
		number(memory, "MemAvailable:", 1024), "swap_total",
		number(memory, "SwapTotal:", 1024), "swap_free", number(memory, "SwapFree:", 1024),
		"pressure_cpu", pressure("/proc/pressure/cpu"), "pressure_memory",
		pressure("/proc/pressure/memory"), "pressure_io", pressure("/proc/pressure/io"),
		"runnable", number(stat, "procs_running ", 1), "blocked",
		number(stat, "procs_blocked ", 1));
	json_object_set_new(all, "forks", rate(system->forks, before.forks, passed));
	json_object_set_new(all, "switches", rate(system->switches, before.switches, passed));
	json_object_set_new(all, "interrupts", rate(system->interrupts, before.interrupts, passed));
	json_object_set_new(all, "recorder_cpu",
			    share(system->recorder_ns, before.recorder_ns, passed));
	json_object_set_new(all, "viewer_cpu", share(system->viewer_ns, before.viewer_ns, passed));
	return all;
}
