/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libschedtrace/tarball/npz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "base/mem.h"

#define LOCAL_SIGNATURE	    0x04034b50
#define CENTRAL_SIGNATURE   0x02014b50
#define END_SIGNATURE	    0x06054b50
#define END64_SIGNATURE	    0x06064b50
#define LOCATOR64_SIGNATURE 0x07064b50
#define LOCAL_SIZE	    30
#define CENTRAL_SIZE	    46
#define END_SIZE	    22
#define END64_SIZE	    56
#define LOCATOR64_SIZE	    20
#define MAX_COMMENT	    65535
#define MAX_CENTRAL	    ((uint64_t)64 << 20)
#define FLAG_ENCRYPTED	    1
#define FLAG_DESCRIPTOR	    8
#define METHOD_STORED	    0
#define METHOD_DEFLATED	    8
#define EXTRA_ZIP64	    1
#define EXTRA_ALIGNMENT	    0xd935
#define DATE_1980	    0x21
/* Deflate makes at most 258 bytes of 2 bits. */
#define MAX_RATIO 1032

static uint32_t get16(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8;
}

static uint32_t get32(const uint8_t *p)
{
	return get16(p) | get16(p + 2) << 16;
}

static uint64_t get64(const uint8_t *p)
{
	return get32(p) | (uint64_t)get32(p + 4) << 32;
}

static int damaged(const char *what, struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_FORMAT, "damaged zip: %s", what);
}

/* A zip within an input. */
struct zip {
	const struct byte_input *in;
	uint64_t begin, size;
	uint64_t entries, central, central_size;
};

static int zip_read(const struct zip *zip, uint64_t offset, void *buf, size_t n,
		    struct schedtrace_error *err)
{
	if (!checked_range(offset, n, zip->size))
		return damaged("a record lies outside of it", err);
	return byte_input_read(zip->in, zip->begin + offset, buf, n, err);
}

/* The end record stands last, but a comment may follow it. */
static int find_end(const struct zip *zip, uint64_t *offset, struct schedtrace_error *err)
{
	uint64_t room = END_SIZE + MAX_COMMENT;
	auto_free uint8_t *tail = NULL;
	size_t n;
	int r;

	if (zip->size < END_SIZE)
		return error_set(err, SCHEDTRACE_E_FORMAT, "%llu bytes are too few for a zip",
				 (unsigned long long)zip->size);
	n = (size_t)(zip->size < room ? zip->size : room);
	tail = malloc(n);
	if (!tail)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a zip's end");
	r = zip_read(zip, zip->size - n, tail, n, err);
	if (r < 0)
		return r;
	for (size_t i = n - END_SIZE + 1; i-- > 0;)
		if (get32(tail + i) == END_SIGNATURE && get16(tail + i + 20) == n - END_SIZE - i) {
			*offset = zip->size - n + i;
			return 0;
		}
	return error_set(err, SCHEDTRACE_E_FORMAT,
			 "no central directory at its end: not a zip, or cut");
}

static int read_end64(struct zip *zip, uint64_t *end, struct schedtrace_error *err)
{
	uint8_t locator[LOCATOR64_SIZE], record[END64_SIZE];
	uint64_t offset;
	int r;

	if (*end < LOCATOR64_SIZE)
		return damaged("no zip64 locator", err);
	r = zip_read(zip, *end - LOCATOR64_SIZE, locator, sizeof(locator), err);
	if (r < 0)
		return r;
	offset = get64(locator + 8);
	if (get32(locator) != LOCATOR64_SIGNATURE || get32(locator + 4) != 0)
		return damaged("no zip64 locator", err);
	r = zip_read(zip, offset, record, sizeof(record), err);
	if (r < 0)
		return r;
	if (get32(record) != END64_SIGNATURE || get32(record + 16) != 0 || get32(record + 20) != 0)
		return damaged("no zip64 end record where the locator says", err);
	if (get64(record + 24) != get64(record + 32))
		return damaged("it says to be one of several volumes", err);
	zip->entries = get64(record + 32);
	zip->central_size = get64(record + 40);
	zip->central = get64(record + 48);
	*end = offset;
	return 0;
}

