/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * same-records memory|both SECONDS FILE [MAX_BYTES [ITEM]]: records what happens into memory, and
 * with "both" into FILE at the same time. Then prints how many records, losses and rounds memory
 * had, and with "both" whether each is the file's, byte by byte. With MAX_BYTES pages are taken
 * only at the end, and those that find no room are skipped; 0: as usual. ITEM is as of schedrec -e.
 */
#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "record/capture.h"
#include "record/privileges.h"
#include "tracedat/page_merge.h"
#include "tracedat/tracedat.h"

struct seen {
	struct page_merge *merge;
	struct tracedat *file; /* to compare with; NULL: none */
	const struct record *of_file;
	size_t n_of_file;
	uint64_t n, bytes, lost, different, rounds;
	int64_t until, early; /* rounds that ended before the one before them */
};

static void must(int r, const struct schedtrace_error *error)
{
	if (r < 0)
		errx(1, "%s", error->text);
}

static int take_pages(void *user, int cpu, const void *pages, size_t bytes,
		      struct schedtrace_error *error)
{
	struct seen *s = user;

	s->bytes += bytes;
	return page_merge_add(s->merge, cpu, pages, bytes, error);
}

static int take_round(void *user, int64_t until, struct schedtrace_error *error)
{
	struct seen *s = user;

	s->rounds++;
	s->early += until <= s->until;
	s->until = until;
	return 0;
}

/* The next record of the file, gaps aside; NULL at its end. */
static const struct record *next_of_file(struct seen *s, struct schedtrace_error *error)
{
	while (!s->n_of_file) {
		int r = tracedat_next(s->file, &s->of_file, &s->n_of_file, error);

		must(r, error);
		if (r == 0)
			return NULL;
	}
	s->n_of_file--;
	return s->of_file++;
}

static bool same(const struct record *a, const struct record *b)
{
	return b && a->kind == b->kind && a->timestamp == b->timestamp && a->cpu == b->cpu &&
	       a->format == b->format &&
	       (!record_is_event(a) || (a->size == b->size && !memcmp(a->data, b->data, a->size)));
}

static void compare(struct seen *s, struct schedtrace_error *error)
{
	const struct record *records;
	size_t n;

	must(page_merge_next(s->merge, INT64_MAX, &records, &n, error), error);
	for (size_t i = 0; i < n; i++) {
		s->n += record_is_event(&records[i]);
		s->lost += records[i].kind == RECORD_LOST;
		if (s->file)
			s->different += !same(&records[i], next_of_file(s, error));
	}
	if (s->file && next_of_file(s, error))
		s->different++;
}

int main(int argc, char **argv)
{
	const char *items[] = { "sched" };
	struct seen s = { .until = INT64_MIN };
	const struct page_sink sink = { take_pages, take_round, &s };
	struct capture_options options = { .items = items, .n_items = 1, .sink = &sink };
	struct schedtrace_error error = { .text = "" };
	struct tracedat *head;
	struct capture *c;
	char path[64];
	bool both;
	int fd;

	if (argc < 4)
		errx(2, "usage: same-records memory|both SECONDS FILE [MAX_BYTES [ITEM]]");
	both = !strcmp(argv[1], "both");
	options.max_memory = argc > 4 ? (size_t)atoll(argv[4]) : 0;
	if (argc > 5)
		items[0] = argv[5];
	fd = both ? open(argv[3], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)
		  : memfd_create("head", MFD_CLOEXEC);
	if (fd < 0)
		err(1, "%s", argv[3]);
	must(capture_new(&c, &options, &error), &error);
	must(capture_set_up(c, both ? fd : -1, argv[3], PRIVILEGES_ALL, &error), &error);
	must(both ? 0 : capture_write_head(c, fd, &error), &error);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	must(tracedat_open(&head, path, NULL, &error), &error);
	must(tracedat_page_merge(head, &s.merge, &error), &error);
	must(capture_start(c, NULL, 0, &error), &error);
	for (int ticks = 0; ticks < 20 * atoi(argv[2]); ticks++) {
		struct pollfd p = { .fd = capture_fd(c), .events = POLLIN };

		if (options.max_memory) {
			usleep(50000);
			continue;
		}
		poll(&p, 1, -1);
		must(capture_step(c, &error), &error);
	}
	must(capture_stop(c, -1, "stop", &error), &error);
	if (both) {
		must(capture_finish_file(c, &error), &error);
		must(tracedat_open(&s.file, argv[3], NULL, &error), &error);
	}
	compare(&s, &error);
	printf("records %" PRIu64 " bytes %" PRIu64 " rounds %" PRIu64 " early %" PRId64
	       " lost %" PRIu64 " different %" PRIu64 " skipped %" PRIu64 "\n",
	       s.n, s.bytes, s.rounds, s.early, s.lost, s.different, capture_skipped(c));
	page_merge_free(s.merge);
	tracedat_close(s.file);
	tracedat_close(head);
	capture_free(c);
	close(fd);
	return 0;
}
