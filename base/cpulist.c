/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/cpulist.h"

#include <stddef.h>

static const char *number(const char *text, int32_t *value)
{
	const char *p = text;

	for (*value = 0; *p >= '0' && *p <= '9' && *value <= CPULIST_MAX_CPU; p++)
		*value = *value * 10 + (*p - '0');
	return p > text && *value <= CPULIST_MAX_CPU ? p : NULL;
}

int cpulist_next(const char **list, int32_t *first, int32_t *last)
{
	const char *p = *list;

	if (!*p)
		return 0;
	p = number(p, first);
	*last = *first;
	if (p && *p == '-')
		p = number(p + 1, last);
	if (!p || *last < *first || (*p && (*p != ',' || !p[1])))
		return -1;
	*list = *p ? p + 1 : p;
	return 1;
}

bool cpulist_valid(const char *list)
{
	int32_t first, last;
	int r;

	while ((r = cpulist_next(&list, &first, &last)) > 0)
		;
	return r == 0;
}

bool cpulist_has(const char *list, int32_t cpu)
{
	int32_t first, last;

	while (cpulist_next(&list, &first, &last) > 0)
		if (first <= cpu && cpu <= last)
			return true;
	return false;
}
