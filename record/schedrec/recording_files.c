/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From what the readers wrote to files in their places; from one file to the next. */
#include "record/schedrec/recording_state.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/error.h"
#include "base/mem.h"
#include "cli/report_error.h"

static void tell_sparse(const struct recording *r, const struct workfile *output)
{
	report(r->settings->program,
	       "%s keeps holes that this file system cannot take out, and there is no room for a "
	       "copy: schedrec --repair %s -o ELSEWHERE makes a compact one",
	       output->path, output->path);
}

int recording_save(struct recording *r, char *cmdlines, char **stats)
{
	struct finish f = { .output = r->output,
			    .writer = r->writer,
			    .cmdlines = cmdlines,
			    .first_cmdlines = r->first_cmdlines,
			    .stats = stats };
	int result = finish_now(&f);

	r->output = f.output;
	r->writer = f.writer;
	if (result < 0)
		r->err = f.err;
	else if (f.shape == TRACEDAT_SPARSE)
		tell_sparse(r, &r->output);
	if (result == 0 && r->numbered.path)
		result = numbered_done(&r->numbered, &r->output, &r->err);
	return result;
}

void recording_tell_where(struct recording *r, const struct workfile *output, const char *why)
{
	char path[PATH_MAX];

	if (workfile_where(output, path, sizeof(path)))
		report(r->settings->program,
		       "%s: what was recorded is in %s: schedrec --repair makes it an ordinary "
		       "trace.dat",
		       why, path);
	else
		report(r->settings->program, "%s: what was recorded is gone", why);
}

/* The file after the present one, up to its first header. */
static int open_next(struct recording *r, struct workfile *output, struct tracedat_writer *w)
{
	const char *slash = strrchr(r->numbered.path, '/');
	auto_free char *name = numbered_name(slash ? slash + 1 : r->numbered.path,
					     r->numbered.digits, r->numbered.number + 1);
	auto_free char *cmdlines = proc_tasks_cmdlines(&r->tasks, NULL);
	int result;

	if (!name || !cmdlines)
		return error_set(&r->err, SCHEDTRACE_E_NOMEM, "out of memory");
	result = workfile_beside(&r->output, output, name, &r->err);
	if (result == 0)
		result = tracedat_writer_another(&r->writer, w, &r->err);
	if (result == 0)
		result = tracedat_writer_begin(w, output->fd, cmdlines, &r->err);
	if (result < 0)
		error_prefix(&r->err, result, "%s", name);
	return result;
}

/* Lets the readers go over to another file, while tracing goes on. */
int recording_cut(struct recording *r, const char *why, struct workfile *output,
		  struct tracedat_writer *w)
{
	int status = r->workload.ended ? r->workload.wait_status : -1;
	int result = open_next(r, output, w);

	/* A flight recorder has been asked to save what was, and now. */
	if (result == 0 && !r->settings->flight_ns)
		result = recording_note_end(r);
	if (result == 0)
		recording_write_maps(r);
	if (result == 0)
		result = marker_write_end(&r->instance, r->settings->clock, status, why, &r->err);
	/* The next file is opened once more for each reader, and may be another user's. */
	if (result == 0)
		result = identity_enter(&r->identity, &r->err);
	if (result == 0) {
		result = readers_cut(&r->readers, w, &r->err);
		identity_leave(&r->identity);
	}
	if (result < 0) {
		tracedat_writer_free(w);
		workfile_drop(output);
		return result;
	}
	for (int i = 0; i < r->readers.n; i++) {
		const struct reader *item = &r->readers.items[i];
		struct tracedat_part *part = &r->writer.parts[item->part];

		part->offset = tracedat_writer_position(&r->writer, item->part) + r->readers.room;
		part->size = item->cut_bytes;
	}
	return 0;
}

void recording_go_over(struct recording *r, struct workfile *output, struct tracedat_writer *w)
{
	r->output = *output;
	r->writer = *w;
	r->numbered.number++;
}

int recording_next_file(struct recording *r)
{
	struct workfile output = { .directory_fd = -1, .fd = -1 };
	struct tracedat_writer w = { .fd = -1 };
	auto_free char **texts = calloc((size_t)tracedat_parts(&r->writer), sizeof(*texts));
	bool marked;
	int result;

	if (!texts)
		return error_set(&r->err, SCHEDTRACE_E_NOMEM, "out of memory");
	result = recording_cut(r, "rotation", &output, &w);
	if (result < 0)
		return result;
	for (int i = 0; i < r->readers.n; i++)
		texts[r->readers.items[i].part] = r->readers.items[i].cut_stats;
	r->finish = (struct finish){ .output = r->output,
				     .writer = r->writer,
				     .cmdlines = proc_tasks_cmdlines(&r->tasks, r->tracefs),
				     .first_cmdlines = r->first_cmdlines,
				     .stats = numbered_stats(&r->numbered, texts),
				     .done_fd = r->finished_fd };
	marked = r->finish.stats && recording_mark_unread(r, r->finish.stats);
	recording_go_over(r, &output, &w);
	r->finishing = true;
	finish_start(&r->finish);
	if (!marked)
		return error_set(&r->err, SCHEDTRACE_E_NOMEM, "out of memory");
	return recording_write_begin(r, false);
}

int recording_finished(struct recording *r)
{
	struct finish *f = &r->finish;
	eventfd_t count;
	int result;

	if (!r->finishing)
		return 0;
	result = finish_wait(f);
	r->finishing = false;
	eventfd_read(r->finished_fd, &count);
	if (result == 0 && f->shape == TRACEDAT_SPARSE)
		tell_sparse(r, &f->output);
	if (result == 0)
		result = numbered_done(&r->numbered, &f->output, &r->err);
	else
		r->err = f->err;
	if (result < 0)
		recording_tell_error(r);
	if (f->result < 0)
		recording_tell_where(r, &f->output, "the file could not be finished");
	workfile_close(&f->output);
	tracedat_writer_free(&f->writer);
	numbered_free_stats(&r->numbered, f->stats);
	free(f->cmdlines);
	return result;
}
