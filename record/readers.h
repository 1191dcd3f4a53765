/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One thread per CPU that moves pages of the ring buffer into the CPU's part of the file. */
#ifndef RECORD_READERS_H
#define RECORD_READERS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <schedtrace/error.h>

#include "record/page_queue.h"
#include "record/tracefs/instance.h"
#include "tracedat/page_join.h"
#include "tracedat/tracedat_writer.h"

struct tracefs_cpu;
struct readers;

struct reader {
	struct readers *all;
	const struct instance *instance;
	int cpu, part;		    /* see tracedat_writer.h */
	int raw_fd, file_fd;	    /* the second -1: there is no file */
	int cut_fd;		    /* eventfd: go over to the next file */
	struct tracefs_cpu *handle; /* to splice with; NULL: pages go into memory */
	uint8_t *pages;		    /* there: those of a look */
	struct page_join join;	    /* there: the file's next page */
	uint64_t joined;	    /* there: bytes in the file of pages before that one */
	int64_t certain_ns;	    /* there: a look began so long ago, on the trace clock */
	pthread_t thread;
	bool started;
	uint64_t begin;		/* position in the file */
	_Atomic uint64_t bytes; /* written, whole pages only */
	int next_fd;		/* the next file, its place there */
	uint64_t next_begin;
	uint64_t cut_bytes; /* in the file before the cut */
	char *cut_stats;    /* the kernel's counts at the cut; NULL: none were read */
	atomic_bool cut_done;
	_Atomic int errnum;	   /* why it ended early, 0: it did not */
	_Atomic int64_t failed_ns; /* CLOCK_MONOTONIC of that */
	_Atomic int64_t seen_ns;   /* likewise, when it last looked */
	atomic_bool done;
	bool told, silence_told; /* to the user, that it failed, and that it hangs */
	atomic_bool given_up;
	/* Records that this reader took from the buffer, and that it left there, and which are not
	 * in the file; at the end, of one that failed. */
	uint64_t unwritten, left;
};

struct readers {
	struct reader *items;
	int n;
	int stop_fd;		  /* eventfd: tracing is off, take what is left and end */
	int news_fd;		  /* eventfd for the main thread: a reader failed or ended */
	struct page_queue *queue; /* NULL: the file alone gets the pages */
	const char *clock;	  /* of the trace */
	bool file;		  /* there is one */
	bool hold;		  /* take nothing until a cut or the end */
	uint64_t room;		  /* free bytes in the file before the pages of each CPU */
	atomic_bool hurry;	  /* leave the rest in the buffer */
	uint32_t page_size;
	uint64_t privileges;
	int tracing_on_fd[2];	   /* to stop at once when the disk is full; -1: none */
	uint64_t limit;		   /* of bytes in the file, UINT64_MAX none; then news */
	_Atomic uint64_t total;	   /* bytes in the file */
	_Atomic int output_errnum; /* the file takes no more */
};

struct readers_mode {
	uint64_t privileges; /* that the threads keep: privileges.h */
	/* Gets the pages too, by part of the file; or alone, if the writer has no file. Its clock
	 * is @clock, which is never set back. Not with hold. NULL: none. */
	struct page_queue *queue;
	const char *clock;
	bool hold;	/* take nothing until a cut or the end */
	uint64_t room;	/* free bytes in the file before the pages of each CPU */
	uint64_t limit; /* of bytes in a file, 0: none */
};

/* For all CPUs of the buffers @first and @second, which may be NULL. */
int readers_start(struct readers *r, const struct instance *first, const struct instance *second,
		  const struct tracedat_writer *w, const struct readers_mode *mode,
		  struct schedtrace_error *err);

/* Copies the sizes reached into the writer's table. */
void readers_sizes(const struct readers *r, struct tracedat_writer *w);

/*
 * Goes over to the file of @next: what the buffers hold at this moment still goes into the present
 * file, what comes later into the next. Then items have cut_bytes and cut_stats of the present one,
 * each until its own moment of the cut. Those that had failed before do not take part.
 */
int readers_cut(struct readers *r, const struct tracedat_writer *next,
		struct schedtrace_error *err);

/* Tells them that tracing is off. They end once their buffers are empty. */
void readers_stop(struct readers *r);
bool readers_done(const struct readers *r);

/* For how long a reader that should look has not, at @now of CLOCK_MONOTONIC. */
int64_t readers_silent_ns(const struct reader *item, int64_t now);

/* Counts a reader that hangs as failed with ETIMEDOUT, and waits for it no more. */
void readers_give_up(struct reader *item);

/*
 * Joins the threads and closes everything, but for what a reader that was given up may use. Readers
 * that have not ended leave what they have not read, and one that hangs is given up.
 */
void readers_finish(struct readers *r);

/* After that, likewise. */
void readers_free(struct readers *r);

/* Makes an eventfd readable. */
void readers_signal(int fd);

/* Is this errno about the output file rather than one CPU's buffer? */
bool readers_output_error(int errnum);

#endif
