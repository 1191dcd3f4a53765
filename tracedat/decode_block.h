/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One block of pages to records: what any thread does by itself. */
#ifndef TRACEDAT_DECODE_BLOCK_H
#define TRACEDAT_DECODE_BLOCK_H

#include "tracedat/decode.h"

/* What nobody sets a clock back by; far less than most bits of a stamp are worth. */
#define CLOCK_LIMIT_NS (INT64_C(86400) * 1000000000)

/* A block being made: what fills it, and whom the faults concern. */
struct block_work {
	struct decoder *d;
	struct stream *s;
	struct block *b;
	void **codec; /* context of the thread that does it */
};

/* With the lock held: takes the next part of the stream, which becomes the block. */
void decode_block_begin(struct block_work *w);

/* Makes its records; faults of the file are the block's. */
void decode_block(struct block_work *w);

#endif
