/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/triggers/save_rules.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/pattern.h"

#define SECOND	 1000000000
#define RAN	 "ran without sleep for"
#define SLICE_NS (SECOND / RULE_SLICES)

static const char *const measures[] = { "latency", "run", "faults", "exit" };

static int refuse(struct schedtrace_error *err, const char *text, const char *at, const char *what)
{
	return error_set(err, SCHEDTRACE_E_USAGE, "rule '%s': %s at character %zu", text, what,
			 (size_t)(at - text) + 1);
}

static const char *skip_space(const char *p)
{
	return p + strspn(p, " \t");
}

/*
 * Of a value the bytes, which may stand between quotes, as in rules of schedreport assert; and the
 * comma or parenthesis behind it.
 */
static int find_value(const struct rule *r, const char *value, size_t *n, const char **end,
		      struct schedtrace_error *err)
{
	if (*value == '\'' || *value == '"') {
		const char *quote = strchr(value + 1, *value);

		if (!quote)
			return refuse(err, r->text, value, "the quote that ends this is missing");
		*n = (size_t)(quote + 1 - value);
		*end = skip_space(quote + 1);
		return 0;
	}
	*end = value + strcspn(value, ",)");
	for (*n = (size_t)(*end - value); *n && value[*n - 1] == ' '; --*n)
		;
	return 0;
}

static int take_comm(struct rule *r, const char *value, size_t n, struct schedtrace_error *err)
{
	bool quoted = *value == '\'' || *value == '"';
	const char *name = value + quoted;

	n -= quoted ? 2 : 0;
	/* What a pattern or an escape like \x1b is made of may be longer than the name. */
	if (n == 0 || n >= sizeof(r->comm) || (n > 15 && strcspn(name, "*?[\\") >= n))
		return refuse(err, r->text, value,
			      "a task's name has 1 to 15 characters; this does not stand");
	/* The kernel compares these itself, and takes its quotes. */
	if (r->measure == RULE_FAULTS && strcspn(name, "\"\\") < n)
		return refuse(err, r->text, value,
			      "of faults the kernel tells names, and takes no quote or backslash; "
			      "this does not stand");
	memcpy(r->comm, name, n);
	r->comm[n] = '\0';
	return 0;
}

/* (comm=NAME), (pid=N), or both with a comma between. */
static int parse_who(struct rule *r, const char **p, struct schedtrace_error *err)
{
	do {
		const char *key = skip_space(*p + 1), *value, *end = key;
		size_t n = 0;
		int result;

		value = key + strcspn(key, "=,)");
		if (*value != '=')
			return refuse(err, r->text, key, "comm=NAME or pid=PID is missing");
		result = find_value(r, ++value, &n, &end, err);
		if (result < 0)
			return result;
		if (strncmp(key, "comm=", 5) == 0) {
			result = take_comm(r, value, n, err);
			if (result < 0)
				return result;
		} else if (strncmp(key, "pid=", 4) == 0) {
			char *stop;
			long pid = strtol(value, &stop, 10);

			if (stop != value + n || pid <= 0 || pid > INT32_MAX)
				return refuse(err, r->text, value, "a pid is missing");
			r->pid = (int32_t)pid;
		} else {
			return refuse(err, r->text, key,
				      "only comm and pid can be asked for, not this");
		}
		*p = end;
	} while (**p == ',');
	if (**p != ')')
		return refuse(err, r->text, *p, "a ) is missing");
	(*p)++;
	return 0;
}

static int parse_limit(struct rule *r, const char *p, struct schedtrace_error *err)
{
	const struct quantity_unit *found;
	char *after;
	double v = strtod(p, &after);
	const char *unit = skip_space(after);
	size_t n;

	if (after == p || !(v >= 0 && v < 1e15) || isalpha((unsigned char)*p))
		return refuse(err, r->text, p, "a number is missing");
	for (n = strlen(unit); n && unit[n - 1] == ' '; n--)
		;
	if (r->measure == RULE_EXIT || r->measure == RULE_FAULTS) {
		bool per_second = n == 2 && strncmp(unit, "/s", 2) == 0;

		if ((double)(int64_t)v != v || (r->measure == RULE_EXIT ? n != 0 : !per_second))
			return refuse(err, r->text, p,
				      r->measure == RULE_EXIT ? "a whole number is missing"
							      : "a rate such as 1000/s is missing");
		r->limit = (int64_t)v;
		return 0;
	}
	found = quantity_unit_find(unit, n);
	if (!found || strcmp(found->base, "ns") != 0 || v * found->factor > 1e18)
		return refuse(err, r->text, p, "a time with its unit, ns, us, ms or s, is missing");
	r->limit = (int64_t)(v * found->factor + 0.5);
	return 0;
}

