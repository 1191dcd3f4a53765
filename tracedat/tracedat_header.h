/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The header of a trace.dat, for the files named tracedat_*.c: formats, which never change; names
 * of tasks, options and the table, which do.
 */
#ifndef TRACEDAT_TRACEDAT_HEADER_H
#define TRACEDAT_TRACEDAT_HEADER_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "tracedat/tracedat_writer.h"

/* The header in memory, to be freed; *table is where its table stands. NULL without memory. */
char *tracedat_make_header(const struct tracedat_writer *w, const char *cmdlines,
			   char *const *stats, size_t *bytes, size_t *table);

/* Puts the table of @parts into @header. 0, or -ENOMEM. */
int tracedat_set_table(const struct tracedat_writer *w, const struct tracedat_part *parts,
		       char *header, size_t at);

/* Puts the table of w->parts into the file. 0, or -errno. */
int tracedat_write_table(const struct tracedat_writer *w);

/* Writes all of it. 0, or -errno. */
int tracedat_write_at(int fd, const void *data, size_t bytes, uint64_t position);

static inline void put_u16(FILE *out, uint16_t v)
{
	fwrite(&v, sizeof(v), 1, out); /* only little-endian machines are supported */
}

static inline void put_u32(FILE *out, uint32_t v)
{
	fwrite(&v, sizeof(v), 1, out);
}

static inline void put_u64(FILE *out, uint64_t v)
{
	fwrite(&v, sizeof(v), 1, out);
}

static inline void put_text64(FILE *out, const char *text)
{
	put_u64(out, strlen(text));
	fputs(text, out);
}

#endif
