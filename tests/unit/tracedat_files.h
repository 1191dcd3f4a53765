/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Made files of three CPUs, and what reading them gives, for the tests of tracedat.h. */
#ifndef TESTS_UNIT_TRACEDAT_FILES_H
#define TESTS_UNIT_TRACEDAT_FILES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/tracedat_maker.h"
#include "tracedat/formats.h"
#include "tracedat/tracedat.h"

struct fixture {
	struct maker m;
	char folder[64];
	char path[80];
	char notes[4096];
	struct schedtrace_error err;
	/* "CPU TIME PID X\n" for each event */
	char got[8192];
	size_t events, gaps;
	size_t unknown;	    /* records of an event without a format */
	int64_t n_lost;	    /* sum over the gaps */
	char lost[1024];    /* "CPU SINCE TIME\n" for each gap */
	unsigned int early; /* CPUs that end early, a bit each */
	bool damaged;
};

/*
 * Thousands of files with the same format text: a copy of what the worker said of it the first
 * time saves its start. Linked with --wrap.
 */
int __real_formats_parse(struct formats *f, const struct format_text *texts, size_t n,
			 const struct notes *notes, struct schedtrace_error *err);
int __wrap_formats_parse(struct formats *f, const struct format_text *texts, size_t n,
			 const struct notes *notes, struct schedtrace_error *err);

int __wrap_formats_parse(struct formats *f, const struct format_text *texts, size_t n,
			 const struct notes *notes, struct schedtrace_error *err)
{
	static struct formats first;
	static struct format_text text;
	size_t bytes;

	if (n != 1 || strcmp(texts[0].text.bytes, maker_tick) || strcmp(texts[0].system, "test"))
		return __real_formats_parse(f, texts, n, notes, err);
	if (!first.n) {
		text = (struct format_text){ strdup("test"),
					     { strdup(maker_tick), sizeof(maker_tick) - 1 } };
		assert_int_equal(__real_formats_parse(&first, &text, 1, NULL, err), 0);
	}
	f->n = 1;
	f->list = malloc(sizeof(*f->list));
	f->by_id = malloc(65536 * sizeof(*f->by_id));
	f->list[0] = first.list[0];
	bytes = first.list[0].n_fields * sizeof(*first.list[0].fields);
	f->list[0].fields = memcpy(malloc(bytes), first.list[0].fields, bytes);
	memcpy(f->by_id, first.by_id, 65536 * sizeof(*f->by_id));
	return 0;
}

static const char *const codecs[] = { "none", "zlib", "zstd" };
#define N_CODECS (HAVE_ZSTD ? 3 : 2)

/* Three CPUs, the second without data: 4 + 3 pages, 23 events. */
static inline void fill(struct maker_buffer *b)
{
	static const uint64_t t0[][4] = {
		{ 1000, 1010, 1020, 1500 },
		{ 2000, 2010, 2020, 2030 },
		{ 3000, 3010, 3020, 3030 },
		{ 4000, 4010, 4020, 4030 },
	};
	static const uint64_t t2[][3] = {
		{ 1005, 1010, 1600 },
		{ 2005, 2015, 2025 },
		{ 3500, 3510, 5000 },
	};
	int i;

	for (i = 0; i < 4; i++)
		maker_page(b, 0, i == 3 ? 2 : 4, t0[i], 41);
	for (i = 0; i < 3; i++)
		maker_page(b, 2, 3, t2[i], 42);
}

static const char all_events[] = "0 1000 41 1\n2 1005 42 1\n0 1010 41 2\n2 1010 42 2\n0 1020 41 3\n"
				 "0 1500 41 4\n2 1600 42 3\n0 2000 41 1\n2 2005 42 1\n"
				 "0 2010 41 2\n2 2015 42 2\n0 2020 41 3\n2 2025 42 3\n"
				 "0 2030 41 4\n0 3000 41 1\n0 3010 41 2\n0 3020 41 3\n"
				 "0 3030 41 4\n2 3500 42 1\n2 3510 42 2\n0 4000 41 1\n"
				 "0 4010 41 2\n2 5000 42 3\n";
#define ALL 23

static inline int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->folder, "/tmp/test-tracedat-XXXXXX");
	if (!mkdtemp(f->folder))
		return -1;
	snprintf(f->path, sizeof(f->path), "%s/t.dat", f->folder);
	f->m.codec = "none";
	f->m.cpus = 3;
	f->m.n_buffers = 1;
	f->m.buffers[0].name = "";
	fill(&f->m.buffers[0]);
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	unlink(f->path);
	rmdir(f->folder);
	free(f);
	return 0;
}

static inline void take_note(void *user, const char *text)
{
	struct fixture *f = user;
	size_t n = strlen(f->notes);

	snprintf(f->notes + n, sizeof(f->notes) - n, "%s\n", text);
}

/* Reads the file into f->got; the status of opening it or of reading on. */
static inline int read_file(struct fixture *f, const struct tracedat_options *wanted)
{
	struct tracedat_options options = wanted ? *wanted : (struct tracedat_options){ 0 };
	struct tracedat *t = NULL;
	const struct record *r;
	int64_t before = 0;
	size_t n, i, at = 0;
	int status;

	options.notes = (struct notes){ take_note, f };
	*f->notes = '\0';
	*f->got = '\0';
	*f->err.text = '\0';
	f->events = f->gaps = f->unknown = 0;
	f->n_lost = 0;
	f->damaged = false;
	f->early = 0;
	*f->lost = '\0';
	status = tracedat_open(&t, f->path, &options, &f->err);
	if (status < 0)
		return status;
	while ((status = tracedat_next(t, &r, &n, &f->err)) > 0) {
		for (i = 0; i < n; i++, r++) {
			int32_t x = 0;

			/* Whatever the file is like. */
			assert_true(r->timestamp >= before);
			assert_true(r->kind != RECORD_LOST || r->lost_since <= r->timestamp);
			before = r->timestamp;
			if (r->kind != RECORD_EVENT) {
				f->gaps += r->kind == RECORD_LOST;
				f->unknown += r->kind == RECORD_UNKNOWN;
				f->n_lost += r->kind == RECORD_LOST ? r->lost : 0;
				if (r->kind == RECORD_LOST)
					snprintf(f->lost + strlen(f->lost),
						 sizeof(f->lost) - strlen(f->lost),
						 "%d %" PRId64 " %" PRId64 "\n", r->cpu,
						 r->lost_since, r->timestamp);
				continue;
			}
			f->events++;
			memcpy(&x, r->data + 8, 4);
			if (at < sizeof(f->got))
				at += (size_t)snprintf(f->got + at, sizeof(f->got) - at,
						       "%d %" PRId64 " %d %d\n", r->cpu,
						       r->timestamp, r->pid, x);
		}
	}
	f->damaged = tracedat_damaged(t);
	for (i = 0; i < MAKER_CPUS; i++)
		f->early |= (unsigned int)tracedat_ends_early(t, (int32_t)i) << i;
	tracedat_close(t);
	return status;
}

static inline int read_bytes(struct fixture *f, size_t n, const struct tracedat_options *options)
{
	maker_write(&f->m, f->path, n);
	return read_file(f, options);
}

static inline void make(struct fixture *f, int version, const char *codec)
{
	f->m.codec = codec;
	if (version == 6)
		maker_v6(&f->m);
	else
		maker_v7(&f->m);
}

static inline void assert_text(struct fixture *f, const char *part)
{
	if (!strstr(f->err.text, part))
		fail_msg("\"%s\" is not in \"%s\"", part, f->err.text);
}

#endif
