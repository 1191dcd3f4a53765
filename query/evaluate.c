/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows in pieces that stay in the cache; a result a register, columns read in place. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "query/nodes.h"

#define PIECE 1024

struct vector {
	const int64_t *ints; /* QUERY_BOOL and QUERY_INT */
	const double *reals;
	const char *const *texts;
	const bool *unknown; /* NULL: all are known; of reals, NaN says so instead */
};

/* A result of as many rows as a piece has. */
struct reg {
	union {
		int64_t *ints;
		double *reals;
		const char **texts;
	};
	double *as_reals; /* of whole numbers beside a fraction */
	bool *unknown;
};

struct run {
	const struct query *query;
	const struct query_column *columns;
	struct reg *registers;
	size_t begin, n; /* the piece */
};

static void evaluate(struct run *run, uint32_t number, unsigned int at, struct vector *out);

static void load_ints(struct run *run, const struct query_column *column, struct reg *reg,
		      struct vector *out)
{
	bool any = false;

	if (column->ints) {
		out->ints = column->ints + run->begin;
	} else {
		for (size_t i = 0; i < run->n; i++)
			reg->ints[i] = column->small_ints[run->begin + i];
		out->ints = reg->ints;
	}
	for (size_t i = 0; column->min_is_unknown && i < run->n; i++) {
		reg->unknown[i] = out->ints[i] == INT64_MIN;
		any |= reg->unknown[i];
	}
	out->unknown = any ? reg->unknown : NULL;
}

static void load_texts(struct run *run, const struct query_column *column, struct reg *reg,
		       struct vector *out)
{
	bool any = false;

	out->texts = column->texts + run->begin;
	for (size_t i = 0; i < run->n; i++) {
		reg->unknown[i] = !out->texts[i];
		any |= reg->unknown[i];
	}
	out->unknown = any ? reg->unknown : NULL;
}

static void load(struct run *run, const struct node *node, struct reg *reg, struct vector *out)
{
	const struct query_column *column = &run->columns[node->column];

	if (node->type == QUERY_INT)
		load_ints(run, column, reg, out);
	else if (node->type == QUERY_REAL)
		out->reals = column->reals + run->begin;
	else
		load_texts(run, column, reg, out);
}

static void fill(const struct run *run, const struct node *node, struct reg *reg,
		 struct vector *out)
{
	for (size_t i = 0; i < run->n; i++) {
		if (node->type == QUERY_REAL)
			reg->reals[i] = node->constant.f;
		else if (node->type == QUERY_TEXT)
			reg->texts[i] = node->constant.s;
		else
			reg->ints[i] = node->constant.i;
	}
	out->ints = reg->ints;
	out->reals = reg->reals;
	out->texts = reg->texts;
}

/* As numpy converts them; unknown numbers become NaN. */
static const double *as_reals(const struct run *run, enum query_type type, const struct vector *v,
			      struct reg *reg)
{
	if (type == QUERY_REAL)
		return v->reals;
	for (size_t i = 0; i < run->n; i++)
		reg->as_reals[i] = v->unknown && v->unknown[i] ? NAN : (double)v->ints[i];
	return reg->as_reals;
}

/* Whole numbers wrap around, as numpy's do. */
static int64_t wrapping(uint64_t value)
{
	return (int64_t)value;
}

static int64_t int_power(int64_t base, int64_t exponent)
{
	uint64_t result = 1, factor = (uint64_t)base;

	for (; exponent; exponent >>= 1, factor *= factor)
		if (exponent & 1)
			result *= factor;
	return wrapping(result);
}

