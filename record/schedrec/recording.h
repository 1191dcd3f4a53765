/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One recording from its set-up to the finished file. */
#ifndef RECORD_SCHEDREC_RECORDING_H
#define RECORD_SCHEDREC_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORDER_FAILED 125

struct recording_settings {
	const char *program;	  /* for messages: "schedrec" */
	const char *const *items; /* arguments of -e */
	size_t n_items;
	const char *output;
	const char *clock;
	const char *tracefs; /* NULL: where it is mounted */
	int64_t buffer_kb;   /* per CPU; 0: as the events need */
	int64_t duration_ns; /* 0: until the command ends */
	int64_t sample_hz;   /* of the command's tree; 0: only of what is registered */
	int64_t max_bytes;   /* of events in the file, 0: any */
	int64_t subbuf_kb;   /* 0: the kernel's */
	const char *pids;    /* of -p, NULL: none */
	const char *cgroup;
	const char *cpus; /* NULL: all */
	bool only;
	int64_t rotate_bytes; /* 0: one file without a number */
	int64_t max_files;    /* numbered ones that are kept; 0: all */
	bool user_stacks;
	int64_t flight_ns;	  /* a flight recorder of so long; 0: none */
	const char *const *rules; /* by which it saves */
	size_t n_rules;
	bool follow_all; /* until the command's descendants have ended */
	bool keep_output;	  /* what the command prints stands in the file */
	const char *const *added; /* files that do, at the end */
	size_t n_added;
	bool quiet, strict, as_root;
	char *const *command; /* NULL: none */
};

/* Records and returns the exit status; everything that went wrong has been printed. */
int recording_run(const struct recording_settings *settings);

#endif
