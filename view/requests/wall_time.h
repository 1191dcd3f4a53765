/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VIEW_REQUESTS_WALL_TIME_H
#define VIEW_REQUESTS_WALL_TIME_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A point in time as people write it, in microseconds since 1970: "2026-01-31 13:45:02.5",
 * "2026-01-31T13:45:02+01:00", "2026-01-31", "13:45" of today, local where no zone stands; or how
 * long before @now_s: "90s", "10m", "2h", "7d". False: it is none of these.
 */
bool wall_time_parse(const char *text, int64_t now_s, int64_t *us);

#endif