/* Towards minus infinity; @b is not 0. */
static int64_t int_floor_divide(int64_t a, int64_t b)
{
	if (b == -1) /* INT64_MIN has no positive counterpart */
		return wrapping(-(uint64_t)a);
	return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

/* The sign is that of @b, which is not 0. */
static int64_t int_modulo(int64_t a, int64_t b)
{
	int64_t rest = b == -1 ? 0 : a % b;

	return rest && (rest < 0) != (b < 0) ? rest + b : rest;
}

static double real_modulo(double a, double b)
{
	double rest = fmod(a, b);

	return rest && (rest < 0) != (b < 0) ? rest + b : rest;
}

static int64_t int_arithmetic(enum op op, int64_t a, int64_t b)
{
	switch (op) {
	case OP_ADD:
		return wrapping((uint64_t)a + (uint64_t)b);
	case OP_SUBTRACT:
		return wrapping((uint64_t)a - (uint64_t)b);
	case OP_MULTIPLY:
		return wrapping((uint64_t)a * (uint64_t)b);
	case OP_FLOOR_DIVIDE:
		return b ? int_floor_divide(a, b) : 0;
	case OP_MODULO:
		return b ? int_modulo(a, b) : 0;
	default:
		return int_power(a, b);
	}
}

static double real_arithmetic(enum op op, double a, double b)
{
	switch (op) {
	case OP_ADD:
		return a + b;
	case OP_SUBTRACT:
		return a - b;
	case OP_MULTIPLY:
		return a * b;
	case OP_DIVIDE:
		return a / b;
	case OP_FLOOR_DIVIDE:
		return b ? floor((a - real_modulo(a, b)) / b + 0.5) : a / b;
	case OP_MODULO:
		return real_modulo(a, b);
	default:
		return pow(a, b);
	}
}

/* Where one of two vectors is unknown; true if it is anywhere. */
static bool merge_unknown(const struct run *run, const struct vector *a, const struct vector *b,
			  bool *unknown)
{
	if (!a->unknown && (!b || !b->unknown))
		return false;
	for (size_t i = 0; i < run->n; i++)
		unknown[i] = (a->unknown && a->unknown[i]) || (b && b->unknown && b->unknown[i]);
	return true;
}

static void compute_ints(struct run *run, const struct node *node, const struct vector *a,
			 const struct vector *b, struct reg *reg, struct vector *out)
{
	bool any = merge_unknown(run, a, b, reg->unknown);

	if (node->op == OP_FLOOR_DIVIDE || node->op == OP_MODULO) {
		for (size_t i = 0; i < run->n; i++)
			reg->unknown[i] = (any && reg->unknown[i]) || b->ints[i] == 0;
		any = true;
	}
	for (size_t i = 0; i < run->n; i++)
		reg->ints[i] = int_arithmetic(node->op, a->ints[i], b->ints[i]);
	out->ints = reg->ints;
	out->unknown = any ? reg->unknown : NULL;
}

static void compute(struct run *run, const struct node *node, unsigned int at, struct vector *out)
{
	const struct node *left = &run->query->nodes[node->left];
	const struct node *right = &run->query->nodes[node->right];
	struct reg *reg = &run->registers[at];
	struct vector a, b;
	const double *x, *y;

	evaluate(run, node->left, at, &a);
	evaluate(run, node->right, at + 1, &b);
	if (node->type == QUERY_INT) {
		compute_ints(run, node, &a, &b, reg, out);
		return;
	}
	x = as_reals(run, left->type, &a, reg);
	y = as_reals(run, right->type, &b, reg + 1);
	for (size_t i = 0; i < run->n; i++)
		reg->reals[i] = real_arithmetic(node->op, x[i], y[i]);
	out->reals = reg->reals;
}

#define COMPARE(op, x, y)                                                                          \
	do {                                                                                       \
		for (size_t i = 0; i < run->n; i++)                                                \
			to[i] = (x)op(y);                                                          \
	} while (0)

#define COMPARE_BY(which, x, y)                                                                    \
	do {                                                                                       \
		switch (which) {                                                                   \
		case OP_EQUAL:                                                                     \
			COMPARE(==, x, y);                                                         \
			break;                                                                     \
		case OP_NOT_EQUAL:                                                                 \
			COMPARE(!=, x, y);                                                         \
			break;                                                                     \
		case OP_LESS:                                                                      \
			COMPARE(<, x, y);                                                          \
			break;                                                                     \
		case OP_LESS_EQUAL:                                                                \
			COMPARE(<=, x, y);                                                         \
			break;                                                                     \
		case OP_GREATER:                                                                   \
			COMPARE(>, x, y);                                                          \
			break;                                                                     \
		default:                                                                           \
			COMPARE(>=, x, y);                                                         \
			break;                                                                     \
		}                                                                                  \
	} while (0)

/* An unknown value is different from all, and nothing else can be said of it. */
static void settle_unknown(const struct run *run, const bool *unknown, bool result, int64_t *to)
{
	for (size_t i = 0; i < run->n; i++)
		to[i] = unknown[i] ? result : to[i];
}

static int text_order(const struct vector *a, const struct vector *b, size_t i)
{
	return a->texts[i] && b->texts[i] ? strcmp(a->texts[i], b->texts[i]) : 0;
}

static void compare(struct run *run, const struct node *node, unsigned int at, struct vector *out)
{
	const struct node *left = &run->query->nodes[node->left];
	const struct node *right = &run->query->nodes[node->right];
	struct reg *reg = &run->registers[at];
	int64_t *to = reg->ints;
	struct vector a, b;

	evaluate(run, node->left, at, &a);
	evaluate(run, node->right, at + 1, &b);
	if (left->type == QUERY_TEXT) {
		COMPARE_BY(node->op, text_order(&a, &b, i), 0);
	} else if (left->type == QUERY_REAL || right->type == QUERY_REAL) {
		const double *x = as_reals(run, left->type, &a, reg);
		const double *y = as_reals(run, right->type, &b, reg + 1);

		COMPARE_BY(node->op, x[i], y[i]);
		out->ints = to;
		return;
	} else {
		COMPARE_BY(node->op, a.ints[i], b.ints[i]);
	}
	if (merge_unknown(run, &a, &b, reg->unknown))
		settle_unknown(run, reg->unknown, node->op == OP_NOT_EQUAL, to);
	out->ints = to;
}

static void join(struct run *run, const struct node *node, unsigned int at, struct vector *out)
{
	struct reg *reg = &run->registers[at];
	struct vector a, b;
	bool any;

	evaluate(run, node->left, at, &a);
	evaluate(run, node->right, at + 1, &b);
	any = merge_unknown(run, &a, &b, reg->unknown);
	for (size_t i = 0; i < run->n; i++)
		reg->ints[i] = node->op == OP_AND ? a.ints[i] & b.ints[i] : a.ints[i] | b.ints[i];
	out->ints = reg->ints;
	out->unknown = any ? reg->unknown : NULL;
}

static void apply_unary(struct run *run, const struct node *node, unsigned int at,
			struct vector *out)
{
	struct reg *reg = &run->registers[at];
	struct vector a;

	evaluate(run, node->left, at, &a);
	for (size_t i = 0; i < run->n; i++) {
		if (node->type == QUERY_REAL)
			reg->reals[i] = -a.reals[i];
		else if (node->op == OP_NEGATE)
			reg->ints[i] = wrapping(-(uint64_t)a.ints[i]);
		else
			reg->ints[i] = node->type == QUERY_BOOL ? !a.ints[i] : ~a.ints[i];
	}
	out->ints = reg->ints;
	out->reals = reg->reals;
	out->unknown = merge_unknown(run, &a, NULL, reg->unknown) ? reg->unknown : NULL;
}

static bool in_list(const struct node *node, union constant value)
{
	/* NaN has no place in an order. */
	if (node->list_type == QUERY_REAL && isnan(value.f))
		return false;
	return bsearch(&value, node->list, node->n_list, sizeof(value),
		       nodes_order_of(node->list_type));
}

static void look_up(struct run *run, const struct node *node, unsigned int at, struct vector *out)
{
	const struct node *left = &run->query->nodes[node->left];
	struct reg *reg = &run->registers[at];
	const double *reals = NULL;
	struct vector a;

	evaluate(run, node->left, at, &a);
	if (node->list_type == QUERY_REAL)
		reals = as_reals(run, left->type, &a, reg);
	for (size_t i = 0; i < run->n; i++) {
		union constant value;

		if (reals)
			value.f = reals[i];
		else if (left->type == QUERY_TEXT)
			value.s = a.texts[i];
		else
			value.i = a.ints[i];
		reg->ints[i] = !(a.unknown && a.unknown[i]) && in_list(node, value);
	}
	out->ints = reg->ints;
}

static void match(struct run *run, const struct node *node, unsigned int at, struct vector *out)
{
	struct reg *reg = &run->registers[at];
	struct vector a;

	evaluate(run, node->left, at, &a);
	for (size_t i = 0; i < run->n; i++)
		reg->ints[i] = a.texts[i] && run->query->matches(a.texts[i], node->constant.s);
	out->ints = reg->ints;
}

static void evaluate(struct run *run, uint32_t number, unsigned int at, struct vector *out)
{
	const struct node *node = &run->query->nodes[number];

	*out = (struct vector){ 0 };
	if (node->op == OP_COLUMN)
		load(run, node, &run->registers[at], out);
	else if (node->op == OP_CONSTANT)
		fill(run, node, &run->registers[at], out);
	else if (node->op == OP_NEGATE || node->op == OP_INVERT)
		apply_unary(run, node, at, out);
	else if (node->op == OP_IN)
		look_up(run, node, at, out);
	else if (node->op == OP_GLOB)
		match(run, node, at, out);
	else if (node->op == OP_AND || node->op == OP_OR)
		join(run, node, at, out);
	else if (node->op < OP_EQUAL)
		compute(run, node, at, out);
	else
		compare(run, node, at, out);
}

/* @n registers of @rows each, in one piece of memory. */
static struct reg *make_registers(size_t n, size_t rows)
{
	size_t size = sizeof(int64_t) + sizeof(double) + sizeof(bool);
	struct reg *registers = malloc(n * (sizeof(*registers) + rows * size));
	char *at = registers ? (char *)(registers + n) : NULL;

	for (size_t i = 0; registers && i < n; i++) {
		registers[i].ints = (int64_t *)at;
		at += rows * sizeof(int64_t);
		registers[i].as_reals = (double *)at;
		at += rows * sizeof(double);
	}
	for (size_t i = 0; registers && i < n; i++, at += rows)
		registers[i].unknown = (bool *)at;
	return registers;
}

int query_rows(const struct query *query, const struct query_column *columns, size_t n, bool *keep,
	       struct schedtrace_error *err)
{
	/* No operator needs more than one result beside its own below it. */
	size_t n_registers = query->nodes[query->root].depth + 1;
	auto_free struct reg *registers = make_registers(n_registers, n < PIECE ? n : PIECE);
	struct run run = { .query = query, .columns = columns, .registers = registers };
	struct vector result;

	if (!registers)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a query");
	for (; run.begin < n; run.begin += run.n) {
		run.n = n - run.begin < PIECE ? n - run.begin : PIECE;
		evaluate(&run, query->root, 0, &result);
		for (size_t i = 0; i < run.n; i++)
			keep[run.begin + i] = result.ints[i] != 0;
	}
	return 0;
}
