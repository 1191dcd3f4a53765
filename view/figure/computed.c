/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/figure/computed.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/intmap.h"
#include "base/mem.h"

enum computed_kind { NEXT_SAME, NEXT_OF_PAIR, NEXT_OF_PID, FREQUENCY, LATENCY };
enum computed_key { TIMESTAMP, ARG0, ARG1 };
enum computed_where { CPU, PID };

struct computed {
	const char *name;
	enum computed_kind kind;
	enum computed_key key;
	enum computed_where where;
	const char *a, *b; /* the pair's events */
};

#define SAME(key, KEY, where, WHERE)                                                               \
	{                                                                                          \
		"nxt_" key "_of_same_evt_on_same_" where, NEXT_SAME, KEY, WHERE, NULL, NULL        \
	}
#define PAIR(a, b, key, KEY, where, WHERE)                                                         \
	{                                                                                          \
		"nxt_" key "_of_(" a "|" b ")_on_same_" where, NEXT_OF_PAIR, KEY, WHERE, a, b      \
	}
#define PAIR_KEYS(a, b)                                                                            \
	PAIR(a, b, "timestamp", TIMESTAMP, "cpu", CPU),                                            \
		PAIR(a, b, "timestamp", TIMESTAMP, "pid", PID),                                    \
		PAIR(a, b, "arg0", ARG0, "cpu", CPU), PAIR(a, b, "arg0", ARG0, "pid", PID),        \
		PAIR(a, b, "arg1", ARG1, "cpu", CPU), PAIR(a, b, "arg1", ARG1, "pid", PID)

static const struct computed all[] = {
	SAME("timestamp", TIMESTAMP, "cpu", CPU),
	SAME("timestamp", TIMESTAMP, "pid", PID),
	SAME("arg0", ARG0, "cpu", CPU),
	SAME("arg0", ARG0, "pid", PID),
	SAME("arg1", ARG1, "cpu", CPU),
	SAME("arg1", ARG1, "pid", PID),
	PAIR_KEYS("BLOCK", "WAKEUP"),
	PAIR_KEYS("IDL_BLN_FAIR_BEG", "IDL_BLN_FAIR_END"),
	PAIR_KEYS("PER_BLN_FAIR_BEG", "PER_BLN_FAIR_END"),
	PAIR_KEYS("IDL_BLN_IPA_BEG", "IDL_BLN_IPA_END"),
	PAIR_KEYS("PER_BLN_IPA_BEG", "PER_BLN_IPA_END"),
	{ "nxt_blk_wkp_of_same_pid", NEXT_OF_PID, TIMESTAMP, PID, "BLOCK", "WAKEUP" },
	{ "prv_frq_on_same_cpu", FREQUENCY, ARG1, CPU, NULL, NULL },
	{ "wakeup_latency", LATENCY, TIMESTAMP, PID, NULL, NULL },
};

const char *computed_name(size_t i)
{
	return i < sizeof(all) / sizeof(*all) ? all[i].name : NULL;
}

bool computed_is_real(size_t i)
{
	return all[i].kind == FREQUENCY || all[i].kind == LATENCY;
}

static int no_memory(const struct computed *c, struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for column %s", c->name);
}

/* -1: the recording knows no event of that name. */
static int32_t event_id(const struct schedtrace_context *context, const char *name)
{
	const char *known;

	for (int32_t id = 0; (known = schedtrace_context_event_name(context, id)); id++)
		if (!strcmp(known, name))
			return id;
	return -1;
}

/* Values by key; they grow without a limit of rows. */
struct latest_values {
	struct intmap numbers;
	int64_t *values;
	size_t n, max;
};

/* The value of a key, which is made with @value where it is new; NULL without memory. */
static int64_t *latest_of(struct latest_values *l, uint64_t key, int64_t value)
{
	uint32_t number = intmap_get(&l->numbers, key);

	if (number != INTMAP_NONE)
		return &l->values[number];
	if (!array_room(l->values, l->n, l->max) ||
	    intmap_set(&l->numbers, key, (uint32_t)l->n) < 0)
		return NULL;
	l->values[l->n] = value;
	return &l->values[l->n++];
}

