/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analyze/wrap.h"

#include <stdbool.h>
#include <string.h>

#include "base/escape.h"
#include "base/mem.h"

void wrap_text(FILE *f, const char *text, size_t at, size_t indent, size_t width)
{
	bool blank = at > indent;

	while (*text) {
		size_t n = strcspn(text, " "), w;
		auto_free char *word = strndup(text, n);

		w = word ? escape_width(word) : n;
		if (width && at > indent && at + blank + w > width) {
			fprintf(f, "\n%*s", (int)indent, "");
			at = indent;
			blank = false;
		}
		at += (size_t)fprintf(f, "%s", blank ? " " : "") + w;
		fprintf(f, "%.*s", (int)n, text);
		blank = true;
		text += n + strspn(text + n, " ");
	}
	fputc('\n', f);
}
