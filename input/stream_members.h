/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands beside the rows that a stream of records makes, as operations of an input give it. */
#ifndef INPUT_STREAM_MEMBERS_H
#define INPUT_STREAM_MEMBERS_H

#include "convert/record_stream.h"
#include "input/input.h"

/* As input_members(). */
int stream_members(const struct record_stream *stream,
		   int (*member)(void *user, const char *name, const void *data, size_t n,
				 struct schedtrace_error *err),
		   void *user, struct schedtrace_error *err);

/* As input_others(). */
void stream_others(const struct record_stream *stream, struct input_others *out);

#endif
