/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the command prints and writes, which stands in the file beside the events. */
#include "record/schedrec/recording_state.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "cli/report_error.h"
#include "record/schedrec/kept_files.h"

int recording_prepare_command(struct recording *r, int *exit_status)
{
	const struct recording_settings *s = r->settings;
	int outputs[2];
	const struct workload_options options = { .follow_all = s->follow_all,
						  .identity = &r->identity,
						  .signals = &r->saved_signals,
						  .outputs = s->keep_output ? outputs : NULL };
	int result = 0;

	if (s->keep_output)
		result = kept_output_new(&r->kept_output, KEPT_MOST, outputs, &r->err);
	return result < 0
		       ? result
		       : workload_prepare(&r->workload, s->command, &options, exit_status, &r->err);
}

int recording_start_command(struct recording *r, int *exit_status)
{
	static const int ours[2] = { STDOUT_FILENO, STDERR_FILENO };
	int result = r->kept_output ? kept_output_start(r->kept_output, ours, &r->err) : 0;

	return result < 0 ? result
			  : workload_start(&r->workload, r->settings->command[0], exit_status,
					   &r->err);
}

/* As long as nobody asks again to end, readers are given the time to make room. */
static void write_file(struct recording *r, const struct kept_file *file)
{
	int signals = r->n_signals, more;
	size_t done = 0;

	if (file->size > file->n)
		report(r->settings->program,
		       "of %s, which has %llu bytes, the first %zu are in the recording",
		       file->name, (unsigned long long)file->size, file->n);
	while ((more = capture_keep_file(r->capture, file, &done, &r->err)) > 0 &&
	       r->n_signals == signals) {
		int64_t until = now_ns() + CAPTURE_REST_MS * 1000000LL, now;

		while ((now = now_ns()) < until && r->n_signals == signals)
			recording_wait(r, until - now);
	}
	if (more < 0)
		recording_tell_error(r);
	else if (more > 0)
		report(r->settings->program,
		       "%s: a signal came: only its first %zu bytes are in "
		       "the recording",
		       file->name, done);
}

static void write_output(struct recording *r)
{
	static const char *const names[2] = { KEPT_STDOUT, KEPT_STDERR };

	kept_output_settle(r->kept_output);
	for (int i = 0; i < 2; i++) {
		struct kept_bytes bytes = kept_output_bytes(r->kept_output, i);

		write_file(r, &(struct kept_file){ .name = (char *)names[i],
						   .data = bytes.data,
						   .n = bytes.n,
						   .size = bytes.size });
	}
}

void recording_write_kept(struct recording *r)
{
	const struct recording_settings *s = r->settings;

	if (r->kept_output)
		write_output(r);
	for (size_t i = 0; i < s->n_added; i++) {
		struct kept_file file;

		if (kept_file_read(&file, s->added[i], &r->identity, &r->err) < 0) {
			recording_tell_error(r);
			continue;
		}
		write_file(r, &file);
		kept_file_free(&file);
	}
}
