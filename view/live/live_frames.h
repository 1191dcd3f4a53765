/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the recorder sends to the viewer through a pipe: of each recording what its events are like,
 * pages of the ring buffers, until when they are complete, and the end. Without an end the recorder
 * died. The viewer sends orders back through another one.
 */
#ifndef VIEW_LIVE_LIVE_FRAMES_H
#define VIEW_LIVE_LIVE_FRAMES_H

#include <stddef.h>
#include <stdint.h>

#include <schedtrace/error.h>

enum live_frame_kind {
	LIVE_HEAD = 1, /* a trace.dat without events; a recording begins */
	LIVE_PAGES,
	LIVE_ROUND,
	LIVE_END,
	LIVE_TOLD, /* JSON: what the recorder has to say */
};

struct live_frame {
	uint32_t kind;
	int32_t cpu;	   /* of pages */
	uint64_t bytes;	   /* that follow */
	int64_t until_ns;  /* of a round: all records before have been sent */
	int64_t head_size; /* of a head: zeroes follow up to there */
};

/* E_CANCELLED: nobody reads any more. */
int live_frame_send(int fd, const struct live_frame *frame, const void *bytes,
		    struct schedtrace_error *err);

/* 1; 0 at the end of the pipe. *bytes, of *room, grows to take what follows. */
int live_frame_receive(int fd, struct live_frame *frame, void **bytes, size_t *room,
		       struct schedtrace_error *err);

enum live_order_kind {
	LIVE_STOP = 1, /* the recording ends */
	LIVE_START,    /* another one begins */
	LIVE_REGISTER, /* samples of a process are taken */
	LIVE_UNREGISTER,
};

struct live_order {
	uint32_t kind;
	int32_t pid;
};

/*
 * Has another recording begun, where the present one cannot be followed any further, because of
 * @why: who watches a system for days is not left without for one fault. Not for a second one that
 * comes soon after. @restarted_ns: of this function, 0 at first.
 */
int live_order_restart(int orders, int64_t *restarted_ns, const struct schedtrace_error *why,
		       struct schedtrace_error *err);

#endif
