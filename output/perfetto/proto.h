/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The wire format of protocol buffers, into memory that grows. A call that ran out of memory leaves
 * a mark, and those after it do nothing: who is done asks once.
 */
#ifndef OUTPUT_PERFETTO_PROTO_H
#define OUTPUT_PERFETTO_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct proto {
	uint8_t *data;
	size_t n, max;
	bool failed; /* there was no memory */
};

enum proto_type { PROTO_VARINT = 0, PROTO_FIXED64 = 1, PROTO_BYTES = 2 };

/* Whether there is room for @more bytes. */
bool proto_grow(struct proto *p, size_t more);
void proto_free(struct proto *p);

static inline bool proto_room(struct proto *p, size_t more)
{
	return p->max - p->n >= more || proto_grow(p, more);
}

/* Bytes that a varint takes at most, and a field's tag. */
#define PROTO_VARINT_MAX 10
#define PROTO_TAG_MAX	 3

/* Without a look whether there is room. */
static inline uint8_t *proto_varint_at(uint8_t *at, uint64_t value)
{
	while (value >= 0x80) {
		*at++ = (uint8_t)value | 0x80;
		value >>= 7;
	}
	*at++ = (uint8_t)value;
	return at;
}

static inline void proto_varint(struct proto *p, uint64_t value)
{
	if (proto_room(p, PROTO_VARINT_MAX))
		p->n = (size_t)(proto_varint_at(p->data + p->n, value) - p->data);
}

static inline void proto_uint(struct proto *p, uint32_t field, uint64_t value)
{
	uint8_t *at;

	if (!proto_room(p, PROTO_TAG_MAX + PROTO_VARINT_MAX))
		return;
	at = proto_varint_at(p->data + p->n, (uint64_t)field << 3 | PROTO_VARINT);
	p->n = (size_t)(proto_varint_at(at, value) - p->data);
}

/* int32 and int64, of which negative ones take ten bytes. */
static inline void proto_int(struct proto *p, uint32_t field, int64_t value)
{
	proto_uint(p, field, (uint64_t)value);
}

static inline void proto_bytes(struct proto *p, uint32_t field, const void *data, size_t n)
{
	uint8_t *at;

	if (!proto_room(p, PROTO_TAG_MAX + PROTO_VARINT_MAX + n))
		return;
	at = proto_varint_at(p->data + p->n, (uint64_t)field << 3 | PROTO_BYTES);
	at = proto_varint_at(at, n);
	if (n)
		memcpy(at, data, n);
	p->n = (size_t)(at - p->data) + n;
}

/* NULL is left out. */
static inline void proto_text(struct proto *p, uint32_t field, const char *text)
{
	if (text)
		proto_bytes(p, field, text, strlen(text));
}

/* A message within: its length takes four bytes, whatever it is. Returns where it begins. */
size_t proto_begin(struct proto *p, uint32_t field);
void proto_end(struct proto *p, size_t begin);

/* Likewise of fewer than 128 bytes, whose length takes one. */
static inline size_t proto_begin_short(struct proto *p, uint32_t field)
{
	uint8_t *at;

	if (!proto_room(p, PROTO_TAG_MAX + 1))
		return 0;
	at = proto_varint_at(p->data + p->n, (uint64_t)field << 3 | PROTO_BYTES);
	p->n = (size_t)(at - p->data) + 1;
	return p->n;
}

static inline void proto_end_short(struct proto *p, size_t begin)
{
	if (!p->failed)
		p->data[begin - 1] = (uint8_t)(p->n - begin);
}

#endif
