/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes the nodes of a query, and refuses what its types do not allow. */
#ifndef QUERY_NODES_H
#define QUERY_NODES_H

#include "query/node.h"

struct maker {
	const char *text; /* whole, for messages */
	struct query *query;
	struct schedtrace_error *err;
};

/* Constants of one type; of a list with a fraction all are QUERY_REAL. */
struct list {
	union constant *items;
	size_t n, max;
	enum query_type type;
};

typedef int nodes_order(const void *a, const void *b);

/* @at is where a message points. Each returns 0 and the node's number, or a negative status. */
int nodes_add(struct maker *m, const char *at, const struct node *node, uint32_t *out);
int nodes_unary(struct maker *m, const char *at, enum op op, uint32_t operand, uint32_t *out);
int nodes_binary(struct maker *m, const char *at, enum op op, uint32_t left, uint32_t right,
		 uint32_t *out);
int nodes_in(struct maker *m, const char *at, uint32_t left, const struct list *list,
	     uint32_t *out);

/* A copy of a quoted text that lives as long as the query. */
int nodes_text(struct maker *m, const char *text, size_t n, const char **out);

bool nodes_are_numbers(enum query_type a, enum query_type b);

/* How constants of this type are ordered, for qsort() and bsearch(). */
nodes_order *nodes_order_of(enum query_type type);

#endif
