/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The recordings that a page shows: those that were named, or those of one folder, each with a
 * number that stays its own.
 */
#ifndef VIEW_PAGE_RECORDING_LIST_H
#define VIEW_PAGE_RECORDING_LIST_H

#include <pthread.h>
#include <stdint.h>

#include <schedtrace/error.h>

#include "base/mem.h"

/* Of a file as it was found: another one under the same name is another recording. */
struct recording_version {
	uint64_t device, inode, bytes;
	int64_t modified_ns;
};

struct listed_recording {
	char *name; /* in the folder, or as it was named */
	struct recording_version seen;
	/* What was found out about it, a JSON object; NULL: nothing so far. */
	char *facts;
};

struct recording_list {
	char *folder_name; /* NULL: they were named one by one */
	int folder;	   /* descriptor, or -1 */
	pthread_mutex_t lock;
	struct listed_recording *list;
	size_t n, cap;
};

/* @paths: recordings, or one folder. */
int recording_list_open(struct recording_list *recordings, const char *const *paths, size_t n,
			struct schedtrace_error *err);
/* Looks what has come into the folder since; *@n: how many there are now. */
int recording_list_refresh(struct recording_list *recordings, size_t *n,
			   struct schedtrace_error *err);
void recording_list_close(struct recording_list *recordings);

/* An opened recording: what reads it reads this file, whatever its name becomes. */
struct recording_file {
	size_t id;
	int fd;
	struct recording_version version;
	char name[256];
	char path[40]; /* that opens it again */
};

/* By the number that a request names. E_NOT_FOUND: there is none, or not any more. */
int recording_list_find(struct recording_list *recordings, const char *id,
			struct recording_file *out, struct schedtrace_error *err);
void recording_file_close(struct recording_file *file);

/* Puts the name of the file into a sentence that has its path. */
int recording_file_error(const struct recording_file *file, int status,
			 struct schedtrace_error *err);

/* Takes over what was found out about this version. */
void recording_list_set_facts(struct recording_list *recordings, const struct recording_file *file,
			      char *facts);

#endif
