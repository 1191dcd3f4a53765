/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "input/input.h"

#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "convert/source.h"

struct input {
	struct schedtrace *trace;
	struct schedtrace_reader *reader;
	struct source *source;
	const char *path; /* lent */
	uint64_t rows;	  /* given so far */
};

static int open_tarball(struct input *infile, const char *path, const struct input_options *options,
			struct schedtrace_error *err)
{
	const struct schedtrace_open_options open_options = {
		.size = sizeof(open_options),
		.default_ids = options->default_ids,
		.note = options->note,
	};
	int r;

	if (options->instance || options->salvage)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "%s is for a trace.dat, and this is a tarball",
				 options->instance ? "--instance" : "--salvage");
	r = schedtrace_open(&infile->trace, path, &open_options, err);
	if (!r && options->validate)
		r = schedtrace_validate(infile->trace, err);
	return r ? r : schedtrace_reader_new(&infile->reader, infile->trace, 0, UINT64_MAX, err);
}

#if HAVE_CONVERT
static int open_tracedat(struct input *infile, const char *path,
			 const struct input_options *options, struct schedtrace_error *err)
{
	int r;
	const struct source_options source_options = {
		.file = {
			.instance = options->instance,
			.salvage = options->salvage,
			.notes = { options->note, NULL },
		},
	};

	if (options->default_ids)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "--default-ids is for a tarball, and this is a trace.dat");
	r = source_open(&infile->source, path, &source_options, err);
	return r ? error_prefix(err, r, "%s", path) : 0;
}
#else
/* As convert/source.h has it, for a program without the converter. */
bool tracedat_is(const char *path)
{
	static const char magic[10] = "\x17\x08\x44tracing";
	char begin[sizeof(magic)];
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	return fd >= 0 && pread(fd, begin, sizeof(begin), 0) == sizeof(begin) &&
	       !memcmp(begin, magic, sizeof(magic));
}

static int open_tracedat(struct input *infile, const char *path,
			 const struct input_options *options, struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_UNSUPPORTED,
			 "this is a trace.dat, and schedreport was built without the converter; "
			 "make a tarball with schedconv");
}
#endif

int input_open(struct input **out, const char *path, const struct input_options *options,
	       struct schedtrace_error *err)
{
	struct input *infile = calloc(1, sizeof(*infile));
	int r;

	if (!infile)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory to open a file");
	infile->path = path;
	if (tracedat_is(path))
		r = open_tracedat(infile, path, options, err);
	else
		r = open_tarball(infile, path, options, err);
	if (r)
		input_close(infile);
	else
		*out = infile;
	return r;
}

void input_close(struct input *infile)
{
	if (!infile)
		return;
	schedtrace_reader_free(infile->reader);
	schedtrace_close(infile->trace);
#if HAVE_CONVERT
	source_close(infile->source);
#endif
	free(infile);
}

const struct schedtrace_context *input_context(const struct input *infile)
{
#if HAVE_CONVERT
	if (infile->source)
		return source_context(infile->source);
#endif
	return schedtrace_context(infile->trace);
}

bool input_knows_all_tasks(const struct input *infile)
{
	return infile->trace != NULL;
}

int input_next(struct input *infile, const struct schedtrace_events **events,
	       struct schedtrace_error *err)
{
	int r;

#if HAVE_CONVERT
	if (infile->source) {
		r = source_next(infile->source, events, err);
		return r < 0 ? error_prefix(err, r, "%s", infile->path) : r;
	}
#endif
	r = schedtrace_reader_next(infile->reader, events, err);
	if (r > 0)
		infile->rows += (*events)->n;
	return r;
}

void input_position(const struct input *infile, uint64_t *done, uint64_t *total)
{
#if HAVE_CONVERT
	if (infile->source) {
		uint64_t records;

		source_position(infile->source, done, total, &records);
		return;
	}
#endif
	*done = infile->rows;
	*total = schedtrace_rows(infile->trace);
}

struct schedtrace *input_tarball(const struct input *infile)
{
	return infile->trace;
}

int64_t input_rows(const struct input *infile)
{
	return infile->trace ? (int64_t)schedtrace_rows(infile->trace) : INT64_MIN;
}

bool input_damaged(const struct input *infile)
{
#if HAVE_CONVERT
	if (infile->source)
		return source_damaged(infile->source);
#endif
	return false;
}
