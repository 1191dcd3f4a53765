/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "convert/spaces.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define EXEC_NS 20000000 /* from the first mapping of a program to its exec record */

int spaces_init(struct spaces *s)
{
	memset(s, 0, sizeof(*s));
	intern_init(&s->paths);
	return intmap_init(&s->of_tgid);
}

void spaces_free(struct spaces *s)
{
	intmap_free(&s->of_tgid);
	intern_free(&s->paths);
	free(s->changes);
	free(s->mappings);
}

static int change(struct spaces *s, int32_t tgid, int32_t space, int64_t time, bool by_exec)
{
	if (!array_room(s->changes, s->n_changes, s->changes_max))
		return -1;
	s->changes[s->n_changes++] = (struct space_change){ time, tgid, space, by_exec };
	return intmap_set(&s->of_tgid, (uint32_t)tgid, (uint32_t)space);
}

int32_t spaces_now(struct spaces *s, int32_t tgid, int64_t time)
{
	uint32_t space = intmap_get(&s->of_tgid, (uint32_t)tgid);

	if (space != INTMAP_NONE)
		return (int32_t)space;
	if (s->n == INT32_MAX || change(s, tgid, ++s->n, INT64_MIN, false) < 0)
		return -1;
	return s->n;
}

int spaces_exec(struct spaces *s, int32_t tgid, int64_t time)
{
	return s->n == INT32_MAX ? -1 : change(s, tgid, ++s->n, time, true);
}

int spaces_fork(struct spaces *s, int32_t child, int32_t parent, int64_t time)
{
	int32_t space = spaces_now(s, parent, time);

	return space < 0 ? -1 : change(s, child, space, time, false);
}

int spaces_mappings(struct spaces *s, const char *data, size_t bytes, int64_t told)
{
	struct marker_map m;

	while (bytes >= sizeof(m)) {
		size_t room;
		int32_t path = -1;

		memcpy(&m, data, sizeof(m));
		room = sizeof(m) + ((m.path_bytes + 7u) & ~(size_t)7);
		if (room > bytes)
			break;
		if (m.path_bytes && !memchr(data + sizeof(m), '\0', m.path_bytes)) {
			path = intern_add(&s->paths, data + sizeof(m), m.path_bytes);
			if (path < 0)
				return -1;
		}
		data += room;
		bytes -= room;
		if (!array_room(s->mappings, s->n_mappings, s->mappings_max))
			return -1;
		s->mappings[s->n_mappings] = (struct mapping){
			.time = m.time_ns,
			.told = told,
			.begin = m.begin,
			.end = m.end,
			.offset = m.offset,
			.tgid = m.tgid,
			.path = path,
			.build_id_bytes = m.build_id_bytes <= 20 ? m.build_id_bytes : 0,
		};
		memcpy(s->mappings[s->n_mappings].build_id, m.build_id, 20);
		s->n_mappings++;
	}
	return 0;
}

static int by_process(const void *a, const void *b)
{
	const struct mapping *m = a, *n = b;

	if (m->tgid != n->tgid)
		return m->tgid < n->tgid ? -1 : 1;
	if (m->time != n->time)
		return m->time < n->time ? -1 : 1;
	return (m->path > n->path) - (m->path < n->path); /* an exec before what it maps */
}

static int by_change(const void *a, const void *b)
{
	const struct space_change *c = a, *d = b;

	if (c->tgid != d->tgid)
		return c->tgid < d->tgid ? -1 : 1;
	return (c->time > d->time) - (c->time < d->time);
}

static int by_space(const void *a, const void *b)
{
	const struct mapping *m = a, *n = b;

	if (m->space != n->space)
		return m->space < n->space ? -1 : 1;
	return (m->time > n->time) - (m->time < n->time);
}

/* The space of the process of the changes [first, end) at @time. */
static int32_t space_at(const struct space_change *changes, size_t n, int64_t time)
{
	int32_t space = 0;

	for (size_t i = 0; i < n && (i == 0 || changes[i].time <= time); i++)
		space = changes[i].space;
	return space;
}

/* The space that is mapped into. What was there when it was told is of the program then. */
static int32_t space_of(const struct space_change *changes, size_t n, const struct mapping *m)
{
	if (m->time == INT64_MIN)
		return space_at(changes, n, m->told);
	/* Not every exec is announced: what is mapped right before one is the new program. */
	for (size_t i = 0; i < n; i++)
		if (changes[i].by_exec && changes[i].time >= m->time &&
		    changes[i].time - m->time < EXEC_NS)
			return changes[i].space;
	return space_at(changes, n, m->time);
}

/* The program that began to be mapped at @time is the next that a record calls executed. */
static int32_t space_after(const struct space_change *changes, size_t n, int64_t time)
{
	for (size_t i = 0; i < n; i++)
		if (changes[i].by_exec && changes[i].time >= time)
			return changes[i].space;
	return n ? changes[n - 1].space : 0;
}

void spaces_resolve(struct spaces *s)
{
	size_t first = 0, n = 0;
	int64_t exec = INT64_MIN; /* the latest of this process */

	if (s->n_changes)
		qsort(s->changes, s->n_changes, sizeof(*s->changes), by_change);
	if (s->n_mappings)
		qsort(s->mappings, s->n_mappings, sizeof(*s->mappings), by_process);
	for (size_t i = 0; i < s->n_mappings; i++) {
		struct mapping *m = &s->mappings[i];

		if (i == 0 || m->tgid != s->mappings[i - 1].tgid) {
			exec = INT64_MIN;
			while (first + n < s->n_changes && s->changes[first + n].tgid <= m->tgid)
				n++;
			while (n && s->changes[first].tgid < m->tgid) {
				first++;
				n--;
			}
		}
		if (m->path < 0)
			exec = m->time;
		else if (exec != INT64_MIN)
			m->space = space_after(s->changes + first, n, exec);
		else
			m->space = space_of(s->changes + first, n, m);
	}
	if (s->n_mappings)
		qsort(s->mappings, s->n_mappings, sizeof(*s->mappings), by_space);
}

const struct mapping *spaces_find(const struct spaces *s, int32_t space, uint64_t address)
{
	size_t low = 0, high = s->n_mappings;

	while (low < high) { /* behind the last of the space */
		size_t middle = low + (high - low) / 2;

		if (s->mappings[middle].space <= space)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low > 0 && s->mappings[low - 1].space == space; low--) {
		const struct mapping *m = &s->mappings[low - 1];

		if (m->path >= 0 && m->begin <= address && address < m->end)
			return m;
	}
	return NULL;
}
