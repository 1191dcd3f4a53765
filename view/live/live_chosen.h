/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which rows of the tables are shown: those of -p and --cgroup, and those that fulfil --filter. */
#ifndef VIEW_LIVE_LIVE_CHOSEN_H
#define VIEW_LIVE_LIVE_CHOSEN_H

#include <stdbool.h>

#include "analyze/filters.h"
#include "view/live/live.h"

struct live_chosen {
	const char *condition; /* NULL: none */
	bool by_task;	       /* -p or --cgroup is given */
	int32_t *named;	       /* of -p */
	size_t n_named;
	char *cgroup; /* its folder, NULL: none */
	/* Threads of these, and of the cgroup, that have been seen so far. */
	int32_t *threads;
	size_t n, cap;
};

/* Refuses processes and cgroups that are not there. */
int live_chosen_open(struct live_chosen *chosen, const struct live_options *options,
		     struct schedtrace_error *err);
void live_chosen_close(struct live_chosen *chosen);

/* Looks which threads there are now; what lives shorter than from one look to the next is missed
 * where it is a thread or a member of the cgroup, and never otherwise. */
int live_chosen_look(struct live_chosen *chosen, struct schedtrace_error *err);

/* The filters that let these rows pass, to be released. */
int live_chosen_filters(const struct live_chosen *chosen, struct filters *out,
			struct schedtrace_error *err);

/* Refuses a table of which such rows cannot be chosen. */
int live_chosen_check(const struct live_chosen *chosen, const struct schedtrace_table_info *info,
		      struct schedtrace_error *err);

#endif
