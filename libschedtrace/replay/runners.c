/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libschedtrace/replay/runners.h"

#include <stdlib.h>
#include <string.h>

void runners_free(struct runners *r)
{
	free(r->lengths);
}

static int longest_first(const void *a, const void *b)
{
	const struct runner *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns < y->ns ? 1 : -1;
	return (x->life > y->life) - (x->life < y->life);
}

/* Adds to *n tasks at @all; there is room. */
static void add_to(struct runner *all, uint32_t *n, uint32_t life, int64_t ns)
{
	for (uint32_t i = 0; i < *n; i++) {
		if (all[i].life == life) {
			all[i].ns += ns;
			return;
		}
	}
	all[(*n)++] = (struct runner){ life, ns };
}

static void keep(struct runner_block *block, struct runner *all, uint32_t n)
{
	if (n > RUNNERS_KEPT)
		qsort(all, n, sizeof(*all), longest_first);
	block->n = n < RUNNERS_KEPT ? n : RUNNERS_KEPT;
	memcpy(block->kept, all, block->n * sizeof(*all));
}

static struct runner_block merge(const struct runner_block *a, const struct runner_block *b)
{
	struct runner_block both = { .begin = a->begin, .end = b->end };
	struct runner all[2 * RUNNERS_KEPT];
	uint32_t n = 0;

	for (uint32_t i = 0; i < a->n; i++)
		add_to(all, &n, a->kept[i].life, a->kept[i].ns);
	for (uint32_t i = 0; i < b->n; i++)
		add_to(all, &n, b->kept[i].life, b->kept[i].ns);
	keep(&both, all, n);
	return both;
}

static int push(struct runners *r, struct runner_block block)
{
	for (uint32_t i = 0; i < RUNNERS_OLDEST; i++) {
		struct runner_blocks *length;
		struct runner_block both;

		if (i == r->n_lengths) {
			length = reallocarray(r->lengths, i + 1, sizeof(*length));
			if (!length)
				return -1;
			length[i].n = 0;
			r->lengths = length;
			r->n_lengths++;
		}
		length = &r->lengths[i];
		if (length->n < RUNNERS_BLOCKS) {
			length->blocks[length->n++] = block;
			return 0;
		}
		both = merge(&length->blocks[0], &length->blocks[1]);
		memmove(length->blocks, length->blocks + 2,
			(RUNNERS_BLOCKS - 2) * sizeof(*length->blocks));
		length->blocks[RUNNERS_BLOCKS - 2] = block;
		length->n = RUNNERS_BLOCKS - 1;
		block = both;
	}
	return 0;
}

int runners_add(struct runners *r, uint32_t life, int64_t begin, int64_t end)
{
	const uint32_t half = RUNNERS_LATEST / 2;

	if (r->n && r->latest[r->n - 1].life == life && r->latest[r->n - 1].end == begin) {
		r->latest[r->n - 1].end = end;
		return 0;
	}
	if (r->n == RUNNERS_LATEST) {
		struct runner_block block = { .begin = r->latest[0].begin,
					      .end = r->latest[half - 1].end };
		struct runner all[RUNNERS_LATEST / 2];
		uint32_t n = 0;

		for (uint32_t i = 0; i < half; i++)
			add_to(all, &n, r->latest[i].life, r->latest[i].end - r->latest[i].begin);
		keep(&block, all, n);
		if (push(r, block) < 0)
			return -1;
		r->n = RUNNERS_LATEST - half;
		memmove(r->latest, r->latest + half, r->n * sizeof(*r->latest));
	}
	r->latest[r->n].life = life;
	r->latest[r->n].begin = begin;
	r->latest[r->n++].end = end;
	return 0;
}

int runners_since(const struct runners *r, int64_t since,
		  int (*ran)(void *user, uint32_t life, int64_t ns), void *user)
{
	int status = 0;

	for (uint32_t i = r->n; i-- > 0 && status >= 0;) {
		int64_t begin = r->latest[i].begin > since ? r->latest[i].begin : since;

		if (r->latest[i].end <= begin)
			return status;
		status = ran(user, r->latest[i].life, r->latest[i].end - begin);
	}
	for (uint32_t l = 0; l < r->n_lengths && status >= 0; l++) {
		const struct runner_blocks *length = &r->lengths[l];

		for (uint32_t b = length->n; b-- > 0 && status >= 0;) {
			const struct runner_block *block = &length->blocks[b];

			if (block->begin < since)
				return status;
			for (uint32_t i = 0; i < block->n && status >= 0; i++)
				status = ran(user, block->kept[i].life, block->kept[i].ns);
		}
	}
	return status;
}

void runners_rename(struct runners *r, uint32_t (*now)(const void *user, uint32_t life),
		    const void *user)
{
	for (uint32_t i = 0; i < r->n; i++)
		r->latest[i].life = now(user, r->latest[i].life);
	for (uint32_t l = 0; l < r->n_lengths; l++) {
		for (uint32_t b = 0; b < r->lengths[l].n; b++) {
			struct runner_block *block = &r->lengths[l].blocks[b];

			for (uint32_t i = 0; i < block->n; i++)
				block->kept[i].life = now(user, block->kept[i].life);
		}
	}
}
