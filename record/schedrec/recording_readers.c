/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Readers that fail or hang while the others go on. */
#include "record/schedrec/recording_state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/report_error.h"
#include "record/workfile/page_records.h"

#define SILENT_NS  700000000 /* a reader looks every 250 ms, and the main thread too */
#define GIVE_UP_NS INT64_C(30000000000)

static const char *buffer_of(const struct recording *r, const struct reader *item)
{
	return item->part < r->instance.n_cpus ? "" : " of --only";
}

/* What we note must not go where nobody reads it. */
static void leave_unread_cpus(const struct recording *r)
{
	int n = r->instance.n_cpus;
	auto_free bool *stay = calloc((size_t)n, sizeof(*stay));

	for (int cpu = 0; stay && cpu < n; cpu++)
		stay[cpu] = r->instance.has_cpu[cpu] && (!r->cpus || r->cpus[cpu]);
	for (int i = 0; stay && i < r->readers.n; i++) {
		const struct reader *item = &r->readers.items[i];

		if ((item->told || item->silence_told) && item->part < n)
			stay[item->cpu] = false;
	}
	/* Without another CPU to run on the note is lost, but not what was told. */
	if (stay)
		(void)!instance_stay_on(stay, n, NULL);
}

static int note_unread(struct recording *r, const struct reader *item)
{
	return marker_write_unread(r->instance.marker_fd, item->cpu, atomic_load(&item->errnum),
				   &r->err);
}

static void tell_failure(struct recording *r, struct reader *item)
{
	item->told = true;
	r->failed = true;
	report(r->settings->program,
	       "CPU %d%s can no longer be read: %s: its events are missing from now on, the others "
	       "are recorded",
	       item->cpu, buffer_of(r, item), strerror(atomic_load(&item->errnum)));
	leave_unread_cpus(r);
	if (note_unread(r, item) < 0)
		report_error(r->settings->program, &r->err);
}

int recording_note_unread(struct recording *r)
{
	int result = 0;

	for (int i = 0; result == 0 && i < r->readers.n; i++)
		if (r->readers.items[i].told)
			result = note_unread(r, &r->readers.items[i]);
	return result;
}

/* If we did not run ourselves, no more can be asked of the readers. */
static bool was_away(struct recording *r, int64_t now)
{
	bool away = now - r->readers_seen_ns > SILENT_NS;

	r->readers_seen_ns = now;
	return away;
}

void recording_check_readers(struct recording *r)
{
	int64_t now = now_ns();
	bool away = was_away(r, now);
	int alive = 0;

	if (atomic_load(&r->readers.output_errnum))
		r->reason = "output";
	for (int i = 0; i < r->readers.n; i++) {
		struct reader *item = &r->readers.items[i];
		int errnum = atomic_load(&item->errnum);
		int64_t silent = readers_silent_ns(item, now);

		alive += errnum == 0;
		if (errnum && !item->told && !readers_output_error(errnum))
			tell_failure(r, item);
		if (silent < SILENT_NS || away) {
			item->silence_told &= silent >= SILENT_NS;
			continue;
		}
		if (!item->silence_told)
			report(r->settings->program,
			       "CPU %d%s has not been read for %.1f s: its reader hangs, or gets "
			       "no CPU time",
			       item->cpu, buffer_of(r, item), (double)silent / 1e9);
		item->silence_told = true;
	}
	if (alive == 0 && !r->reason)
		r->reason = "readers";
}

/* Why it did not read to the end, 0: it did. */
static int why_unread(const struct recording *r, const struct reader *item)
{
	int errnum = atomic_load(&item->errnum);
	bool hurry = atomic_load(&r->readers.hurry);

	if (!errnum && hurry && r->counts.cpus[item->part].entries)
		return EINTR; /* the user would not wait for it */
	return errnum;
}

int recording_count_unwritten(struct recording *r)
{
	for (int i = 0; i < r->readers.n; i++) {
		struct reader *item = &r->readers.items[i];
		const struct cpu_stats *now = &r->counts.cpus[item->part];
		uint64_t taken = now->read_events, written;
		int result;

		if (!why_unread(r, item))
			continue;
		if (r->numbered.path) /* of this file only */
			taken -= r->numbered.base[item->part].read_events;
		result = page_records_count(&r->writer, item->part, &written, &r->err);
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

bool recording_mark_unread(const struct recording *r, char **stats)
{
	for (int i = 0; i < r->readers.n; i++) {
		const struct reader *item = &r->readers.items[i];
		int errnum = why_unread(r, item);
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

void recording_note_silent(struct recording *r)
{
	bool any = false;

	for (int i = 0; i < r->readers.n; i++)
		any |= r->readers.items[i].silence_told;
	if (any)
		leave_unread_cpus(r);
	for (int i = 0; i < r->readers.n; i++)
		if (r->readers.items[i].silence_told && !r->readers.items[i].told &&
		    marker_write_unread(r->instance.marker_fd, r->readers.items[i].cpu, ETIMEDOUT,
					&r->err) < 0)
			report_error(r->settings->program, &r->err);
}

void recording_give_up_readers(struct recording *r, bool now)
{
	for (int i = 0; i < r->readers.n; i++) {
		struct reader *item = &r->readers.items[i];

		if (readers_silent_ns(item, now_ns()) > (now ? SILENT_NS : GIVE_UP_NS))
			readers_give_up(item);
	}
}
