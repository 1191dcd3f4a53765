/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* schedview requests: what is in a database of requests, and what else is to be put there. */
#ifndef VIEW_REQUESTS_REQUESTS_COMMAND_H
#define VIEW_REQUESTS_REQUESTS_COMMAND_H

#include "cli/options.h"
#include "input/input.h"

/* As the command line gives it. */
struct requests_options {
	const char *db;		  /* NULL: requests.db in the user's folder of states */
	struct option_list add;	  /* recordings whose requests are added before */
	const char *pids, *calls; /* with commas between; NULL: all */
	struct option_list names;
	const char *since, *until;
	int64_t min_size, max_size; /* negative: no limit */
	int64_t last;		    /* 0: all */
	bool sum;
	const char *format; /* "text", "csv" or "json"; NULL: text */
	const char *out;    /* NULL: stdout */
	struct input_options input;
};

int requests_run(const struct requests_options *options, bool *damaged,
		 struct schedtrace_error *err);

#endif
