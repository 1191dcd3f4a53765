/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Working files that a killed recorder left. Their header is whole; the table may be up to a
 * quarter of a second behind the pages, and at most one step behind the collapsing of holes.
 */
#include "record/workfile/repair.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/working_file.h"
#include "record/workfile/leftovers.h"
#include "record/workfile/workfile.h"
#include "tracedat/tracedat_writer.h"

#define HEADER_MAX   ((uint64_t)64 << 20)
#define PAGE_MAX     ((uint32_t)1 << 26)
#define COMMIT_BYTES 0x07ffffff /* of a page header's commit word: the length of its data */

struct repair {
	const struct notes *notes;
	const char *path;
	char *header; /* the beginning of the file */
	size_t room;  /* bytes of it that were read */
	size_t bytes; /* how long the header is */
	uint64_t file_bytes;
	struct tracedat_writer w;
	struct workfile output, second;
	int place; /* of its working file: working_file_remember() */
	struct identity identity;
};

/* ---- the header ----------------------------------------------------------------------- */

struct cursor {
	const char *data;
	size_t at, size;
	bool bad;
};

static const char *take(struct cursor *c, uint64_t n)
{
	const char *p = c->data + c->at;

	if (c->bad || !checked_range(c->at, n, c->size)) {
		c->bad = true;
		return NULL;
	}
	c->at += (size_t)n;
	return p;
}

static uint64_t take_number(struct cursor *c, size_t bytes)
{
	const char *p = take(c, bytes);
	uint64_t v = 0;

	if (p)
		memcpy(&v, p, bytes);
	return v;
}

static void take_word(struct cursor *c, const char *word, size_t bytes)
{
	const char *p = take(c, bytes);

	if (p && memcmp(p, word, bytes) != 0)
		c->bad = true;
}

static void take_name(struct cursor *c)
{
	const char *end = c->bad ? NULL : memchr(c->data + c->at, '\0', c->size - c->at);

	if (end)
		c->at = (size_t)(end - c->data) + 1;
	else
		c->bad = true;
}

/* Skips @n texts with their length before them. */
static void skip_texts(struct cursor *c, uint64_t n)
{
	while (n-- && !c->bad)
		take(c, take_number(c, 8));
}

/* A text with its length before it. */
static char *take_text(struct cursor *c)
{
	uint64_t n = take_number(c, 8);
	const char *p = take(c, n);

	return p ? strndup(p, (size_t)n) : NULL;
}

/* Option BUFFER: where the second buffer's table is, and its name. */
static void take_second(struct repair *r, struct cursor *c, uint64_t bytes, uint64_t *place)
{
	*place = take_number(c, 8);
	free(r->w.second);
	r->w.second = NULL;
	if (bytes > 8) {
		const char *name = take(c, bytes - 8);

		r->w.second = name ? strndup(name, (size_t)bytes - 8) : NULL;
	}
	c->bad |= !r->w.second;
}

static void take_table(struct cursor *c, uint64_t n_cpus)
{
	take(c, n_cpus <= 65536 ? n_cpus * sizeof(struct tracedat_part) : UINT64_MAX);
}

/* Finds n_cpus, page size, tables and the header's end. */
static bool parse_header(struct repair *r, uint64_t *n_cpus)
{
	struct cursor c = { r->header, 0, r->room, false };
	uint64_t id, second = 0;
	bool clock = false;

	take_word(&c, "\x17\x08\x44tracing6\0\0\x08", 14);
	r->w.page_size = (uint32_t)take_number(&c, 4);
	take_word(&c, "header_page", 12);
	skip_texts(&c, 1);
	take_word(&c, "header_event", 13);
	skip_texts(&c, 1);
	skip_texts(&c, take_number(&c, 4));
	for (uint64_t systems = take_number(&c, 4); systems && !c.bad; systems--) {
		take_name(&c);
		skip_texts(&c, take_number(&c, 4));
	}
	take(&c, take_number(&c, 4)); /* kallsyms */
	take(&c, take_number(&c, 4)); /* printk formats */
	skip_texts(&c, 1);	      /* names of tasks */
	*n_cpus = take_number(&c, 4);
	take_word(&c, "options  ", 10);
	while ((id = take_number(&c, 2)) != 0 && !c.bad) {
		uint64_t bytes = take_number(&c, 4);

		clock |= id == 4;
		if (id == 3)
			take_second(r, &c, bytes, &second);
		else
			take(&c, bytes);
	}
	take_word(&c, "flyrecord", 10);
	r->w.table_position = c.at;
	take_table(&c, *n_cpus);
	if (clock)
		r->w.clock = take_text(&c);
	if (r->w.second) {
		c.bad |= c.at != second || !r->w.clock;
		take_word(&c, "flyrecord", 10);
		take_table(&c, *n_cpus);
		skip_texts(&c, 1);
	}
	r->bytes = c.at;
	return !c.bad && *n_cpus > 0 && r->w.page_size >= 4096 && r->w.page_size <= PAGE_MAX &&
	       (r->w.page_size & (r->w.page_size - 1)) == 0;
}

