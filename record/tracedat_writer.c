/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/tracedat_writer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <tracefs.h>

#include "config.h"
#include "libschedtrace/error.h"
#include "libschedtrace/mem.h"

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

#define STRIDE_MAX  ((uint64_t)1 << 38)
#define STRIDE_MIN  ((uint64_t)1 << 28)
#define STRIDE_ROOM ((uint64_t)8 << 40) /* all CPUs together: ext4 ends at 16 TiB */
/* Names of more tasks and the statistics of a CPU come into the last header. */
#define RESERVE_NAMES ((uint64_t)256 << 10)
#define RESERVE_CPU   512

static void put_u16(FILE *out, uint16_t v)
{
	fwrite(&v, sizeof(v), 1, out); /* only little-endian machines are supported */
}

static void put_u32(FILE *out, uint32_t v)
{
	fwrite(&v, sizeof(v), 1, out);
}

static void put_u64(FILE *out, uint64_t v)
{
	fwrite(&v, sizeof(v), 1, out);
}

static void put_text64(FILE *out, const char *text)
{
	put_u64(out, strlen(text));
	fputs(text, out);
}

static void put_option(FILE *out, uint16_t id, const void *data, size_t bytes)
{
	put_u16(out, id);
	put_u32(out, (uint32_t)bytes);
	fwrite(data, 1, bytes, out);
}

static int nomem(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
}

/* A file of the instance in whole: read once, since some grow between two reads. */
static int put_file(FILE *out, const struct instance *in, const char *file,
		    struct schedtrace_error *err)
{
	auto_free char *text = instance_read(in, file);

	if (!text)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "instance %s: %s", in->name, file);
	put_text64(out, text);
	return 0;
}

static int put_format(FILE *out, const struct instance *in, const char *system, const char *event,
		      struct schedtrace_error *err)
{
	auto_free char *file = NULL;

	if (asprintf(&file, "events/%s/%s/format", system, event) < 0)
		return nomem(err);
	return put_file(out, in, file, err);
}

/* Formats of the records that the kernel makes by itself, such as raw_data. Only the root has
 * some of them. */
static int put_ftrace_formats(FILE *out, const struct instance *in, const char *root,
			      struct schedtrace_error *err)
{
	auto_free char **names = tracefs_system_events(root, "ftrace");
	uint32_t n = 0;
	int r = 0;

	if (!names)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "%s: events/ftrace", root);
	while (names[n])
		n++;
	put_u32(out, n);
	for (uint32_t i = 0; r == 0 && i < n; i++) {
		auto_free char *path = tracefs_event_get_file(NULL, "ftrace", names[i], "format");
		auto_fclose FILE *f = path ? fopen(path, "re") : NULL;
		auto_free char *text = NULL;
		size_t size = 0;

		if (!f || getdelim(&text, &size, '\0', f) < 0)
			r = error_errno(err, SCHEDTRACE_E_IO, errno, "events/ftrace/%s/format",
					names[i]);
		else
			put_text64(out, text);
	}
	tracefs_list_free(steal_ptr(names));
	return r;
}

/* Is this the first event of its system? */
static bool begins_system(const struct event_list *events, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(events->items[k].system, events->items[i].system) == 0)
			return false;
	return true;
}

/* Formats of what is recorded only: reading those of whole systems takes longer than all else. */
static int put_event_formats(FILE *out, const struct instance *in, const struct event_list *events,
			     struct schedtrace_error *err)
{
	uint32_t systems = 0;

