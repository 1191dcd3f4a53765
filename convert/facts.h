/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a trace.dat says about the recording itself: its options, and the markers that schedrec
 * writes into the timeline (tracedat/markers.h). All of it goes into the context.
 */
#ifndef CONVERT_FACTS_H
#define CONVERT_FACTS_H

#include <jansson.h>

#include "convert/row_maker.h"
#include "tracedat/head.h"
#include "tracedat/markers.h"

struct facts_unread {
	int32_t cpu, errnum;
};

struct facts {
	struct schedtrace_context *ctx;
	struct row_maker *maker;
	const struct stream_options *options;
	const struct format *formats; /* of the file */
	size_t n_formats;
	int raw_data;	     /* index of the format that markers have, -1 none */
	uint32_t raw_offset; /* of what was written, in the record */
	struct {
		char *bytes;
		size_t n;
		uint32_t next_part;
	} text[4];		     /* BEGIN, END and the snapshots of both, part by part */
	char *snapshot[2];	     /* JSON of the begin and the end, NULL none */
	json_t *at_start;	     /* the first of these, whose texts lives of tasks point to */
	int64_t begin_tsc;	     /* time-stamp counter at the begin, INT64_MIN unknown */
	int32_t command_pid;	     /* 0 unknown */
	int32_t recorder_pid;	     /* its parent, and that of orphans with --follow-all; 0 */
	int32_t exit_status;	     /* of the command as wait() gives it, -1 unknown */
	struct facts_unread *unread; /* CPUs that the recorder could not read to the end */
	size_t n_unread;
	bool begun, ended;	 /* those markers were read */
	bool queues_follow;	 /* all events that change run queues are recorded */
	bool stacks;		 /* are recorded, says the recorder */
	bool tasks_read;	 /* the whole list of tasks */
	uint32_t parts_read;	 /* parts of that list read one after the other */
	uint32_t parts_in_order; /* and met in order */
	int n_cpus;
};

int facts_open(struct facts *facts, const struct tracedat_head *head,
	       struct schedtrace_context *ctx, struct row_maker *maker,
	       const struct stream_options *options, struct schedtrace_error *err);

/*
 * What a record of format facts->raw_data says; one that is no marker does nothing. Markers that
 * were read ahead do nothing the second time.
 */
int facts_record(struct facts *facts, const struct record *r, struct schedtrace_error *err);

/* Whether a record of that format is a marker of the recorder. */
bool facts_is_marker(const struct facts *facts, const struct record *r);

/* Whether a record of that format is a marker of that kind, and if so its payload. */
bool facts_payload(const struct facts *facts, const struct record *r, enum marker_kind kind,
		   const char **data, size_t *bytes);

/* The same record when its turn comes among the rows: what holds from then on. */
void facts_in_order(struct facts *facts, const struct record *r);

/* Both snapshots as one JSON object, to be freed; NULL if there is none or memory ran out. */
char *facts_snapshot(const struct facts *facts);

/* Whether all was met that tells of the system when recording began. */
static inline bool facts_start_known(const struct facts *facts)
{
	return facts->tasks_read && facts->snapshot[0];
}

/* After the last record. */
int facts_finish(struct facts *facts, struct schedtrace_error *err);
void facts_close(struct facts *facts);

#endif