static int read_header(struct repair *r, struct schedtrace_error *err)
{
	uint64_t n_cpus;

	r->room = (size_t)(r->file_bytes < HEADER_MAX ? r->file_bytes : HEADER_MAX);
	r->header = malloc(r->room + 1);
	if (!r->header)
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	for (size_t n = 0; n < r->room;) {
		ssize_t got = pread(r->w.fd, r->header + n, r->room - n, (off_t)n);

		if (got <= 0)
			return error_errno(err, SCHEDTRACE_E_IO, got ? errno : EIO, "%s", r->path);
		n += (size_t)got;
	}
	if (!parse_header(r, &n_cpus))
		return error_set(err, SCHEDTRACE_E_FORMAT,
				 "%s: this is no trace.dat that schedrec wrote: nothing to repair",
				 r->path);
	r->w.n_cpus = (int)n_cpus;
	r->w.parts = calloc((size_t)tracedat_parts(&r->w), sizeof(*r->w.parts));
	if (!r->w.parts)
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	tracedat_read_parts(&r->w, r->header, r->w.table_position);
	r->w.align = tracedat_alignment(r->w.fd, r->w.page_size);
	return 0;
}

/* ---- the table ------------------------------------------------------------------------ */

/* Where the file must end at least, by the table. */
static bool table_end(const struct repair *r, uint64_t *end)
{
	uint64_t before = r->bytes;

	*end = r->bytes;
	for (int part = 0; part < tracedat_parts(&r->w); part++) {
		const struct tracedat_part *p = &r->w.parts[part];
		uint64_t e;

		if (p->offset % 4096 || p->offset < before ||
		    !checked_add(p->offset, p->size, &e) || e > (uint64_t)1 << 62)
			return false;
		before = e;
		if (p->size)
			*end = tracedat_round_up(e, r->w.page_size);
	}
	return true;
}

/* If the recorder was killed between a collapse and the table that tells of it, takes that step
 * in the table: it was the hole before the last CPU that still has one before it. */
static int catch_up(struct repair *r, struct schedtrace_error *err)
{
	uint64_t end;

	if (!table_end(r, &end))
		return error_set(err, SCHEDTRACE_E_FORMAT,
				 "%s: the table of CPUs at byte %" PRIu64 " makes no sense",
				 r->path, r->w.table_position);
	for (int part = tracedat_parts(&r->w) - 1; part > 0 && r->file_bytes < end; part--) {
		const struct tracedat_part *before = &r->w.parts[part - 1];
		uint64_t hole = tracedat_round_up(before->offset + before->size, r->w.align);
		uint64_t bytes = r->w.parts[part].offset - hole;

		if (r->w.parts[part].offset <= hole)
			continue;
		if (r->file_bytes != end - bytes)
			break;
		for (int later = part; later < tracedat_parts(&r->w); later++)
			r->w.parts[later].offset -= bytes;
		return 0;
	}
	if (r->file_bytes < end)
		return error_set(err, SCHEDTRACE_E_FORMAT,
				 "%s ends at byte %" PRIu64 ", its table of CPUs needs %" PRIu64
				 ": it was cut, and what is missing cannot be repaired",
				 r->path, r->file_bytes, end);
	return 0;
}

