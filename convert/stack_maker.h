/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Call stacks. The kernel writes one as a record of its own (ftrace:kernel_stack or
 * ftrace:user_stack) right behind the event it belongs to: in the same CPU's buffer, by the same
 * task. Those of a sched_switch become the stack of its CTX_SWITCH row; each different stack is
 * kept once.
 */
#ifndef CONVERT_STACK_MAKER_H
#define CONVERT_STACK_MAKER_H

#include "convert/kallsyms.h"
#include "convert/row_maker.h"
#include "convert/spaces.h"
#include "tracedat/head.h"
#include "tracedat/stack_kind.h"

#define STACK_FRAMES 512 /* of the kernel's or of a program's part; more are cut off */

struct stack_part {
	bool present;
	uint32_t n;
	uint64_t frames[STACK_FRAMES];
};

struct stack_maker {
	struct schedtrace_context *ctx;
	const struct stream_options *options;
	uint8_t *kinds;				   /* enum stack_kind by index of the format */
	uint8_t *sizes_at, *callers_at, *tgids_at; /* offsets of fields, 0 none */
	int sched_switch;			   /* index of its format, -1 none */
	struct kallsyms kallsyms;
	struct spaces spaces;
	struct tasks *tasks;
	int32_t *column; /* of the batch of rows */

	bool pending; /* the last record was a sched_switch */
	int32_t cpu, pid;
	size_t row;
	int64_t time;
	struct stack_part kernel, user;
	int32_t tgid; /* of the user part */

	uint64_t attached; /* records */
};

int stack_maker_open(struct stack_maker *m, const struct tracedat_head *head,
		     struct schedtrace_context *ctx, struct row_maker *maker,
		     const struct stream_options *options, struct schedtrace_error *err);
void stack_maker_close(struct stack_maker *m);

static inline bool stack_maker_is_stack(const struct stack_maker *m, const struct record *r)
{
	return r->kind == RECORD_EVENT && m->kinds[r->format] != STACK_NONE;
}

/* A record that is a stack. False: it follows no sched_switch of its own, and is no row's. */
bool stack_maker_stack(struct stack_maker *m, const struct record *r);

/* The stack of the pending switch is complete: gives its row the id. */
int stack_maker_flush(struct stack_maker *m, struct schedtrace_error *err);

/* Any other record, whose rows are those from @first on. */
int stack_maker_record(struct stack_maker *m, const struct record *r, const struct rows *rows,
		       size_t first, struct schedtrace_error *err);

/* A marker, written at @told, about what is mapped where. */
int stack_maker_mappings(struct stack_maker *m, const char *data, size_t bytes, int64_t told,
			 struct schedtrace_error *err);

/* After the last record: names all addresses. */
int stack_maker_finish(struct stack_maker *m, struct schedtrace_error *err);

#endif
