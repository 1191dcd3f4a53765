/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole files of both versions: what they hold, and what is said when they are not whole. */
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
static void fill(struct maker_buffer *b)
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

static int setup(void **state)
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

static int teardown(void **state)
{
	struct fixture *f = *state;

	unlink(f->path);
	rmdir(f->folder);
	free(f);
	return 0;
}

static void take_note(void *user, const char *text)
{
	struct fixture *f = user;
	size_t n = strlen(f->notes);

	snprintf(f->notes + n, sizeof(f->notes) - n, "%s\n", text);
}

/* Reads the file into f->got; the status of opening it or of reading on. */
static int read_file(struct fixture *f, const struct tracedat_options *wanted)
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

static int read_bytes(struct fixture *f, size_t n, const struct tracedat_options *options)
{
	maker_write(&f->m, f->path, n);
	return read_file(f, options);
}

static void make(struct fixture *f, int version, const char *codec)
{
	f->m.codec = codec;
	if (version == 6)
		maker_v6(&f->m);
	else
		maker_v7(&f->m);
}

static void assert_text(struct fixture *f, const char *part)
{
	if (!strstr(f->err.text, part))
		fail_msg("\"%s\" is not in \"%s\"", part, f->err.text);
}

static void all_versions_and_codecs_give_the_same_records(void **state)
{
	struct fixture *f = *state;
	unsigned int threads;
	int i;

	for (i = -1; i < N_CODECS; i++) {
		make(f, i < 0 ? 6 : 7, i < 0 ? "none" : codecs[i]);
		for (threads = 1; threads < 4; threads++) {
			struct tracedat_options options = { .threads = threads };

			assert_int_equal(read_bytes(f, f->m.n, &options), 0);
			assert_string_equal(f->got, all_events);
			assert_string_equal(f->notes, "");
			assert_false(f->damaged);
		}
	}
}

static void the_facts_beside_the_records_are_there(void **state)
{
	struct fixture *f = *state;
	int version;

	for (version = 6; version < 8; version++) {
		struct tracedat *t;
		const struct tracedat_head *head;

		make(f, version, version == 6 ? "none" : "zlib");
		maker_write(&f->m, f->path, f->m.n);
		assert_int_equal(tracedat_open(&t, f->path, NULL, &f->err), 0);
		head = tracedat_head(t);
		assert_int_equal(head->n_formats, 1);
		assert_string_equal(head->formats[0].name, "tick");
		assert_string_equal(head->formats[0].system, "test");
		assert_int_equal(head->formats[0].min_size, 12);
		assert_string_equal(head->clock, "mono");
		assert_string_equal(head->uname, "Linux box 4.4.0 x86_64");
		assert_string_equal(head->cmdlines, maker_cmdlines);
		assert_int_equal(head->cmdlines_bytes, strlen(maker_cmdlines));
		assert_int_equal(head->n_cpus, 3);
		assert_string_equal(head->cpustats[0], "CPU: 0\noverrun: 3\n");
		assert_null(head->cpustats[1]);
		assert_int_equal(head->page_size, MAKER_PAGE);
		tracedat_close(t);
	}
}

static void a_named_instance_is_read_by_its_name(void **state)
{
	struct fixture *f = *state;
	static const uint64_t times[2] = { 77, 78 };
	struct tracedat_options named = { .instance = "web" }, top = { .instance = "top" };
	int version;

	f->m.n_buffers = 3;
	f->m.buffers[1].name = "web";
	f->m.buffers[2].name = "db";
	maker_page(&f->m.buffers[1], 1, 2, times, 9);
	for (version = 6; version < 8; version++) {
		make(f, version, "none");
		assert_int_equal(read_bytes(f, f->m.n, &named), 0);
		assert_string_equal(f->got, "1 77 9 1\n1 78 9 2\n");
		assert_int_equal(read_file(f, &top), 0);
		assert_string_equal(f->got, all_events);
		assert_int_equal(read_file(f, NULL), SCHEDTRACE_E_USAGE);
		assert_text(f, "2 instances have events: top, web; choose one with --instance");
		named.instance = "foo";
		assert_int_equal(read_file(f, &named), SCHEDTRACE_E_NOT_FOUND);
		assert_text(f, "no instance \"foo\" in the file; it has: top, web, db");
		named.instance = "web";
	}
}