/* Is a page of the ring buffer there that is not older than @since? */
static bool page_at(const struct repair *r, uint64_t offset, uint64_t *since)
{
	uint64_t word[2];

	if (!checked_range(offset, r->w.page_size, r->file_bytes) ||
	    pread(r->w.fd, word, sizeof(word), (off_t)offset) != (ssize_t)sizeof(word))
		return false;
	if (word[0] < *since || (word[1] & COMMIT_BYTES) == 0 ||
	    (word[1] & COMMIT_BYTES) > r->w.page_size - sizeof(word))
		return false;
	*since = word[0];
	return true;
}

/* Pages that were written after the table was; returns their bytes. */
static uint64_t find_more_pages(struct repair *r)
{
	uint64_t more = 0;

	for (int part = 0; part < tracedat_parts(&r->w); part++) {
		struct tracedat_part *p = &r->w.parts[part];
		uint64_t limit = part + 1 < tracedat_parts(&r->w) ? r->w.parts[part + 1].offset
								  : r->file_bytes;
		uint64_t since = 1;

		p->size = tracedat_round_up(p->size, r->w.page_size);
		if (p->size)
			page_at(r, p->offset + p->size - r->w.page_size, &since);
		while (p->offset + p->size + r->w.page_size <= limit &&
		       page_at(r, p->offset + p->size, &since)) {
			p->size += r->w.page_size;
			more += r->w.page_size;
		}
	}
	return more;
}

static bool has_holes(const struct repair *r)
{
	uint64_t before = r->bytes;

	for (int part = 0; part < tracedat_parts(&r->w); part++) {
		if (r->w.parts[part].offset >= tracedat_round_up(before, r->w.align) + r->w.align)
			return true;
		before = r->w.parts[part].offset + r->w.parts[part].size;
	}
	return false;
}

/* ---- the result ----------------------------------------------------------------------- */

/* Nothing of it stays if a signal ends the program. */
static int open_output(struct repair *r, const char *path, struct schedtrace_error *err)
{
	int result = workfile_open(&r->output, path, &r->identity, r->notes, err);

	if (result == 0)
		r->place = working_file_remember(r->output.directory_fd, r->output.working_name);
	return result;
}

static int open_second(void *self, int *fd, struct schedtrace_error *err)
{
	struct repair *r = self;
	int result = open_output(r, r->path, err);

	*fd = r->output.fd;
	return result;
}

static int repair_in_place(struct repair *r, struct schedtrace_error *err)
{
	struct tracedat_second second = { open_second, r };
	enum tracedat_shape shape;
	int result = tracedat_writer_publish(&r->w, err);

	if (result == 0)
		result = tracedat_set_end(&r->w, err);
	if (result == 0 && has_holes(r))
		result = tracedat_compact(&r->w, r->header, r->bytes, r->w.table_position, &second,
					  &shape, err);
	else
		shape = TRACEDAT_COMPACT;
	if (result < 0)
		return result;
	if (shape == TRACEDAT_COPIED)
		return workfile_commit(&r->output, err);
	workfile_drop(&r->output);
	if (fsync(r->w.fd) != 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "%s: fsync", r->path);
	if (shape == TRACEDAT_SPARSE)
		return error_set(
			err, SCHEDTRACE_E_IO,
			"%s is readable but keeps its holes, since this file system cannot "
			"take them out and has no room for a copy: give -o elsewhere",
			r->path);
	return 0;
}

static int repair_to(struct repair *r, const char *output, struct schedtrace_error *err)
{
	int result = open_output(r, output, err);

	if (result < 0)
		return result;
	result = -tracedat_copy(&r->w, r->header, r->bytes, r->w.table_position, r->output.fd);
	if (result) {
		workfile_drop(&r->output);
		return error_errno(err, SCHEDTRACE_E_IO, result, "writing %s", output);
	}
	return workfile_commit(&r->output, err);
}

