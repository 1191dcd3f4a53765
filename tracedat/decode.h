/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The records of every CPU in blocks, decoded ahead of whoever consumes them. A block is some
 * hundred KiB of consecutive pages of one CPU; blocks are independent, so that any thread decodes
 * any of them. The consumer decodes too while it would otherwise wait.
 */
#ifndef TRACEDAT_DECODE_H
#define TRACEDAT_DECODE_H

#include <pthread.h>

#include "tracedat/container.h"
#include "tracedat/pages.h"

enum block_state {
	BLOCK_FREE,
	BLOCK_CLAIMED,
	BLOCK_READY,
};

struct block {
	enum block_state state;
	uint64_t offset; /* in the file */
	uint64_t bytes;	 /* in the file */
	bool last;	 /* of its CPU */
	bool ends_early; /* with salvage: more was due after the last block */
	uint8_t *packed;
	size_t packed_cap;
	uint8_t *data;
	size_t data_cap;
	struct page_records records;
	uint64_t damaged; /* pages and chunks given up, with salvage */
	uint64_t empty;	  /* pages that are all zero */
	int status;	  /* what stopped it, without salvage */
	struct schedtrace_error err;
};

/* The data of one CPU. */
struct stream {
	int32_t cpu;
	uint64_t at, end;     /* what is not claimed yet */
	uint64_t cut;	      /* where the header says that the data ends, if beyond the file */
	uint32_t chunks;      /* left, when compressed */
	bool begun, finished; /* claimed the first block, the last one */
	struct block *ring;
	uint64_t claimed, consumed, released;
	/* the consumer's */
	const struct record *cur, *cur_end; /* up to where the clock was set back, or block_end */
	const struct record *block_end;
	const struct page_records *records; /* of the block */
	struct record *list;		    /* theirs */
	size_t next_step;		    /* among theirs */
	int64_t silence;		    /* longest among theirs, once known */
	bool silence_known;
	int64_t last;	 /* in the file; INT64_MIN none yet */
	bool marked;	 /* in the last page of the blocks so far */
	int64_t shift;	 /* added to the times in the file */
	int64_t reached; /* time of the last record before cur_end, INT64_MIN none yet */
	bool goes_on;	 /* after a mark; until the page ends .shift needs no more for that step */
	bool gap;	 /* records are missing from there on */
};

enum {
	DECODER_END,
	DECODER_RECORDS, /* .cur and .cur_end are set */
	DECODER_FULL,	 /* all blocks are held, and must be released first */
	DECODER_STEP,	 /* before the record at .cur_end the clock was set back */
};

struct decoder {
	const struct container *c;
	const struct file_instance *instance;
	struct pages_config config;
	bool salvage;
	struct notes notes;
	unsigned int noted;	/* damages that were told; the rest is only counted */
	struct stream *streams; /* of CPUs with data, by CPU */
	size_t n_streams;
	size_t block_bytes, depth;
	pthread_mutex_t lock;
	pthread_cond_t ready, room;
	pthread_t *threads;
	void *codec; /* the consumer's context for decompression */
	size_t n_threads;
	bool stop;
	uint64_t done, total; /* bytes of the file */
	uint64_t damaged, empty;
};

/* @d is zeroed by the caller; decoder_close() releases also after a failure. */
int decoder_open(struct decoder *d, const struct container *c, const struct file_instance *instance,
		 const struct formats *formats, const struct tracedat_options *options,
		 struct schedtrace_error *err);
void decoder_close(struct decoder *d);

/* Goes to the stream's next records; negative on failure. They may be none, before a step. */
int decoder_advance(struct decoder *d, struct stream *s, struct schedtrace_error *err);

/* Goes over a step to the records after it; their times get .shift. */
int decoder_enter(struct decoder *d, struct stream *s, struct schedtrace_error *err);

/* The latest time of a row. */
#define DECODER_TIME_MAX (INT64_C(1) << 62)

/* Adds to the times of the records from .cur to .cur_end. What would be too late is damage; with
 * salvage the rest of the block is given up for it. */
int stream_shift(struct decoder *d, struct stream *s, int64_t shift, struct schedtrace_error *err);

/* The longest time between two records of the block, but for those where the clock was set back; of
 * the block before too, if it is set back in between. */
int64_t stream_silence(struct stream *s);

/* The consumer needs no record before the .cur of each stream any longer. */
void decoder_release(struct decoder *d);

#endif
