/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/triggers/flight.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <tracefs.h>

#include "base/error.h"
#include "base/mem.h"
#include "record/proc/proc_tasks.h"
#include "tracedat/page_cursor.h"

#define PACK_HEAD 16 /* time of the first record, commit word */

static int read_page(const struct tracedat_writer *w, uint64_t position, uint8_t *page,
		     struct schedtrace_error *err)
{
	ssize_t n = pread(w->fd, page, w->page_size, (off_t)position);

	if (n < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "reading back what was recorded");
	/* The last page of all may not have been written to its end. */
	memset(page + n, 0, w->page_size - (size_t)n);
	return 0;
}

uint64_t flight_trim_page(uint8_t *page, uint32_t page_size, int64_t begin_ns)
{
	const struct page_layout layout = page_layout_here(page_size);
	uint32_t head = page_data_offset(&layout), length;
	uint64_t left = 0, first_ts = 0;
	const uint8_t *from = NULL;
	struct page_cursor c;

	page_cursor_begin(&c, page, &layout);
	while (page_cursor_record(&c)) {
		if ((int64_t)c.ts < begin_ns || left++)
			continue;
		/* The page's own time is that from which its first record counts. */
		from = c.at;
		first_ts = c.ts - page_delta(c.at);
	}
	if (left == 0)
		return 0;
	length = (uint32_t)(c.end - from);
	memmove(page + head, from, length);
	memset(page + head + length, 0, page_size - head - length);
	memset(page + 8, 0, layout.commit_size);
	memcpy(page, &first_ts, sizeof(first_ts));
	memcpy(page + 8, &length, sizeof(length));
	return left;
}

/* Times of the first and the last record in the part; false if it has none. */
static int part_times(const struct tracedat_writer *w, const struct tracedat_part *part,
		      uint8_t *page, int64_t *first, int64_t *last, struct schedtrace_error *err)
{
	const struct page_layout layout = page_layout_here(w->page_size);
	bool any = false;

	for (uint64_t at = 0; at < part->size; at += w->page_size) {
		/* All pages until there is a record, then the last few. */
		bool look = !any || at + 2 * (uint64_t)w->page_size >= part->size;
		struct page_cursor c;
		int r;

		if (!look)
			continue;
		r = read_page(w, part->offset + at, page, err);
		if (r < 0)
			return r;
		page_cursor_begin(&c, page, &layout);
		while (page_cursor_record(&c)) {
			if (!any)
				*first = (int64_t)c.ts;
			any = true;
			*last = (int64_t)c.ts;
		}
	}
	return any;
}

static int find_window(struct flight_window *window, const struct tracedat_writer *w, uint8_t *page,
		       int64_t wanted_ns, struct schedtrace_error *err)
{
	int64_t first = INT64_MAX, held = INT64_MIN;

	window->end_ns = INT64_MIN;
	for (int i = 0; i < window->n_parts; i++) {
		int64_t begin = 0, end = 0;
		int r = part_times(w, &w->parts[i], page, &begin, &end, err);

		if (r < 0)
			return r;
		if (r == 0)
			continue;
		first = begin < first ? begin : first;
		if (window->parts[i].overwritten && begin > held)
			held = begin; /* nobody knows what this CPU did before */
		if (end > window->end_ns)
			window->end_ns = end;
	}
	if (window->end_ns == INT64_MIN)
		return error_set(err, SCHEDTRACE_E_NOT_FOUND, "nothing was recorded yet");
	window->begin_ns = window->end_ns - wanted_ns;
	window->short_of = held > window->begin_ns;
	if (held > first)
		first = held;
	if (window->after_ns > first)
		first = window->after_ns;
	if (first > window->begin_ns)
		window->begin_ns = first;
	return 0;
}

/* Leaves out the pages before the window and makes the first of those that stay begin in it. */
static int cut_part(struct flight_window *window, struct tracedat_writer *w, int i, uint8_t *page,
		    struct schedtrace_error *err)
{
	const struct page_layout layout = page_layout_here(w->page_size);
	struct tracedat_part *part = &w->parts[i];
	struct flight_part *p = &window->parts[i];

