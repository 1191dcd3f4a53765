/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Instruction files by name: the installed ones, those of a folder of the user's, and those that a
 * browser has sent, which are kept for an hour and in memory only.
 */
#ifndef VIEW_PAGE_INSTRUCTION_STORE_H
#define VIEW_PAGE_INSTRUCTION_STORE_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include <schedtrace/error.h>

#define STORE_MOST_UPLOADS 16

struct upload {
	char *name, *text; /* NULL: no such one */
	size_t n;
	int64_t time_ns;
};

struct instruction_store {
	const char *folder; /* lent, or NULL */
	pthread_mutex_t lock;
	struct upload uploads[STORE_MOST_UPLOADS];
	uint64_t n_uploaded; /* ever */
};

void instruction_store_open(struct instruction_store *store, const char *folder);
void instruction_store_close(struct instruction_store *store);

/* [{"name", "from"}, ...] */
json_t *instruction_store_list(struct instruction_store *store);

/* The text of one, NUL-terminated, to be freed. */
int instruction_store_text(struct instruction_store *store, const char *name, char **text,
			   size_t *n, struct schedtrace_error *err);

/* Checks and keeps one; @name becomes what it is found by, like "mine" of "mine.json". The oldest
 * one makes room. */
int instruction_store_add(struct instruction_store *store, const char *file_name, const char *text,
			  size_t n, char name[64], struct schedtrace_error *err);

#endif