static void both_buffers_of_a_limited_recording_are_read_as_one(void **state)
{
	struct fixture *f = *state;
	static const uint64_t first[2] = { 100, 300 }, second[3] = { 50, 200, 300 };
	struct tracedat_options top = { .instance = "top" }, only = { .instance = "schedrec.only" };
	int version;

	memset(f->m.buffers, 0, sizeof(f->m.buffers));
	f->m.n_buffers = 2;
	f->m.buffers[0].name = "";
	f->m.buffers[1].name = "schedrec.only";
	maker_page(&f->m.buffers[0], 1, 2, first, 8);
	maker_page(&f->m.buffers[1], 1, 3, second, 9);
	for (version = 6; version < 8; version++) {
		make(f, version, "none");
		/* Of equal stamps those of the first buffer come first. */
		assert_int_equal(read_bytes(f, f->m.n, NULL), 0);
		assert_string_equal(f->got,
				    "1 50 9 1\n1 100 8 1\n1 200 9 2\n1 300 8 2\n1 300 9 3\n");
		assert_int_equal(read_file(f, &top), 0);
		assert_string_equal(f->got, "1 100 8 1\n1 300 8 2\n");
		assert_int_equal(read_file(f, &only), 0);
		assert_string_equal(f->got, "1 50 9 1\n1 200 9 2\n1 300 9 3\n");
	}
}

static void the_only_instance_with_events_needs_no_name(void **state)
{
	struct fixture *f = *state;
	static const uint64_t times[2] = { 77, 78 };
	int version;

	memset(f->m.buffers[0].pages, 0, sizeof(f->m.buffers[0].pages));
	f->m.n_buffers = 2;
	f->m.buffers[1].name = "web";
	maker_page(&f->m.buffers[1], 1, 2, times, 9);
	for (version = 6; version < 8; version++) {
		make(f, version, "none");
		assert_int_equal(read_bytes(f, f->m.n, NULL), 0);
		assert_string_equal(f->got, "1 77 9 1\n1 78 9 2\n");
	}
}

static void a_file_without_events_is_read(void **state)
{
	struct fixture *f = *state;

	memset(f->m.buffers[0].pages, 0, sizeof(f->m.buffers[0].pages));
	make(f, 6, "none");
	assert_int_equal(read_bytes(f, f->m.n, NULL), 0);
	assert_int_equal(f->events, 0);
	make(f, 7, "none");
	assert_int_equal(read_bytes(f, f->m.n, NULL), 0);
	assert_int_equal(f->events, 0);
}

static void assert_bytes_say(struct fixture *f, const char *bytes, size_t n, int status,
			     const char *text)
{
	FILE *file = fopen(f->path, "w");

	assert_non_null(file);
	fwrite(bytes, 1, n, file);
	fclose(file);
	assert_int_equal(read_file(f, NULL), status);
	assert_text(f, text);
}

static void what_is_no_trace_dat_is_called_by_its_name(void **state)
{
	struct fixture *f = *state;
	struct tracedat_options none = { 0 };

	assert_bytes_say(f, "", 0, SCHEDTRACE_E_FORMAT, "the file is empty");
	assert_bytes_say(f, "\x1f\x8b\x08", 3, SCHEDTRACE_E_FORMAT, "gzip data");
	assert_bytes_say(f, "hello\n", 6, SCHEDTRACE_E_FORMAT, "text");
	assert_bytes_say(f, "PERFILE2", 8, SCHEDTRACE_E_FORMAT, "perf.data");
	assert_bytes_say(f, "\1\2\3", 3, SCHEDTRACE_E_FORMAT, "unknown bytes");
	assert_bytes_say(f, "\x17\x08\x44tra", 6, SCHEDTRACE_E_FORMAT, "ends at byte 6");
	unlink(f->path);
	assert_int_equal(read_file(f, &none), SCHEDTRACE_E_IO);
	assert_text(f, "No such file");
	assert_int_equal(mkfifo(f->path, 0600), 0);
	assert_int_equal(read_file(f, &none), SCHEDTRACE_E_IO);
	assert_text(f, "a pipe");
	unlink(f->path);
	assert_int_equal(mkdir(f->path, 0700), 0);
	assert_int_equal(read_file(f, &none), SCHEDTRACE_E_IO);
	assert_text(f, "a directory");
	rmdir(f->path);
}

