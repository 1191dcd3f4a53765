/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the recorder sends to the viewer through a pipe: pages of the ring buffers, until when they
 * are complete, and the end. Without an end the recorder died.
 */
#ifndef VIEW_LIVE_LIVE_FRAMES_H
#define VIEW_LIVE_LIVE_FRAMES_H

#include <stddef.h>
#include <stdint.h>

#include <schedtrace/error.h>

enum live_frame_kind { LIVE_PAGES = 1, LIVE_ROUND, LIVE_END };

struct live_frame {
	uint32_t kind;
	int32_t cpu;	  /* of pages */
	uint64_t bytes;	  /* that follow */
	int64_t until_ns; /* of a round: all records before have been sent */
};

/* E_CANCELLED: nobody reads any more. */
int live_frame_send(int fd, const struct live_frame *frame, const void *bytes,
		    struct schedtrace_error *err);

/* 1; 0 at the end of the pipe. *bytes, of *room, grows to take what follows. */
int live_frame_receive(int fd, struct live_frame *frame, void **bytes, size_t *room,
		       struct schedtrace_error *err);

#endif