static int open_input(struct repair *r, bool writable, struct schedtrace_error *err)
{
	struct stat st;
	int result = identity_enter(&r->identity, err);

	if (result < 0)
		return result;
	r->w.fd = open(r->path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK);
	identity_leave(&r->identity);
	if (r->w.fd < 0 || fstat(r->w.fd, &st) != 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "%s", r->path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, SCHEDTRACE_E_FORMAT, "%s is not a regular file", r->path);
	if (flock(r->w.fd, LOCK_EX | LOCK_NB) != 0)
		return error_set(err, SCHEDTRACE_E_IO, "%s is being written by a recorder",
				 r->path);
	r->file_bytes = (uint64_t)st.st_size;
	return 0;
}

enum leftover repair_look(int fd)
{
	struct repair r = { .path = "", .w = { .fd = fd } };
	enum leftover what = LEFTOVER_NONE;
	struct schedtrace_error err;
	struct stat st;

	if (fstat(fd, &st) == 0 && st.st_size / 512 > st.st_blocks) {
		r.file_bytes = (uint64_t)st.st_size;
		if (read_header(&r, &err) == 0 && catch_up(&r, &err) == 0 && has_holes(&r)) {
			find_more_pages(&r);
			if (tracedat_data_bytes(&r.w))
				what = LEFTOVER_WITH_EVENTS;
			else if (lseek(fd, (off_t)r.w.parts[0].offset, SEEK_DATA) < 0)
				what = LEFTOVER_EMPTY;
		}
	}
	tracedat_writer_free(&r.w);
	free(r.header);
	return what;
}

/* If @path is not there, takes what a killed recorder left for it, which *left then names. */
static int find_left(struct repair *r, char **left, struct schedtrace_error *err)
{
	int result = identity_enter(&r->identity, err);

	if (result < 0)
		return result;
	if (access(r->path, F_OK) != 0 && errno == ENOENT)
		result = leftovers_find(r->path, left, err);
	identity_leave(&r->identity);
	if (!*left)
		return result;
	note(r->notes, "%s is not there: this is about %s, which a killed recorder left for it",
	     r->path, *left);
	r->path = *left;
	return 0;
}

/* What was left becomes @target, or goes if there is a repaired copy. */
static int remove_left(struct repair *r, const char *left, const char *target, bool copied,
		       struct schedtrace_error *err)
{
	int result = identity_enter(&r->identity, err);

	if (result < 0)
		return result;
	if (copied ? unlink(left) : renameat2(AT_FDCWD, left, AT_FDCWD, target, RENAME_NOREPLACE))
		result = error_errno(err, SCHEDTRACE_E_IO, errno, "%s %s%s%s",
				     copied ? "removing" : "renaming", left, copied ? "" : " to ",
				     copied ? "" : target);
	identity_leave(&r->identity);
	return result;
}

static int repair(struct repair *r, const char *output, bool as_root, struct repaired *done,
		  struct schedtrace_error *err)
{
	const char *path = r->path;
	auto_free char *left = NULL;
	int result = identity_find(&r->identity, as_root, err);

	if (result == 0)
		result = find_left(r, &left, err);
	if (result == 0)
		result = open_input(r, output == NULL, err);
	if (result == 0)
		result = read_header(r, err);
	if (result == 0)
		result = catch_up(r, err);
	if (result < 0)
		return result;
	done->more = find_more_pages(r);
	result = output ? repair_to(r, output, err) : repair_in_place(r, err);
	if (result == 0 && left)
		result = remove_left(r, left, path, output != NULL, err);
	done->bytes = tracedat_data_bytes(&r->w);
	return result;
}

int repair_file(const char *path, const char *output, bool as_root, const struct notes *notes,
		struct repaired *done, struct schedtrace_error *err)
{
	struct repair r = { .notes = notes,
			    .path = path,
			    .w = { .fd = -1 },
			    .output = { .directory_fd = -1, .fd = -1 },
			    .place = -1 };
	int result = repair(&r, output, as_root, done, err);

	working_file_forget(r.place);
	workfile_drop(&r.output);
	mem_close_p(&r.w.fd);
	tracedat_writer_free(&r.w);
	free(r.header);
	identity_free(&r.identity);
	return result;
}
