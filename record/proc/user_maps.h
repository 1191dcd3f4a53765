/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which program lies at which address of which process, so that user stacks can be named later.
 * What is mapped when recording begins comes from /proc/PID/maps; what is mapped afterwards the
 * kernel tells through perf's mmap records, which miss no process however short.
 */
#ifndef RECORD_PROC_USER_MAPS_H
#define RECORD_PROC_USER_MAPS_H

#include <stdbool.h>
#include <stdint.h>

#include <schedtrace/error.h>

struct user_maps;

/*
 * Writes what is mapped now and begins to follow. Where the kernel refuses perf events, *followed
 * is false: then programs that begin later are not named.
 */
int user_maps_start(struct user_maps **out, int marker_fd, const char *clock, bool *followed,
		    struct schedtrace_error *err);

/* Writes again what is mapped now, for another file, and goes on following. */
int user_maps_again(struct user_maps *maps, struct schedtrace_error *err);

/* Writes what was mapped since; call it several times a second. NULL does nothing. */
int user_maps_write(struct user_maps *maps, struct schedtrace_error *err);

/* Records of the kernel about mappings that were lost because this was called too seldom. */
uint64_t user_maps_lost(const struct user_maps *maps);
void user_maps_free(struct user_maps *maps);

#endif
