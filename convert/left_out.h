/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records that no row is made of: how many of which event, said once at the end. */
#ifndef CONVERT_LEFT_OUT_H
#define CONVERT_LEFT_OUT_H

#include "convert/row_maker.h"

struct left_out {
	uint64_t *unknown; /* RECORD_UNKNOWN by their id; NULL: none so far */
	uint64_t raw;	   /* records of ftrace:raw_data, as markers are, that are none */
	const struct format *raw_format;
	uint64_t stacks; /* call stacks that are no row's */
};

/* Counts a RECORD_UNKNOWN. */
int left_out_unknown(struct left_out *l, const struct record *r, struct schedtrace_error *err);

static inline void left_out_raw(struct left_out *l, const struct format *format)
{
	l->raw++;
	l->raw_format = format;
}

static inline void left_out_stack(struct left_out *l)
{
	l->stacks++;
}

/* After the last record. */
void left_out_note(const struct left_out *l, const struct format *formats, size_t n_formats,
		   const struct row_maker *maker, const struct stream_options *options);
void left_out_close(struct left_out *l);

#endif
