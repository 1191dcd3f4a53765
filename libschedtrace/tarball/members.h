/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The members of a tarball that are no columns: text of a context, and a context from text. */
#ifndef LIBSCHEDTRACE_TARBALL_MEMBERS_H
#define LIBSCHEDTRACE_TARBALL_MEMBERS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <schedtrace/context.h>

#define MEMBER_START "sched_log_traced_events.start"
#define MEMBER_COMM  "comm.json"
#define MEMBER_TASKS "tasks.json"
#define MEMBER_META  "meta.json"
#define MEMBER_INDEX "index.json"

/* Call stacks: arrays with a value a frame or a stack, and the names of addresses. */
#define MEMBER_STACK_FRAMES  "stack_frames.npy"
#define MEMBER_STACK_OFFSETS "stack_offsets.npy"
#define MEMBER_STACK_KERNEL  "stack_kernel_frames.npy"
#define MEMBER_STACK_SPACES  "stack_spaces.npy"
#define MEMBER_SYMBOLS	     "symbols.json"

#define META_FORMAT_VERSION 1

/* Writing: the stream's error flag tells whether memory ran out. */
void members_put_start(FILE *f, const struct schedtrace_context *ctx);
void members_put_comm(FILE *f, const struct schedtrace_context *ctx);
void members_put_tasks(FILE *f, const struct schedtrace_context *ctx);
void members_put_meta(FILE *f, const struct schedtrace_context *ctx);
void members_put_stack_frames(FILE *f, const struct schedtrace_context *ctx);
void members_put_stack_offsets(FILE *f, const struct schedtrace_context *ctx);
void members_put_stack_kernel(FILE *f, const struct schedtrace_context *ctx);
void members_put_stack_spaces(FILE *f, const struct schedtrace_context *ctx);
void members_put_symbols(FILE *f, const struct schedtrace_context *ctx);

/* Reading: the bytes of those members; NULL where the tarball lacks one. */
struct member_bytes {
	const char *data;
	size_t n;
};
struct stack_members {
	struct member_bytes frames, offsets, kernel, spaces, symbols;
};
struct stacks;
int members_get_stacks(struct stacks *into, const struct stack_members *members,
		       struct schedtrace_error *err);

/* Ids of a file to ids of a context. Ids that a file does not declare are -1. */
struct id_map {
	int32_t *own;
	int32_t n;     /* ids of the file are below n */
	bool identity; /* every id below n is the same in both */
};

void id_map_free(struct id_map *map);

int members_get_start(struct id_map *map, struct schedtrace_context *ctx, const char *text,
		      size_t n, struct schedtrace_error *err);
/* SchedLog's own ids. */
int members_default_start(struct id_map *map, struct schedtrace_error *err);

int members_get_comm(struct id_map *map, struct schedtrace_context *ctx, const char *text, size_t n,
		     struct schedtrace_error *err);
int members_get_tasks(struct schedtrace_context *ctx, const char *text, size_t n,
		      struct schedtrace_error *err);
int members_get_meta(struct schedtrace_context *ctx, const char *text, size_t n,
		     struct schedtrace_error *err);

#endif
