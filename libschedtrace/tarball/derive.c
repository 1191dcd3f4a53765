/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libschedtrace/tarball/derive.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/byte_input.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/whole_file.h"
#include "libschedtrace/tarball/deflate.h"
#include "libschedtrace/tarball/npy.h"
#include "libschedtrace/tarball/npz.h"
#include "libschedtrace/tarball/tar.h"
#include "libschedtrace/trace.h"

#define BLOCK_ROWS ((size_t)1 << 20)
#define CPUS	   65536
#define TAR_END	   (2 * TAR_BLOCK)

enum derived { NEXT_SAME_EVENT, NEXT_BLOCK_OR_WAKEUP, FREQUENCY, N_DERIVED };

static const struct {
	const char *name, *descr;
} columns[N_DERIVED] = {
	[NEXT_SAME_EVENT] = { "nxt_timestamp_of_same_evt_on_same_cpu", "<i8" },
	[NEXT_BLOCK_OR_WAKEUP] = { "nxt_blk_wkp_of_same_pid", "<i8" },
	[FREQUENCY] = { "prv_frq_on_same_cpu", "<f8" },
};

bool derive_makes_member(const char *name)
{
	for (size_t c = 0; c < N_DERIVED; c++) {
		size_t n = strlen(columns[c].name);

		if (strncmp(name, columns[c].name, n) == 0 && strcmp(name + n, ".npz") == 0)
			return true;
	}
	return false;
}

/* The latest timestamp of a key; open addressing, at most half full. */
struct latest {
	struct latest_slot {
		uint64_t key; /* plus 1; 0: free */
		int64_t timestamp;
	} * slots;
	size_t n_slots, n;
};

static struct latest_slot *find(const struct latest *l, uint64_t key)
{
	size_t i = (size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 20) & (l->n_slots - 1);

	while (l->slots[i].key && l->slots[i].key != key + 1)
		i = (i + 1) & (l->n_slots - 1);
	return &l->slots[i];
}

static int grow(struct latest *l, struct schedtrace_error *err)
{
	struct latest larger = { .n_slots = l->n_slots ? l->n_slots * 2 : 4096, .n = l->n };

	larger.slots = calloc(larger.n_slots, sizeof(*larger.slots));
	if (!larger.slots)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %zu keys", l->n);
	for (size_t i = 0; i < l->n_slots; i++)
		if (l->slots[i].key)
			*find(&larger, l->slots[i].key - 1) = l->slots[i];
	free(l->slots);
	*l = larger;
	return 0;
}

/* The key's slot; a free one is taken with the timestamp. */
static int take(struct latest *l, uint64_t key, int64_t timestamp, struct latest_slot **out,
		struct schedtrace_error *err)
{
	int r = l->n >= l->n_slots / 2 ? grow(l, err) : 0;

	if (r < 0)
		return r;
	*out = find(l, key);
	if ((*out)->key)
		return 0;
	**out = (struct latest_slot){ key + 1, timestamp };
	l->n++;
	return 0;
}

struct derive {
	struct schedtrace *trace;
	uint64_t rows;
	struct whole_file *out;
	int spools[N_DERIVED];
	struct latest same_event, block_or_wakeup;
	/* A block of rows: what is read of them, and what is derived. */
	int64_t *timestamp, *next_same_event, *next_block_or_wakeup;
	int32_t *pid, *event, *cpu;
};

static int put_values(struct derive *d, enum derived c, const void *values, uint64_t row, size_t n,
		      struct schedtrace_error *err)
{
	int errnum = whole_file_pwrite(d->spools[c], values, n * 8, row * 8);

	return errnum ? error_errno(err, SCHEDTRACE_E_IO, errnum, "writing column %s",
				    columns[c].name)
		      : 0;
}

