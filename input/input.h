/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A tarball, or a trace.dat where the converter was built: rows in time order and their context. */
#ifndef INPUT_INPUT_H
#define INPUT_INPUT_H

#include <stdbool.h>

#include <schedtrace/trace.h>

struct infile;

struct infile_options {
	const char *instance; /* of a trace.dat; NULL: the only one with events */
	bool salvage;	      /* of a damaged trace.dat: what is whole */
	bool default_ids;     /* of a tarball without event names: SchedLog's own ids */
	bool validate;	      /* of a tarball: check everything before the first row */
	void (*note)(void *user, const char *text);
};

int infile_open(struct infile **out, const char *path, const struct infile_options *options,
		struct schedtrace_error *err);
void infile_close(struct infile *infile);

/* Complete after the last row; before it, a trace.dat may still add to it. */
const struct schedtrace_context *infile_context(const struct infile *infile);

/* Whether the context is complete from the start, as a tarball's is. */
bool infile_knows_all_tasks(const struct infile *infile);

/* 1 with rows that live until the next call, 0 at the end, negative on failure. */
int infile_next(struct infile *infile, const struct schedtrace_events **events,
		struct schedtrace_error *err);

/* For progress: rows of a tarball or bytes of a trace.dat. */
void infile_position(const struct infile *infile, uint64_t *done, uint64_t *total);

/* The tarball, whose members can be read; NULL for a trace.dat, which has none. */
struct schedtrace *infile_tarball(const struct infile *infile);

/* How many rows there are, where that is known without reading them; else INT64_MIN. */
int64_t infile_rows(const struct infile *infile);

/* After the end: whether --salvage left something out. */
bool infile_damaged(const struct infile *infile);

#endif
