/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where results go: stdout, or a file that appears only when it is whole. */
#ifndef CLI_RESULTS_H
#define CLI_RESULTS_H

#include <stdio.h>

#include "base/whole_file.h"

struct results {
	FILE *f;	    /* to print to */
	const char *path;   /* lent; NULL: stdout */
	struct whole_file file; /* unless stdout */
};

/* @path NULL: stdout. A path that is no regular file is refused and left alone. */
int results_open(struct results *results, const char *path, struct schedtrace_error *err);

/* Writes everything out and puts the file in its place. */
int results_finish(struct results *results, struct schedtrace_error *err);

/* Releases; a file that was not finished is removed. Zeroes are accepted. */
void results_close(struct results *results);

#endif
