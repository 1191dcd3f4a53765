/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/figure/template.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static size_t name_length(const char *at)
{
	size_t n = 0;

	if (!isalpha((unsigned char)*at) && *at != '_')
		return 0;
	while (isalnum((unsigned char)at[n]) || at[n] == '_')
		n++;
	return n;
}

/* Behind the $ at *at, which moves behind the name. */
static int expand_name(const char **at, int32_t (*id)(void *user, const char *name), void *user,
		       char **out, char unknown[64])
{
	bool braces = **at == '{';
	const char *begin = *at + braces;
	size_t n = name_length(begin);
	int32_t number = -1;

	if (!n || (braces && begin[n] != '}'))
		return -1;
	snprintf(unknown, 64, "%.*s", (int)(n < 63 ? n : 63), begin);
	if (n < 64)
		number = id(user, unknown);
	*at = begin + n + braces;
	if (number < 0)
		return 1;
	*out += sprintf(*out, "%" PRId32, number);
	return 0;
}

int template_expand(const char *text, int32_t (*id)(void *user, const char *name), void *user,
		    char *out, char unknown[64])
{
	int r = 0;

	while (*text && r == 0) {
		if (*text != '$') {
			*out++ = *text++;
		} else if (*++text == '$') {
			*out++ = *text++;
		} else {
			r = expand_name(&text, id, user, &out, unknown);
		}
	}
	*out = '\0';
	return r;
}
