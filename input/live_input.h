/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A recording while it runs, as an input: pages are pushed in, from a capture's sink or from
 * another process that has one, and rows are taken out like those of a file. Nothing here knows the
 * recorder, so that who reads needs no right to record.
 */
#ifndef INPUT_LIVE_INPUT_H
#define INPUT_LIVE_INPUT_H

#include <stddef.h>
#include <stdint.h>

#include "input/input.h"

struct live_input;

/*
 * @head_fd is a trace.dat without events, as capture_write_head() makes it, or one that grows; it
 * may be closed. *live lives as long as the input. Until rows have come, the context is empty.
 */
int live_input_open(struct input **out, struct live_input **live, int head_fd,
		    const struct input_options *options, struct schedtrace_error *err);

/* The next pages of CPU @part, which are copied: page_merge_add(). */
int live_input_pages(struct live_input *l, int part, const void *pages, size_t bytes,
		     struct schedtrace_error *err);

/* All records before @until_ns of the trace clock have been pushed: they may be given. INT64_MAX is
 * the end, after which input_next() comes to one. */
void live_input_round(struct live_input *l, int64_t until_ns);

#endif