static int parse(struct rule *r, const char *text, struct schedtrace_error *err)
{
	const char *p = skip_space(text);
	size_t n = strspn(p, "abcdefghijklmnopqrstuvwxyz");
	int result = 0;

	*r = (struct rule){ .text = text, .pid = -1, .slice = -1 };
	for (r->measure = RULE_LATENCY; r->measure <= RULE_EXIT; r->measure++)
		if (strlen(measures[r->measure]) == n && strncmp(measures[r->measure], p, n) == 0)
			break;
	if (r->measure > RULE_EXIT)
		return refuse(err, text, p, "latency, run, faults or exit is missing");
	p = skip_space(p + n);
	if (*p == '(' && r->measure == RULE_EXIT)
		return refuse(err, text, p, "exit is the command's: it takes no task");
	if (*p == '(')
		result = parse_who(r, &p, err);
	if (result < 0)
		return result;
	p = skip_space(p);
	n = compare_parse(p, &r->compare);
	if (!n)
		return refuse(err, text, p, "a comparison such as > is missing");
	if (r->measure != RULE_EXIT && r->compare != COMPARE_ABOVE &&
	    r->compare != COMPARE_AT_LEAST)
		return refuse(err, text, p, "only > and >= make sense for this measure, not this");
	return parse_limit(r, skip_space(p + n), err);
}

int rules_parse(struct rules *r, const char *const *texts, size_t n, struct schedtrace_error *err)
{
	size_t n_faults = 0;

	*r = (struct rules){ .list = calloc(n + 1, sizeof(*r->list)), .n = n };
	if (!r->list)
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	for (size_t i = 0; i < n; i++) {
		int result = parse(&r->list[i], texts[i], err);

		if (result < 0)
			return result;
		n_faults += r->list[i].measure == RULE_FAULTS;
	}
	/* Records of faults do not tell whose they are by name; the kernel's filter does. */
	if (n_faults > 1)
		return error_set(err, SCHEDTRACE_E_USAGE, "only one rule can be about faults");
	return 0;
}

void rules_free(struct rules *r)
{
	free(r->list);
	free(r->tasks);
	*r = (struct rules){ 0 };
}

bool rules_have(const struct rules *r, enum rule_measure measure)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->list[i].measure == measure)
			return true;
	return false;
}

static bool fits(const struct rule *rule, int32_t pid, const char *comm)
{
	return (rule->pid < 0 || rule->pid == pid) &&
	       (!*rule->comm || !comm || text_matches(comm, rule->comm));
}

static bool fits_any(const struct rules *r, int32_t pid, const char *comm)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->list[i].measure <= RULE_RUN && fits(&r->list[i], pid, comm))
			return true;
	return false;
}

static bool exceeds(const struct rule *rule, int64_t value)
{
	switch (rule->compare) {
	case COMPARE_ABOVE:
		return value > rule->limit;
	case COMPARE_AT_LEAST:
		return value >= rule->limit;
	case COMPARE_BELOW:
		return value < rule->limit;
	case COMPARE_AT_MOST:
		return value <= rule->limit;
	case COMPARE_EQUAL:
		return value == rule->limit;
	default:
		return value != rule->limit;
	}
}

/* True if a rule about tasks is fulfilled; @did is a verb for what took the time. */
static bool judge(struct rules *r, enum rule_measure measure, const struct rule_task *t,
		  const char *did, int64_t value)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct rule *rule = &r->list[i];

		if (rule->measure != measure || !fits(rule, t->pid, t->comm) ||
		    !exceeds(rule, value))
			continue;
		if (!*r->fired)
			snprintf(r->fired, sizeof(r->fired), "%s: %s %d %s %.3f ms", rule->text,
				 t->comm, t->pid, did, (double)value / 1e6);
		return true;
	}
	return false;
}

static struct rule_task *find(struct rules *r, int32_t pid)
{
	for (size_t i = 0; i < r->n_tasks; i++)
		if (r->tasks[i].pid == pid)
			return &r->tasks[i];
	return NULL;
}

/* NULL if no rule is about it, or memory ran out. */
static struct rule_task *find_or_add(struct rules *r, int32_t pid, const char *comm)
{
	struct rule_task *t = find(r, pid);

