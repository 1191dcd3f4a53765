/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "output/perfetto/proto.h"

#include <stdlib.h>

#define LENGTH_BYTES 4

bool proto_grow(struct proto *p, size_t more)
{
	size_t max = p->max ? p->max : 4096;
	uint8_t *grown;

	while (!p->failed && max - p->n < more)
		max *= 2;
	grown = p->failed ? NULL : realloc(p->data, max);
	if (!grown) {
		p->failed = true;
		return false;
	}
	p->data = grown;
	p->max = max;
	return true;
}

void proto_free(struct proto *p)
{
	free(p->data);
	*p = (struct proto){ 0 };
}

size_t proto_begin(struct proto *p, uint32_t field)
{
	uint8_t *at;

	if (!proto_room(p, PROTO_TAG_MAX + LENGTH_BYTES))
		return 0;
	at = proto_varint_at(p->data + p->n, (uint64_t)field << 3 | PROTO_BYTES);
	p->n = (size_t)(at - p->data) + LENGTH_BYTES;
	return p->n;
}

void proto_end(struct proto *p, size_t begin)
{
	size_t n = p->n - begin;

	if (p->failed)
		return;
	for (size_t i = 0; i < LENGTH_BYTES; i++)
		p->data[begin - LENGTH_BYTES + i] =
			(uint8_t)(n >> 7 * i & 0x7f) | (i + 1 < LENGTH_BYTES ? 0x80 : 0);
}
