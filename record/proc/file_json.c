/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/proc/file_json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "record/marker_writer.h"

char *file_read(const char *path)
{
	auto_fclose FILE *f = fopen(path, "re");
	auto_free char *text = NULL;
	size_t size = 0;
	ssize_t n;

	if (!f || (n = getdelim(&text, &size, '\0', f)) < 0)
		return NULL;
	if (n && text[n - 1] == '\n')
		text[n - 1] = '\0';
	return steal_ptr(text);
}

json_t *text_json(const char *text)
{
	auto_free char *escaped = text ? marker_escape(text) : NULL;

	return escaped ? json_string(escaped) : json_null();
}

json_t *file_json(const char *path)
{
	auto_free char *text = file_read(path);

	return text_json(text);
}

json_t *file_number_json(const char *path)
{
	auto_free char *text = file_read(path);
	char *end = text;
	long long n = 0;

	errno = 0;
	if (text)
		n = strtoll(text, &end, 10);
	return end == text || *end || errno ? json_null() : json_integer(n);
}
