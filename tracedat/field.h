/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fields of a record, read where the file's own format text puts them. Looked up by name once a
 * file; a field that the file lacks has size 0 and reads as 0 or as an empty name.
 */
#ifndef TRACEDAT_FIELD_H
#define TRACEDAT_FIELD_H

#include <string.h>

#include "tracedat/event_format.h"
#include "tracedat/record.h"

struct field {
	uint16_t offset;
	uint16_t size;
	bool is_signed;
	bool is_data_loc, is_rel_loc;
};

/* A task's name as the kernel holds it: 16 bytes, zeros after the last. */
union name {
	char bytes[16];
	uint64_t words[2];
};

static inline int64_t field_int(const struct field *f, const struct record *r)
{
	const uint8_t *p = r->data + f->offset;
	uint64_t u64;
	uint32_t u32;
	uint16_t u16;

	switch (f->size) {
	case 8:
		memcpy(&u64, p, sizeof(u64));
		return (int64_t)u64;
	case 4:
		memcpy(&u32, p, sizeof(u32));
		return f->is_signed ? (int64_t)(int32_t)u32 : (int64_t)u32;
	case 2:
		memcpy(&u16, p, sizeof(u16));
		return f->is_signed ? (int64_t)(int16_t)u16 : (int64_t)u16;
	case 1:
		return f->is_signed ? (int64_t)(int8_t)*p : (int64_t)*p;
	default:
		return 0;
	}
}

/* Most integers of records are pids, CPUs and priorities. */
static inline int32_t field_i32(const struct field *f, const struct record *r)
{
	return (int32_t)field_int(f, r);
}

/* The bytes of a string field, which need not end in a NUL. */
static inline const char *field_bytes(const struct field *f, const struct record *r, size_t *n)
{
	const char *data = (const char *)r->data;
	uint32_t loc, begin, length;

	if (!f->is_data_loc && !f->is_rel_loc) {
		*n = f->size;
		return data + f->offset;
	}
	memcpy(&loc, data + f->offset, sizeof(loc));
	begin = (loc & 0xffff) + (f->is_rel_loc ? f->offset + 4u : 0);
	length = loc >> 16;
	*n = begin <= r->size && length <= r->size - begin ? length : 0;
	return *n ? data + begin : "";
}

static inline union name name_make(const char *bytes, size_t n)
{
	union name name = { .words = { 0, 0 } };

	memcpy(name.bytes, bytes, strnlen(bytes, n < 16 ? n : 16));
	return name;
}

static inline union name field_name(const struct field *f, const struct record *r)
{
	union name name;
	const char *bytes;
	size_t n;

	if (f->size == sizeof(name) && !f->is_data_loc && !f->is_rel_loc) {
		memcpy(&name, r->data + f->offset, sizeof(name));
		return name;
	}
	bytes = field_bytes(f, r, &n);
	return name_make(bytes, n);
}

static inline bool name_equal(union name a, union name b)
{
	return a.words[0] == b.words[0] && a.words[1] == b.words[1];
}

#endif
