/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/pattern.h"

#include <fnmatch.h>
#include <string.h>

#include "base/escape.h"
#include "base/mem.h"

bool text_matches(const char *text, const char *pattern)
{
	auto_free char *visible = NULL;

	if (!strcmp(pattern, text))
		return true;
	/* What is printed otherwise than it is has a backslash. */
	if (!strpbrk(pattern, "*?[\\"))
		return false;
	visible = escape_visible(text);
	return visible && (!strcmp(pattern, visible) || !fnmatch(pattern, visible, FNM_NOESCAPE));
}
