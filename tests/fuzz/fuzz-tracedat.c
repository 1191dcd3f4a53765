/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A whole trace.dat, read as it is and with salvage. Linked with --wrap=formats_parse: the texts
 * are for fuzz-format, and a process for each file would be slow.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tracedat/formats.h"
#include "tracedat/tracedat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int __wrap_formats_parse(struct formats *f, const struct format_text *texts, size_t n,
			 const struct notes *notes, struct schedtrace_error *err);

int __wrap_formats_parse(struct formats *f, const struct format_text *texts, size_t n,
			 const struct notes *notes, struct schedtrace_error *err)
{
	size_t i;

	f->list = calloc(n + 1, sizeof(*f->list));
	f->by_id = calloc(UINT16_MAX + 1, sizeof(*f->by_id));
	f->n = n < 1000 ? n : 1000;
	for (i = 0; i < f->n; i++) {
		const char *id = strstr(texts[i].text.bytes, "ID:");

		f->list[i] = (struct format){ .id = id ? (uint16_t)atoi(id + 3) : 0,
					      .name = "",
					      .system = texts[i].system };
		f->by_id[f->list[i].id] = (uint16_t)(i + 1);
	}
	return 0;
}

static void read_all(const char *path, bool salvage)
{
	struct tracedat_options options = { .salvage = salvage, .threads = 1, .instance = "" };
	struct schedtrace_error err;
	const struct record *r;
	struct tracedat *t;
	int64_t last = INT64_MIN;
	uint64_t sum = 0;
	size_t n, i;
	int status = tracedat_open(&t, path, &options, &err);

	if (status < 0)
		return;
	while ((status = tracedat_next(t, &r, &n, &err)) > 0) {
		for (i = 0; i < n; i++) {
			if (r[i].timestamp < last)
				abort();
			last = r[i].timestamp;
			if (record_is_event(&r[i]) && r[i].size)
				sum += r[i].data[0] + r[i].data[r[i].size - 1];
		}
	}
	/* Whatever is damaged, salvage goes on. */
	if (salvage && status == SCHEDTRACE_E_FORMAT)
		abort();
	for (int cpu = 0; cpu < tracedat_head(t)->n_cpus; cpu++)
		sum += tracedat_head(t)->cpustats[cpu] ? strlen(tracedat_head(t)->cpustats[cpu])
						       : 0;
	__asm__ volatile("" : : "r"(sum)); /* so that it is read */
	tracedat_close(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64];
	int fd = memfd_create("trace.dat", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	read_all(path, false);
	read_all(path, true);
	close(fd);
	return 0;
}
