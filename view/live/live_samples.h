/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What /proc says of each thread, and events cannot: user and system time, faults, memory, user. */
#ifndef VIEW_LIVE_LIVE_SAMPLES_H
#define VIEW_LIVE_LIVE_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct live_sample {
	int32_t pid;	 /* thread id */
	int32_t cpu;	 /* where it ran last */
	uid_t user;	 /* whose rights it has */
	uint64_t start;	 /* ticks since the machine's start: tells apart who had a pid */
	int64_t user_ns; /* without guest time */
	int64_t system_ns, guest_ns;
	int64_t minor, major; /* page faults */
	int64_t rss_bytes;    /* of its process */
};

/* All zero: nothing has been read. */
struct live_samples {
	struct live_sample *list; /* by pid */
	size_t n, cap;
	bool read;
};

/* Of all threads that this process may see, as of now. Nothing is @read where pids of /proc are
 * not those of the kernel's records, as in a container. */
void live_samples_read(struct live_samples *samples);
void live_samples_free(struct live_samples *samples);

/* NULL: it is not there. */
const struct live_sample *live_samples_find(const struct live_samples *samples, int32_t pid);

/*
 * What a thread of @now did since @before, which of one that began later is all: @out's times and
 * faults are differences, the rest is as of now. False: nobody knows, it has ended or was not
 * looked at before.
 */
bool live_samples_since(const struct live_samples *before, const struct live_samples *now,
			int32_t pid, struct live_sample *out);

/* One line of /proc/PID/stat; false: that is none. */
bool live_sample_parse(const char *line, int64_t tick_ns, int64_t page_size,
		       struct live_sample *out);

#endif
