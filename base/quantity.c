/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/quantity.h"

#include <string.h>

static const struct quantity_unit units[] = {
	{ "ns", "ns", 1 },
	{ "us", "ns", 1e3 },
	{ "µs", "ns", 1e3 },
	{ "ms", "ns", 1e6 },
	{ "s", "ns", 1e9 },
	{ "min", "ns", 60e9 },
	{ "B", "bytes", 1 },
	{ "KiB", "bytes", 1024.0 },
	{ "MiB", "bytes", 1048576.0 },
	{ "GiB", "bytes", 1073741824.0 },
	{ "kB", "bytes", 1e3 },
	{ "MB", "bytes", 1e6 },
	{ "GB", "bytes", 1e9 },
	{ "%", "%", 1 },
	{ "kHz", "kHz", 1 },
	{ "MHz", "kHz", 1e3 },
	{ "GHz", "kHz", 1e6 },
};

const struct quantity_unit *quantity_unit_find(const char *word, size_t n)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (strlen(units[i].name) == n && !memcmp(units[i].name, word, n))
			return &units[i];
	return NULL;
}

const char *quantity_units_of(const char *base)
{
	if (!strcmp(base, "ns"))
		return "ns, us, ms, s or min";
	if (!strcmp(base, "bytes"))
		return "B, KiB, MiB or GiB";
	if (!strcmp(base, "kHz"))
		return "kHz, MHz or GHz";
	return base;
}

static const char *const compares[] = {
	[COMPARE_BELOW] = "<",	   [COMPARE_AT_MOST] = "<=", [COMPARE_ABOVE] = ">",
	[COMPARE_AT_LEAST] = ">=", [COMPARE_EQUAL] = "==",   [COMPARE_OTHER] = "!=",
};

size_t compare_parse(const char *text, enum compare *out)
{
	size_t longest = 0;

	for (size_t i = 0; i < sizeof(compares) / sizeof(*compares); i++) {
		size_t n = strlen(compares[i]);

		if (n > longest && !strncmp(text, compares[i], n)) {
			longest = n;
			*out = (enum compare)i;
		}
	}
	return longest;
}

const char *compare_text(enum compare compare)
{
	return compares[compare];
}