static void what_cannot_be_read_is_refused_by_name(void **state)
{
	struct fixture *f = *state;

	make(f, 6, "none");
	f->m.b[10] = '8';
	assert_int_equal(read_bytes(f, f->m.n, NULL), SCHEDTRACE_E_UNSUPPORTED);
	assert_text(f, "trace.dat version \"8\"; we read 6 and 7");
	make(f, 6, "none");
	f->m.b[12] = 1;
	assert_int_equal(read_bytes(f, f->m.n, NULL), SCHEDTRACE_E_UNSUPPORTED);
	assert_text(f, "big-endian");
	make(f, 7, "none");
	memcpy(f->m.b + 18, "lz4\0", 4);
	assert_int_equal(read_bytes(f, f->m.n, NULL), SCHEDTRACE_E_UNSUPPORTED);
	assert_text(f, "compressed with \"lz4\"; we read zlib and zstd");
}

/* Whether a byte is in the rest of an uncompressed page, behind its records. */
static bool unused(const struct fixture *f, size_t at)
{
	return !strcmp(f->m.codec, "none") && at >= f->m.pages_begin && at < f->m.pages_end &&
	       (at - f->m.pages_begin) % MAKER_PAGE > 16 + 4 * 16;
}

/* Cuts of the last bytes of a page may take nothing but the unused rest of it. */
static void a_file_cut_at_any_byte_says_so_and_gives_what_is_whole(void **state)
{
	struct fixture *f = *state;
	struct tracedat_options salvage = { .salvage = true, .threads = 1 };
	struct tracedat_options plain = { .threads = 1 };
	size_t cut, most;
	int i;

	for (i = -1; i < N_CODECS; i++) {
		make(f, i < 0 ? 6 : 7, i < 0 ? "none" : codecs[i]);
		most = 0;
		for (cut = 0; cut < f->m.n; cut += cut < 700 ? 7 : 1) {
			size_t whole;
			int r;

			if (unused(f, cut) && cut % 32)
				continue;
			r = read_bytes(f, cut, &plain);
			assert_int_equal(r, SCHEDTRACE_E_FORMAT);
			if (cut && !strstr(f->err.text, "cut") && !strstr(f->err.text, "ends"))
				fail_msg("cut at %zu: %s", cut, f->err.text);
			whole = strstr(f->err.text, "; ")
					? strtoul(strstr(f->err.text, "; ") + 2, NULL, 10)
					: 0;
			r = read_file(f, &salvage);
			if (r < 0)
				assert_int_equal(whole, 0);
			else
				assert_int_equal(whole, f->events);
			if (r == 0)
				assert_true(f->damaged);
			assert_true(f->events <= ALL);
			/* More bytes never give fewer events. */
			assert_true(f->events >= most);
			most = f->events;
		}
		assert_int_equal(most, ALL);
	}
}

static void a_cut_is_told_with_its_place_and_what_is_whole(void **state)
{
	struct fixture *f = *state;

	make(f, 6, "none");
	/* CPU 2 has 3 pages at the end; of the last, one record and half of the second are left. */
	assert_int_equal(read_bytes(f, f->m.n - MAKER_PAGE + 40, NULL), SCHEDTRACE_E_FORMAT);
	snprintf(f->got, sizeof(f->got),
		 "CPU 2 data ends at byte %zu, header says %zu: file is cut; 21 events",
		 f->m.n - 216, f->m.n);
	assert_text(f, f->got);
}

static void a_bad_page_becomes_a_gap_with_salvage(void **state)
{
	struct fixture *f = *state;
	struct tracedat_options salvage = { .salvage = true };
	size_t second;

	make(f, 6, "none");
	second = f->m.pages_begin + MAKER_PAGE;
	f->m.b[second + 16 + 16] = 2; /* words of its second record */
	assert_int_equal(read_bytes(f, f->m.n, NULL), SCHEDTRACE_E_FORMAT);
	assert_text(f, "byte 32 of the page: the record has 8 bytes, its format needs 12");
	assert_text(f, "20 events before it or of other CPUs are whole");
	assert_int_equal(read_file(f, &salvage), 0);
	assert_int_equal(f->events, 20);
	assert_int_equal(f->gaps, 1);
	assert_true(f->damaged);
	assert_non_null(strstr(f->notes, "the record has 8 bytes"));
}

