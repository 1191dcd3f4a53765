/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The part of the header that changes: names of tasks, options, and the table of parts. */
#include "tracedat/tracedat_header.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "config.h"

/* Ids of options, as trace-cmd's file format numbers them. */
enum {
	OPTION_END = 0,
	OPTION_CPUSTAT = 2,
	OPTION_BUFFER = 3,
	OPTION_TRACECLOCK = 4,
	OPTION_UNAME = 5,
	OPTION_CPUCOUNT = 8,
	OPTION_VERSION = 9,
	OPTION_TRACEID = 11,
	OPTION_TSC2NSEC = 14,
};

static void put_option(FILE *out, uint16_t id, const void *data, size_t bytes)
{
	put_u16(out, id);
	put_u32(out, (uint32_t)bytes);
	fwrite(data, 1, bytes, out);
}

/*
 * The table in memory, to be freed. That of a second buffer follows what stands between the two:
 * the first one's clock and the word before the second. One piece, so that one write replaces it.
 */
static char *make_table(const struct tracedat_writer *w, const struct tracedat_part *parts,
			size_t *bytes)
{
	char *table = NULL;
	FILE *out = open_memstream(&table, bytes);

	if (!out)
		return NULL;
	fwrite(parts, sizeof(*parts), (size_t)w->n_cpus, out);
	if (w->second) {
		put_text64(out, w->clock);
		fwrite("flyrecord", 1, 10, out);
		fwrite(parts + w->n_cpus, sizeof(*parts), (size_t)w->n_cpus, out);
	}
	if (fclose(out) != 0) {
		free(table);
		return NULL;
	}
	return table;
}

int tracedat_set_table(const struct tracedat_writer *w, const struct tracedat_part *parts,
		       char *header, size_t at)
{
	size_t bytes;
	auto_free char *table = make_table(w, parts, &bytes);

	if (!table)
		return -ENOMEM;
	memcpy(header + at, table, bytes);
	return 0;
}

static void put_stats(FILE *out, const struct tracedat_writer *w, char *const *stats)
{
	for (int part = 0; stats && part < tracedat_parts(w); part++) {
		auto_free char *text = NULL;
		bool second = part >= w->n_cpus;

		if (stats[part] && asprintf(&text, "%s%s%sCPU: %d\n%s", second ? "\nBuffer: " : "",
					    second ? w->second : "", second ? "\n\n" : "",
					    part % w->n_cpus, stats[part]) >= 0)
			put_option(out, OPTION_CPUSTAT, text, strlen(text) + 1);
	}
}

/* The place of the second buffer is not known yet; returns where it must be put. */
static size_t put_second(FILE *out, const struct tracedat_writer *w)
{
	size_t name = strlen(w->second) + 1;
	long at;

	put_u16(out, OPTION_BUFFER);
	put_u32(out, (uint32_t)(sizeof(uint64_t) + name));
	at = ftell(out);
	put_u64(out, 0);
	fwrite(w->second, 1, name, out);
	return (size_t)at;
}

char *tracedat_make_header(const struct tracedat_writer *w, const char *cmdlines,
			   char *const *stats, size_t *bytes, size_t *table)
{
	char *header = NULL;
	FILE *out = open_memstream(&header, bytes);
	uint32_t n_cpus = (uint32_t)w->n_cpus;
	auto_free char *tables = NULL;
	size_t second = 0, table_bytes;

	if (!out)
		return NULL;
	fwrite(w->head, 1, w->head_bytes, out);
	put_text64(out, cmdlines);
	put_u32(out, n_cpus);
	fwrite("options  ", 1, 10, out);
	put_stats(out, w, stats);
	if (w->second)
		second = put_second(out, w);
	put_option(out, OPTION_TRACECLOCK, w->clock, strlen(w->clock) + 1);
	put_option(out, OPTION_UNAME, w->uname, strlen(w->uname) + 1);
	put_option(out, OPTION_CPUCOUNT, &n_cpus, sizeof(n_cpus));
	put_option(out, OPTION_VERSION, "schedrec " SCHEDTRACE_VERSION,
		   sizeof("schedrec " SCHEDTRACE_VERSION));
	if (w->has_tsc) {
		put_u16(out, OPTION_TSC2NSEC);
		put_u32(out, sizeof(uint32_t) * 2 + sizeof(uint64_t));
		put_u32(out, w->tsc.mult);
		put_u32(out, w->tsc.shift);
		put_u64(out, w->tsc.offset);
	}
	put_option(out, OPTION_TRACEID, &w->trace_id, sizeof(w->trace_id));
	put_u16(out, OPTION_END);
	fwrite("flyrecord", 1, 10, out);
	fflush(out);
	*table = *bytes;
	tables = make_table(w, w->parts, &table_bytes);
	if (tables)
		fwrite(tables, 1, table_bytes, out);
	/* Readers that saw the clock option expect its text once more, after the table. */
	put_text64(out, w->clock);
	if (fclose(out) != 0 || !tables) {
		free(header);
		return NULL;
	}
	if (w->second) {
		uint64_t place = *table + table_bytes - (size_t)w->n_cpus * sizeof(*w->parts) - 10;

		memcpy(header + second, &place, sizeof(place));
	}
	return header;
}

int tracedat_write_at(int fd, const void *data, size_t bytes, uint64_t position)
{
	const char *p = data;

	while (bytes) {
		ssize_t n = pwrite(fd, p, bytes, (off_t)position);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		p += n;
		bytes -= (size_t)n;
		position += (uint64_t)n;
	}
	return 0;
}

int tracedat_write_table(const struct tracedat_writer *w)
{
	size_t bytes;
	auto_free char *table = make_table(w, w->parts, &bytes);

	return table ? tracedat_write_at(w->fd, table, bytes, w->table_position) : -ENOMEM;
}

void tracedat_read_parts(struct tracedat_writer *w, const char *header, size_t table)
{
	size_t bytes = (size_t)w->n_cpus * sizeof(*w->parts);

	memcpy(w->parts, header + table, bytes);
	if (w->second)
		memcpy(w->parts + w->n_cpus, header + table + bytes + 8 + strlen(w->clock) + 10,
		       bytes);
}
