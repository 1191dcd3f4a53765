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

int recording_save(struct recording *r, struct workfile *output, struct tracedat_writer *w,
		   char *cmdlines, char **stats)
{
	struct finish f = { .output = *output,
			    .writer = *w,
			    .cmdlines = cmdlines,
			    .first_cmdlines = capture_first_cmdlines(r->capture),
			    .stats = stats };
	int result = finish_now(&f);

	*output = f.output;
	*w = f.writer;
	if (result < 0)
		r->err = f.err;
	else if (f.shape == TRACEDAT_SPARSE)
		tell_sparse(r, output);
	if (result == 0 && r->numbered.path)
		result = numbered_done(&r->numbered, output, &r->err);
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

int recording_cut(struct recording *r, const char *why, struct workfile *output,
		  struct tracedat_writer *old)
{
	const char *slash = strrchr(r->numbered.path, '/');
	auto_free char *name = numbered_name(slash ? slash + 1 : r->numbered.path,
					     r->numbered.digits, r->numbered.number + 1);
	int status = r->workload.ended ? r->workload.wait_status : -1;
	struct workfile next = { .directory_fd = -1, .fd = -1 };
	int result;

	if (!name)
		return error_set(&r->err, SCHEDTRACE_E_NOMEM, "out of memory");
	result = workfile_beside(&r->output, &next, name, &r->err);
	if (result < 0)
		return error_prefix(&r->err, result, "%s", name);
	/* A flight recorder has been asked to save what was, and now. */
	result = capture_cut(r->capture, next.fd, name, status, why, !r->settings->flight_ns, old,
			     &r->err);
	if (result < 0) {
		workfile_drop(&next);
		return result;
	}
	*output = r->output;
	r->output = next;
	r->numbered.number++;
	return 0;
}

int recording_next_file(struct recording *r)
{
	const struct readers *readers = capture_readers(r->capture);
	int n = tracedat_parts(capture_writer(r->capture));
	auto_free char **texts = calloc((size_t)n, sizeof(*texts));
	struct finish *f = &r->finish;
	bool marked;
	int result;

	if (!texts)
		return error_set(&r->err, SCHEDTRACE_E_NOMEM, "out of memory");
	*f = (struct finish){ .done_fd = r->finished_fd };
	result = recording_cut(r, "rotation", &f->output, &f->writer);
	if (result < 0)
		return result;
	for (int i = 0; i < readers->n; i++)
		texts[readers->items[i].part] = readers->items[i].cut_stats;
	f->cmdlines = capture_cmdlines(r->capture);
	f->first_cmdlines = capture_first_cmdlines(r->capture);
	f->stats = numbered_stats(&r->numbered, texts);
	marked = f->stats && capture_mark_unread(r->capture, f->stats);
	r->finishing = true;
	finish_start(f);
	if (!marked)
		return error_set(&r->err, SCHEDTRACE_E_NOMEM, "out of memory");
	return capture_begin_file(r->capture, false, &r->err);
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