	for (size_t i = 0; i < events->n; i++)
		systems += begins_system(events, i);
	put_u32(out, systems);
	for (size_t i = 0; i < events->n; i++) {
		const char *system = events->items[i].system;
		uint32_t n = 0;

		if (!begins_system(events, i))
			continue;
		for (size_t k = i; k < events->n; k++)
			n += strcmp(events->items[k].system, system) == 0;
		fputs(system, out);
		fputc('\0', out);
		put_u32(out, n);
		for (size_t k = i; k < events->n; k++) {
			int r = 0;

			if (strcmp(events->items[k].system, system) == 0)
				r = put_format(out, in, system, events->items[k].name, err);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

/*
 * The kernel's functions, megabytes that only stacks need. Addresses may be hidden, all 0: then
 * nothing is written.
 */
static int put_kallsyms(FILE *out, const struct event_list *events, struct schedtrace_error *err)
{
	auto_free char *line = NULL, *bytes = NULL;
	auto_fclose FILE *f = events->stacks ? fopen("/proc/kallsyms", "re") : NULL;
	auto_fclose FILE *text = NULL; /* closed before its bytes are freed */
	size_t size = 0, n = 0;
	bool hidden = true;
	ssize_t length;

	text = open_memstream(&bytes, &n);
	if (!text)
		return nomem(err);
	while (f && (length = getline(&line, &size, f)) > 0) {
		const char *type = strchr(line, ' ');

		if (!type || !strchr("tTwW", type[1]))
			continue;
		hidden &= strspn(line, "0") == (size_t)(type - line);
		fwrite(line, 1, (size_t)length, text);
	}
	if (fflush(text) != 0)
		return nomem(err);
	put_u32(out, hidden ? 0 : (uint32_t)n);
	if (!hidden)
		fwrite(bytes, 1, n, out);
	return 0;
}

static int put_head(FILE *out, struct tracedat_writer *w, const struct instance *in,
		    const char *root, const struct event_list *events, struct schedtrace_error *err)
{
	auto_free char *printk = NULL;
	auto_fclose FILE *f = NULL;
	auto_free char *path = NULL;
	size_t size = 0;
	int r;

	fwrite("\x17\x08\x44tracing6\0\0\x08", 1, 14, out); /* little endian, 8-byte long */
	put_u32(out, w->page_size);
	fwrite("header_page", 1, 12, out);
	r = put_file(out, in, "events/header_page", err);
	fwrite("header_event", 1, 13, out);
	if (r == 0)
		r = put_file(out, in, "events/header_event", err);
	if (r == 0)
		r = put_ftrace_formats(out, in, root, err);
	if (r == 0)
		r = put_event_formats(out, in, events, err);
	if (r < 0)
		return r;
	r = put_kallsyms(out, events, err);
	if (r < 0)
		return r;
	if (asprintf(&path, "%s/printk_formats", root) < 0)
		return nomem(err);
	f = fopen(path, "re");
	if (f && getdelim(&printk, &size, '\0', f) < 0)
		printk = NULL;
	put_u32(out, printk ? (uint32_t)strlen(printk) : 0);
	fputs(printk ? printk : "", out);
	return 0;
}

int tracedat_writer_init(struct tracedat_writer *w, const struct instance *in, const char *second,
			 const char *root, const struct event_list *events,
			 struct schedtrace_error *err)
{
	struct utsname u;
	FILE *out;
	int r;

	*w = (struct tracedat_writer){ .fd = -1, .n_cpus = in->n_cpus, .page_size = in->page_size };
	w->second = second ? strdup(second) : NULL;
	if (second && !w->second)
		return nomem(err);
	w->parts = calloc((size_t)tracedat_parts(w), sizeof(*w->parts));
	w->clock = instance_read(in, "trace_clock");
	out = open_memstream(&w->head, &w->head_bytes);
	if (!w->parts || !w->clock || !out || uname(&u) != 0 ||
	    asprintf(&w->uname, "%s %s %s %s", u.sysname, u.nodename, u.release, u.machine) < 0) {
		if (out)
			fclose(out);
		return nomem(err);
	}
	if (getrandom(&w->trace_id, sizeof(w->trace_id), GRND_NONBLOCK) < 0)
		w->trace_id = ((uint64_t)getpid() << 32) ^ instance_start_time(getpid());
	r = put_head(out, w, in, root, events, err);
	if (fclose(out) != 0 && r == 0)
		r = nomem(err);
	return r;
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

/* Puts the table of @parts into @header. */
static int set_table(const struct tracedat_writer *w, const struct tracedat_part *parts,
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

int tracedat_writer_another(const struct tracedat_writer *w, struct tracedat_writer *next,
			    struct schedtrace_error *err)
{
	*next = (struct tracedat_writer){ .fd = -1,
					  .n_cpus = w->n_cpus,
					  .page_size = w->page_size,
					  .head_bytes = w->head_bytes,
					  .trace_id = w->trace_id,
					  .has_tsc = w->has_tsc,
					  .tsc = w->tsc };
	next->parts = calloc((size_t)tracedat_parts(w), sizeof(*w->parts));
	next->second = w->second ? strdup(w->second) : NULL;
	next->head = malloc(w->head_bytes);
	next->clock = strdup(w->clock);
	next->uname = strdup(w->uname);
	if (!next->parts || !next->head || (w->second && !next->second) || !next->clock ||
	    !next->uname) {
		tracedat_writer_free(next);
		return nomem(err);
	}
	memcpy(next->head, w->head, w->head_bytes);
	return 0;
}

/* The header in memory, to be freed; *table is where its table stands. */
static char *make_header(const struct tracedat_writer *w, const char *cmdlines, char *const *stats,
			 size_t *bytes, size_t *table)
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

/* Writes all of it, or returns -errno. */
static int write_at(int fd, const void *data, size_t bytes, uint64_t position)
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

uint64_t tracedat_alignment(int fd, uint32_t page_size)
{
	struct statfs fs;
	uint64_t block = fstatfs(fd, &fs) == 0 ? (uint64_t)fs.f_bsize : 4096;
	uint64_t align = 4096;

	while (align < page_size || (align < block && align < (uint64_t)1 << 20))
		align <<= 1;
	return align;
}

/* Some file systems end earlier than others: takes the largest stride that this one has. */
static int choose_stride(struct tracedat_writer *w, struct schedtrace_error *err)
{
	uint64_t stride = STRIDE_MAX;
	int errnum = EFBIG;

	while (stride > STRIDE_ROOM / (uint64_t)tracedat_parts(w))
		stride >>= 1;
	for (; stride >= STRIDE_MIN; stride >>= 1) {
		uint64_t end = w->data_start + stride * (uint64_t)tracedat_parts(w);

		if (ftruncate(w->fd, (off_t)end) == 0) {
			w->stride = stride;
			return ftruncate(w->fd, 0) == 0
				       ? 0
				       : error_errno(err, SCHEDTRACE_E_IO, errno, "ftruncate");
		}
		errnum = errno;
		if (errnum != EFBIG && errnum != EINVAL)
			break;
	}
	if (errnum == EFBIG)
		return error_set(
			err, SCHEDTRACE_E_IO,
			"files cannot be large enough here: is there a limit (ulimit -f)?");
	return error_errno(err, SCHEDTRACE_E_IO, errnum, "laying out the file");
}

uint64_t tracedat_writer_position(const struct tracedat_writer *w, int part)
{
	return w->data_start + w->stride * (uint64_t)part;
}

int tracedat_writer_begin(struct tracedat_writer *w, int fd, const char *cmdlines,
			  struct schedtrace_error *err)
{
	auto_free char *header = NULL;
	size_t bytes, table;
	int r;

	w->fd = fd;
	w->data_start = TRACEDAT_DATA_START;
	w->align = tracedat_alignment(fd, w->page_size);
	r = choose_stride(w, err);
	if (r < 0)
		return r;
	for (int part = 0; part < tracedat_parts(w); part++)
		w->parts[part] = (struct tracedat_part){ tracedat_writer_position(w, part), 0 };
	header = make_header(w, cmdlines, NULL, &bytes, &table);
	if (!header)
		return nomem(err);
	w->table_position = table;
	w->reserved = tracedat_round_up(
		bytes + RESERVE_NAMES + RESERVE_CPU * (uint64_t)tracedat_parts(w), w->align);
	if (w->reserved > w->data_start / 2)
		return error_set(err, SCHEDTRACE_E_LIMIT, "the header is %zu bytes large", bytes);
	/* So that a disk that fills up later still lets the file be finished. */
	if (fallocate(fd, 0, 0, (off_t)w->reserved) != 0 ||
	    fallocate(fd, 0, (off_t)(w->data_start - w->reserved), (off_t)w->reserved) != 0) {
		if (errno != EOPNOTSUPP)
			return error_errno(err, SCHEDTRACE_E_IO, errno, "reserving %" PRIu64 " KiB",
					   w->reserved >> 9);
	}
	r = write_at(fd, header, bytes, 0);
	if (r < 0)
		return error_errno(err, SCHEDTRACE_E_IO, -r, "writing the header");
	return 0;
}

/* 0, or -errno. */
static int write_table(const struct tracedat_writer *w)
{
	size_t bytes;
	auto_free char *table = make_table(w, w->parts, &bytes);

	return table ? write_at(w->fd, table, bytes, w->table_position) : -ENOMEM;
}

int tracedat_writer_publish(struct tracedat_writer *w, struct schedtrace_error *err)
{
	int r = write_table(w);

	return r < 0 ? error_errno(err, SCHEDTRACE_E_IO, -r, "writing the table of CPUs") : 0;
}

uint64_t tracedat_data_bytes(const struct tracedat_writer *w)
{
	uint64_t sum = 0;

	for (int part = 0; part < tracedat_parts(w); part++)
		sum += w->parts[part].size;
	return sum;
}

/*
 * Takes out the holes between parts, the last first, and tells the table after each, so that the
 * file's size shows a repair whether the table is one step behind. 0, or -errno.
 */
static int collapse_between(struct tracedat_writer *w)
{
	int n = tracedat_parts(w);

	for (int part = n - 1; part > 0; part--) {
		const struct tracedat_part *before = &w->parts[part - 1];
		uint64_t hole = tracedat_round_up(before->offset + before->size, w->align);
		uint64_t bytes, beyond = 0;

		if (w->parts[part].offset <= hole)
			continue;
		bytes = w->parts[part].offset - hole;
		for (int later = part; later < n; later++)
			beyond += w->parts[later].size;
		/* Behind the last data there is nothing to move, and nothing may be collapsed. */
		if (beyond &&
		    fallocate(w->fd, FALLOC_FL_COLLAPSE_RANGE, (off_t)hole, (off_t)bytes) != 0)
			return -errno;
		for (int later = part; later < n; later++)
			w->parts[later].offset -= bytes;
		if (write_table(w) < 0)
			return -EIO;
	}
	return 0;
}

/* Makes @header the beginning of the file and takes out what stood before it. */
static int collapse_before(struct tracedat_writer *w, char *header, size_t bytes, size_t table)
{
	uint64_t first = w->parts[0].offset;
	uint64_t room = tracedat_round_up(bytes, w->align);
	int n = tracedat_parts(w);
	auto_free struct tracedat_part *moved = calloc((size_t)n, sizeof(*moved));
	int r;

	if (!moved || first < room + w->align || tracedat_data_bytes(w) == 0)
		return -ENOSPC;
	for (int part = 0; part < n; part++) {
		moved[part] = w->parts[part];
		moved[part].offset -= first - room;
	}
	r = set_table(w, moved, header, table);
	if (r == 0)
		r = write_at(w->fd, header, bytes, first - room);
	if (r < 0)
		return r;
	if (fallocate(w->fd, FALLOC_FL_COLLAPSE_RANGE, 0, (off_t)(first - room)) != 0)
		return -errno;
	memcpy(w->parts, moved, (size_t)n * sizeof(*moved));
	w->table_position = table;
	return 0;
}

static int copy_range(int from, uint64_t position, int to, uint64_t target, uint64_t bytes)
{
	auto_free char *buffer = NULL;

	while (bytes) {
		off_t in = (off_t)position, out = (off_t)target;
		size_t piece = bytes < 1u << 30 ? (size_t)bytes : 1u << 30;
		ssize_t n = buffer ? -1 : copy_file_range(from, &in, to, &out, piece, 0);

		if (n <= 0) { /* not between these file systems: by hand */
			if (!buffer && n < 0 && errno == ENOSPC)
				return -ENOSPC;
			if (!buffer && !(buffer = malloc(1u << 20)))
				return -ENOMEM;
			n = pread(from, buffer, piece < 1u << 20 ? piece : 1u << 20,
				  (off_t)position);
			if (n <= 0)
				return n < 0 ? -errno : -EIO;
			if (write_at(to, buffer, (size_t)n, target) < 0)
				return -errno;
		}
		position += (uint64_t)n;
		target += (uint64_t)n;
		bytes -= (uint64_t)n;
	}
	return 0;
}

int tracedat_copy(const struct tracedat_writer *w, char *header, size_t bytes, size_t table, int to)
{
	uint64_t position = tracedat_round_up(bytes, w->align);
	int n = tracedat_parts(w);
	auto_free struct tracedat_part *copied = calloc((size_t)n, sizeof(*copied));
	int r = copied ? 0 : -ENOMEM;

	for (int part = 0; r == 0 && part < n; part++) {
		uint64_t size = w->parts[part].size;

		copied[part] = (struct tracedat_part){ position, size };
		r = copy_range(w->fd, w->parts[part].offset, to, position, size);
		position = tracedat_round_up(position + size, w->align);
	}
	if (r == 0)
		r = set_table(w, copied, header, table);
	if (r == 0)
		r = write_at(to, header, bytes, 0);
	if (r == 0 && ftruncate(to, (off_t)position) != 0)
		r = -errno;
	return r;
}

void tracedat_read_parts(struct tracedat_writer *w, const char *header, size_t table)
{
	size_t bytes = (size_t)w->n_cpus * sizeof(*w->parts);

	memcpy(w->parts, header + table, bytes);
	if (w->second)
		memcpy(w->parts + w->n_cpus, header + table + bytes + 8 + strlen(w->clock) + 10,
		       bytes);
}

int tracedat_compact(struct tracedat_writer *w, char *header, size_t bytes, size_t table,
		     const struct tracedat_second *second, enum tracedat_shape *shape,
		     struct schedtrace_error *err)
{
	int fd = -1, r;

	r = collapse_between(w);
	if (r == 0)
		r = collapse_before(w, header, bytes, table);
	*shape = TRACEDAT_COMPACT;
	if (r == 0)
		return 0;
	*shape = TRACEDAT_COPIED;
	r = second->open(second->self, &fd, err);
	if (r == 0 && tracedat_copy(w, header, bytes, table, fd) == 0) {
		tracedat_read_parts(w, header, table);
		return 0;
	}
	*shape = TRACEDAT_SPARSE;
	r = set_table(w, w->parts, header, table);
	if (r == 0)
		r = write_at(w->fd, header, bytes, 0);
	if (r < 0)
		return error_errno(err, SCHEDTRACE_E_IO, -r, "writing the last header");
	return 0;
}

int tracedat_set_end(struct tracedat_writer *w, struct schedtrace_error *err)
{
	uint64_t end = w->data_start;

	for (int part = 0; part < tracedat_parts(w); part++)
		if (w->parts[part].size)
			end = tracedat_round_up(w->parts[part].offset + w->parts[part].size,
						w->page_size);
	if (ftruncate(w->fd, (off_t)end) != 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "setting the file's end");
	return 0;
}

int tracedat_writer_finish(struct tracedat_writer *w, const char *cmdlines,
			   const char *first_cmdlines, char *const *stats,
			   const struct tracedat_second *second, enum tracedat_shape *shape,
			   struct schedtrace_error *err)
{
	auto_free char *header = NULL;
	size_t bytes, table;
	int r;

	r = tracedat_writer_publish(w, err);
	if (r == 0)
		r = tracedat_set_end(w, err);
	if (r < 0)
		return r;
	header = make_header(w, cmdlines, stats, &bytes, &table);
	/* More than was reserved: on a full disk it would not go in. */
	if (header && bytes > w->reserved) {
		free(header);
		header = make_header(w, first_cmdlines, stats, &bytes, &table);
	}
	if (!header)
		return nomem(err);
	return tracedat_compact(w, header, bytes, table, second, shape, err);
}

void tracedat_writer_free(struct tracedat_writer *w)
{
	free(w->parts);
	free(w->second);
	free(w->head);
	free(w->uname);
	free(w->clock);
	*w = (struct tracedat_writer){ .fd = -1 };
}