static void a_record_of_an_event_without_a_format_costs_no_other(void **state)
{
	struct fixture *f = *state;

	make(f, 6, "none");
	f->m.b[f->m.pages_begin + MAKER_PAGE + 16 + 16 + 4] = 99; /* event id */
	assert_int_equal(read_bytes(f, f->m.n, NULL), 0);
	assert_int_equal(f->events, ALL - 1);
	assert_int_equal(f->unknown, 1);
	assert_false(f->damaged);
	assert_null(strstr(f->got, "0 2010 41"));
}

static void break_page(struct fixture *f, int page)
{
	f->m.b[f->m.pages_begin + (size_t)page * MAKER_PAGE + 9] = 0xff; /* its commit word */
}

static void a_gap_lasts_until_the_next_record_of_its_cpu(void **state)
{
	static const struct {
		int first, last; /* pages of CPU 0 that are bad */
		const char *lost;
		unsigned int early;
	} cases[] = {
		{ 0, 0, "0 -9223372036854775808 2000\n", 0 },
		{ 1, 1, "0 1500 3000\n", 0 },
		{ 0, 2, "0 -9223372036854775808 4000\n", 0 },
		{ 1, 2, "0 1500 4000\n", 0 },
		{ 3, 3, "", 1 },
		{ 0, 3, "", 1 },
	};
	struct fixture *f = *state;
	/* All pages in one block, and a block for each. */
	struct tracedat_options salvage[2] = { { .salvage = true },
					       { .salvage = true, .max_memory = 1 } };
	size_t i, k;
	int page;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		make(f, 6, "none");
		for (page = cases[i].first; page <= cases[i].last; page++)
			break_page(f, page);
		for (k = 0; k < 2; k++) {
			assert_int_equal(read_bytes(f, f->m.n, &salvage[k]), 0);
			assert_string_equal(f->lost, cases[i].lost);
			assert_int_equal(f->early, cases[i].early);
		}
	}
}

static void a_cpu_whose_data_is_all_cut_away_ends_early(void **state)
{
	struct fixture *f = *state;
	struct tracedat_options salvage = { .salvage = true };
	int version;

	for (version = 6; version < 8; version++) {
		make(f, version, "none");
		/* CPU 2 is the last, and its first page comes after the four of CPU 0. */
		assert_int_equal(read_bytes(f, f->m.pages_begin + 4 * MAKER_PAGE + 30, &salvage),
				 0);
		assert_int_equal(f->events, 14);
		assert_string_equal(f->lost, "");
		assert_int_equal(f->early, version == 6 ? 4 : 2);
	}
	/* All but the last byte of CPU 0's data is there. */
	make(f, 6, "none");
	assert_int_equal(read_bytes(f, f->m.pages_begin + 4 * MAKER_PAGE, &salvage), 0);
	assert_int_equal(f->early, 4);
}

static void a_page_from_the_future_is_given_up_with_salvage(void **state)
{
	struct fixture *f = *state;
	struct tracedat_options salvage = { .salvage = true };

	make(f, 6, "none");
	f->m.b[f->m.pages_begin + MAKER_PAGE + 6] ^= 1; /* 2^48 ns later */
	assert_int_equal(read_bytes(f, f->m.n, NULL), SCHEDTRACE_E_FORMAT);
	assert_text(f, "before the record before it");
	assert_int_equal(read_file(f, &salvage), 0);
	assert_int_equal(f->events, ALL - 4);
	assert_int_equal(f->gaps, 1);
	assert_null(strstr(f->got, "0 2000 41"));
	assert_non_null(strstr(f->got, "0 3000 41"));
}

