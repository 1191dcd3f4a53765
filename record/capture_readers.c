/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Readers that fail or hang while the others go on. */
#include "record/capture_state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "record/workfile/page_records.h"

#define SILENT_NS  700000000 /* a reader looks every 250 ms, and the main thread too */
#define GIVE_UP_NS INT64_C(30000000000)

static const char *buffer_of(const struct capture *c, const struct reader *item)
{
	return item->part < c->instance.n_cpus ? "" : " of --only";
}

/* What we note must not go where nobody reads it. */
static void leave_unread_cpus(const struct capture *c)
{
	int n = c->instance.n_cpus;
	auto_free bool *stay = calloc((size_t)n, sizeof(*stay));

	for (int cpu = 0; stay && cpu < n; cpu++)
		stay[cpu] = c->instance.has_cpu[cpu] && (!c->cpus || c->cpus[cpu]);
	for (int i = 0; stay && i < c->readers.n; i++) {
		const struct reader *item = &c->readers.items[i];

		if ((item->told || item->silence_told) && item->part < n)
			stay[item->cpu] = false;
	}
	/* Without another CPU to run on the note is lost, but not what was told. */
	if (stay)
		(void)!instance_stay_on(stay, n, NULL);
}

static int note_unread(struct capture *c, const struct reader *item, struct schedtrace_error *err)
{
	return marker_write_unread(c->instance.marker_fd, item->cpu, atomic_load(&item->errnum),
				   err);
}

static void tell_failure(struct capture *c, struct reader *item)
{
	struct schedtrace_error err;

	item->told = true;
	c->failed = true;
	note(&c->options.notes,
	     "CPU %d%s can no longer be read: %s: its events are missing from now on, the others "
	     "are recorded",
	     item->cpu, buffer_of(c, item), strerror(atomic_load(&item->errnum)));
	leave_unread_cpus(c);
	if (note_unread(c, item, &err) < 0)
		capture_tell(c, &err);
}

int capture_note_unread(struct capture *c, struct schedtrace_error *err)
{
	int result = 0;

	for (int i = 0; result == 0 && i < c->readers.n; i++)
		if (c->readers.items[i].told)
			result = note_unread(c, &c->readers.items[i], err);
	return result;
}

/* If we did not run ourselves, no more can be asked of the readers. */
static bool was_away(struct capture *c, int64_t now)
{
	bool away = now - c->readers_seen_ns > SILENT_NS;

	c->readers_seen_ns = now;
	return away;
}

void capture_check_readers(struct capture *c)
{
	int64_t now = now_ns();
	bool away = was_away(c, now);
	int alive = 0;

	if (atomic_load(&c->readers.output_errnum))
		c->trouble = "output";
	for (int i = 0; i < c->readers.n; i++) {
		struct reader *item = &c->readers.items[i];
		int errnum = atomic_load(&item->errnum);
		int64_t silent = readers_silent_ns(item, now);

		alive += errnum == 0;
		if (errnum && !item->told && !readers_output_error(errnum))
			tell_failure(c, item);
		if (silent < SILENT_NS || away) {
			item->silence_told &= silent >= SILENT_NS;
			continue;
		}
		if (!item->silence_told)
			note(&c->options.notes,
			     "CPU %d%s has not been read for %.1f s: its reader hangs, or gets "
			     "no CPU time",
			     item->cpu, buffer_of(c, item), (double)silent / 1e9);
		item->silence_told = true;
	}
	if (alive == 0 && !c->trouble)
		c->trouble = "readers";
}

/* Why it did not read to the end, 0: it did. */
static int why_unread(const struct capture *c, const struct reader *item)
{
	int errnum = atomic_load(&item->errnum);
	bool hurry = atomic_load(&c->readers.hurry);

	if (!errnum && hurry && c->counts.cpus[item->part].entries)
		return EINTR; /* the user would not wait for it */
	return errnum;
}

int capture_count_unwritten(struct capture *c, const struct cpu_stats *base,
			    struct schedtrace_error *err)
{
	for (int i = 0; i < c->readers.n; i++) {
		struct reader *item = &c->readers.items[i];
		const struct cpu_stats *now = &c->counts.cpus[item->part];
		uint64_t taken = now->read_events, written;
		int result;

		if (!why_unread(c, item))
			continue;
		if (base) /* of this file only */
			taken -= base[item->part].read_events;
		result = page_records_count(&c->writer, item->part, &written, err);
		if (result < 0)
			return result;
		item->unwritten = taken > written ? taken - written : 0;
		item->left = now->entries;
	}
	return 0;
}

/* The kernel's counts, with what they call read and is not in the file. */
static char *marked_stats(const char *text, const struct reader *item, int errnum)
{
	struct cpu_stats s;
	char *marked;

	cpu_stats_parse(&s, text);
	if (asprintf(&marked,
		     "entries: %" PRIu64 "\noverrun: %" PRIu64 "\ncommit overrun: %" PRIu64
		     "\ndropped events: %" PRIu64 "\nread events: %" PRIu64
		     "\nunwritten events: %" PRIu64 "\nreader failed: %d (%s)\n",
		     s.entries, s.overrun, s.commit_overrun, s.dropped,
		     s.read_events - item->unwritten, item->unwritten + item->left, errnum,
		     strerror(errnum)) < 0)
		return NULL;
	return marked;
}

bool capture_mark_unread(const struct capture *c, char **stats)
{
	for (int i = 0; i < c->readers.n; i++) {
		const struct reader *item = &c->readers.items[i];
		int errnum = why_unread(c, item);
		char **text = &stats[item->part], *marked;

		if (!errnum)
			continue;
		marked = marked_stats(*text ? *text : "", item, errnum);
		if (!marked)
			return false;
		free(*text);
		*text = marked;
	}
	return true;
}

void capture_note_silent(struct capture *c)
{
	struct schedtrace_error err;
	bool any = false;

	for (int i = 0; i < c->readers.n; i++)
		any |= c->readers.items[i].silence_told;
	if (any)
		leave_unread_cpus(c);
	for (int i = 0; i < c->readers.n; i++)
		if (c->readers.items[i].silence_told && !c->readers.items[i].told &&
		    marker_write_unread(c->instance.marker_fd, c->readers.items[i].cpu, ETIMEDOUT,
					&err) < 0)
			capture_tell(c, &err);
}

void capture_give_up_readers(struct capture *c, bool now)
{
	for (int i = 0; i < c->readers.n; i++) {
		struct reader *item = &c->readers.items[i];

		if (readers_silent_ns(item, now_ns()) > (now ? SILENT_NS : GIVE_UP_NS))
			readers_give_up(item);
	}
}
