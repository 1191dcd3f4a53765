/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where results go: stdout, or a file that appears only when it is whole. */
#ifndef ANALYZE_OUTPUT_H
#define ANALYZE_OUTPUT_H

#include <stdio.h>

#include <schedtrace/error.h>

struct output {
	FILE *f;
	char *path;	 /* NULL: stdout */
	char *temporary; /* beside it, until output_finish() */
};

/* @path NULL: stdout. A path that is no regular file is refused and left alone. */
int output_open(struct output *output, const char *path, struct schedtrace_error *err);

/* Writes everything out and puts the file in its place. */
int output_finish(struct output *output, struct schedtrace_error *err);

/* Releases; what was not finished is removed. */
void output_close(struct output *output);

#endif
