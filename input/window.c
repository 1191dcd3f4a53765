/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "input/window.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/error.h"

/* "12.000000345" without a detour through doubles, which hold 15 digits. */
static bool parse_seconds(const char *text, size_t n, int64_t *ns)
{
	int64_t value = 0, digit = 1000000000;
	bool fraction = false, any = false;

	for (size_t i = 0; i < n; i++) {
		if (text[i] == '.' && !fraction) {
			fraction = true;
			continue;
		}
		if (text[i] < '0' || text[i] > '9')
			return false;
		any = true;
		if (fraction) {
			digit /= 10; /* digits beyond the ninth add nothing */
			value += (text[i] - '0') * digit;
		} else if (!checked_mul(value, 10, &value) ||
			   !checked_add(value, (text[i] - '0') * INT64_C(1000000000), &value)) {
			return false;
		}
	}
	*ns = value;
	return any;
}

static int parse_side(const char *text, size_t n, int64_t origin, int64_t *out,
		      struct schedtrace_error *err)
{
	char *end;
	long long at;

	if (!n)
		return 0;
	if (*text == '@') {
		errno = 0;
		at = strtoll(text + 1, &end, 10);
		if (errno || n == 1 || end != text + n)
			return error_set(err, SCHEDTRACE_E_USAGE,
					 "--window: %.*s is not @ and nanoseconds", (int)n, text);
		*out = at;
		return 0;
	}
	if (!parse_seconds(text, n, out))
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "--window: %.*s is no decimal number of seconds such as 1.25",
				 (int)n, text);
	if (origin == INT64_MIN)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "--window: the trace's begin is not known; give @NANOSECONDS on "
				 "its clock");
	if (!checked_add(*out, origin, out))
		return error_set(err, SCHEDTRACE_E_USAGE, "--window: %.*s s is beyond any trace",
				 (int)n, text);
	return 0;
}

int window_parse(const char *text, int64_t origin, int64_t *begin, int64_t *end,
		 struct schedtrace_error *err)
{
	const char *colon = strchr(text, ':');
	int r;

	*begin = INT64_MIN;
	*end = INT64_MAX;
	if (!colon)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "--window: %s has no colon; write BEGIN:END in seconds", text);
	r = parse_side(text, (size_t)(colon - text), origin, begin, err);
	if (!r)
		r = parse_side(colon + 1, strlen(colon + 1), origin, end, err);
	if (!r && *begin >= *end)
		r = error_set(err, SCHEDTRACE_E_USAGE, "--window: %s ends before it begins", text);
	return r;
}

int64_t window_origin(const struct schedtrace_context *ctx, int64_t first_ns)
{
	int64_t begin = schedtrace_context_info(ctx)->begin_ns;

	return first_ns != INT64_MIN && (begin == INT64_MIN || first_ns < begin) ? first_ns : begin;
}

int window_check(const char *text, int64_t begin, int64_t end, int64_t origin, int64_t length,
		 struct schedtrace_error *err)
{
	if (begin > origin + length)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "--window %s begins after the recording, which ends at %.6f s "
				 "(@%" PRId64 ")",
				 text, (double)length / 1e9, origin + length);
	if (end <= origin)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "--window %s ends before the recording, which begins at @%" PRId64,
				 text, origin);
	return 0;
}
