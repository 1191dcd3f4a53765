/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who has the CPU while tasks of a name wait for it? All tasks of one name are added up. */
#include <stdio.h>
#include <string.h>

#include <schedtrace/schedtrace.h>

#define MOST 1000

static struct {
	const char *name;
	int64_t ns, preemptions;
} others[MOST];

static void add_up(const struct schedtrace_table *antagonists, const char *victim)
{
	const char *const *comm = schedtrace_table_texts(antagonists, "comm");
	const char *const *by = schedtrace_table_texts(antagonists, "by");
	const int64_t *ran = schedtrace_table_ints(antagonists, "ran_ns");
	const int64_t *preemptions = schedtrace_table_ints(antagonists, "preemptions");

	for (size_t i = 0; i < schedtrace_table_rows(antagonists); i++) {
		size_t k = 0;

		if (!comm[i] || strcmp(comm[i], victim) || !by[i])
			continue;
		while (k < MOST - 1 && others[k].name && strcmp(others[k].name, by[i]))
			k++;
		others[k].name = by[i];
		others[k].ns += ran[i];
		if (preemptions[i] > 0)
			others[k].preemptions += preemptions[i];
	}
}

int main(int argc, char **argv)
{
	struct schedtrace_error err = { .text = "usage: who_delays TARBALL NAME" };
	struct schedtrace_tables *tables = NULL;
	struct schedtrace *trace = NULL;
	int r = argc == 3 ? schedtrace_open(&trace, argv[1], NULL, &err) : SCHEDTRACE_E_USAGE;
	char name[64];

	if (!r)
		r = schedtrace_analyze(trace, "waits", &tables, &err);
	if (r)
		fprintf(stderr, "who_delays: %s\n", err.text);
	else
		add_up(schedtrace_tables_find(tables, "antagonists"), argv[2]);
	for (size_t i = 0; others[i].name; i++)
		printf("%10.3f ms  %lld preemptions  %s\n", (double)others[i].ns / 1e6,
		       (long long)others[i].preemptions,
		       schedtrace_printable(others[i].name, name, sizeof(name)));
	schedtrace_tables_free(tables);
	schedtrace_close(trace);
	return r ? 1 : 0;
}