static const int64_t *key_values(const struct computed *c, const struct schedtrace_events *rows)
{
	return c->key == TIMESTAMP ? rows->timestamp : c->key == ARG0 ? rows->arg0 : rows->arg1;
}

/* From the last row to the first. */
static int look_forward(const struct computed *c, const int32_t pair[2],
			const struct schedtrace_events *rows, struct latest_values *latest,
			int64_t *out)
{
	const int64_t *values = key_values(c, rows);
	const int32_t *where = c->where == CPU ? rows->cpu : rows->pid;

	for (size_t i = rows->n; i-- > 0;) {
		bool counts = c->kind == NEXT_SAME || rows->event[i] == pair[0] ||
			      rows->event[i] == pair[1];
		uint64_t key = (uint32_t)where[i];
		int64_t *next;

		if (c->kind == NEXT_SAME)
			key |= (uint64_t)(uint32_t)rows->event[i] << 32;
		out[i] = values[i];
		if (!counts && c->kind == NEXT_OF_PID) { /* any row looks for the next of both */
			uint32_t number = intmap_get(&latest->numbers, key);

			out[i] = number == INTMAP_NONE ? values[i] : latest->values[number];
		}
		if (!counts)
			continue;
		next = latest_of(latest, key, values[i]);
		if (!next)
			return -1;
		out[i] = *next;
		*next = values[i];
	}
	return 0;
}

static int look_back(const struct schedtrace_events *rows, struct latest_values *latest,
		     double *out)
{
	for (size_t i = 0; i < rows->n; i++) {
		uint32_t number;

		if (rows->event[i] == SCHEDTRACE_TICK) {
			int64_t *frequency =
				latest_of(latest, (uint32_t)rows->cpu[i], rows->arg1[i]);

			if (!frequency)
				return -1;
			*frequency = rows->arg1[i];
		}
		number = intmap_get(&latest->numbers, (uint32_t)rows->cpu[i]);
		out[i] = number == INTMAP_NONE ? NAN : (double)latest->values[number];
	}
	return 0;
}

/* The rows of the tasks' last wakeups are kept until they are switched to; -1: there is none. */
static int match_wakeups(const struct schedtrace_events *rows, struct latest_values *latest,
			 double *out)
{
	for (size_t i = 0; i < rows->n; i++) {
		bool wakes = rows->event[i] == SCHEDTRACE_WAKEUP;
		int32_t pid = wakes ? rows->pid[i] : (int32_t)rows->arg0[i];
		int64_t *woken;

		out[i] = NAN;
		if ((!wakes && rows->event[i] != SCHEDTRACE_CTX_SWITCH) || pid <= 0)
			continue;
		woken = latest_of(latest, (uint32_t)pid, -1);
		if (!woken)
			return -1;
		if (!wakes && *woken >= 0)
			out[*woken] = (double)(rows->timestamp[i] - rows->timestamp[*woken]);
		*woken = wakes ? (int64_t)i : -1;
	}
	return 0;
}

int computed_fill(size_t i, const struct schedtrace_context *context,
		  const struct schedtrace_events *rows, void *out, struct schedtrace_error *err)
{
	const struct computed *c = &all[i];
	const int32_t pair[2] = { c->a ? event_id(context, c->a) : -1,
				  c->b ? event_id(context, c->b) : -1 };
	struct latest_values latest = { .values = NULL };
	int r;

	if (intmap_init(&latest.numbers) < 0)
		return no_memory(c, err);
	if (c->kind == FREQUENCY)
		r = look_back(rows, &latest, out);
	else if (c->kind == LATENCY)
		r = match_wakeups(rows, &latest, out);
	else
		r = look_forward(c, pair, rows, &latest, out);
	intmap_free(&latest.numbers);
	free(latest.values);
	return r < 0 ? no_memory(c, err) : 0;
}
