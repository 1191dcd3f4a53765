/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which process owns a memory map, by the id that rss_stat gives it. */
#ifndef CONVERT_OWNERS_H
#define CONVERT_OWNERS_H

#include <stddef.h>
#include <stdint.h>

#include <schedtrace/error.h>

struct owner {
	uint32_t mm_id;
	int32_t tgid; /* 0: free, -1: was removed */
};

/* Open addressing, at most half full. All zeroes is an empty one. */
struct owners {
	struct owner *slots;
	uint32_t n_slots, n_used; /* removed ones included */
};

/* The owner's tgid, -1 unknown. */
int32_t owners_get(const struct owners *owners, uint32_t mm_id);
int owners_set(struct owners *owners, uint32_t mm_id, int32_t tgid, struct schedtrace_error *err);
/* Forgets the map if it is still owned by @tgid: its id may be another map's soon. */
void owners_remove(struct owners *owners, uint32_t mm_id, int32_t tgid);
void owners_free(struct owners *owners);

#endif