/* The last page is cut within its header, of which the damaged text may say anything. */
static void a_damaged_page_layout_does_not_read_beyond_a_page(void **state)
{
	struct fixture *f = *state;
	struct tracedat_options salvage = { .salvage = true, .threads = 1 };
	const char *line = strstr(maker_header_page, " data;");
	size_t n = strcspn(line, "\n"), left, i;
	uint8_t *text;

	make(f, 7, "none");
	text = memmem(f->m.b, f->m.n, line, n);
	assert_non_null(text);
	for (i = 0; i < n; i++) {
		uint8_t old = text[i];

		text[i] = 0; /* ends the text there */
		for (left = 0; left <= 16; left++) {
			int r = read_bytes(f, f->m.pages_end - MAKER_PAGE + left, &salvage);

			assert_true(r == 0 || r == SCHEDTRACE_E_FORMAT ||
				    r == SCHEDTRACE_E_UNSUPPORTED);
		}
		text[i] = old;
	}
}

static void pages_whose_layout_is_damaged_are_read_with_salvage(void **state)
{
	struct tracedat_options salvage = { .salvage = true };
	struct fixture *f = *state;

	for (int version = 6; version <= 7; version++) {
		uint8_t *text;

		make(f, version, "none");
		text = memmem(f->m.b, f->m.n, " commit;", strlen(" commit;"));
		assert_non_null(text);
		text[1] = 'k';
		assert_true(read_bytes(f, f->m.n, NULL) < 0);
		assert_text(f, "header_page does not describe");
		assert_int_equal(read_file(f, &salvage), 0);
		assert_int_equal(f->events, ALL);
		assert_int_equal(f->gaps, 0);
	}
}

static void a_bad_chunk_becomes_a_gap_with_salvage(void **state)
{
	struct fixture *f = *state;
	struct tracedat_options salvage = { .salvage = true };
	uint32_t size;

	make(f, 7, "zlib");
	memcpy(&size, f->m.b + f->m.pages_begin + 4, 4);
	f->m.b[f->m.pages_begin + 12 + size / 2] ^= 0x55; /* zlib's checksum notices */
	assert_int_equal(read_bytes(f, f->m.n, NULL), SCHEDTRACE_E_FORMAT);
	assert_text(f, "CPU 0: chunk at byte ");
	assert_int_equal(read_file(f, &salvage), 0);
	assert_int_equal(f->events, ALL - 8);
	assert_int_equal(f->gaps, 1);
}

static void claims_beyond_reason_are_refused_before_memory_is_taken(void **state)
{
	struct fixture *f = *state;
	uint32_t four_gib = 0xffffffff, small = 10;

	make(f, 7, "zlib");
	memcpy(f->m.b + f->m.pages_begin + 8, &four_gib, 4);
	assert_int_equal(read_bytes(f, f->m.n, NULL), SCHEDTRACE_E_FORMAT);
	assert_text(f, "claims 4294967295 bytes, the limit is");
	make(f, 7, "zlib");
	four_gib = 32u << 20;
	memcpy(f->m.b + f->m.pages_begin + 8, &four_gib, 4);
	memcpy(f->m.b + f->m.pages_begin + 4, &small, 4);
	assert_int_equal(read_bytes(f, f->m.n, NULL), SCHEDTRACE_E_FORMAT);
	assert_text(f, "a ratio above 1000");
}

static void events_beyond_the_table_are_noted(void **state)
{
	struct fixture *f = *state;

	make(f, 6, "none");
	f->m.n += 3 * MAKER_PAGE;
	assert_int_equal(read_bytes(f, f->m.n, NULL), 0);
	assert_int_equal(f->events, ALL);
	assert_non_null(strstr(f->notes, "768 bytes at byte"));
	assert_non_null(strstr(f->notes, "belong to no CPU"));
}

static void a_file_that_shrinks_while_it_is_read_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct tracedat_options options = { .threads = 1 };
	const struct record *r;
	struct tracedat *t;
	size_t n;

	make(f, 6, "none");
	maker_write(&f->m, f->path, f->m.n);
	assert_int_equal(tracedat_open(&t, f->path, &options, &f->err), 0);
	assert_int_equal(truncate(f->path, (off_t)(f->m.n - MAKER_PAGE)), 0);
	assert_int_equal(tracedat_next(t, &r, &n, &f->err), SCHEDTRACE_E_FORMAT);
	assert_text(f, "changed while reading");
	tracedat_close(t);
}