static int read_end(struct zip *zip, struct schedtrace_error *err)
{
	uint8_t record[END_SIZE];
	uint64_t end = 0, after;
	int r = find_end(zip, &end, err);

	if (r == 0)
		r = zip_read(zip, end, record, sizeof(record), err);
	if (r < 0)
		return r;
	if (get16(record + 4) != get16(record + 6) || get16(record + 8) != get16(record + 10))
		return damaged("it says to be one of several volumes", err);
	zip->entries = get16(record + 10);
	zip->central_size = get32(record + 12);
	zip->central = get32(record + 16);
	if (zip->entries == UINT16_MAX || zip->central_size == UINT32_MAX ||
	    zip->central == UINT32_MAX) {
		r = read_end64(zip, &end, err);
		if (r < 0)
			return r;
	} else if (get16(record + 4) != 0) {
		return damaged("it says to be one of several volumes", err);
	}
	if (!checked_add(zip->central, zip->central_size, &after) || after != end)
		return damaged("its central directory does not end where the end record begins",
			       err);
	if (zip->central_size > MAX_CENTRAL)
		return error_set(err, SCHEDTRACE_E_LIMIT,
				 "central directory of %llu bytes, at most %llu are read",
				 (unsigned long long)zip->central_size,
				 (unsigned long long)MAX_CENTRAL);
	return 0;
}

/* What both kinds of header say of an entry. */
struct header {
	uint32_t flags, method, crc;
	uint64_t packed, size, offset;
	const uint8_t *name, *extra;
	size_t n_name, n_extra;
};

/* Replaces fields that are all ones by those of the zip64 extra field. */
static int apply_zip64(struct header *h, struct schedtrace_error *err)
{
	uint64_t *const fields[] = { &h->size, &h->packed, &h->offset };
	const uint8_t *p = h->extra, *end = h->extra + h->n_extra;

	while (end - p >= 4) {
		size_t n = get16(p + 2);
		const uint8_t *value = p + 4;

		if ((size_t)(end - value) < n)
			return damaged("an extra field is cut", err);
		p = value + n;
		if (get16(value - 4) != EXTRA_ZIP64)
			continue;
		for (int i = 0; i < 3; i++) {
			if (*fields[i] != UINT32_MAX)
				continue;
			if (p - value < 8)
				return damaged("a zip64 field is cut", err);
			*fields[i] = get64(value);
			value += 8;
		}
		return 0;
	}
	return 0;
}

static int parse_central(const uint8_t *p, size_t n, struct header *h, size_t *used,
			 struct schedtrace_error *err)
{
	size_t n_comment;

	if (n < CENTRAL_SIZE || get32(p) != CENTRAL_SIGNATURE)
		return damaged("no central header where one should be", err);
	h->flags = get16(p + 8);
	h->method = get16(p + 10);
	h->crc = get32(p + 16);
	h->packed = get32(p + 20);
	h->size = get32(p + 24);
	h->n_name = get16(p + 28);
	h->n_extra = get16(p + 30);
	n_comment = get16(p + 32);
	h->offset = get32(p + 42);
	if (n - CENTRAL_SIZE < h->n_name + h->n_extra + n_comment)
		return damaged("a central header is cut", err);
	h->name = p + CENTRAL_SIZE;
	h->extra = h->name + h->n_name;
	*used = CENTRAL_SIZE + h->n_name + h->n_extra + n_comment;
	return apply_zip64(h, err);
}

static const char *method_name(uint32_t method)
{
	switch (method) {
	case 9:
		return "deflate64";
	case 12:
		return "bzip2";
	case 14:
		return "lzma";
	case 93:
		return "zstd";
	case 95:
		return "xz";
	default:
		return "an unknown method";
	}
}

static int check_entry(const struct header *h, struct schedtrace_error *err)
{
	uint64_t most;

	if (h->flags & FLAG_ENCRYPTED)
		return error_set(err, SCHEDTRACE_E_UNSUPPORTED, "encrypted");
	if (h->method != METHOD_STORED && h->method != METHOD_DEFLATED)
		return error_set(err, SCHEDTRACE_E_UNSUPPORTED,
				 "compressed by %s (%u), only stored and deflated are read",
				 method_name(h->method), h->method);
	if (h->method == METHOD_STORED && h->packed != h->size)
		return damaged("a stored entry has two sizes", err);
	if (!checked_mul(h->packed, (uint64_t)MAX_RATIO, &most))
		most = UINT64_MAX;
	if (h->method == METHOD_DEFLATED && h->size > most)
		return error_set(err, SCHEDTRACE_E_FORMAT,
				 "damaged zip: %llu bytes cannot inflate to %llu",
				 (unsigned long long)h->packed, (unsigned long long)h->size);
	return 0;
}

