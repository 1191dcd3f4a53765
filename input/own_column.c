/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "input/own_column.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/byte_input.h"
#include "base/error.h"
#include "base/mem.h"
#include "libschedtrace/tarball/deflate.h"
#include "libschedtrace/tarball/npy.h"
#include "libschedtrace/tarball/npz.h"

#define HEADERS_MAX ((size_t)1 << 20)

static int inflate(const uint8_t *in, size_t n_in, uint8_t *out, size_t n_out,
		   struct schedtrace_error *err)
{
	struct inflater *inflater;
	bool ended = false;
	int r = inflater_new(&inflater, err);

	while (r == 0 && !ended && n_in && n_out)
		r = inflater_run(inflater, &in, &n_in, &out, &n_out, &ended, err);
	if (r == 0 && n_out)
		r = error_set(err, SCHEDTRACE_E_FORMAT, "%zu bytes are missing: cut short", n_out);
	inflater_free(inflater);
	return r;
}

/* The bytes of the .npy, in the zip or in @room; at most @max. */
static int unpack(const uint8_t *zip, const struct npz_entry *entry, size_t max,
		  const uint8_t **npy, uint8_t **room, struct schedtrace_error *err)
{
	int r = 0;

	if (entry->size > max)
		return error_set(err, SCHEDTRACE_E_FORMAT, "more values than there are rows");
	*npy = zip + entry->data;
	if (entry->deflated) {
		*npy = *room = malloc((size_t)entry->size + 1);
		r = !*room ? error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %" PRIu64 " bytes",
				       entry->size)
			   : inflate(zip + entry->data, (size_t)entry->packed, *room,
				     (size_t)entry->size, err);
	}
	if (r == 0 && deflate_crc(0, *npy, (size_t)entry->size) != entry->crc)
		r = error_set(err, SCHEDTRACE_E_FORMAT, "wrong checksum: damaged");
	return r;
}

/* The bits of value @i, as those of a number of 64 bits. */
static uint64_t bits(const struct npy_header *npy, const uint8_t *data, size_t i)
{
	uint64_t value = 0;

	data += i * npy->width;
	for (unsigned int b = 0; b < npy->width; b++)
		value |= (uint64_t)data[npy->big_endian ? npy->width - 1 - b : b] << 8 * b;
	return value;
}

static int to_ints(const struct npy_header *npy, const uint8_t *data, size_t n, int64_t *out,
		   struct schedtrace_error *err)
{
	unsigned int unused = 64 - 8 * npy->width;

	for (size_t i = 0; i < n; i++) {
		uint64_t value = bits(npy, data, i);

		if (npy->kind == 'i') /* the sign goes up to the highest bit */
			out[i] = (int64_t)(value << unused) >> unused;
		else if (value <= INT64_MAX)
			out[i] = (int64_t)value;
		else
			return error_set(err, SCHEDTRACE_E_FORMAT,
					 "row %zu: %" PRIu64 " is more than %" PRId64, i, value,
					 INT64_MAX);
	}
	return 0;
}

static void to_reals(const struct npy_header *npy, const uint8_t *data, size_t n, double *out)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t value = bits(npy, data, i);
		uint32_t low = (uint32_t)value;
		float small;

		memcpy(&small, &low, sizeof(small));
		if (npy->width == 4)
			out[i] = (double)small;
		else
			memcpy(&out[i], &value, sizeof(value));
	}
}

static int convert(struct own_column *out, const uint8_t *data, size_t size, size_t rows,
		   struct schedtrace_error *err)
{
	struct npy_header npy = { .count = 0 };
	bool whole, real;
	void *values;
	int r = npy_parse(&npy, data, size, err);

	if (r < 0)
		return r;
	whole = strchr("iub", npy.kind) != NULL;
	real = npy.kind == 'f' && npy.width >= 4;
	if (!whole && !real)
		return error_set(err, SCHEDTRACE_E_FORMAT,
				 "dtype %s, expected whole numbers, float32 or float64", npy.descr);
	if (npy.count != rows || size - npy.data < npy.count * npy.width)
		return error_set(err, SCHEDTRACE_E_FORMAT, "%" PRIu64 " values for %zu rows",
				 npy.count, rows);
	values = reallocarray(NULL, rows + 1, 8);
	if (!values)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %zu rows", rows);
	if (whole)
		r = to_ints(&npy, data + npy.data, rows, out->ints = values, err);
	else
		to_reals(&npy, data + npy.data, rows, out->reals = values);
	if (r < 0) {
		free(values);
		out->ints = NULL;
	}
	return r;
}

static int read_member(struct own_column *out, struct schedtrace *trace, const char *member,
		       const char *name, size_t rows, struct schedtrace_error *err)
{
	size_t max = rows * 8 + HEADERS_MAX, n;
	auto_free char *zip = NULL;
	auto_free uint8_t *room = NULL;
	struct npz_entry entry;
	const uint8_t *npy = NULL;
	int r = schedtrace_member_read(trace, member, max + max / 8, &zip, &n, err);

	if (r < 0)
		return r;
	r = npz_find(&entry, &(struct byte_input){ (const uint8_t *)zip, -1, n }, 0, n, name, err);
	if (r == 0)
		r = unpack((const uint8_t *)zip, &entry, max, &npy, &room, err);
	if (r == 0)
		r = convert(out, npy, (size_t)entry.size, rows, err);
	return r < 0 ? error_prefix(err, r, "%s", member) : 0;
}

int own_column_read(struct own_column *out, struct input *input, const char *name, size_t rows,
		    struct schedtrace_error *err)
{
	struct schedtrace *trace = input_tarball(input);
	auto_free char *member = NULL;

	*out = (struct own_column){ NULL, NULL };
	if (!trace || strchr(name, '/'))
		return error_set(err, SCHEDTRACE_E_NOT_FOUND, "there is no column %s", name);
	if (asprintf(&member, "%s.npz", name) < 0) {
		member = NULL;
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a name");
	}
	return read_member(out, trace, member, name, rows, err);
}
