/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sizes beyond 32 bits, in files that are mostly holes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <unistd.h>

#include "libschedtrace/tarball/npz.h"
#include "libschedtrace/tarball/tar.h"

#define GIB ((uint64_t)1 << 30)

static char path[] = "/var/tmp/test-huge-XXXXXX";
static int fd;
static struct schedtrace_error err;

/* Runs Python, the witness, on the file; true when it prints what is expected. */
static bool python_says(const char *code, const char *expected)
{
	char command[1024], line[256] = "";
	FILE *f;

	snprintf(command, sizeof(command), "/usr/bin/python3 -c '%s' %s 2>&1", code, path);
	f = popen(command, "r");
	if (!f)
		return false;
	if (!fgets(line, sizeof(line), f))
		line[0] = '\0';
	pclose(f);
	line[strcspn(line, "\n")] = '\0';
	if (strcmp(line, expected) != 0)
		print_message("# Python: %s, expected %s\n", line, expected);
	return strcmp(line, expected) == 0;
}

struct found {
	int n;
	struct tar_member last;
};

static int member(void *user, const struct tar_member *m, struct schedtrace_error *e)
{
	struct found *found = user;

	found->n++;
	found->last = *m;
	return 0;
}

static void put(const void *data, size_t n, uint64_t offset)
{
	assert_int_equal(pwrite(fd, data, n, (off_t)offset), n);
}

static void a_member_of_nine_gibibytes_is_written_and_read(void **state)
{
	uint64_t second = TAR_BLOCK + 9 * GIB;
	struct found found = { 0 };
	uint8_t block[TAR_BLOCK];
	struct byte_input in;

	assert_int_equal(ftruncate(fd, 0), 0);
	tar_header(block, "big", 9 * GIB, 0);
	put(block, sizeof(block), 0);
	tar_header(block, "small", 5, 0);
	put(block, sizeof(block), second);
	put("hello", 5, second + TAR_BLOCK);
	assert_int_equal(ftruncate(fd, (off_t)(second + 4 * TAR_BLOCK)), 0);
	assert_int_equal(byte_input_open(&in, path, &err), 0);
	assert_int_equal(tar_scan(&in, member, &found, &err), 0);
	close(in.fd);
	assert_int_equal(found.n, 2);
	assert_true(found.last.offset == second + TAR_BLOCK && found.last.size == 5);
	assert_true(python_says("import tarfile,sys; t=tarfile.open(sys.argv[1],\"r:\"); "
				"print(*[m.size for m in t], "
				"t.extractfile(\"small\").read().decode())",
				"9663676416 5 hello"));
}

static void an_entry_of_five_gibibytes_gets_zip64_fields(void **state)
{
	struct npz_out big = { .name = "big", .size = 5 * GIB, .packed = 5 * GIB, .crc = 7 };
	struct npz_out far = { .name = "far", .size = 5, .packed = 5, .crc = 0x3610a686 };
	uint8_t record[NPZ_RECORD_ROOM];
	struct npz_entry found;
	struct byte_input in;
	uint64_t central, at;
	size_t n;

	assert_int_equal(ftruncate(fd, 0), 0);
	n = npz_local_header(record, &big);
	assert_int_equal(n % 64, 0);
	put(record, n, 0);
	far.offset = n + 5 * GIB;
	n = npz_local_header(record, &far);
	put(record, n, far.offset);
	put("hello", 5, far.offset + n);
	at = central = far.offset + n + 5;
	n = npz_central_header(record, &big);
	put(record, n, at);
	at += n;
	n = npz_central_header(record, &far);
	put(record, n, at);
	at += n;
	n = npz_end(record, 2, central, at - central, 0);
	put(record, n, at);
	assert_int_equal(byte_input_open(&in, path, &err), 0);
	assert_int_equal(npz_find(&found, &in, 0, in.size, "big", &err), 0);
	assert_true(found.size == 5 * GIB && found.packed == 5 * GIB && found.crc == 7);
	assert_int_equal(npz_find(&found, &in, 0, in.size, "far", &err), 0);
	assert_true(found.data == central - 5 && found.size == 5);
	close(in.fd);
	assert_true(python_says("import zipfile,sys; z=zipfile.ZipFile(sys.argv[1]); "
				"print(*[i.file_size for i in z.infolist()], "
				"z.read(\"far.npy\").decode())",
				"5368709120 5 hello"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_member_of_nine_gibibytes_is_written_and_read),
		cmocka_unit_test(an_entry_of_five_gibibytes_gets_zip64_fields),
	};
	int failed;

	fd = mkstemp(path);
	if (fd < 0)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	close(fd);
	unlink(path);
	return failed;
}
