/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/live/live_chosen.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "record/attach.h"

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for chosen tasks");
}

int live_chosen_open(struct live_chosen *chosen, const struct live_options *options,
		     struct schedtrace_error *err)
{
	struct attach attach;
	int r;

	*chosen = (struct live_chosen){ .condition = options->filter,
					.by_task = options->pids || options->cgroup };
	if (!chosen->by_task)
		return 0;
	r = attach_check_namespace(options->pids ? "--pid" : "--cgroup", err);
	if (r < 0)
		return r;
	r = attach_open(&attach, options->pids, options->cgroup, err);
	if (r < 0)
		return r;
	chosen->named = calloc(attach.n_named + 1, sizeof(*chosen->named));
	for (size_t i = 0; chosen->named && i < attach.n_named; i++)
		chosen->named[chosen->n_named++] = attach.pids[i];
	chosen->cgroup = attach.cgroup ? strdup(attach.cgroup) : NULL;
	r = !chosen->named || (attach.cgroup && !chosen->cgroup) ? no_memory(err) : 0;
	attach_close(&attach);
	return r;
}

void live_chosen_close(struct live_chosen *chosen)
{
	free(chosen->named);
	free(chosen->cgroup);
	free(chosen->threads);
	*chosen = (struct live_chosen){ .condition = NULL };
}

static int add(struct live_chosen *chosen, int32_t thread, struct schedtrace_error *err)
{
	for (size_t i = 0; i < chosen->n; i++)
		if (chosen->threads[i] == thread)
			return 0;
	if (!array_room(chosen->threads, chosen->n, chosen->cap))
		return no_memory(err);
	chosen->threads[chosen->n++] = thread;
	return 0;
}

static int add_process(struct live_chosen *chosen, int32_t pid, struct schedtrace_error *err)
{
	struct dirent *entry;
	char path[32];
	DIR *threads;
	int r = add(chosen, pid, err);

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	threads = opendir(path);
	while (threads && r == 0 && (entry = readdir(threads)))
		if (isdigit((unsigned char)*entry->d_name))
			r = add(chosen, atoi(entry->d_name), err);
	if (threads)
		closedir(threads);
	return r;
}

int live_chosen_look(struct live_chosen *chosen, struct schedtrace_error *err)
{
	struct schedtrace_error empty;
	struct attach members;
	int r = 0;

	for (size_t i = 0; i < chosen->n_named && r == 0; i++)
		r = add_process(chosen, chosen->named[i], err);
	/* One that is empty now may have members later. */
	if (r < 0 || !chosen->cgroup || attach_open(&members, NULL, chosen->cgroup, &empty) < 0)
		return r;
	for (size_t i = 0; i < members.n && r == 0; i++)
		r = add_process(chosen, members.pids[i], err);
	attach_close(&members);
	return r;
}

/* "1,2,3", lent to the list, which frees no texts. */
static int list_threads(const struct live_chosen *chosen, char **text, struct schedtrace_error *err)
{
	size_t size;
	FILE *f = open_memstream(text, &size);

	if (!f)
		return no_memory(err);
	for (size_t i = 0; i < chosen->n; i++)
		fprintf(f, "%d,", chosen->threads[i]);
	return fclose(f) == 0 ? 0 : no_memory(err);
}

int live_chosen_filters(const struct live_chosen *chosen, struct filters *out,
			struct schedtrace_error *err)
{
	auto_free char *threads = NULL;
	int r = list_threads(chosen, &threads, err);

	*out = (struct filters){ .condition = chosen->condition };
	if (r < 0)
		return r;
	if (chosen->by_task) {
		out->pids.items = calloc(1, sizeof(*out->pids.items));
		if (!out->pids.items)
			return no_memory(err);
		out->pids.items[out->pids.n++] = threads;
	}
	r = filters_prepare(out, err);
	/* The numbers have been read. */
	if (out->pids.n)
		out->pids.items[0] = "";
	return r;
}

int live_chosen_check(const struct live_chosen *chosen, const struct schedtrace_table_info *info,
		      struct schedtrace_error *err)
{
	struct filters filters;
	int r;

	/* Which tasks there will be is not known beforehand. */
	if (chosen->by_task && !(info->choices & SCHEDTRACE_BY_TASK))
		return error_set(
			err, SCHEDTRACE_E_USAGE,
			"--pid and --cgroup: the rows of table %s are not about single tasks",
			info->name);
	if (chosen->condition && (info->choices & SCHEDTRACE_FIRST_ONLY))
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "--filter: table %s has only the first of many rows", info->name);
	r = live_chosen_filters(chosen, &filters, err);
	if (r == 0)
		r = filters_check(&filters, info, err);
	filters_release(&filters);
	return r;
}
