/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of facts.h: what the file's head says, and the recorder's markers of begin and end. */
#ifndef CONVERT_FACTS_PARTS_H
#define CONVERT_FACTS_PARTS_H

#include "convert/facts.h"

/* ---- facts_of_head.c */

int facts_of_head(struct facts *facts, const struct tracedat_head *head,
		  struct schedtrace_error *err);

/* NULL: the file has none. The name of the system need not end. */
const struct format *facts_find_format(const struct facts *facts, const char *system,
				       size_t system_n, const char *name);

/* ---- facts_of_markers.c: MARKER_BEGIN and MARKER_END, which stand in the record @r */

int facts_begin_marker(struct facts *facts, const json_t *json, const struct record *r,
		       struct schedtrace_error *err);
int facts_end_marker(struct facts *facts, const json_t *json, const struct record *r,
		     struct schedtrace_error *err);

/* ---- facts.c */

/* A CPU that the recorder could not read to the end. */
int facts_add_unread(struct facts *facts, int32_t cpu, int32_t errnum,
		     struct schedtrace_error *err);

#endif