/* Two CPUs with a page each before and after the clock is set back. */
static void set_back(struct fixture *f, uint64_t base, uint64_t back)
{
	const uint64_t before0[] = { base + 1000, base + 1010, base + 1020, base + 1500 };
	const uint64_t before2[] = { base + 1005, base + 1010, base + 1600 };
	const uint64_t after0[] = { base + 1700 - back, base + 1710 - back };
	const uint64_t after2[] = { base + 1701 - back, base + 1750 - back };

	memset(f->m.buffers[0].pages, 0, sizeof(f->m.buffers[0].pages));
	maker_page(&f->m.buffers[0], 0, 4, before0, 41);
	maker_page(&f->m.buffers[0], 0, 2, after0, 43);
	maker_page(&f->m.buffers[0], 2, 3, before2, 42);
	maker_page(&f->m.buffers[0], 2, 2, after2, 44);
}

/*
 * The longest silence of CPU 0 is 480 ns: twice as long after 1600, CPU 0's 1700 - 800 comes. With
 * little memory a page is a block.
 */
static void after_the_clock_was_set_back_times_go_on_behind_the_latest(void **state)
{
	struct fixture *f = *state;
	unsigned int threads;
	int i;

	set_back(f, 0, 800);
	for (i = -1; i < N_CODECS; i++) {
		make(f, i < 0 ? 6 : 7, i < 0 ? "none" : codecs[i]);
		for (threads = 1; threads < 5; threads++) {
			struct tracedat_options options = { .threads = threads & 1 ? 1 : 2,
							    .max_memory = threads > 2 };

			assert_int_equal(read_bytes(f, f->m.n, &options), 0);
			assert_string_equal(f->got,
					    "0 1000 41 1\n2 1005 42 1\n0 1010 41 2\n2 1010 42 2\n"
					    "0 1020 41 3\n0 1500 41 4\n2 1600 42 3\n0 2560 43 1\n"
					    "2 2561 44 1\n0 2570 43 2\n2 2610 44 2\n");
			assert_int_equal(f->gaps, 2);
			assert_int_equal(f->n_lost, 0);
			assert_false(f->damaged);
			assert_non_null(strstr(f->notes,
					       "the clock was set back 1 times, by up to 699 ns"));
		}
	}
}

static void a_clock_may_be_set_back_by_an_hour(void **state)
{
	static const uint64_t steps[] = { 1000000, 999999000, 1000000900, 10000000000,
					  3600000000000 };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		set_back(f, 4000000000000, steps[i]);
		make(f, 6, "none");
		assert_int_equal(read_bytes(f, f->m.n, NULL), 0);
		assert_non_null(strstr(f->got, "2 4000000001600 42 3\n0 4000000002560 43 1\n"
					       "2 4000000002561 44 1\n0 4000000002570 43 2\n"
					       "2 4000000002610 44 2\n"));
		assert_int_equal(f->gaps, 2);
		assert_false(f->damaged);
	}
}

/* It was silent for longer than the clock was set back. */
static void a_cpu_that_shows_no_step_goes_on_with_the_others(void **state)
{
	static const uint64_t before0[] = { 1000, 1010, 1020, 1500 }, after0[] = { 900, 910 };
	static const uint64_t quiet[] = { 1005, 2500 };
	struct fixture *f = *state;

	memset(f->m.buffers[0].pages, 0, sizeof(f->m.buffers[0].pages));
	maker_page(&f->m.buffers[0], 0, 4, before0, 41);
	maker_page(&f->m.buffers[0], 0, 2, after0, 43);
	maker_page(&f->m.buffers[0], 2, 2, quiet, 42);
	make(f, 6, "none");
	assert_int_equal(read_bytes(f, f->m.n, NULL), 0);
	assert_string_equal(f->got, "0 1000 41 1\n2 1005 42 1\n0 1010 41 2\n0 1020 41 3\n"
				    "0 1500 41 4\n0 2460 43 1\n0 2470 43 2\n2 4060 42 2\n");
	assert_string_equal(f->lost, "0 1500 2460\n2 1500 2460\n");
}

/* It is silent for as long as nobody knows, too. */
static void a_cpu_whose_records_have_ended_has_the_moment_too(void **state)
{
	static const uint64_t before0[] = { 1000, 1010, 1020, 1500 }, after0[] = { 900, 910 };
	static const uint64_t only[] = { 1005 };
	struct fixture *f = *state;

	memset(f->m.buffers[0].pages, 0, sizeof(f->m.buffers[0].pages));
	maker_page(&f->m.buffers[0], 0, 4, before0, 41);
	maker_page(&f->m.buffers[0], 0, 2, after0, 43);
	maker_page(&f->m.buffers[0], 2, 1, only, 42);
	make(f, 6, "none");
	assert_int_equal(read_bytes(f, f->m.n, NULL), 0);
	assert_string_equal(f->lost, "0 1500 2460\n2 1500 2460\n");
}

