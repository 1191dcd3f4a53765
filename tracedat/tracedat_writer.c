/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tracedat/tracedat_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "tracedat/tracedat_header.h"

#define STRIDE_MAX  ((uint64_t)1 << 38)
#define STRIDE_MIN  ((uint64_t)1 << 28)
#define STRIDE_ROOM ((uint64_t)8 << 40) /* all CPUs together: ext4 ends at 16 TiB */
/* Names of more tasks and the statistics of a CPU come into the last header. */
#define RESERVE_NAMES ((uint64_t)256 << 10)
#define RESERVE_CPU   512

static int nomem(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
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
	header = tracedat_make_header(w, cmdlines, NULL, &bytes, &table);
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
	r = tracedat_write_at(fd, header, bytes, 0);
	if (r < 0)
		return error_errno(err, SCHEDTRACE_E_IO, -r, "writing the header");
	return 0;
}

int tracedat_writer_publish(struct tracedat_writer *w, struct schedtrace_error *err)
{
	int r = tracedat_write_table(w);

	return r < 0 ? error_errno(err, SCHEDTRACE_E_IO, -r, "writing the table of CPUs") : 0;
}

uint64_t tracedat_data_bytes(const struct tracedat_writer *w)
{
	uint64_t sum = 0;

	for (int part = 0; part < tracedat_parts(w); part++)
		sum += w->parts[part].size;
	return sum;
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
	header = tracedat_make_header(w, cmdlines, stats, &bytes, &table);
	/* More than was reserved: on a full disk it would not go in. */
	if (header && bytes > w->reserved) {
		free(header);
		header = tracedat_make_header(w, first_cmdlines, stats, &bytes, &table);
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
