/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An expression as a tree in an array: operands stand before what takes them. */
#ifndef QUERY_NODE_H
#define QUERY_NODE_H

#include "query/query.h"

enum op {
	OP_COLUMN,
	OP_CONSTANT,
	OP_NEGATE,
	OP_INVERT, /* not, ~ */
	OP_ADD,
	OP_SUBTRACT,
	OP_MULTIPLY,
	OP_DIVIDE,
	OP_FLOOR_DIVIDE,
	OP_MODULO,
	OP_POWER,
	OP_EQUAL,
	OP_NOT_EQUAL,
	OP_LESS,
	OP_LESS_EQUAL,
	OP_GREATER,
	OP_GREATER_EQUAL,
	OP_AND,
	OP_OR,
	OP_IN,
	OP_GLOB,
};

union constant {
	int64_t i; /* QUERY_INT, QUERY_BOOL */
	double f;
	const char *s; /* in the query's texts */
};

struct node {
	enum op op;
	enum query_type type;	   /* of the result */
	uint32_t left, right;	   /* operands; of OP_IN: left */
	int column;		   /* OP_COLUMN */
	union constant constant;   /* OP_CONSTANT, OP_GLOB: s */
	union constant *list;	   /* OP_IN: sorted, of the left side's type or QUERY_REAL */
	size_t n_list;		   /* OP_IN */
	enum query_type list_type; /* OP_IN */
	unsigned int depth;	   /* a leaf's is 1 */
};

struct query {
	struct node *nodes;
	uint32_t n_nodes, max_nodes, root;
	bool (*matches)(const char *text, const char *pattern);
	char **texts; /* what constants and lists point into */
	uint32_t n_texts, max_texts;
};

#endif
