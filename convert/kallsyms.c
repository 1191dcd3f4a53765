/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "convert/kallsyms.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

/* The last symbol has no end: code that far behind it belongs to nobody. */
#define LAST_MAX 0x10000

static bool begins(const struct kernel_symbol *s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s->name_n >= n && memcmp(s->name, prefix, n) == 0;
}

/* What stands between the event and the stack that was taken of it. */
static bool is_tracer(const struct kernel_symbol *s)
{
	static const char *const prefixes[] = {
		"trace_event_raw_event_",
		"do_trace_event_raw_event_",
		"__traceiter_",
		"perf_trace_",
		"trace_event_buffer_commit",
		"event_triggers_post_call",
		"stacktrace_trigger",
		"__ftrace_trace_stack",
		"__trace_stack",
		"trace_buffer_unlock_commit_regs",
	};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (begins(s, prefixes[i]))
			return true;
	return false;
}

/* "ADDRESS TYPE NAME" with "\t[MODULE]" behind; false for data and for what is no symbol. */
static bool parse_line(struct kernel_symbol *s, const char *line, const char *end)
{
	const char *p = line, *tab;
	uint64_t address = 0;

	for (; p < end && p - line < 16; p++) {
		unsigned int digit = (unsigned char)*p;

		digit = digit >= 'a' ? digit - 'a' + 10 : digit - '0';
		if (digit > 15)
			break;
		address = address << 4 | digit;
	}
	if (p == line || end - p < 4 || p[0] != ' ' || p[2] != ' ' || !strchr("tTwW", p[1]) ||
	    address == 0)
		return false;
	p += 3;
	tab = memchr(p, '\t', (size_t)(end - p));
	*s = (struct kernel_symbol){ .address = address, .name = p };
	if (end - p > UINT16_MAX)
		return false;
	s->name_n = (uint16_t)((tab ? tab : end) - p);
	if (tab && end - tab > 3 && tab[1] == '[') {
		s->module = tab + 1;
		s->module_n = (uint16_t)(end - tab - 1);
	}
	s->tracer = is_tracer(s);
	return s->name_n > 0;
}

static int compare(const void *a, const void *b)
{
	const struct kernel_symbol *s = a, *t = b;

	if (s->address != t->address)
		return s->address < t->address ? -1 : 1;
	return (s->name > t->name) - (s->name < t->name); /* of aliases the first in the text */
}

int kallsyms_parse(struct kallsyms *out, const char *text, size_t bytes,
		   struct schedtrace_error *err)
{
	const char *end = text + bytes;
	size_t max = 0;

	*out = (struct kallsyms){ 0 };
	while (text && text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		struct kernel_symbol s;

		if (parse_line(&s, text, newline ? newline : end)) {
			if (!array_room(out->all, out->n, max)) {
				kallsyms_free(out);
				return error_set(err, SCHEDTRACE_E_NOMEM,
						 "no memory for the kernel's symbols");
			}
			out->all[out->n++] = s;
		}
		text = newline ? newline + 1 : end;
	}
	if (out->n)
		qsort(out->all, out->n, sizeof(*out->all), compare);
	return 0;
}

void kallsyms_free(struct kallsyms *k)
{
	free(k->all);
	*k = (struct kallsyms){ 0 };
}

const struct kernel_symbol *kallsyms_find(const struct kallsyms *k, uint64_t return_address)
{
	/* A call can be the last instruction of a function that it does not return to. */
	uint64_t address = return_address - 1;
	size_t low = 0, high = k->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (k->all[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || (low == k->n && address - k->all[low - 1].address > LAST_MAX))
		return NULL;
	while (low > 1 && k->all[low - 2].address == k->all[low - 1].address)
		low--;
	return &k->all[low - 1];
}