static int derive_frequency(struct derive *d, struct schedtrace_error *err)
{
	auto_free double *latest = malloc(CPUS * sizeof(*latest));
	auto_free double *values = NULL;
	const struct schedtrace_events *ev;
	struct schedtrace_reader *reader;
	size_t room = 0;
	uint64_t row = 0;
	int r;

	if (!latest)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %d CPUs", CPUS);
	for (size_t i = 0; i < CPUS; i++)
		latest[i] = NAN;
	r = schedtrace_reader_new(&reader, d->trace, 0, UINT64_MAX, err);
	if (r < 0)
		return r;
	while ((r = schedtrace_reader_next(reader, &ev, err)) > 0) {
		if (ev->n > room) {
			free(values);
			room = ev->n;
			values = malloc(room * sizeof(*values));
			if (!values) {
				r = error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %zu rows",
					      room);
				break;
			}
		}
		for (size_t i = 0; i < ev->n; i++) {
			double *frequency = &latest[ev->cpu[i] & (CPUS - 1)];

			if (ev->event[i] == SCHEDTRACE_TICK)
				*frequency = (double)ev->arg1[i];
			values[i] = *frequency;
		}
		r = put_values(d, FREQUENCY, values, row, ev->n, err);
		if (r < 0)
			break;
		row += ev->n;
	}
	schedtrace_reader_free(reader);
	return r;
}

static int read_block(struct derive *d, uint64_t begin, size_t n, struct schedtrace_error *err)
{
	const struct schedtrace_events *ev;
	struct schedtrace_reader *reader;
	size_t at = 0;
	int r = schedtrace_reader_new(&reader, d->trace, begin, begin + n, err);

	if (r < 0)
		return r;
	while ((r = schedtrace_reader_next(reader, &ev, err)) > 0) {
		memcpy(d->timestamp + at, ev->timestamp, ev->n * sizeof(*ev->timestamp));
		memcpy(d->pid + at, ev->pid, ev->n * sizeof(*ev->pid));
		memcpy(d->event + at, ev->event, ev->n * sizeof(*ev->event));
		memcpy(d->cpu + at, ev->cpu, ev->n * sizeof(*ev->cpu));
		at += ev->n;
	}
	schedtrace_reader_free(reader);
	return r;
}

/* From the last row of the block to its first. */
static int look_forward(struct derive *d, size_t n, struct schedtrace_error *err)
{
	while (n-- > 0) {
		int64_t timestamp = d->timestamp[n];
		int32_t event = d->event[n];
		uint64_t event_cpu = (uint64_t)(uint32_t)event << 32 | (uint32_t)d->cpu[n];
		struct latest_slot *slot;
		int r = take(&d->same_event, event_cpu, timestamp, &slot, err);

		if (r < 0)
			return r;
		d->next_same_event[n] = slot->timestamp;
		slot->timestamp = timestamp;
		if (event == SCHEDTRACE_BLOCK || event == SCHEDTRACE_WAKEUP) {
			r = take(&d->block_or_wakeup, (uint32_t)d->pid[n], timestamp, &slot, err);
			if (r < 0)
				return r;
			d->next_block_or_wakeup[n] = slot->timestamp;
			slot->timestamp = timestamp;
		} else {
			slot = d->block_or_wakeup.n ? find(&d->block_or_wakeup, (uint32_t)d->pid[n])
						    : NULL;
			d->next_block_or_wakeup[n] =
				slot && slot->key ? slot->timestamp : timestamp;
		}
	}
	return 0;
}

static int derive_next_rows(struct derive *d, struct schedtrace_error *err)
{
	uint64_t end = d->rows;

	while (end > 0) {
		/* Blocks of the file's own length, so that none is inflated twice. */
		uint64_t begin = (end - 1) / BLOCK_ROWS * BLOCK_ROWS;
		size_t n = (size_t)(end - begin);
		int r;

		if ((r = read_block(d, begin, n, err)) < 0 || (r = look_forward(d, n, err)) < 0 ||
		    (r = put_values(d, NEXT_SAME_EVENT, d->next_same_event, begin, n, err)) < 0 ||
		    (r = put_values(d, NEXT_BLOCK_OR_WAKEUP, d->next_block_or_wakeup, begin, n,
				    err)) < 0)
			return r;
		end = begin;
	}
	return 0;
}

static int spool_crc(struct derive *d, enum derived c, uint32_t *crc, struct schedtrace_error *err)
{
	const struct byte_input in = { .fd = d->spools[c], .size = d->rows * 8 };

	for (uint64_t at = 0, n; at < in.size; at += n) {
		int r;

		n = in.size - at < BLOCK_ROWS * 8 ? in.size - at : BLOCK_ROWS * 8;
		r = byte_input_read(&in, at, d->timestamp, (size_t)n, err);
		if (r < 0)
			return r;
		*crc = deflate_crc(*crc, d->timestamp, (size_t)n);
	}
	return 0;
}

