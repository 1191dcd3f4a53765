/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "convert/facts_parts.h"

/* Sum of the lines "NAME: NUMBER" that CPUSTAT has for the names; -1 if it has none of them. */
static int64_t cpustat_sum(const char *text, const char *const *names)
{
	int64_t sum = -1;

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		for (size_t i = 0; names[i]; i++) {
			size_t n = strlen(names[i]);

			if (strncmp(line, names[i], n) == 0 && line[n] == ':') {
				int64_t value = strtoll(line + n + 1, NULL, 10);

				if (value >= 0 && value < INT64_MAX / 4)
					sum = (sum < 0 ? 0 : sum) + value;
			}
		}
	}
	return sum;
}

/* What schedrec adds to CPUSTAT where it could not read a CPU to the end. */
static int note_failed_reader(struct facts *facts, int32_t cpu, const char *text,
			      struct schedtrace_error *err)
{
	static const char key[] = "\nreader failed: ";
	static const char *const unwritten[] = { "unwritten events", NULL };
	const char *line = text ? strstr(text, key) : NULL;
	long errnum = line ? strtol(line + strlen(key), NULL, 10) : 0;
	int64_t missing = -1;
	int r;

	if (errnum <= 0 || errnum > INT32_MAX)
		return 0;
	r = facts_add_unread(facts, cpu, (int32_t)errnum, err);
	/* Tracing ended with the file or at the user's wish; else the buffer went on without its
	 * reader, and lost nobody knows what. */
	if (errnum == ENOSPC || errnum == EDQUOT || errnum == EFBIG || errnum == EINTR)
		missing = cpustat_sum(text, unwritten);
	return r < 0 ? r : row_maker_ends_early(facts->maker, cpu, missing, err);
}

static int set_cpus(struct facts *facts, const struct tracedat_head *head,
		    struct schedtrace_error *err)
{
	static const char *const lost[] = { "overrun", "commit overrun", "dropped events",
					    "unwritten events", NULL };
	static const char *const read[] = { "read events", NULL };

	for (int i = 0; i < head->n_cpus; i++) {
		const char *text = head->cpustats ? head->cpustats[i] : NULL;
		struct schedtrace_cpu cpu = SCHEDTRACE_CPU_UNKNOWN;
		int r;

		cpu.cpu = i;
		cpu.read = text ? cpustat_sum(text, read) : -1;
		cpu.lost = text ? cpustat_sum(text, lost) : -1;
		r = schedtrace_context_set_cpu(facts->ctx, &cpu, err);
		if (r == 0)
			r = note_failed_reader(facts, i, text, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* "Linux HOST RELEASE VERSION… MACHINE": the words that have a place in the facts. */
static void set_uname(struct schedtrace_info *info, char *text)
{
	char *save = NULL, *last = NULL;
	int n = 0;

	for (char *w = strtok_r(text, " \n", &save); w; w = strtok_r(NULL, " \n", &save), n++) {
		if (n == 1)
			info->host = w;
		else if (n == 2)
			info->release = w;
		last = w;
	}
	if (n > 3)
		info->machine = last;
}

const struct format *facts_find_format(const struct facts *facts, const char *system,
				       size_t system_n, const char *name)
{
	for (size_t i = 0; i < facts->n_formats; i++) {
		const struct format *f = &facts->formats[i];

		if (strlen(f->system) == system_n && memcmp(f->system, system, system_n) == 0 &&
		    strcmp(f->name, name) == 0)
			return f;
	}
	return NULL;
}

static void find_markers(struct facts *facts, const char *writer)
{
	const struct format *f = facts_find_format(facts, "ftrace", strlen("ftrace"), "raw_data");

	for (size_t i = 0; f && i < f->n_fields; i++)
		if (strcmp(f->fields[i].name, "id") == 0) {
			facts->raw_data = (int)(f - facts->formats);
			facts->raw_offset = f->fields[i].offset;
		}
	if (facts->raw_data < 0 && writer && strncmp(writer, "schedrec ", strlen("schedrec ")) == 0)
		note(&facts->options->notes,
		     "schedrec wrote it, but it has no format of ftrace:raw_data, "
		     "of which the recorder's own records are: the facts of the "
		     "recording, the tasks at its begin and samples are unknown");
}

int facts_of_head(struct facts *facts, const struct tracedat_head *head,
		  struct schedtrace_error *err)
{
	struct schedtrace_info info = *schedtrace_context_info(facts->ctx);
	auto_free char *uname = NULL;
	int r;

	find_markers(facts, head->writer);
	info.clock = head->clock;
	info.cpus = head->n_cpus;
	if (head->uname) {
		uname = strdup(head->uname);
		if (!uname)
			return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a uname");
		set_uname(&info, uname);
	}
	r = schedtrace_context_set_info(facts->ctx, &info, err);
	return r < 0 ? r : set_cpus(facts, head, err);
}
