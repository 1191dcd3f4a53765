/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/schedrec/recording_summary.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "cli/report_error.h"

#define TYPICAL_BYTES 64 /* of a record of the scheduler */

/* What the readers took from the buffers, and the file does not hold. */
static uint64_t unwritten(const struct recording_summary *s)
{
	uint64_t sum = 0;

	for (int i = 0; i < s->readers->n; i++)
		sum += s->readers->items[i].unwritten;
	return sum;
}

static bool print_output_failure(const struct recording_summary *s)
{
	char list[512] = "";
	size_t n = 0;
	int errnum = atomic_load(&s->readers->output_errnum);

	if (!errnum)
		return false;
	for (int i = 0; i < s->readers->n && n < sizeof(list) - 64; i++) {
		const struct tracedat_part *p = &s->writer->parts[s->readers->items[i].part];

		if (p->size)
			n += (size_t)snprintf(list + n, sizeof(list) - n, "%sCPU %d: %" PRIu64,
					      n ? ", " : "", s->readers->items[i].cpu, p->size);
	}
	report(s->program,
	       "%s: %s after %.1f s: recording stopped there, with %" PRIu64
	       " bytes of events (%s)",
	       s->output->path, strerror(errnum),
	       (double)(capture_ended_ns(s->capture) - capture_begun_ns(s->capture)) / 1e9,
	       tracedat_data_bytes(s->writer), list);
	return true;
}

static bool print_reader_failures(const struct recording_summary *s)
{
	bool any = false;

	for (int i = 0; i < s->readers->n; i++) {
		const struct reader *item = &s->readers->items[i];
		int errnum = atomic_load(&item->errnum);

		if (!errnum || readers_output_error(errnum))
			continue;
		report(s->program,
		       "CPU %d could not be read after %.1f s: %s: its later events are missing",
		       item->cpu,
		       (double)(atomic_load(&item->failed_ns) - capture_begun_ns(s->capture)) / 1e9,
		       strerror(errnum));
		any = true;
	}
	return any;
}

static void print_unread(const struct recording_summary *s)
{
	char count[32];
	uint64_t missing = unwritten(s);

	for (int i = 0; i < s->readers->n && !atomic_load(&s->readers->hurry); i++)
		missing += s->readers->items[i].left;
	if (missing)
		report(s->program, "%s events that the kernel had recorded are not in the file",
		       format_count(count, missing));
	if (buffer_counts_unread(s->counts) && atomic_load(&s->readers->hurry))
		report(s->program, "%s events were left unread, as you asked",
		       format_count(count, buffer_counts_unread(s->counts)));
}

bool recording_summary_failures(const struct recording_summary *s)
{
	bool output = print_output_failure(s);
	bool readers = print_reader_failures(s);

	print_unread(s);
	return output || readers;
}

bool recording_summary_losses(const struct recording_summary *s)
{
	char list[512] = "", count[32];
	int64_t kb = 0;
	size_t n = 0;

	if (!buffer_counts_lost(s->counts))
		return false;
	for (int part = 0; part < s->counts->n; part++) {
		const struct cpu_stats *c = &s->counts->cpus[part];
		int64_t needed;

		if (!cpu_stats_lost(c))
			continue;
		/* The parts are those of the last file only. */
		needed = losses_buffer_kb(c,
					  s->numbered ? c->read_events * TYPICAL_BYTES
						      : s->writer->parts[part].size,
					  capture_instance(s->capture)->buffer_kb);
		if (kb < needed)
			kb = needed;
		if (n < sizeof(list) - 64)
			n += (size_t)snprintf(list + n, sizeof(list) - n, "%sCPU %d: %s%s",
					      n ? ", " : "", part % s->writer->n_cpus,
					      format_count(count, cpu_stats_lost(c)),
					      part < s->writer->n_cpus ? "" : " of --only");
	}
	report(s->program, "lost %s events (%s): -b %" PRId64 " would have held them",
	       format_count(count, buffer_counts_lost(s->counts)), list, kb);
	return true;
}

/* "trace.dat", or "trace.0001.dat to trace.0007.dat". */
static void name_files(const struct recording_summary *s, char *out, size_t size)
{
	const struct numbered *n = s->numbered;
	auto_free char *first = NULL;

	if (n && n->n_done > 1)
		first = numbered_name(n->path, n->digits,
				      n->number + 1 - (n->max_files ? n->n_kept : n->n_done));
	snprintf(out, size, "%s%s%s", first ? first : "", first ? " to " : "", s->output->path);
}

void recording_summary_print(const struct recording_summary *s)
{
	double seconds =
		(double)(capture_ended_ns(s->capture) - capture_begun_ns(s->capture)) / 1e9;
	uint64_t events = buffer_counts_events(s->counts) - unwritten(s);
	char files[1024], text[32], rate[32];
	struct rusage u;
	struct stat st;
	double bytes;

	getrusage(RUSAGE_SELF, &u);
	if (fstat(s->output->fd, &st) != 0)
		st.st_blocks = 0;
	bytes = s->numbered ? (double)s->numbered->bytes_done : (double)st.st_blocks * 512;
	name_files(s, files, sizeof(files));
	report(s->program, "%s: %s events in %.2f s (%s/s), %.1f MB; the recorder took %.2f CPU s",
	       files, format_count(text, events), seconds,
	       format_count(rate, seconds > 0 ? (uint64_t)((double)events / seconds) : 0),
	       bytes / 1e6,
	       (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
		       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6);
}
