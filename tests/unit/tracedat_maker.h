/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Small trace.dat files of either version, written by hand. They hold one event, "tick" of
 * system "test" with id 7 and a field x; pages have 256 bytes, so that a file stays small.
 */
#ifndef TESTS_UNIT_TRACEDAT_MAKER_H
#define TESTS_UNIT_TRACEDAT_MAKER_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

#include "config.h"
#if HAVE_ZSTD
#include <zstd.h>
#endif

#define MAKER_PAGE 256
#define MAKER_CPUS 4

struct maker_buffer {
	const char *name; /* "" is the top one */
	size_t pages[MAKER_CPUS];
	uint8_t data[MAKER_CPUS][8 * MAKER_PAGE];
};

struct maker {
	uint8_t b[1 << 16];
	size_t n;
	int cpus;
	const char *codec; /* "none", "zlib", "zstd"; version 7 */
	struct maker_buffer buffers[3];
	size_t n_buffers;
	size_t pages_begin, pages_end; /* of the last file made: where its event pages are */
};

static inline void put(struct maker *m, const void *data, size_t n)
{
	memcpy(m->b + m->n, data, n);
	m->n += n;
}

static inline void put_string(struct maker *m, const char *s)
{
	put(m, s, strlen(s) + 1);
}

static inline void put16(struct maker *m, uint16_t v)
{
	put(m, &v, 2);
}

static inline void put32(struct maker *m, uint32_t v)
{
	put(m, &v, 4);
}

static inline void put64(struct maker *m, uint64_t v)
{
	put(m, &v, 8);
}

static inline void put_text(struct maker *m, const char *s)
{
	put64(m, strlen(s));
	put(m, s, strlen(s));
}

static inline void align_page(struct maker *m)
{
	while (m->n % MAKER_PAGE)
		m->b[m->n++] = 0;
}

/* A page whose records are at the times given, with x = 1, 2, ... */
static inline void maker_page(struct maker_buffer *buffer, int cpu, int n, const uint64_t *times,
			      int32_t pid)
{
	uint8_t *page = buffer->data[cpu] + MAKER_PAGE * buffer->pages[cpu]++;
	uint64_t commit = 16ull * (uint64_t)n;
	int i;

	memset(page, 0, MAKER_PAGE);
	memcpy(page, &times[0], 8);
	memcpy(page + 8, &commit, 8);
	for (i = 0; i < n; i++) {
		uint32_t words[4] = { (uint32_t)(i ? times[i] - times[i - 1] : 0) << 5 | 3, 7,
				      (uint32_t)pid, (uint32_t)i + 1 };

		memcpy(page + 16 + 16 * i, words, sizeof(words));
	}
}

static const char maker_header_page[] = "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
					"\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n"
					"\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n"
					"\tfield: char data;\toffset:16;\tsize:240;\tsigned:0;\n";
static const char maker_header_event[] = "\ttype_len    :    5 bits\n";
static const char maker_tick[] =
	"name: tick\nID: 7\nformat:\n"
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
	"\tfield:int x;\toffset:8;\tsize:4;\tsigned:1;\n\nprint fmt: \"x=%d\", REC->x\n";
static const char maker_cmdlines[] = "41 one\n42 two\n";

static inline void put_magic(struct maker *m, const char *version)
{
	m->n = 0;
	put(m, "\x17\x08\x44tracing", 10);
	put_string(m, version);
	put(m, "\0\x08", 2);
	put32(m, MAKER_PAGE);
}

static inline void put_header_info(struct maker *m)
{
	put_string(m, "header_page");
	put_text(m, maker_header_page);
	put_string(m, "header_event");
	put_text(m, maker_header_event);
}

static inline void put_event_formats(struct maker *m)
{
	put32(m, 1);
	put_string(m, "test");
	put32(m, 1);
	put_text(m, maker_tick);
}

static inline void put_option(struct maker *m, uint16_t id, const void *data, uint32_t n)
{
	put16(m, id);
	put32(m, n);
	put(m, data, n);
}

/* "flyrecord", a table to be filled in, and the clock; then the pages. */
static inline void put_v6_buffer(struct maker *m, const struct maker_buffer *buffer)
{
	size_t table;
	int i;

	put_string(m, "flyrecord");
	table = m->n;
	m->n += 16 * (size_t)m->cpus;
	put_text(m, "local [mono] global");
	for (i = 0; i < m->cpus; i++) {
		uint64_t place[2];

		align_page(m);
		place[0] = m->n;
		place[1] = MAKER_PAGE * buffer->pages[i];
		memcpy(m->b + table + 16 * (size_t)i, place, 16);
		put(m, buffer->data[i], MAKER_PAGE * buffer->pages[i]);
		if (!m->pages_begin)
			m->pages_begin = place[0];
		m->pages_end = m->n;
	}
}

static inline void maker_v6(struct maker *m)
{
	size_t at[3];
	size_t i;

	m->pages_begin = 0;
	put_magic(m, "6");
	put_header_info(m);
	put32(m, 0);
	put_event_formats(m);
	put32(m, 0);
	put32(m, 0);
	put_text(m, maker_cmdlines);
	put32(m, (uint32_t)m->cpus);
	put(m, "options  ", 10);
	put_option(m, 5, "Linux box 4.4.0 x86_64", 23);
	put_option(m, 2, "CPU: 0\noverrun: 3\n", 19);
	put_option(m, 4, "", 0);
	for (i = 1; i < m->n_buffers; i++) {
		put16(m, 3);
		put32(m, (uint32_t)(8 + strlen(m->buffers[i].name) + 1));
		at[i] = m->n;
		put64(m, 0);
		put_string(m, m->buffers[i].name);
	}
	put16(m, 0);
	put_v6_buffer(m, &m->buffers[0]);
	for (i = 1; i < m->n_buffers; i++) {
		uint64_t offset = m->n;

		memcpy(m->b + at[i], &offset, 8);
		put_v6_buffer(m, &m->buffers[i]);
	}
}

