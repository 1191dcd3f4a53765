/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What languages of rules have in common: units after a number, and comparisons. */
#ifndef BASE_QUANTITY_H
#define BASE_QUANTITY_H

#include <stddef.h>

struct quantity_unit {
	const char *name; /* as it is written: "ms" */
	const char *base; /* the unit that figures are in: "ns", "bytes", "%" or "kHz" */
	double factor;	  /* of it in the base */
};

/* The unit that these @n bytes name, or NULL. */
const struct quantity_unit *quantity_unit_find(const char *word, size_t n);

/* The units of a base, with commas between, for messages; at least one. */
const char *quantity_units_of(const char *base);

enum compare {
	COMPARE_BELOW,
	COMPARE_AT_MOST,
	COMPARE_ABOVE,
	COMPARE_AT_LEAST,
	COMPARE_EQUAL,
	COMPARE_OTHER
};

/* The comparison that @text begins with: its length in bytes, or 0. */
size_t compare_parse(const char *text, enum compare *out);

const char *compare_text(enum compare compare);

#endif
