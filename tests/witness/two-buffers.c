/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writes a trace.dat of two buffers with the recorder's writer: two CPUs, the event "tick" whose x
 * tells which record it is. two-buffers working|compact|copied|one FILE: as it stands while it is
 * recorded, finished, finished in another file, or finished with nothing but the second buffer's
 * last CPU.
 */
#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tracedat/tracedat_header.h"

#define PAGE 4096

static const char page_format[] = "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
				  "\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n"
				  "\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n"
				  "\tfield: char data;\toffset:16;\tsize:4080;\tsigned:0;\n";
static const char tick_format[] =
	"name: tick\nID: 7\nformat:\n"
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
	"\tfield:int x;\toffset:8;\tsize:4;\tsigned:1;\n\nprint fmt: \"x=%d\", REC->x\n";

static void make_head(struct tracedat_writer *w)
{
	FILE *out = open_memstream(&w->head, &w->head_bytes);

	if (!out)
		err(1, "open_memstream");
	fwrite("\x17\x08\x44tracing6\0\0\x08", 1, 14, out);
	put_u32(out, PAGE);
	fwrite("header_page", 1, 12, out);
	put_text64(out, page_format);
	fwrite("header_event", 1, 13, out);
	put_text64(out, "\ttype_len    :    5 bits\n");
	put_u32(out, 0); /* formats of ftrace */
	put_u32(out, 1);
	fwrite("test", 1, 5, out);
	put_u32(out, 1);
	put_text64(out, tick_format);
	put_u32(out, 0); /* symbols */
	put_u32(out, 0); /* printk formats */
	fclose(out);
}

/* A page of two records, 1000 ns apart. */
static void write_page(struct tracedat_writer *w, int part, uint64_t time, int32_t x)
{
	uint8_t page[PAGE] = { 0 };
	uint64_t commit = 32, at = tracedat_writer_position(w, part) + w->parts[part].size;

	memcpy(page, &time, 8);
	memcpy(page + 8, &commit, 8);
	for (int i = 0; i < 2; i++) {
		uint32_t record[4] = { (i ? 1000u : 0u) << 5 | 3, 7, 41, (uint32_t)(x + i) };

		memcpy(page + 16 + 16 * i, record, sizeof(record));
	}
	if (pwrite(w->fd, page, PAGE, (off_t)at) != PAGE)
		err(1, "pwrite");
	w->parts[part].size += PAGE;
}

static int no_second(void *self, int *fd, struct schedtrace_error *error)
{
	*fd = -1;
	return SCHEDTRACE_E_IO;
}

static void finish(struct tracedat_writer *w, const char *mode, int to)
{
	char *stats[4] = { (char *)"entries: 0\n", NULL, NULL, (char *)"entries: 0\n" };
	struct tracedat_second second = { no_second, NULL };
	enum tracedat_shape shape;
	size_t bytes, table;
	char *header;

	if (strcmp(mode, "working") == 0) {
		if (tracedat_writer_publish(w, NULL) < 0)
			errx(1, "publish");
	} else if (strcmp(mode, "copied") == 0) {
		header = tracedat_make_header(w, "41 one\n", stats, &bytes, &table);
		if (!header || tracedat_copy(w, header, bytes, table, to) != 0)
			errx(1, "copy");
		free(header);
	} else if (tracedat_writer_finish(w, "41 one\n", "41 one\n", stats, &second, &shape, NULL) <
		   0) {
		errx(1, "finish");
	} else if (shape != TRACEDAT_COMPACT) {
		errx(77, "this file system cannot take holes out");
	}
}

int main(int argc, char **argv)
{
	struct tracedat_writer w = { .fd = -1, .n_cpus = 2, .page_size = PAGE };
	int fd, to = -1;

	if (argc != 3)
		errx(2, "usage: two-buffers MODE FILE");
	fd = open(argv[2], O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (strcmp(argv[1], "copied") == 0) {
		to = fd;
		fd = open(".", O_RDWR | O_TMPFILE, 0600);
	}
	w.second = strdup("more");
	w.parts = calloc((size_t)tracedat_parts(&w), sizeof(*w.parts));
	w.uname = strdup("Linux h 6 x");
	w.clock = strdup("[mono]");
	make_head(&w);
	if (fd < 0 || tracedat_writer_begin(&w, fd, "41 one\n", NULL) < 0)
		errx(1, "begin");
	if (strcmp(argv[1], "one") != 0) {
		write_page(&w, 0, 1000000, 1);
		write_page(&w, 0, 5000000, 3);
		write_page(&w, 1, 3000000, 11);
		write_page(&w, 2, 2000000, 101);
	}
	write_page(&w, 3, 4000000, 111);
	finish(&w, argv[1], to);
	tracedat_writer_free(&w);
	return 0;
}