/* The header in front of the data must say the same: readers of either kind exist. */
static int check_local(const struct zip *zip, const struct header *central, struct npz_entry *out,
		       struct schedtrace_error *err)
{
	auto_free uint8_t *rest = NULL;
	uint8_t p[LOCAL_SIZE];
	struct header h = { 0 };
	uint64_t data;
	int r = zip_read(zip, central->offset, p, sizeof(p), err);

	if (r < 0)
		return r;
	if (get32(p) != LOCAL_SIGNATURE)
		return damaged("no local header where the central one says", err);
	h.flags = get16(p + 6);
	h.method = get16(p + 8);
	h.crc = get32(p + 14);
	h.packed = get32(p + 18);
	h.size = get32(p + 22);
	h.n_name = get16(p + 26);
	h.n_extra = get16(p + 28);
	rest = malloc(h.n_name + h.n_extra + 1);
	if (!rest)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a zip header");
	r = zip_read(zip, central->offset + LOCAL_SIZE, rest, h.n_name + h.n_extra, err);
	if (r < 0)
		return r;
	h.name = rest;
	h.extra = rest + h.n_name;
	r = apply_zip64(&h, err);
	if (r < 0)
		return r;
	if (h.n_name != central->n_name || memcmp(h.name, central->name, h.n_name) != 0 ||
	    h.method != central->method || h.flags != central->flags)
		return damaged("the local header differs from the central one", err);
	if (!(h.flags & FLAG_DESCRIPTOR) &&
	    (h.crc != central->crc || h.packed != central->packed || h.size != central->size))
		return damaged("the local header differs from the central one", err);
	data = central->offset + LOCAL_SIZE + h.n_name + h.n_extra;
	if (data > zip->central || central->packed > zip->central - data)
		return damaged("an entry reaches into the central directory", err);
	out->data = zip->begin + data;
	return 0;
}

int npz_find(struct npz_entry *out, const struct byte_input *in, uint64_t begin, uint64_t size,
	     const char *name, struct schedtrace_error *err)
{
	struct zip zip = { .in = in, .begin = begin, .size = size };
	auto_free uint8_t *central = NULL;
	struct header h = { 0 }, found = { 0 };
	size_t n_name = strlen(name), at = 0;
	bool is_found = false;
	int r;

	if (!checked_range(begin, size, in->size))
		return damaged("it reaches beyond the file", err);
	r = read_end(&zip, err);
	if (r < 0)
		return r;
	central = malloc((size_t)zip.central_size + 1);
	if (!central)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a central directory");
	r = zip_read(&zip, zip.central, central, (size_t)zip.central_size, err);
	for (uint64_t i = 0; r == 0 && i < zip.entries; i++) {
		size_t used = 0;

		r = parse_central(central + at, (size_t)zip.central_size - at, &h, &used, err);
		at += used;
		if (r < 0 || h.n_name != n_name + 4 || memcmp(h.name, name, n_name) != 0 ||
		    memcmp(h.name + n_name, ".npy", 4) != 0)
			continue;
		if (is_found)
			return error_set(err, SCHEDTRACE_E_FORMAT, "two entries named %s.npy",
					 name);
		is_found = true;
		found = h;
	}
	if (r < 0)
		return r;
	if (at != zip.central_size)
		return damaged("its central directory has another number of entries than it says",
			       err);
	if (!is_found)
		return error_set(err, SCHEDTRACE_E_FORMAT, "no array named %s in it", name);
	r = check_entry(&found, err);
	if (r == 0)
		r = check_local(&zip, &found, out, err);
	if (r < 0)
		return r;
	out->packed = found.packed;
	out->size = found.size;
	out->crc = found.crc;
	out->deflated = found.method == METHOD_DEFLATED;
	return 0;
}

static uint8_t *put(uint8_t *p, uint64_t value, int bytes)
{
	for (; bytes > 0; bytes--, value >>= 8)
		*p++ = value & 0xff;
	return p;
}

static bool is_big(const struct npz_out *entry)
{
	return entry->packed >= UINT32_MAX || entry->size >= UINT32_MAX;
}

