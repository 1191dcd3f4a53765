/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A tarball, or a trace.dat where the converter was built, or a recording while it runs
 * (live_input.h): rows in time order and their context.
 */
#ifndef INPUT_INPUT_H
#define INPUT_INPUT_H

#include <stdbool.h>

#include <schedtrace/trace.h>

struct input;

struct input_options {
	const char *instance; /* of a trace.dat; NULL: the only one with events */
	bool salvage;	      /* of a damaged trace.dat: what is whole */
	bool default_ids;     /* of a tarball without event names: SchedLog's own ids */
	bool validate;	      /* of a tarball: check everything before the first row */
	bool others;	      /* of a trace.dat: keep records that no row is made of */
	bool in_part;	      /* likewise, and records that rows keep only in part, too */
	uint64_t max_memory;  /* that reading a trace.dat may take, bytes; 0: 256 MiB */
	void (*note)(void *user, const char *text);
	void *user;
};

int input_open(struct input **out, const char *path, const struct input_options *options,
	       struct schedtrace_error *err);
void input_close(struct input *infile);

/* Complete after the last row; before it, a trace.dat may still add to it. */
const struct schedtrace_context *input_context(const struct input *infile);

/* Whether the context is complete from the start, as a tarball's is. */
bool input_knows_all_tasks(const struct input *infile);

enum input_answer {
	INPUT_END,
	INPUT_ROWS,
	INPUT_NOTHING_YET, /* of a recording that goes on: ask again later */
};

/* INPUT_ROWS with rows that live until the next call, or one of the others, where *events is empty,
 * negative on failure. A file never answers INPUT_NOTHING_YET. */
int input_next(struct input *infile, const struct schedtrace_events **events,
	       struct schedtrace_error *err);

/* For progress: rows of a tarball or bytes of a trace.dat. */
void input_position(const struct input *infile, uint64_t *done, uint64_t *total);

/* How much was read so far, of what it holds: *@what is "events" or "rows". */
uint64_t input_read(const struct input *input, const char **what);

/* The tarball, whose members can be read; NULL for a trace.dat, which has none. */
struct schedtrace *input_tarball(const struct input *infile);

/* How many rows there are, where that is known without reading them; else INT64_MIN. */
int64_t input_rows(const struct input *infile);

/* Whether the rows have a column of call stacks. */
bool input_has_stacks(const struct input *input);

/*
 * Records that no row is made of, which came with the rows of the latest input_next(), which may
 * give 1 and no rows. event is a number in the list of the member other_events.json; a record's
 * bytes, as the kernel wrote them, end in the whole sequence of bytes at end, and data is this
 * batch's part.
 */
struct input_others {
	size_t n, bytes;
	const int64_t *timestamp, *end;
	const int32_t *event, *cpu, *pid;
	const uint8_t *data;
};
void input_others(const struct input *input, struct input_others *out);

/* Gives @member what stands beside the rows, after the last: snapshot.json and the like; of a
 * tarball all members that the library does not make from rows and context. Negative results end
 * it. */
int input_members(struct input *input,
		  int (*member)(void *user, const char *name, const void *data, size_t n,
				struct schedtrace_error *err),
		  void *user, struct schedtrace_error *err);

/*
 * The bytes of one of those, or of any member of a tarball, at most @max, and a NUL behind them;
 * freed by the caller. What a trace.dat has is known when its rows have been read: those that were
 * not are read now, and gone. E_NOT_FOUND: there is none of that name.
 */
int input_member_read(struct input *input, const char *name, size_t max, char **data, size_t *n,
		      struct schedtrace_error *err);

/* After the end: whether --salvage left something out. */
bool input_damaged(const struct input *infile);

#endif
