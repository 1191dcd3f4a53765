/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Address spaces: one program in one process, from its exec (or fork, or the begin) to the next.
 * Children that run their parent's program share its space. And what is mapped where in them, as
 * the recorder noted it.
 */
#ifndef CONVERT_SPACES_H
#define CONVERT_SPACES_H

#include <stdbool.h>

#include "base/intern.h"
#include "base/intmap.h"
#include "tracedat/markers.h"

struct mapping {
	int64_t time; /* INT64_MIN unknown: before it was told */
	int64_t told; /* when the recorder wrote it down */
	uint64_t begin, end, offset;
	int32_t tgid;
	int32_t space; /* once spaces_resolve() was called; 0 none */
	int32_t path;  /* number in paths, -1: exec */
	uint8_t build_id_bytes;
	uint8_t build_id[20];
};

/* From this time on the process has this space. */
struct space_change {
	int64_t time;
	int32_t tgid, space;
	bool by_exec;
};

struct spaces {
	struct intmap of_tgid; /* space of each process now */
	int32_t n;	       /* spaces: 1 to this */
	struct space_change *changes;
	size_t n_changes, changes_max;
	struct intern paths;
	struct mapping *mappings;
	size_t n_mappings, mappings_max;
};

/* All return -1 when memory ran out. */
int spaces_init(struct spaces *s);
void spaces_free(struct spaces *s);

/* The space that a process has now, above 0. */
int32_t spaces_now(struct spaces *s, int32_t tgid, int64_t time);
int spaces_exec(struct spaces *s, int32_t tgid, int64_t time);
int spaces_fork(struct spaces *s, int32_t child, int32_t parent, int64_t time);

/* A marker of mappings, written at @told; what is damaged in it is skipped. */
int spaces_mappings(struct spaces *s, const char *data, size_t bytes, int64_t told);

/* After the last row: gives each mapping its space, and sorts them. */
void spaces_resolve(struct spaces *s);

/* The latest mapping at an address, or NULL. */
const struct mapping *spaces_find(const struct spaces *s, int32_t space, uint64_t address);

#endif
