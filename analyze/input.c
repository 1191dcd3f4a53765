/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "input.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "convert/source.h"
#include "libschedtrace/error.h"
#include "libschedtrace/mem.h"

struct input {
	struct schedtrace *trace;
	struct schedtrace_reader *reader;
	struct source *source;
	uint64_t rows; /* given so far */
};

static int open_tarball(struct input *input, const char *path, const struct input_options *options,
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
	r = schedtrace_open(&input->trace, path, &open_options, err);
	if (!r && options->validate)
		r = schedtrace_validate(input->trace, err);
	return r ? r : schedtrace_reader_new(&input->reader, input->trace, 0, UINT64_MAX, err);
}

#if HAVE_SOURCE
static int open_tracedat(struct input *input, const char *path, const struct input_options *options,
			 struct schedtrace_error *err)
{
	const struct source_options source_options = {
		.instance = options->instance,
		.salvage = options->salvage,
		.note = options->note,
	};

	if (options->default_ids)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "--default-ids is for a tarball, and this is a trace.dat");
	return source_open(&input->source, path, &source_options, err);
}
#else
/* As convert/source.h has it, for a program without the converter. */
bool source_is_tracedat(const char *path)
{
	static const char magic[10] = "\x17\x08\x44tracing";
	char begin[sizeof(magic)];
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	return fd >= 0 && pread(fd, begin, sizeof(begin), 0) == sizeof(begin) &&
	       !memcmp(begin, magic, sizeof(magic));
}

static int open_tracedat(struct input *input, const char *path, const struct input_options *options,
			 struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_UNSUPPORTED,
			 "this is a trace.dat, and schedreport was built without the converter; "
			 "make a tarball with schedconv");
}
#endif

int input_open(struct input **out, const char *path, const struct input_options *options,
	       struct schedtrace_error *err)
{
	struct input *input = calloc(1, sizeof(*input));
	int r;

	if (!input)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory to open a file");
	if (source_is_tracedat(path))
		r = open_tracedat(input, path, options, err);
	else
		r = open_tarball(input, path, options, err);
	if (r)
		input_close(input);
	else
		*out = input;
	return r;
}

void input_close(struct input *input)
{
	if (!input)
		return;
	schedtrace_reader_free(input->reader);
	schedtrace_close(input->trace);
#if HAVE_SOURCE
	source_close(input->source);
#endif
	free(input);
}

const struct schedtrace_context *input_context(const struct input *input)
{
#if HAVE_SOURCE
	if (input->source)
		return source_context(input->source);
#endif
	return schedtrace_context(input->trace);
}

int input_next(struct input *input, const struct schedtrace_events **events,
	       struct schedtrace_error *err)
{
	int r;

#if HAVE_SOURCE
	if (input->source)
		return source_next(input->source, events, err);
#endif
	r = schedtrace_reader_next(input->reader, events, err);
	if (r > 0)
		input->rows += (*events)->n;
	return r;
}

void input_position(const struct input *input, uint64_t *done, uint64_t *total)
{
#if HAVE_SOURCE
	if (input->source) {
		uint64_t records;

		source_position(input->source, done, total, &records);
		return;
	}
#endif
	*done = input->rows;
	*total = schedtrace_rows(input->trace);
}

bool input_damaged(const struct input *input)
{
#if HAVE_SOURCE
	if (input->source)
		return source_damaged(input->source);
#endif
	return false;
}
