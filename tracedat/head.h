/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is known of a recording beside its records: from a file, or from the kernel that records. */
#ifndef TRACEDAT_HEAD_H
#define TRACEDAT_HEAD_H

#include "tracedat/event_format.h"
#include "tracedat/tsc_scale.h"

/* All of it is lent; texts are NULL where nothing is known. */
struct tracedat_head {
	/* In the order of the file; those that could not be parsed have no fields. */
	const struct format *formats;
	size_t n_formats;
	int n_cpus; /* buffers, empty ones too */
	/* n_cpus texts of option CPUSTAT: lines such as "overrun: 12", "read events: 345". */
	const char *const *cpustats;
	const char *clock;    /* "mono", "local", "x86-tsc", ... */
	const char *uname;    /* option UNAME as it stands */
	const char *writer;   /* option VERSION: who wrote the file */
	const char *cmdlines; /* "PID NAME\n" lines */
	size_t cmdlines_bytes;
	const char *kallsyms;
	size_t kallsyms_bytes;
	uint32_t page_size; /* of the ring buffer */
	bool has_tsc;	    /* its clock is the TSC, and option TSC2NSEC says how long a cycle is */
	struct tsc_scale tsc;
};

#endif
