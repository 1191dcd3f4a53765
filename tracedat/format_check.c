/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether a format text is as kernels print it. The parser passes over a line that it does not
 * understand, so that a damaged one would cost its field, or the whole event, unseen.
 */
#include "tracedat/formats.h"

#include <ctype.h>
#include <string.h>

/* The kernel aligns no field to more; a larger hole is where a field should be. */
#define HOLE_LIMIT 16

struct line {
	const char *at, *end;
};

static bool take(struct line *l, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(l->end - l->at) < n || memcmp(l->at, word, n) != 0)
		return false;
	l->at += n;
	return true;
}

static void skip_space(struct line *l)
{
	while (l->at < l->end && (*l->at == ' ' || *l->at == '\t'))
		l->at++;
}

/* "WORD12;" and the space around it. */
static bool take_number(struct line *l, const char *word, uint64_t *out)
{
	const char *begin;

	skip_space(l);
	if (!take(l, word))
		return false;
	for (begin = l->at, *out = 0; l->at < l->end && isdigit((unsigned char)*l->at); l->at++)
		if (*out < UINT32_MAX)
			*out = *out * 10 + (uint64_t)(*l->at - '0');
	return l->at > begin && take(l, ";");
}

/* "unsigned short common_type;" */
static bool take_declaration(struct line *l)
{
	const char *begin = l->at;

	while (l->at < l->end && *l->at != ';' && isprint((unsigned char)*l->at))
		l->at++;
	return l->at > begin && take(l, ";");
}

/* *@end is where the fields before it end, and is moved on. */
static bool is_field(struct line l, uint64_t *end)
{
	uint64_t offset, size, is_signed;

	skip_space(&l);
	if (!take(&l, "field:") || !take_declaration(&l) || !take_number(&l, "offset:", &offset) ||
	    !take_number(&l, "size:", &size))
		return false;
	skip_space(&l);
	/* Before Linux 2.6.32 nothing was said of signs. */
	if (l.at < l.end && (!take_number(&l, "signed:", &is_signed) || is_signed > 1))
		return false;
	skip_space(&l);
	if (l.at < l.end || offset < *end || offset - *end >= HOLE_LIMIT)
		return false;
	*end = offset + size;
	return true;
}

static bool is_blank(struct line l)
{
	skip_space(&l);
	return l.at == l.end;
}

uint32_t format_bad_line(const char *text, size_t n)
{
	static const char *const head[] = { "name:", "ID:", "format:" };
	const char *stop = text + n;
	uint64_t fields_end = 0;
	uint32_t number = 1;

	for (struct line l = { text, text }; l.at < stop; l.at = l.end + 1, number++) {
		l.end = memchr(l.at, '\n', (size_t)(stop - l.at));
		if (!l.end)
			l.end = stop;
		if (number <= 3 && !take(&l, head[number - 1]))
			return number;
		if (number <= 3 || is_blank(l))
			continue;
		if (take(&l, "print fmt:"))
			return 0;
		if (!is_field(l, &fields_end))
			return number;
	}
	return number;
}
