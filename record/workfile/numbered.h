/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A recording in several files with numbers: their names, what the kernel counted for each, and
 * how many are kept.
 */
#ifndef RECORD_WORKFILE_NUMBERED_H
#define RECORD_WORKFILE_NUMBERED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <schedtrace/error.h>

#include "record/readers.h"
#include "record/tracefs/buffer_counts.h"
#include "record/workfile/workfile.h"

struct numbered_file {
	dev_t device;
	ino_t inode;
	char *name;
};

struct numbered {
	char *path;		/* as given; NULL: the recording has one file, without a number */
	int digits;		/* of the number, at least */
	int64_t max_files;	/* 0: all are kept */
	uint64_t number;	/* of the file being written, from 1 */
	struct cpu_stats *base; /* of each CPU: where the file being written began */
	int n_cpus;
	uint64_t n_done, bytes_done; /* finished files */
	struct numbered_file *kept;  /* the finished ones that are there: at most max_files */
	size_t n_kept;
};

int numbered_init(struct numbered *n, const char *path, int digits, int64_t max_files, int n_cpus,
		  struct schedtrace_error *err);
void numbered_free(struct numbered *n);

/* NAME.dat and 7 as NAME.0007.dat, with at least @digits digits; to be freed. */
char *numbered_name(const char *name, int digits, uint64_t number);

/* Texts of option CPUSTAT for the file that ends at these counts, and the next one's beginning:
 * n_cpus texts, to be freed. NULL if memory ran out. */
char **numbered_stats(struct numbered *n, char *const *texts);
void numbered_free_stats(const struct numbered *n, char **stats);

/* A file has got its name: forgets the oldest, and removes it, if there are too many. */
int numbered_done(struct numbered *n, const struct workfile *out, struct schedtrace_error *err);

#endif