	p->events = p->lost = 0;
	for (uint64_t at = 0; at < part->size;) {
		uint64_t n;
		int64_t lost;
		int r = read_page(w, part->offset + at, page, err);

		if (r < 0)
			return r;
		if (p->events == 0) {
			n = flight_trim_page(page, w->page_size, window->begin_ns);
			if (n == 0) {
				part->offset += w->page_size;
				part->size -= w->page_size;
				continue;
			}
			if (pwrite(w->fd, page, w->page_size, (off_t)(part->offset + at)) !=
			    (ssize_t)w->page_size)
				return error_errno(err, SCHEDTRACE_E_IO, errno,
						   "writing the first page of CPU %d", i);
		} else {
			lost = page_lost(page, &layout);
			p->lost += lost > 0 ? (uint64_t)lost : 0;
			n = page_count(page, &layout);
		}
		p->events += n;
		at += w->page_size;
	}
	window->events += p->events;
	return 0;
}

int flight_cut(struct flight_window *window, struct tracedat_writer *w, int64_t wanted_ns,
	       struct schedtrace_error *err)
{
	auto_free uint8_t *page = malloc(w->page_size);
	int r;

	if (!page)
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	r = find_window(window, w, page, wanted_ns, err);
	for (int i = 0; r == 0 && i < window->n_parts; i++)
		r = cut_part(window, w, i, page, err);
	return r;
}

/* Where the kernel puts the fields of a raw marker. */
struct raw_format {
	unsigned int id, pid_at, data_at;
};

static int find_raw_format(struct raw_format *f, struct schedtrace_error *err)
{
	auto_free char *path = tracefs_event_get_file(NULL, "ftrace", "raw_data", "format");
	auto_fclose FILE *file = path ? fopen(path, "re") : NULL;
	char line[256];
	int found = 0;

	while (file && fgets(line, sizeof(line), file)) {
		found += sscanf(line, "ID: %u", &f->id) == 1;
		found += sscanf(line, " field:int common_pid; offset:%u;", &f->pid_at) == 1;
		found += sscanf(line, " field:unsigned int id; offset:%u;", &f->data_at) == 1;
	}
	if (found != 3 || f->pid_at > 12 || f->data_at > 64 || f->data_at < f->pid_at + 4)
		return error_set(err, SCHEDTRACE_E_UNSUPPORTED,
				 "events/ftrace/raw_data/format is not understood");
	return 0;
}

struct packer {
	const struct raw_format *format;
	uint32_t page_size;
	uint64_t ts;
	uint8_t *pages;
	size_t n_pages;
	uint32_t used; /* of the last page, head included */
	uint64_t records;
};

static bool pack(struct packer *p, const uint8_t *record, uint32_t bytes)
{
	uint32_t data = (p->format->data_at + bytes + 3) & ~3u;
	uint32_t word[2] = { 0, data + 4 }; /* type 0: the length stands in the second word */
	uint16_t type = (uint16_t)p->format->id;
	int32_t pid = getpid();
	uint8_t *page, *at;
	uint32_t length;

	if (p->n_pages == 0 || p->used + sizeof(word) + data > p->page_size) {
		uint8_t *larger = realloc(p->pages, (p->n_pages + 1) * p->page_size);

		if (!larger)
			return false;
		p->pages = larger;
		memset(larger + p->n_pages * p->page_size, 0, p->page_size);
		memcpy(larger + p->n_pages * p->page_size, &p->ts, sizeof(p->ts));
		p->n_pages++;
		p->used = PACK_HEAD;
	}
	page = p->pages + (p->n_pages - 1) * p->page_size;
	at = page + p->used;
	memcpy(at, word, sizeof(word));
	memcpy(at + sizeof(word), &type, sizeof(type));
	memcpy(at + sizeof(word) + p->format->pid_at, &pid, sizeof(pid));
	memcpy(at + sizeof(word) + p->format->data_at, record, bytes);
	p->used += (uint32_t)sizeof(word) + data;
	length = p->used - PACK_HEAD;
	memcpy(page + 8, &length, sizeof(length));
	p->records++;
	return true;
}

