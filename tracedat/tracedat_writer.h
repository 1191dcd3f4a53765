/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * trace.dat, version 6, that can be read at every moment of its life.
 *
 * While recording it is sparse: a header at 0, the pages of part n at data_start + n * stride. A
 * part is one CPU of a buffer: those of the first buffer, then those of the second if there is one,
 * which is a named instance in the file. The table of (offset, size) is kept current. At the end
 * the holes between the CPUs are collapsed, and a new header, written right below the first page of
 * CPU 0, becomes the beginning of the file when all that stands before it is collapsed: one atomic
 * step.
 */
#ifndef TRACEDAT_TRACEDAT_WRITER_H
#define TRACEDAT_TRACEDAT_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <schedtrace/error.h>

#include "tracedat/tsc_scale.h"

#define TRACEDAT_DATA_START ((uint64_t)1 << 30)

/* A part of the file, as the table stores it. */
struct tracedat_part {
	uint64_t offset, size;
};

struct tracedat_writer {
	int fd;
	int n_cpus;
	char *second;	    /* name of the second buffer; NULL: there is only one */
	uint32_t page_size; /* of the ring buffers */
	uint64_t align;	    /* what offsets of parts are multiples of */
	uint64_t data_start, stride;
	uint64_t reserved; /* bytes kept free at 0 and below data_start for the last header */
	struct tracedat_part *parts; /* tracedat_parts() */
	uint64_t table_position;
	char *head; /* formats: the part of the header that never changes */
	size_t head_bytes;
	char *uname, *clock; /* texts of options */
	uint64_t trace_id;
	bool has_tsc; /* the clock is the TSC, and this turns its ticks into ns */
	struct tsc_scale tsc;
};

static inline int tracedat_parts(const struct tracedat_writer *w)
{
	return w->second ? 2 * w->n_cpus : w->n_cpus;
}

/* Lays out the sparse file, reserves room for the last header, writes the first. */
int tracedat_writer_begin(struct tracedat_writer *w, int fd, const char *cmdlines,
			  struct schedtrace_error *err);

/* Another file with the same header, for tracedat_writer_begin(). */
int tracedat_writer_another(const struct tracedat_writer *w, struct tracedat_writer *next,
			    struct schedtrace_error *err);

/* Where the pages of @part begin while recording. */
uint64_t tracedat_writer_position(const struct tracedat_writer *w, int part);

/* Makes the sizes in w->parts those of the file. */
int tracedat_writer_publish(struct tracedat_writer *w, struct schedtrace_error *err);

/* How a file was finished. */
enum tracedat_shape {
	TRACEDAT_COMPACT, /* no holes */
	TRACEDAT_COPIED,  /* no holes, in the file that second() gave */
	TRACEDAT_SPARSE,  /* left with its holes: no room for a copy */
};

/* A second empty file beside the first, for file systems that cannot collapse. */
struct tracedat_second {
	int (*open)(void *self, int *fd, struct schedtrace_error *err);
	void *self;
};

/*
 * Writes the last header, with the texts of all parts' stats (NULL where there is none), and
 * takes the holes out. If there is only room for them, the names are @first_cmdlines.
 */
int tracedat_writer_finish(struct tracedat_writer *w, const char *cmdlines,
			   const char *first_cmdlines, char *const *stats,
			   const struct tracedat_second *second, enum tracedat_shape *shape,
			   struct schedtrace_error *err);

void tracedat_writer_free(struct tracedat_writer *w);

/*
 * The last steps of finish(), for repair too: @w has fd, n_cpus, page_size, align, parts and
 * table_position of the file as it stands; @header (@bytes long, its table at @table) is to
 * become its beginning.
 */
int tracedat_compact(struct tracedat_writer *w, char *header, size_t bytes, size_t table,
		     const struct tracedat_second *second, enum tracedat_shape *shape,
		     struct schedtrace_error *err);

/* Writes @header and all parts to another file, without holes. 0, or -errno. */
int tracedat_copy(const struct tracedat_writer *w, char *header, size_t bytes, size_t table,
		  int to);

/* Takes w->parts from the table in @header, whose n_cpus, second and clock are known. */
void tracedat_read_parts(struct tracedat_writer *w, const char *header, size_t table);

/* Ends the file with the last page, filled up, of the last CPU that has any. */
int tracedat_set_end(struct tracedat_writer *w, struct schedtrace_error *err);

/* Bytes of pages in all parts. */
uint64_t tracedat_data_bytes(const struct tracedat_writer *w);

/* Multiple of @align, a power of two, not below @n. */
static inline uint64_t tracedat_round_up(uint64_t n, uint64_t align)
{
	return (n + align - 1) & ~(align - 1);
}

/* Block size of the file system, or the ring buffer's page if that is larger. */
uint64_t tracedat_alignment(int fd, uint32_t page_size);

#endif
