/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Records as the kernel wrote them, the members other_… of docs/schedlog-format.md. They wait in
 * files until the last of those, other_events.json, says what their fields are.
 */
#ifndef OUTPUT_PERFETTO_RECORDS_H
#define OUTPUT_PERFETTO_RECORDS_H

#include "output/perfetto/trace_file.h"

enum {
	RECORDS_TIMESTAMP,
	RECORDS_EVENT,
	RECORDS_CPU,
	RECORDS_PID,
	RECORDS_OFFSETS,
	RECORDS_DATA,
	N_RECORDS_ARRAYS
};

struct records {
	int fds[N_RECORDS_ARRAYS]; /* without a name; -1: nothing came */
	uint64_t bytes[N_RECORDS_ARRAYS];
	char *events; /* other_events.json, NULL none */
	size_t n_events;
};

#define RECORDS_NONE ((struct records){ .fds = { -1, -1, -1, -1, -1, -1 } })

void records_free(struct records *r);

/* Whether that is the name of one of these; then its bytes, without a header, are appended. */
bool records_is_array(const char *name);
int records_array(struct records *r, const struct trace_file *f, const char *name, const void *data,
		  size_t bytes, struct schedtrace_error *err);

/* A member of a tarball: true if it is one of these, with *@status the outcome. */
bool records_member(struct records *r, const struct trace_file *f, const char *name,
		    const void *data, size_t n, int *status, struct schedtrace_error *err);

/* All of them become events of the file. */
int records_put(struct records *r, struct trace_file *f, struct schedtrace_error *err);

#endif
