/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the command prints, kept beside passing it on: its standard output and error are pipes, and
 * a thread hands on what comes out of them as it comes.
 */
#ifndef RECORD_WORKLOAD_KEPT_OUTPUT_H
#define RECORD_WORKLOAD_KEPT_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <schedtrace/error.h>

struct kept_output;

struct kept_bytes {
	char *data; /* lent */
	size_t n;
	uint64_t size; /* of all that was printed: more than n where only the beginning was kept */
};

/* Keeps the first @most bytes of either. *outputs gets the ends that the command is to have. */
int kept_output_new(struct kept_output **out, size_t most, int outputs[2],
		    struct schedtrace_error *err);

/* When the command has its ends: ours are closed, and what it prints goes on to @to, the standard
 * output and error. Where nobody reads that any more the command is told as without us. */
int kept_output_start(struct kept_output *k, const int to[2], struct schedtrace_error *err);

/* When the command has ended: takes what it printed last. Nothing is kept from now on, but passed
 * on still. */
void kept_output_settle(struct kept_output *k);

/* After that: [0] what it printed on its standard output, [1] on its standard error. */
struct kept_bytes kept_output_bytes(const struct kept_output *k, int i);

/* Asks for the end. It has come when all that was printed has been passed on. */
void kept_output_end(struct kept_output *k);
bool kept_output_ended(const struct kept_output *k);

/* Without such an end what is left is not passed on. */
void kept_output_free(struct kept_output *k);

#endif
