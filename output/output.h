/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the rows of a recording go, as operations, whatever is made of them: rows, then what stands
 * beside them, then the end, which makes the file whole under its name. A file that is not ended
 * never appears.
 */
#ifndef OUTPUT_OUTPUT_H
#define OUTPUT_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include <schedtrace/context.h>
#include <schedtrace/error.h>

#include "base/note.h"

struct output;

/* What a format is, for who chooses one. */
struct output_format {
	const char *name;   /* "schedlog" */
	const char *ending; /* of its files: ".tar" */
	const char *keeps;  /* what of a recording is in it */
	const char *loses;  /* and what is not; NULL: nothing */
	/* Records that rows keep only in part are wanted too, as the arrays other_… of a
	 * tarball. */
	bool wants_records;
};

/* The i-th, NULL after the last. */
const struct output_format *output_format(size_t i);

struct output_options {
	const char *format;  /* its name; NULL: as the file's name ends, else the first */
	const char *like;    /* a file whose mode the new one gets */
	bool store;	     /* do not deflate */
	bool derive;	     /* add SchedDisplay's columns */
	bool compact;	     /* write switches as lists */
	bool close_gaps;     /* add a switch where one is missing */
	bool records;	     /* the arrays other_… have all that rows keep only in part */
	const char *columns; /* "comm,stack": those beside the required; NULL: all there are */
	struct notes notes;  /* what cannot be in it */
};

/* The format that a file gets, by its name or @format. */
int output_choose(const struct output_format **out, const char *path, const char *format,
		  struct schedtrace_error *err);

/* The context must outlive it; it is complete when output_finish() is called. */
int output_open(struct output **out, const char *path, const struct schedtrace_context *ctx,
		const struct output_options *options, struct schedtrace_error *err);

/* Once before all others, of no rows: says which columns come. */
int output_rows(struct output *out, const struct schedtrace_events *events,
		struct schedtrace_error *err);

/* Appends to an array of its own length, as schedtrace_writer_array(). */
int output_array(struct output *out, const char *name, const char *type, const void *values,
		 size_t n, struct schedtrace_error *err);

/* A member as it is. One that the format makes itself is left out without a word. */
int output_member(struct output *out, const char *name, const void *data, size_t n,
		  struct schedtrace_error *err);

/* Makes it whole, and gives it its name. */
int output_finish(struct output *out, struct schedtrace_error *err);

/* NULL is accepted. */
void output_free(struct output *out);

#endif