static inline size_t maker_pack(const struct maker *m, const void *in, size_t n, void *out,
				size_t room)
{
	uLongf size = room;

#if HAVE_ZSTD
	if (!strcmp(m->codec, "zstd"))
		return ZSTD_compress(out, room, in, n, 1);
#endif
	compress(out, &size, in, n);
	return size;
}

/* Closes the section whose head is at @head, compressing what stands in it. */
static inline void end_section(struct maker *m, size_t head, uint16_t id, int pack)
{
	uint8_t packed[1 << 14];
	size_t n = m->n - head - 16;
	uint16_t flags = pack && strcmp(m->codec, "none");
	uint64_t size;

	if (flags) {
		uint32_t sizes[2] = { (uint32_t)maker_pack(m, m->b + head + 16, n, packed,
							   sizeof(packed)),
				      (uint32_t)n };

		m->n = head + 16;
		put(m, sizes, sizeof(sizes));
		put(m, packed, sizes[0]);
	}
	size = m->n - head - 16;
	memcpy(m->b + head, &id, 2);
	memcpy(m->b + head + 2, &flags, 2);
	memset(m->b + head + 4, 0, 4);
	memcpy(m->b + head + 8, &size, 8);
}

static inline size_t begin_section(struct maker *m)
{
	m->n += 16;
	return m->n - 16;
}

/* Two pages a chunk. Returns the size that the option tells: without the count. */
static inline uint64_t put_chunks(struct maker *m, const uint8_t *data, size_t pages)
{
	size_t begin = m->n, i;

	put32(m, (uint32_t)(pages + 1) / 2);
	for (i = 0; i < pages; i += 2) {
		uint8_t packed[1024];
		size_t n = MAKER_PAGE * (pages - i > 1 ? 2 : 1);
		size_t size = maker_pack(m, data + MAKER_PAGE * i, n, packed, sizeof(packed));

		put32(m, (uint32_t)size);
		put32(m, (uint32_t)n);
		put(m, packed, size);
	}
	return m->n - begin - 4;
}

/* Returns where its options section is. */
static inline uint64_t put_v7_buffer(struct maker *m, const struct maker_buffer *buffer)
{
	uint64_t place[MAKER_CPUS][2];
	size_t head = begin_section(m), option;
	uint64_t last = 0, offset = head;
	int i;

	for (i = 0; i < m->cpus; i++) {
		align_page(m);
		place[i][0] = m->n;
		if (!m->pages_begin)
			m->pages_begin = m->n;
		if (!buffer->pages[i]) {
			place[i][1] = 0;
		} else if (!strcmp(m->codec, "none")) {
			put(m, buffer->data[i], MAKER_PAGE * buffer->pages[i]);
			place[i][1] = m->n - place[i][0];
		} else {
			place[i][1] = put_chunks(m, buffer->data[i], buffer->pages[i]);
		}
		m->pages_end = m->n;
	}
	end_section(m, head, 3, 0);
	if (strcmp(m->codec, "none"))
		m->b[head + 2] = 1;
	option = begin_section(m);
	put16(m, 3);
	put32(m, (uint32_t)(8 + strlen(buffer->name) + 1 + 5 + 4 + 4 + 20 * m->cpus));
	put64(m, offset);
	put_string(m, buffer->name);
	put_string(m, "mono");
	put32(m, MAKER_PAGE);
	put32(m, (uint32_t)m->cpus);
	for (i = 0; i < m->cpus; i++) {
		put32(m, (uint32_t)i);
		put64(m, place[i][0]);
		put64(m, place[i][1]);
	}
	put_option(m, 0, &last, 8);
	end_section(m, option, 0, 0);
	return option;
}

static inline void maker_v7(struct maker *m)
{
	uint64_t info, formats, cmdlines, zero = 0;
	size_t options_at, head, chain, i;

	m->pages_begin = 0;
	put_magic(m, "7");
	put_string(m, m->codec);
	put_string(m, "1");
	options_at = m->n;
	put64(m, 0);
	info = head = begin_section(m);
	put_header_info(m);
	end_section(m, head, 16, 1);
	formats = head = begin_section(m);
	put_event_formats(m);
	end_section(m, head, 18, 1);
	cmdlines = head = begin_section(m);
	put_text(m, maker_cmdlines);
	end_section(m, head, 21, 1);
	memcpy(m->b + options_at, &(uint64_t){ m->n }, 8);
	head = begin_section(m);
	put_option(m, 16, &info, 8);
	put_option(m, 18, &formats, 8);
	put_option(m, 21, &cmdlines, 8);
	put_option(m, 5, "Linux box 4.4.0 x86_64", 23);
	put_option(m, 2, "CPU: 0\noverrun: 3\n", 19);
	put_option(m, 0, &zero, 8);
	chain = m->n - 8;
	end_section(m, head, 0, 0);
	for (i = 0; i < m->n_buffers; i++) {
		uint64_t at = put_v7_buffer(m, &m->buffers[i]);

		memcpy(m->b + chain, &at, 8);
		chain = m->n - 8;
	}
}

static inline void maker_write(const struct maker *m, const char *path, size_t n)
{
	FILE *f;

	/* Some file systems flush a file that is written anew, but not a new one. */
	unlink(path);
	f = fopen(path, "w");
	if (!f || fwrite(m->b, 1, n, f) != n || fclose(f))
		abort();
}

#endif