/* Lost records are missing on CPU 2 from 1005 until after the step, whether its stamps show it or
 * not. */
static void a_gap_that_lasts_over_the_step_stays_one(void **state)
{
	static const uint64_t before0[] = { 1000, 1010, 1020, 1500 }, after0[] = { 900, 910 };
	static const uint64_t before2[] = { 1005 };
	static const uint64_t after2[] = { 2500, 905 };
	static const char *const lost[] = { "0 1500 2460\n2 1005 4060\n",
					    "0 1500 2460\n2 1005 2465\n" };
	const uint64_t commit = 16 | 1ull << 31;
	struct fixture *f = *state;

	for (int i = 0; i < 2; i++) {
		memset(f->m.buffers[0].pages, 0, sizeof(f->m.buffers[0].pages));
		maker_page(&f->m.buffers[0], 0, 4, before0, 41);
		maker_page(&f->m.buffers[0], 0, 2, after0, 43);
		maker_page(&f->m.buffers[0], 2, 1, before2, 42);
		maker_page(&f->m.buffers[0], 2, 1, &after2[i], 42);
		memcpy(f->m.buffers[0].data[2] + MAKER_PAGE + 8, &commit, 8);
		make(f, 6, "none");
		assert_int_equal(read_bytes(f, f->m.n, NULL), 0);
		assert_string_equal(f->lost, lost[i]);
		assert_int_equal(f->n_lost, -1);
	}
}

/*
 * CPU 0's kernel went on within its page, behind a mark; CPU 2 began a page. Both have 10 ns of
 * silence at least: 1010 + 2 * 10 is 475 of the new clock, and 500 of it 1055.
 */
static void a_page_that_goes_on_behind_the_kernels_mark_agrees_with_the_other_cpus(void **state)
{
	static const uint64_t before0[] = { 1000, 1010, 1010, 1020 }, after0[] = { 500, 510 };
	static const uint64_t before2[] = { 1005 }, after2[] = { 475, 505 };
	struct fixture *f = *state;
	uint8_t *page = f->m.buffers[0].data[0];
	uint64_t commit = 16 * 4 + 8;
	uint32_t mark[2] = { 30, 0 };

	memset(f->m.buffers[0].pages, 0, sizeof(f->m.buffers[0].pages));
	maker_page(&f->m.buffers[0], 0, 4, before0, 41);
	memmove(page + 16 + 16 * 2 + 8, page + 16 + 16 * 2, 16 * 2);
	memcpy(page + 16 + 16 * 2, mark, 8);
	memcpy(page + 8, &commit, 8);
	maker_page(&f->m.buffers[0], 0, 2, after0, 43);
	maker_page(&f->m.buffers[0], 2, 1, before2, 42);
	maker_page(&f->m.buffers[0], 2, 2, after2, 44);
	make(f, 6, "none");
	assert_int_equal(read_bytes(f, f->m.n, NULL), 0);
	assert_string_equal(f->got, "0 1000 41 1\n2 1005 42 1\n0 1010 41 2\n0 1030 41 3\n"
				    "2 1030 44 1\n0 1040 41 4\n0 1055 43 1\n2 1060 44 2\n"
				    "0 1065 43 2\n");
	assert_int_equal(f->gaps, 2);
}

/* Two pages in order, with room for it between them. */
static void a_page_from_the_past_is_given_up_with_salvage(void **state)
{
	static const uint64_t times[][2] = { { 10000000000, 10000000010 },
					     { 5000000000, 5000000010 },
					     { 10000000100, 10000000200 } };
	struct fixture *f = *state;
	struct tracedat_options salvage = { .salvage = true };

	memset(f->m.buffers[0].pages, 0, sizeof(f->m.buffers[0].pages));
	for (int i = 0; i < 3; i++)
		maker_page(&f->m.buffers[0], 0, 2, times[i], 41);
	make(f, 6, "none");
	assert_int_equal(read_bytes(f, f->m.n, NULL), SCHEDTRACE_E_FORMAT);
	assert_text(f, "the page begins 5000000010 ns before the record before it");
	assert_int_equal(read_file(f, &salvage), 0);
	assert_string_equal(f->got, "0 10000000000 41 1\n0 10000000010 41 2\n"
				    "0 10000000100 41 1\n0 10000000200 41 2\n");
	assert_int_equal(f->gaps, 1);
	assert_int_equal(f->n_lost, -1);
	assert_true(f->damaged);
}

