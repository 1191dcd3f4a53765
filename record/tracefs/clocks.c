/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/tracefs/clocks.h"

#include <stddef.h>
#include <string.h>
#include <time.h>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#define READINGS     16
#define TSC_PAUSE_NS 20000000

static int64_t clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static uint64_t read_tsc(void)
{
#if defined(__x86_64__)
	/* Not rdtscp, which common models of virtual CPUs lack. */
	__builtin_ia32_lfence();
	return __rdtsc();
#else
	return 0;
#endif
}

void clocks_read(struct clocks *c)
{
	c->spread_ns = INT64_MAX;
	for (int i = 0; i < READINGS; i++) {
		int64_t first = clock_ns(CLOCK_MONOTONIC);
		struct clocks now = {
			.tsc = read_tsc(),
			.wall = clock_ns(CLOCK_REALTIME),
			.boot = clock_ns(CLOCK_BOOTTIME),
			.tai = clock_ns(CLOCK_TAI),
			.mono_raw = clock_ns(CLOCK_MONOTONIC_RAW),
		};

		now.spread_ns = clock_ns(CLOCK_MONOTONIC) - first;
		now.mono = first + now.spread_ns / 2;
		if (now.spread_ns < c->spread_ns)
			*c = now;
	}
}

bool clocks_by_name(const struct clocks *c, const char *name, int64_t *ns)
{
	const struct {
		const char *name;
		int64_t ns;
	} known[] = { { "mono", c->mono },
		      { "mono_raw", c->mono_raw },
		      { "boot", c->boot },
		      { "tai", c->tai } };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(known[i].name, name) == 0) {
			*ns = known[i].ns;
			return true;
		}
	}
	return false;
}

bool clocks_now(const char *name, int64_t *ns)
{
	static const struct {
		const char *name;
		clockid_t id;
	} known[] = { { "mono", CLOCK_MONOTONIC },
		      { "mono_raw", CLOCK_MONOTONIC_RAW },
		      { "boot", CLOCK_BOOTTIME } };
	struct timespec t;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(known[i].name, name) != 0)
			continue;
		clock_gettime(known[i].id, &t);
		*ns = (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
		return true;
	}
	return false;
}

bool clocks_tsc_scale(const struct clocks *from, const struct clocks *to, struct tsc_scale *scale)
{
	uint64_t ticks = to->tsc - from->tsc;
	int64_t ns = to->mono - from->mono;
	unsigned __int128 mult;

	if (!from->tsc || to->tsc <= from->tsc || ns <= 0)
		return false;
	/* As many bits as fit; a clock of more than 1 GHz has all 32. */
	for (scale->shift = 32;; scale->shift--) {
		mult = (((unsigned __int128)ns << scale->shift) + ticks / 2) / ticks;
		if (mult <= UINT32_MAX)
			break;
		if (scale->shift == 0)
			return false;
	}
	if (mult == 0)
		return false;
	scale->mult = (uint32_t)mult;
	scale->offset = (uint64_t)from->mono -
			(uint64_t)((unsigned __int128)from->tsc * scale->mult >> scale->shift);
	return true;
}

bool clocks_measure_tsc(struct tsc_scale *scale)
{
	struct timespec pause = { .tv_nsec = TSC_PAUSE_NS };
	struct clocks from, to;

	clocks_read(&from);
	nanosleep(&pause, NULL);
	clocks_read(&to);
	return clocks_tsc_scale(&from, &to, scale);
}