/* From the version needed to the sizes: what both headers have in common. */
static uint8_t *put_common(uint8_t *p, const struct npz_out *entry)
{
	p = put(p, is_big(entry) || entry->offset >= UINT32_MAX ? 45 : 20, 2);
	p = put(p, 0, 2); /* flags */
	p = put(p, entry->deflated ? METHOD_DEFLATED : METHOD_STORED, 2);
	p = put(p, 0, 2); /* time */
	p = put(p, DATE_1980, 2);
	p = put(p, entry->crc, 4);
	p = put(p, is_big(entry) ? UINT32_MAX : entry->packed, 4);
	return put(p, is_big(entry) ? UINT32_MAX : entry->size, 4);
}

static uint8_t *put_name(uint8_t *p, const struct npz_out *entry)
{
	return p + sprintf((char *)p, "%.63s.npy", entry->name);
}

size_t npz_local_header(uint8_t record[NPZ_RECORD_ROOM], const struct npz_out *entry)
{
	uint8_t *p = put(record, LOCAL_SIGNATURE, 4), *extra;
	size_t n_extra, n;

	p = put_common(p, entry);
	p = put(p, strlen(entry->name) + 4, 2);
	extra = put_name(p + 2, entry);
	n_extra = is_big(entry) ? 20 : 0;
	n = (size_t)(extra - record) + n_extra;
	if (!entry->deflated) { /* names are short enough for a field of at least 4 bytes */
		size_t padding = NPZ_STORED_HEADER - n;

		put(extra + n_extra, EXTRA_ALIGNMENT, 2);
		put(extra + n_extra + 2, padding - 4 + entry->padding, 2);
		memset(extra + n_extra + 4, 0, padding - 4);
		n_extra += padding;
	}
	put(p, n_extra + entry->padding, 2);
	if (is_big(entry))
		put(put(put(put(extra, EXTRA_ZIP64, 2), 16, 2), entry->size, 8), entry->packed, 8);
	return (size_t)(extra - record) + n_extra;
}

size_t npz_central_header(uint8_t record[NPZ_RECORD_ROOM], const struct npz_out *entry)
{
	bool far = entry->offset >= UINT32_MAX;
	size_t n_zip64 = (is_big(entry) ? 16 : 0) + (far ? 8 : 0);
	uint8_t *p = put(record, CENTRAL_SIGNATURE, 4);

	p = put(p, 45, 2); /* made by */
	p = put_common(p, entry);
	p = put(p, strlen(entry->name) + 4, 2);
	p = put(p, n_zip64 ? n_zip64 + 4 : 0, 2);
	p = put(p, 0, 2 + 2 + 2 + 4); /* comment, volume, attributes */
	p = put(p, far ? UINT32_MAX : entry->offset, 4);
	p = put_name(p, entry);
	if (n_zip64)
		p = put(put(p, EXTRA_ZIP64, 2), n_zip64, 2);
	if (is_big(entry))
		p = put(put(p, entry->size, 8), entry->packed, 8);
	if (far)
		p = put(p, entry->offset, 8);
	return (size_t)(p - record);
}

size_t npz_end(uint8_t record[NPZ_RECORD_ROOM], uint64_t entries, uint64_t central_offset,
	       uint64_t central_size, size_t comment)
{
	bool big =
		entries >= UINT16_MAX || central_offset >= UINT32_MAX || central_size >= UINT32_MAX;
	uint8_t *p = record;

	if (big) {
		p = put(p, END64_SIGNATURE, 4);
		p = put(p, END64_SIZE - 12, 8);
		p = put(put(p, 45, 2), 45, 2);
		p = put(p, 0, 4 + 4); /* volumes */
		p = put(put(p, entries, 8), entries, 8);
		p = put(put(p, central_size, 8), central_offset, 8);
		p = put(put(p, LOCATOR64_SIGNATURE, 4), 0, 4);
		p = put(put(p, central_offset + central_size, 8), 1, 4);
	}
	p = put(put(p, END_SIGNATURE, 4), 0, 2 + 2);
	p = put(put(p, big ? UINT16_MAX : entries, 2), big ? UINT16_MAX : entries, 2);
	p = put(p, big ? UINT32_MAX : central_size, 4);
	p = put(p, big ? UINT32_MAX : central_offset, 4);
	p = put(p, comment, 2);
	return (size_t)(p - record);
}
