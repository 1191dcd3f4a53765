/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that are cut or damaged: what can be had of them, and what is said. */
#include "tests/unit/tracedat_files.h"

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
		TEST(no_flipped_bit_loses_events_without_a_word),
	};

	return cmocka_run_group_tests_name("tracedat damage", tests, NULL, NULL);
}
