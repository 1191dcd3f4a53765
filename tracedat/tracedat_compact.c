/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From the sparse file of a recording to one without holes. */
#include "tracedat/tracedat_header.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"

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
		if (tracedat_write_table(w) < 0)
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
	r = tracedat_set_table(w, moved, header, table);
	if (r == 0)
		r = tracedat_write_at(w->fd, header, bytes, first - room);
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
			if (tracedat_write_at(to, buffer, (size_t)n, target) < 0)
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
		r = tracedat_set_table(w, copied, header, table);
	if (r == 0)
		r = tracedat_write_at(to, header, bytes, 0);
	if (r == 0 && ftruncate(to, (off_t)position) != 0)
		r = -errno;
	return r;
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
	r = tracedat_set_table(w, w->parts, header, table);
	if (r == 0)
		r = tracedat_write_at(w->fd, header, bytes, 0);
	if (r < 0)
		return error_errno(err, SCHEDTRACE_E_IO, -r, "writing the last header");
	return 0;
}