	if (t || pid == 0 || !fits_any(r, pid, comm))
		return t;
	if (!array_room(r->tasks, r->n_tasks, r->room))
		return NULL;
	t = &r->tasks[r->n_tasks++];
	*t = (struct rule_task){ .pid = pid, .woken = INT64_MIN, .since = INT64_MIN };
	snprintf(t->comm, sizeof(t->comm), "%s", comm);
	return t;
}

static void drop(struct rules *r, struct rule_task *t)
{
	*t = r->tasks[--r->n_tasks];
}

void rules_waking(struct rules *r, int64_t ts, int32_t pid, const char *comm)
{
	struct rule_task *t = find_or_add(r, pid, comm);

	/* Woken once more, it has run since the last time, seen or not. */
	if (t)
		t->woken = ts;
}

void rules_switch_out(struct rules *r, int64_t ts, int32_t pid, bool runnable)
{
	struct rule_task *t = find(r, pid);

	if (!t)
		return;
	if (t->since != INT64_MIN) {
		t->ran += ts - t->since;
		if (!t->told)
			t->told = judge(r, RULE_RUN, t, RAN, t->ran);
	}
	/* Woken while it still ran: it waits from now on. Without a switch to it that was seen,
	 * it has had its CPU. */
	if (t->woken != INT64_MIN && t->since != INT64_MIN && !runnable) {
		t->woken = ts;
		t->since = INT64_MIN;
		t->ran = 0;
		t->told = false;
		return;
	}
	if (!runnable) {
		drop(r, t);
		return;
	}
	t->woken = t->since = INT64_MIN;
}

void rules_switch_in(struct rules *r, int64_t ts, int32_t pid, const char *comm)
{
	struct rule_task *t = find_or_add(r, pid, comm);

	if (!t)
		return;
	if (t->woken != INT64_MIN)
		judge(r, RULE_LATENCY, t, "waited", ts - t->woken);
	t->woken = INT64_MIN;
	t->since = ts;
}

void rules_charged(struct rules *r, int64_t ts, int32_t pid, int64_t ran_ns)
{
	struct rule_task *t = find(r, pid);
	int64_t begun = ts - ran_ns;

	if (!t || t->woken == INT64_MIN || t->since != INT64_MIN)
		return;
	if (begun < t->woken)
		begun = t->woken;
	judge(r, RULE_LATENCY, t, "waited at least", begun - t->woken);
	t->woken = INT64_MIN;
	t->since = begun;
}

void rules_fault(struct rules *r, int64_t ts, int32_t pid, const char *comm)
{
	for (size_t i = 0; i < r->n; i++) {
		struct rule *rule = &r->list[i];
		int64_t slice = ts / SLICE_NS, sum = 0;

		if (rule->measure != RULE_FAULTS || !fits(rule, pid, comm))
			continue;
		for (int64_t s = rule->slice + 1; s <= slice && s <= rule->slice + RULE_SLICES; s++)
			rule->counts[s % RULE_SLICES] = 0;
		if (slice - rule->slice > RULE_SLICES)
			memset(rule->counts, 0, sizeof(rule->counts));
		if (slice > rule->slice)
			rule->slice = slice;
		rule->counts[slice % RULE_SLICES]++;
		for (int k = 0; k < RULE_SLICES; k++)
			sum += rule->counts[k];
		if (exceeds(rule, sum) && !*r->fired)
			snprintf(r->fired, sizeof(r->fired), "%s: %" PRId64 " faults in a second",
				 rule->text, sum);
	}
}

void rules_tick(struct rules *r, int64_t now, bool (*sleeps)(int32_t pid))
{
	for (size_t i = r->n_tasks; i-- > 0;) {
		struct rule_task *t = &r->tasks[i];

		int64_t from = t->since != INT64_MIN ? t->since : t->woken;

		if (from == INT64_MIN || t->told || now <= from)
			continue;
		/* Its leaving may not have been recorded. */
		if (now - from > SECOND / 10 && sleeps(t->pid))
			drop(r, t);
		else if (t->since != INT64_MIN)
			t->told = judge(r, RULE_RUN, t, RAN, t->ran + now - t->since);
	}
}

void rules_exit(struct rules *r, int status)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->list[i].measure == RULE_EXIT && exceeds(&r->list[i], status) && !*r->fired)
			snprintf(r->fired, sizeof(r->fired), "%s: status %d", r->list[i].text,
				 status);
}

void rules_forget(struct rules *r)
{
	r->n_tasks = 0;
}
