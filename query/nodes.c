/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an operator makes of the types of its operands. */
#include "query/nodes.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "query/tokens.h"

static int no_memory(const struct maker *m)
{
	return error_set(m->err, SCHEDTRACE_E_NOMEM, "no memory for a query");
}

static const char *type_name(enum query_type type)
{
	static const char *const names[] = { "a condition", "a number", "a number", "a text" };

	return names[type];
}

bool nodes_are_numbers(enum query_type a, enum query_type b)
{
	return (a == QUERY_INT || a == QUERY_REAL) && (b == QUERY_INT || b == QUERY_REAL);
}

static unsigned int deeper(unsigned int a, unsigned int b)
{
	return 1 + (a > b ? a : b);
}

int nodes_add(struct maker *m, const char *at, const struct node *node, uint32_t *out)
{
	struct query *q = m->query;

	if (q->n_nodes == QUERY_MAX_NODES)
		return token_refuse(m->text, at, m->err, "more than %d parts; split the expression",
				    QUERY_MAX_NODES);
	if (node->depth > 2 * QUERY_MAX_DEPTH)
		return token_refuse(m->text, at, m->err, "too many operators in a row or nested");
	if (!array_room(q->nodes, q->n_nodes, q->max_nodes))
		return no_memory(m);
	*out = q->n_nodes;
	q->nodes[q->n_nodes++] = *node;
	return 0;
}

int nodes_text(struct maker *m, const char *text, size_t n, const char **out)
{
	struct query *q = m->query;
	char *copy;

	if (!array_room(q->texts, q->n_texts, q->max_texts) || !(copy = malloc(n + 1)))
		return no_memory(m);
	*out = copy;
	q->texts[q->n_texts++] = copy;
	for (size_t i = 0; i < n; i++) {
		/* Before a quote or another backslash; elsewhere a backslash is itself. */
		if (text[i] == '\\' && i + 1 < n && strchr("\\'\"", text[i + 1]))
			i++;
		*copy++ = text[i];
	}
	*copy = '\0';
	return 0;
}

int nodes_unary(struct maker *m, const char *at, enum op op, uint32_t operand, uint32_t *out)
{
	const struct node *of = &m->query->nodes[operand];
	struct node node = { .op = op, .type = of->type, .left = operand, .depth = 1 + of->depth };

	if (op == OP_NEGATE && !nodes_are_numbers(of->type, QUERY_INT))
		return token_refuse(m->text, at, m->err, "- needs a number, and this is %s",
				    type_name(of->type));
	if (op == OP_INVERT && of->type != QUERY_BOOL && of->type != QUERY_INT)
		return token_refuse(m->text, at, m->err,
				    "not needs a condition or a whole number, and this is %s",
				    of->type == QUERY_REAL ? "a fraction" : type_name(of->type));
	return nodes_add(m, at, &node, out);
}

/* Powers of whole numbers are whole where the exponent is known not to be negative. */
static enum query_type type_of_arithmetic(enum op op, const struct node *a, const struct node *b)
{
	if (op == OP_DIVIDE || a->type == QUERY_REAL || b->type == QUERY_REAL)
		return QUERY_REAL;
	if (op == OP_POWER && (b->op != OP_CONSTANT || b->constant.i < 0))
		return QUERY_REAL;
	return QUERY_INT;
}

int nodes_binary(struct maker *m, const char *at, enum op op, uint32_t left, uint32_t right,
		 uint32_t *out)
{
	const struct node *a = &m->query->nodes[left], *b = &m->query->nodes[right];
	struct node node = { .op = op,
			     .type = QUERY_BOOL,
			     .left = left,
			     .right = right,
			     .depth = deeper(a->depth, b->depth) };

	if (op == OP_AND || op == OP_OR) {
		if (a->type != b->type || (a->type != QUERY_BOOL && a->type != QUERY_INT))
			return token_refuse(m->text, at, m->err,
					    "%s needs two conditions, or two whole numbers: here "
					    "stand %s and %s",
					    op == OP_AND ? "and" : "or", type_name(a->type),
					    type_name(b->type));
		node.type = a->type;
	} else if (op < OP_EQUAL) {
		if (!nodes_are_numbers(a->type, b->type))
			return token_refuse(m->text, at, m->err,
					    "arithmetic needs two numbers: here stand %s and %s",
					    type_name(a->type), type_name(b->type));
		node.type = type_of_arithmetic(op, a, b);
	} else if (a->type != b->type && !nodes_are_numbers(a->type, b->type)) {
		return token_refuse(m->text, at, m->err, "%s cannot be compared with %s",
				    type_name(a->type), type_name(b->type));
	}
	return nodes_add(m, at, &node, out);
}

static int compare_ints(const void *a, const void *b)
{
	const union constant *x = a, *y = b;

	return x->i < y->i ? -1 : x->i > y->i;
}

static int compare_reals(const void *a, const void *b)
{
	const union constant *x = a, *y = b;

	return x->f < y->f ? -1 : x->f > y->f;
}

static int compare_texts(const void *a, const void *b)
{
	const union constant *x = a, *y = b;

	return strcmp(x->s, y->s);
}

nodes_order *nodes_order_of(enum query_type type)
{
	return type == QUERY_REAL   ? compare_reals
	       : type == QUERY_TEXT ? compare_texts
				    : compare_ints;
}

int nodes_in(struct maker *m, const char *at, uint32_t left, const struct list *list, uint32_t *out)
{
	const struct node *a = &m->query->nodes[left];
	struct node node = { .op = OP_IN,
			     .type = QUERY_BOOL,
			     .left = left,
			     .n_list = list->n,
			     .list_type = list->n ? list->type : a->type,
			     .depth = 1 + a->depth };
	int r;

	if (list->n && a->type != list->type && !nodes_are_numbers(a->type, list->type))
		return token_refuse(m->text, at, m->err, "%s is never in a list of %ss",
				    type_name(a->type), type_name(list->type) + 2);
	node.list = malloc((list->n + 1) * sizeof(*node.list));
	if (!node.list)
		return no_memory(m);
	if (list->n)
		memcpy(node.list, list->items, list->n * sizeof(*node.list));
	/* As numpy: one fraction makes fractions of all. */
	if (a->type == QUERY_REAL && list->type == QUERY_INT) {
		for (size_t i = 0; i < list->n; i++)
			node.list[i].f = (double)node.list[i].i;
		node.list_type = QUERY_REAL;
	}
	qsort(node.list, list->n, sizeof(*node.list), nodes_order_of(node.list_type));
	r = nodes_add(m, at, &node, out);
	if (r)
		free(node.list);
	return r;
}
