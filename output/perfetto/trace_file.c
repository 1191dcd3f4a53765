/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "output/perfetto/trace_file.h"

#include <stdlib.h>

#include "base/error.h"

#define PACKETS_BYTES ((size_t)256 << 10) /* that wait at most */
#define BUNDLE_BYTES  ((size_t)64 << 10)
#define SEQUENCE      1

enum { BUNDLE_CPU = 1, BUNDLE_LOST = 3, BUNDLE_COMPACT = 4 };
enum {
	COMPACT_TIMES = 1,
	COMPACT_STATES = 2,
	COMPACT_PIDS = 3,
	COMPACT_PRIOS = 4,
	COMPACT_NAMES = 5,
	COMPACT_COMMS = 6,
};

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a Perfetto trace");
}

int trace_file_open(struct trace_file *f, const char *path, const char *like,
		    struct schedtrace_error *err)
{
	*f = (struct trace_file){ .file = OUTPUT_NONE };
	return whole_file_open(&f->file, path, like, err);
}

static void bundle_free(struct bundle *b)
{
	if (!b)
		return;
	proto_free(&b->events);
	proto_free(&b->compact.times);
	proto_free(&b->compact.states);
	proto_free(&b->compact.pids);
	proto_free(&b->compact.prios);
	proto_free(&b->compact.comms);
	proto_free(&b->compact.names);
	free(b->compact.numbers);
	free(b);
}

void trace_file_close(struct trace_file *f)
{
	for (size_t i = 0; i < PERFETTO_CPUS; i++)
		bundle_free(f->bundles[i]);
	proto_free(&f->packets);
	whole_file_close(&f->file);
}

size_t trace_file_packet(struct trace_file *f)
{
	size_t begin = proto_begin(&f->packets, 1);

	proto_uint(&f->packets, PACKET_SEQUENCE_ID, SEQUENCE);
	return begin;
}

void trace_file_packet_end(struct trace_file *f, size_t begin)
{
	proto_end(&f->packets, begin);
}

/* ---- switches, a list a field ---------------------------------------------------------- */

/* The number of a name among those of the bundle. */
static uint32_t name_number(struct compact_switches *c, int32_t id, const char *name)
{
	if (id >= c->n_numbers) {
		int32_t n = id + 1 > 2 * c->n_numbers ? id + 1 : 2 * c->n_numbers;
		int32_t *grown = reallocarray(c->numbers, (size_t)n, sizeof(*grown));

		if (!grown) {
			c->names.failed = true;
			return 0;
		}
		memset(grown + c->n_numbers, 0xff, (size_t)(n - c->n_numbers) * sizeof(*grown));
		c->numbers = grown;
		c->n_numbers = n;
	}
	if (c->numbers[id] < 0) {
		c->numbers[id] = (int32_t)c->n_names++;
		proto_text(&c->names, COMPACT_NAMES, name ? name : "");
	}
	return (uint32_t)c->numbers[id];
}

void compact_switch_add(struct compact_switches *c, const struct compact_switch *s)
{
	proto_varint(&c->comms, name_number(c, s->next_comm, s->next_name));
	proto_varint(&c->times, (uint64_t)(s->time_ns - (c->times.n ? c->last_ns : 0)));
	proto_varint(&c->states, (uint64_t)s->prev_state);
	proto_varint(&c->pids, (uint64_t)(int64_t)s->next_pid);
	proto_varint(&c->prios, (uint64_t)(int64_t)s->next_prio);
	c->last_ns = s->time_ns;
}

static void put_list(struct proto *p, uint32_t field, struct proto *list)
{
	proto_bytes(p, field, list->data, list->n);
	p->failed |= list->failed;
	list->n = 0;
}

static void put_compact(struct proto *p, struct compact_switches *c)
{
	size_t begin;

	if (!c->times.n)
		return;
	begin = proto_begin(p, BUNDLE_COMPACT);
	put_list(p, COMPACT_TIMES, &c->times);
	put_list(p, COMPACT_STATES, &c->states);
	put_list(p, COMPACT_PIDS, &c->pids);
	put_list(p, COMPACT_PRIOS, &c->prios);
	put_list(p, COMPACT_COMMS, &c->comms);
	if (proto_room(p, c->names.n)) {
		memcpy(p->data + p->n, c->names.data, c->names.n);
		p->n += c->names.n;
	}
	p->failed |= c->names.failed;
	c->names.n = 0;
	c->n_names = 0;
	memset(c->numbers, 0xff, (size_t)c->n_numbers * sizeof(*c->numbers));
	proto_end(p, begin);
}

/* ---- bundles --------------------------------------------------------------------------- */

static size_t bundle_bytes(const struct bundle *b)
{
	return b->events.n + b->compact.times.n + b->compact.comms.n;
}

static void put_bundle(struct trace_file *f, int32_t cpu)
{
	struct bundle *b = f->bundles[cpu];
	struct proto *p = &f->packets;
	size_t packet, begin;

	packet = trace_file_packet(f);
	begin = proto_begin(p, PACKET_FTRACE_EVENTS);
	proto_uint(p, BUNDLE_CPU, (uint32_t)cpu);
	if (b->lost)
		proto_uint(p, BUNDLE_LOST, 1);
	if (proto_room(p, b->events.n)) {
		memcpy(p->data + p->n, b->events.data, b->events.n);
		p->n += b->events.n;
	}
	p->failed |= b->events.failed;
	put_compact(p, &b->compact);
	proto_end(p, begin);
	trace_file_packet_end(f, packet);
	b->events.n = 0;
	b->lost = false;
}

struct bundle *trace_file_bundle(struct trace_file *f, int32_t cpu)
{
	struct bundle *b = f->bundles[cpu];

	if (!b) {
		b = f->bundles[cpu] = calloc(1, sizeof(*b));
		if (b)
			proto_grow(&b->events, 2 * BUNDLE_BYTES);
	} else if (bundle_bytes(b) >= BUNDLE_BYTES) {
		put_bundle(f, cpu);
	}
	return b;
}

void trace_file_lost(struct trace_file *f, int32_t cpu)
{
	struct bundle *b = trace_file_bundle(f, cpu);

	if (!b) {
		f->packets.failed = true;
		return;
	}
	if (bundle_bytes(b))
		put_bundle(f, cpu);
	b->lost = true;
}

int trace_file_write(struct trace_file *f, bool all, struct schedtrace_error *err)
{
	int r;

	for (int32_t cpu = 0; all && cpu < PERFETTO_CPUS; cpu++)
		if (f->bundles[cpu] && (bundle_bytes(f->bundles[cpu]) || f->bundles[cpu]->lost))
			put_bundle(f, cpu);
	if (f->packets.failed)
		return no_memory(err);
	if (!all && f->packets.n < PACKETS_BYTES)
		return 0;
	r = whole_file_write(&f->file, f->packets.data, f->packets.n, err);
	f->packets.n = 0;
	return r;
}
