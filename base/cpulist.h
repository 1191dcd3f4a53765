/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of CPUs as the kernel writes them: "0-3,8"; an empty one has none. */
#ifndef BASE_CPULIST_H
#define BASE_CPULIST_H

#include <stdbool.h>
#include <stdint.h>

#define CPULIST_MAX_CPU 65534

/* The next range of *list, which moves on; 0 at the end, -1 where the text is no list. */
int cpulist_next(const char **list, int32_t *first, int32_t *last);

bool cpulist_valid(const char *list);

/* False for a text that is no list, too. */
bool cpulist_has(const char *list, int32_t cpu);

#endif