/* The tasks that lived when the window began: what they did and were called then is not known. */
static int tasks_before(struct task_list *tasks, int64_t ago_ns, struct schedtrace_error *err)
{
	struct timespec boot;
	int64_t begin_ticks, hz = sysconf(_SC_CLK_TCK);
	int r = proc_tasks_read(tasks, false, err);
	size_t n = 0;

	if (r < 0)
		return r;
	clock_gettime(CLOCK_BOOTTIME, &boot);
	begin_ticks =
		((int64_t)boot.tv_sec * 1000000000 + boot.tv_nsec - ago_ns) / (1000000000 / hz);
	for (size_t i = 0; i < tasks->n; i++) {
		struct marker_task *t = &tasks->items[i];

		if ((int64_t)t->start_ticks > begin_ticks)
			continue;
		t->state = 0;
		t->cpu = -1;
		memset(t->comm, 0, sizeof(t->comm));
		tasks->items[n++] = *t;
	}
	tasks->n = n;
	return 0;
}

/* Writes the markers into a file in memory and packs them into pages. */
static int pack_begin(struct packer *p, const struct marker_begin *begin, int64_t ago_ns,
		      struct schedtrace_error *err)
{
	auto_close int fd = memfd_create("schedrec", MFD_CLOEXEC);
	struct instance memory = *begin->instance;
	struct marker_begin there = *begin;
	struct task_list tasks = { 0 };
	uint8_t record[8192];
	off_t at = 0;
	int r;

	if (fd < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "memfd_create");
	memory.marker_fd = fd;
	there.instance = &memory;
	r = marker_write_begin(&there, err);
	if (r == 0)
		r = tasks_before(&tasks, ago_ns, err);
	if (r == 0)
		r = marker_write_tasks(&memory, &tasks, err);
	proc_tasks_free(&tasks);
	while (r == 0) {
		struct marker_header *h = (struct marker_header *)record;
		ssize_t n = pread(fd, record, sizeof(record), at);
		size_t bytes;

		if (n < (ssize_t)sizeof(*h))
			break;
		bytes = sizeof(*h) + h->bytes;
		if (!pack(p, record, (uint32_t)bytes))
			r = error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
		at += (off_t)bytes;
	}
	return r;
}

int flight_put_begin(struct flight_window *window, struct tracedat_writer *w,
		     const struct marker_begin *begin, struct schedtrace_error *err)
{
	struct raw_format format;
	struct packer p = { .format = &format,
			    .page_size = w->page_size,
			    .ts = (uint64_t)window->begin_ns };
	struct marker_begin there = *begin;
	uint64_t bytes;
	int part = 0, r;

	there.trace_ns = window->begin_ns;
	there.ago_ns = window->end_ns - window->begin_ns;
	r = find_raw_format(&format, err);
	if (r == 0)
		r = pack_begin(&p, &there, there.ago_ns, err);
	while (part < w->n_cpus - 1 && w->parts[part].size == 0)
		part++;
	bytes = p.n_pages * (uint64_t)w->page_size;
	if (r == 0 && bytes > FLIGHT_ROOM)
		r = error_set(err, SCHEDTRACE_E_LIMIT, "the list of tasks is %zu pages long",
			      p.n_pages);
	if (r == 0 &&
	    pwrite(w->fd, p.pages, bytes, (off_t)(w->parts[part].offset - bytes)) != (ssize_t)bytes)
		r = error_errno(err, SCHEDTRACE_E_IO, errno, "writing the beginning");
	if (r == 0) {
		w->parts[part].offset -= bytes;
		w->parts[part].size += bytes;
		window->parts[part].events += p.records;
		window->events += p.records;
	}
	free(p.pages);
	return r;
}
