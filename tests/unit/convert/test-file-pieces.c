/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files put together from the recorder's markers, whole ones and others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "convert/file_pieces.h"
#include "tracedat/markers.h"

static char notes[4096];

static void take_note(void *user, const char *text)
{
	size_t n = strlen(notes);

	snprintf(notes + n, sizeof(notes) - n, "%s\n", text);
}

/* @claimed: bytes that the marker says it has; there are those of @text. */
static void add_claiming(struct file_pieces *f, const char *name, uint64_t offset, const char *text,
			 uint16_t flags, uint32_t claimed)
{
	size_t name_bytes = strlen(name), n = strlen(text);
	const struct marker_file m = { .offset = offset,
				       .size = offset + n,
				       .name_bytes = (uint16_t)name_bytes,
				       .flags = flags,
				       .bytes = claimed };
	size_t bytes = sizeof(m) + name_bytes + n;
	char *payload = malloc(bytes); /* no more, so that reading on is seen */

	assert_non_null(payload);
	memcpy(payload, &m, sizeof(m));
	memcpy(payload + sizeof(m), name, name_bytes);
	memcpy(payload + sizeof(m) + name_bytes, text, n);
	assert_int_equal(file_pieces_add(f, payload, bytes, NULL), 0);
	free(payload);
}

static void add(struct file_pieces *f, const char *name, uint64_t offset, const char *text,
		uint16_t flags)
{
	add_claiming(f, name, offset, text, flags, (uint32_t)strlen(text));
}

static void finish(struct file_pieces *f)
{
	*notes = '\0';
	assert_int_equal(file_pieces_finish(f, &(struct notes){ take_note, NULL }, NULL), 0);
}

static void assert_file(const struct file_pieces *f, size_t i, const char *name, const char *text)
{
	const char *found;
	const void *data;
	size_t n;

	assert_true(file_pieces_get(f, i, &found, &data, &n));
	assert_string_equal(found, name);
	assert_int_equal(n, strlen(text));
	assert_memory_equal(data, text, n);
}

static void assert_no_file(const struct file_pieces *f, size_t i)
{
	const char *name;
	const void *data;
	size_t n;

	assert_false(file_pieces_get(f, i, &name, &data, &n));
}

static void pieces_in_any_order_make_files(void **state)
{
	struct file_pieces f = { 0 };

	add(&f, "b", 3, "def", FILE_END);
	add(&f, "a", 0, "", FILE_END);
	add(&f, "b", 0, "abc", 0);
	add(&f, "b", 0, "abc", 0);
	finish(&f);
	assert_string_equal(notes, "");
	assert_file(&f, 0, "b", "abcdef");
	assert_file(&f, 1, "a", "");
	assert_no_file(&f, 2);
	file_pieces_free(&f);
}

static void what_is_missing_is_told(void **state)
{
	struct file_pieces f = { 0 };

	add(&f, "hole", 0, "ab", 0);
	add(&f, "hole", 10, "cd", FILE_END);
	add(&f, "cut", 0, "abc", 0);
	finish(&f);
	assert_file(&f, 0, "hole", "abcd");
	assert_file(&f, 1, "cut", "abc");
	assert_string_equal(notes,
			    "hole of the recording lacks 8 bytes: their records were lost\n"
			    "cut of the recording has no end: only its first 3 bytes are known\n");
	file_pieces_free(&f);
}

static void names_that_no_member_may_have_are_left_out(void **state)
{
	static const char *const names[] = { "",     ".",    "..",	"a/b",	     "a\nb",
					     "\xff", "\x7f", "pid.npz", "frames.npy" };
	struct file_pieces f = { 0 };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		add(&f, names[i], 0, "x", FILE_END);
	add(&f, "good", 0, "y", FILE_END);
	finish(&f);
	assert_file(&f, 0, "good", "y");
	assert_no_file(&f, 1);
	assert_non_null(strstr(notes, "\"a\\x0ab\" is no name for a member"));
	file_pieces_free(&f);
}

static void damaged_markers_are_none(void **state)
{
	struct file_pieces f = { 0 };

	add_claiming(&f, "long", 0, "abc", FILE_END, 4);
	add_claiming(&f, "huge", 0, "abc", FILE_END, UINT32_MAX);
	add(&f, "far", UINT64_MAX - 1, "abc", FILE_END);
	assert_int_equal(file_pieces_add(&f, "short", 5, NULL), 0);
	finish(&f);
	assert_no_file(&f, 0);
	file_pieces_free(&f);
}

static void more_than_is_kept_is_counted(void **state)
{
	struct file_pieces f = { 0 };
	char *text = malloc((1 << 20) + 1);

	assert_non_null(text);
	memset(text, 'x', 1 << 20);
	text[1 << 20] = '\0';
	for (uint64_t i = 0; i < 66; i++)
		add(&f, "big", i << 20, text, i == 65 ? FILE_END : 0);
	finish(&f);
	assert_non_null(strstr(notes, "2097152 bytes of files of the recording are left out"));
	file_pieces_free(&f);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_in_any_order_make_files),
		cmocka_unit_test(what_is_missing_is_told),
		cmocka_unit_test(names_that_no_member_may_have_are_left_out),
		cmocka_unit_test(damaged_markers_are_none),
		cmocka_unit_test(more_than_is_kept_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