static int put_column(struct derive *d, enum derived c, struct schedtrace_error *err)
{
	uint8_t header[TAR_BLOCK], npy[NPY_HEADER_ROOM], local[NPZ_RECORD_ROOM];
	uint8_t central[NPZ_RECORD_ROOM], end[NPZ_RECORD_ROOM];
	size_t n_npy = npy_write(npy, columns[c].descr, d->rows), n_local, n_central, n_end;
	uint64_t size = n_npy + d->rows * 8;
	struct npz_out entry = { .name = columns[c].name, .size = size, .packed = size };
	char member[64];
	int r;

	entry.crc = deflate_crc(0, npy, n_npy);
	r = spool_crc(d, c, &entry.crc, err);
	if (r < 0)
		return r;
	n_local = npz_local_header(local, &entry);
	n_central = npz_central_header(central, &entry);
	n_end = npz_end(end, 1, n_local + size, n_central, 0);
	snprintf(member, sizeof(member), "%s.npz", columns[c].name);
	tar_header(header, member, n_local + size + n_central + n_end, time(NULL));
	if ((r = whole_file_write(d->out, header, sizeof(header), err)) < 0 ||
	    (r = whole_file_write(d->out, local, n_local, err)) < 0 ||
	    (r = whole_file_write(d->out, npy, n_npy, err)) < 0 ||
	    (r = whole_file_copy(d->out, d->spools[c], d->rows * 8, err)) < 0 ||
	    (r = whole_file_write(d->out, central, n_central, err)) < 0 ||
	    (r = whole_file_write(d->out, end, n_end, err)) < 0)
		return r;
	return whole_file_zeros(d->out, (size_t)(-d->out->offset % TAR_BLOCK), err);
}

static int derive_all(struct derive *d, struct schedtrace_error *err)
{
	int r;

	for (enum derived c = 0; c < N_DERIVED; c++) {
		r = whole_file_spool(d->out, &d->spools[c], err);
		if (r < 0)
			return r;
	}
	d->timestamp = malloc(BLOCK_ROWS * sizeof(*d->timestamp));
	d->next_same_event = malloc(BLOCK_ROWS * sizeof(*d->next_same_event));
	d->next_block_or_wakeup = malloc(BLOCK_ROWS * sizeof(*d->next_block_or_wakeup));
	d->pid = malloc(BLOCK_ROWS * sizeof(*d->pid));
	d->event = malloc(BLOCK_ROWS * sizeof(*d->event));
	d->cpu = malloc(BLOCK_ROWS * sizeof(*d->cpu));
	if (!d->timestamp || !d->next_same_event || !d->next_block_or_wakeup || !d->pid ||
	    !d->event || !d->cpu)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %zu rows", BLOCK_ROWS);
	if ((r = derive_frequency(d, err)) < 0 || (r = derive_next_rows(d, err)) < 0)
		return r;
	d->out->offset -= TAR_END;
	for (enum derived c = 0; r == 0 && c < N_DERIVED; c++)
		r = put_column(d, c, err);
	return r == 0 ? whole_file_zeros(d->out, TAR_END, err) : r;
}

static int open_trace(struct derive *d, struct schedtrace_error *err)
{
	const struct schedtrace_open_options options = { .size = sizeof(options) };
	struct byte_input in = { .fd = fcntl(d->out->fd, F_DUPFD_CLOEXEC, 0) };
	struct stat st;

	if (in.fd < 0 || fstat(in.fd, &st) < 0) {
		mem_close_p(&in.fd);
		return error_errno(err, SCHEDTRACE_E_IO, errno, "cannot read it again");
	}
	in.size = (uint64_t)st.st_size;
	d->out->offset = in.size;
	return trace_open_input(&d->trace, &in, d->out->name, &options, err);
}

int derive_columns(struct whole_file *out, struct schedtrace_error *err)
{
	struct derive d = { .out = out, .spools = { -1, -1, -1 } };
	int r = open_trace(&d, err);

	if (r == 0) {
		d.rows = schedtrace_rows(d.trace);
		r = derive_all(&d, err);
	}
	schedtrace_close(d.trace);
	for (enum derived c = 0; c < N_DERIVED; c++)
		if (d.spools[c] >= 0)
			close(d.spools[c]);
	free(d.same_event.slots);
	free(d.block_or_wakeup.slots);
	free(d.timestamp);
	free(d.next_same_event);
	free(d.next_block_or_wakeup);
	free(d.pid);
	free(d.event);
	free(d.cpu);
	return r < 0 ? error_prefix(err, r, "deriving columns") : 0;
}