/*
 * One bit of every byte is flipped: never a crash, and outside of the pages never fewer events
 * without a word. Within pages the format has no checksum; how many flips lose events unseen is
 * printed.
 */
static void no_flipped_bit_loses_events_without_a_word(void **state)
{
	struct fixture *f = *state;
	struct tracedat_options options = { .threads = 1 };
	int i;

	for (i = -1; i < N_CODECS; i++) {
		size_t at, same = 0, refused = 0, noted = 0, other = 0, unseen = 0;

		make(f, i < 0 ? 6 : 7, i < 0 ? "none" : codecs[i]);
		for (at = 0; at < f->m.n; at++) {
			uint8_t bit = 1u << (at * 5 % 8);
			bool page = at >= f->m.pages_begin && at < f->m.pages_end;
			int r;

			if (unused(f, at))
				continue;
			f->m.b[at] ^= bit;
			r = read_bytes(f, f->m.n, &options);
			f->m.b[at] ^= bit;
			if (r < 0)
				refused++;
			else if (*f->notes || f->unknown)
				noted++;
			else if (!strcmp(f->got, all_events))
				same++;
			else if (f->events >= ALL)
				other++;
			else if (page)
				unseen++;
			else
				fail_msg("bit %#x of byte %zu: %zu events, no word", bit, at,
					 f->events);
		}
		print_message("# %s: flips: %zu the same, %zu refused, %zu noted, "
			      "%zu with other values, %zu lose events unseen in pages\n",
			      i < 0 ? "version 6" : codecs[i], same, refused, noted, other, unseen);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_versions_and_codecs_give_the_same_records),
		TEST(the_facts_beside_the_records_are_there),
		TEST(a_named_instance_is_read_by_its_name),
		TEST(the_only_instance_with_events_needs_no_name),
		TEST(both_buffers_of_a_limited_recording_are_read_as_one),
		TEST(a_file_without_events_is_read),
		TEST(what_is_no_trace_dat_is_called_by_its_name),
		TEST(what_cannot_be_read_is_refused_by_name),
		TEST(a_file_cut_at_any_byte_says_so_and_gives_what_is_whole),
		TEST(a_cut_is_told_with_its_place_and_what_is_whole),
		TEST(a_bad_page_becomes_a_gap_with_salvage),
		TEST(a_record_of_an_event_without_a_format_costs_no_other),
		TEST(a_gap_lasts_until_the_next_record_of_its_cpu),
		TEST(a_cpu_whose_data_is_all_cut_away_ends_early),
		TEST(a_page_from_the_future_is_given_up_with_salvage),
		TEST(a_damaged_page_layout_does_not_read_beyond_a_page),
		TEST(pages_whose_layout_is_damaged_are_read_with_salvage),
		TEST(a_bad_chunk_becomes_a_gap_with_salvage),
		TEST(claims_beyond_reason_are_refused_before_memory_is_taken),
		TEST(events_beyond_the_table_are_noted),
		TEST(a_file_that_shrinks_while_it_is_read_is_an_error),
		TEST(after_the_clock_was_set_back_times_go_on_behind_the_latest),
		TEST(a_clock_may_be_set_back_by_an_hour),
		TEST(a_cpu_that_shows_no_step_goes_on_with_the_others),
		TEST(a_cpu_whose_records_have_ended_has_the_moment_too),
		TEST(a_gap_that_lasts_over_the_step_stays_one),
		TEST(a_page_that_goes_on_behind_the_kernels_mark_agrees_with_the_other_cpus),
		TEST(a_page_from_the_past_is_given_up_with_salvage),
		TEST(no_flipped_bit_loses_events_without_a_word),
	};

	return cmocka_run_group_tests_name("tracedat", tests, NULL, NULL);
}
