/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The grammar: Python's, with & and | as pandas reads them. */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "query/nodes.h"
#include "query/tokens.h"

struct parser {
	struct maker maker;
	const char *at; /* behind the token */
	struct token token;
	const struct query_names *names;
	unsigned int depth;
};

static int parse_condition(struct parser *p, uint32_t *out);
static int parse_unary(struct parser *p, uint32_t *out);

static int advance(struct parser *p)
{
	return token_next(p->maker.text, &p->at, &p->token, p->maker.err);
}

#define refuse(p, ...) token_refuse((p)->maker.text, (p)->token.at, (p)->maker.err, __VA_ARGS__)

static bool is(const struct parser *p, const char *word)
{
	const struct token *t = &p->token;

	return (t->kind == TOKEN_SYMBOL || (t->kind == TOKEN_NAME && !t->quoted)) &&
	       t->n == strlen(word) && memcmp(t->text, word, t->n) == 0;
}

/* Takes @word if it stands here: 1, 0 if not. */
static int accept(struct parser *p, const char *word)
{
	int r;

	if (!is(p, word))
		return 0;
	r = advance(p);
	return r < 0 ? r : 1;
}

static int expect(struct parser *p, const char *word)
{
	char found[64];
	int r = accept(p, word);

	return r < 0 ? r
	       : r   ? 0
		     : refuse(p, "%s is missing before %s", word, token_found(&p->token, found));
}

static int enter(struct parser *p)
{
	return ++p->depth > QUERY_MAX_DEPTH
		       ? refuse(p, "more than %d levels of parentheses", QUERY_MAX_DEPTH)
		       : 0;
}

static int parse_column(struct parser *p, uint32_t *out)
{
	const struct query_names *names = p->names;
	const struct token *t = &p->token;
	struct node node = { .op = OP_COLUMN, .depth = 1 };
	const char *near = NULL;
	int r;

	node.column = names->find(names->user, t->text, t->n, &node.type);
	if (node.column >= 0) {
		r = nodes_add(&p->maker, t->at, &node, out);
		return r < 0 ? r : advance(p);
	}
	if (names->nearest) {
		auto_free char *name = strndup(t->text, t->n);

		near = name ? names->nearest(names->user, name) : NULL;
	}
	return near ? refuse(p, "no column %.*s here; did you mean %s?", (int)t->n, t->text, near)
		    : refuse(p, "no column %.*s here", (int)t->n, t->text);
}

/* A number, a text, True or False, with its sign: 1; 0 if there stands none. */
static int parse_constant(struct parser *p, union constant *value, enum query_type *type)
{
	bool negative = is(p, "-");
	const struct token *t = &p->token;
	int r = 0;

	if (negative || is(p, "+"))
		r = advance(p);
	if (r < 0)
		return r;
	if (t->kind == TOKEN_INT) {
		*type = QUERY_INT;
		value->i = negative ? -t->i : t->i;
	} else if (t->kind == TOKEN_REAL) {
		*type = QUERY_REAL;
		value->f = negative ? -t->f : t->f;
	} else if (negative) {
		return refuse(p, "a number is missing behind -");
	} else if (t->kind == TOKEN_TEXT) {
		*type = QUERY_TEXT;
		r = nodes_text(&p->maker, t->text, t->n, &value->s);
	} else if (is(p, "True") || is(p, "False")) {
		*type = QUERY_BOOL;
		value->i = is(p, "True");
	} else {
		return 0;
	}
	if (r >= 0)
		r = advance(p);
	return r < 0 ? r : 1;
}

static int parse_atom(struct parser *p, uint32_t *out)
{
	struct node node = { .op = OP_CONSTANT, .depth = 1 };
	const char *at = p->token.at;
	char found[64];
	int r;

	if (is(p, "(")) {
		r = enter(p);
		if (r == 0)
			r = advance(p);
		if (r == 0)
			r = parse_condition(p, out);
		p->depth--;
		return r < 0 ? r : expect(p, ")");
	}
	r = parse_constant(p, &node.constant, &node.type);
	if (r)
		return r < 0 ? r : nodes_add(&p->maker, at, &node, out);
	if (p->token.kind == TOKEN_NAME &&
	    !(is(p, "and") || is(p, "or") || is(p, "not") || is(p, "in")))
		return parse_column(p, out);
	return refuse(p, "a column or a value is missing before %s", token_found(&p->token, found));
}

/* ** binds closer than a sign before it, and less close than one behind it. */
static int parse_power(struct parser *p, uint32_t *out)
{
	const char *at;
	uint32_t right;
	int r = parse_atom(p, out);

	if (r < 0 || !is(p, "**"))
		return r;
	at = p->token.at;
	r = advance(p);
	if (r == 0)
		r = enter(p);
	if (r == 0)
		r = parse_unary(p, &right);
	p->depth--;
	return r < 0 ? r : nodes_binary(&p->maker, at, OP_POWER, *out, right, out);
}

static int parse_unary(struct parser *p, uint32_t *out)
{
	const char *at = p->token.at;
	enum op op = is(p, "~") ? OP_INVERT : OP_NEGATE;
	bool plus = is(p, "+");
	int r;

	if (op == OP_NEGATE && !plus && !is(p, "-"))
		return parse_power(p, out);
	r = enter(p);
	if (r == 0)
		r = advance(p);
	if (r == 0)
		r = parse_unary(p, out);
	p->depth--;
	return r < 0 || plus ? r : nodes_unary(&p->maker, at, op, *out, out);
}

struct binary {
	const char *word;
	enum op op;
};

static const struct binary products[] = { { "*", OP_MULTIPLY },
					  { "//", OP_FLOOR_DIVIDE },
					  { "/", OP_DIVIDE },
					  { "%", OP_MODULO },
					  { NULL, 0 } };
static const struct binary sums[] = { { "+", OP_ADD }, { "-", OP_SUBTRACT }, { NULL, 0 } };
static const struct binary comparisons[] = { { "==", OP_EQUAL },
					     { "!=", OP_NOT_EQUAL },
					     { "<=", OP_LESS_EQUAL },
					     { ">=", OP_GREATER_EQUAL },
					     { "<", OP_LESS },
					     { ">", OP_GREATER },
					     { NULL, 0 } };

static const struct binary *which(const struct parser *p, const struct binary *table)
{
	while (table->word && !is(p, table->word))
		table++;
	return table->word ? table : NULL;
}

static int parse_row(struct parser *p, const struct binary *table,
		     int (*operand)(struct parser *p, uint32_t *out), uint32_t *out)
{
	const struct binary *b;
	int r = operand(p, out);

	while (r == 0 && (b = which(p, table))) {
		const char *at = p->token.at;
		uint32_t right;

		r = advance(p);
		if (r == 0)
			r = operand(p, &right);
		if (r == 0)
			r = nodes_binary(&p->maker, at, b->op, *out, right, out);
	}
	return r;
}

static int parse_product(struct parser *p, uint32_t *out)
{
	return parse_row(p, products, parse_unary, out);
}

static int parse_sum(struct parser *p, uint32_t *out)
{
	return parse_row(p, sums, parse_product, out);
}

static int add_to_list(struct parser *p, struct list *list, union constant value,
		       enum query_type type)
{
	if (list->n && type != list->type && !nodes_are_numbers(type, list->type))
		return refuse(p, "a list has values of one kind");
	if (!array_room(list->items, list->n, list->max))
		return error_set(p->maker.err, SCHEDTRACE_E_NOMEM, "no memory for a query");
	if (list->n && type == QUERY_REAL && list->type == QUERY_INT)
		for (size_t i = 0; i < list->n; i++)
			list->items[i].f = (double)list->items[i].i;
	else if (list->n && type == QUERY_INT && list->type == QUERY_REAL)
		value.f = (double)value.i;
	if (!list->n || type == QUERY_REAL)
		list->type = type;
	list->items[list->n++] = value;
	return 0;
}

/* [1, 2] or (1, 2), from the bracket on. */
static int parse_list(struct parser *p, struct list *list)
{
	const char *close = is(p, "[") ? "]" : ")";
	union constant value;
	enum query_type type;
	char found[64];
	int r = advance(p);

	while (r >= 0 && !is(p, close)) {
		r = parse_constant(p, &value, &type);
		if (r == 0)
			return refuse(p, "a list has numbers or texts, and %s is neither",
				      token_found(&p->token, found));
		if (r > 0)
			r = add_to_list(p, list, value, type);
		if (r >= 0 && !is(p, close))
			r = expect(p, ",");
	}
	return r < 0 ? r : advance(p);
}

/* Behind "in", "not in", or == and != before a list. */
static int parse_in(struct parser *p, const char *at, bool negated, uint32_t left, uint32_t *out)
{
	struct list list = { 0 };
	int r;

	if (!is(p, "[") && !is(p, "("))
		return refuse(p, "a list such as [1, 2] is missing here");
	r = parse_list(p, &list);
	if (r == 0)
		r = nodes_in(&p->maker, at, left, &list, out);
	free(list.items);
	return r == 0 && negated ? nodes_unary(&p->maker, at, OP_INVERT, *out, out) : r;
}

static int parse_glob(struct parser *p, const char *at, uint32_t left, uint32_t *out)
{
	const struct node *a = &p->maker.query->nodes[left];
	struct node node = {
		.op = OP_GLOB, .type = QUERY_BOOL, .left = left, .depth = 1 + a->depth
	};
	int r;

	if (a->type != QUERY_TEXT || p->token.kind != TOKEN_TEXT)
		return token_refuse(p->maker.text, at, p->maker.err,
				    "=~ compares a text with a shell pattern: comm =~ 'cc*'");
	r = nodes_text(&p->maker, p->token.text, p->token.n, &node.constant.s);
	if (r == 0)
		r = advance(p);
	return r < 0 ? r : nodes_add(&p->maker, at, &node, out);
}

/* One comparison behind @left: 1 and the condition in *out, 0 if there is none. What the next one
 * of a chain compares is in *right; a list or a pattern ends the chain. */
static int parse_comparison(struct parser *p, uint32_t left, uint32_t *right, bool *ends,
			    uint32_t *out)
{
	const struct binary *b = which(p, comparisons);
	const char *at = p->token.at;
	bool negated = is(p, "not"), in = is(p, "in"), glob = is(p, "=~");
	int r;

	if (!b && !negated && !in && !glob)
		return 0;
	*ends = !b;
	r = advance(p);
	if (r == 0 && negated)
		r = expect(p, "in");
	if (r < 0)
		return r;
	if (b && is(p, "[") && (b->op == OP_EQUAL || b->op == OP_NOT_EQUAL)) {
		*ends = true;
		negated = b->op == OP_NOT_EQUAL;
		b = NULL;
	}
	if (glob)
		r = parse_glob(p, at, left, out);
	else if (!b)
		r = parse_in(p, at, negated, left, out);
	else
		r = parse_sum(p, right);
	if (r == 0 && b)
		r = nodes_binary(&p->maker, at, b->op, left, *right, out);
	return r < 0 ? r : 1;
}

/* 1 < a < 3 is 1 < a and a < 3. */
static int parse_chain(struct parser *p, uint32_t *out)
{
	uint32_t left, right, one, all;
	bool ends = false;
	int r = parse_sum(p, &left);

	*out = left;
	for (bool first = true; r >= 0 && !ends; first = false, left = right) {
		const char *at = p->token.at;

		r = parse_comparison(p, left, &right, &ends, &one);
		if (r <= 0)
			return r;
		r = first ? 0 : nodes_binary(&p->maker, at, OP_AND, *out, one, &all);
		*out = first ? one : all;
	}
	return r < 0 ? r : 0;
}

static int parse_not(struct parser *p, uint32_t *out)
{
	const char *at = p->token.at;
	int r = accept(p, "not");

	if (r <= 0)
		return r < 0 ? r : parse_chain(p, out);
	r = enter(p);
	if (r == 0)
		r = parse_not(p, out);
	p->depth--;
	return r < 0 ? r : nodes_unary(&p->maker, at, OP_INVERT, *out, out);
}

/* Operands of "and" or "or" joined in pairs of pairs, so that a long row of them is not deep. */
static int join(struct parser *p, const char *at, enum op op, uint32_t *operands, size_t n,
		uint32_t *out)
{
	for (; n > 1; n = (n + 1) / 2) {
		for (size_t i = 0; i < n; i += 2) {
			int r = 0;

			if (i + 1 == n)
				operands[i / 2] = operands[i];
			else
				r = nodes_binary(&p->maker, at, op, operands[i], operands[i + 1],
						 &operands[i / 2]);
			if (r < 0)
				return r;
		}
	}
	*out = operands[0];
	return 0;
}

static int parse_joined(struct parser *p, enum op op, const char *word, const char *symbol,
			int (*operand)(struct parser *p, uint32_t *out), uint32_t *out)
{
	auto_free uint32_t *operands = NULL;
	const char *at = p->token.at;
	size_t n = 0, max = 0;
	int r;

	do {
		if (!array_room(operands, n, max))
			return error_set(p->maker.err, SCHEDTRACE_E_NOMEM, "no memory for a query");
		r = operand(p, &operands[n++]);
		if (r < 0)
			return r;
		at = n == 1 ? p->token.at : at;
		r = accept(p, word);
		if (r == 0)
			r = accept(p, symbol);
	} while (r > 0);
	return r < 0 ? r : join(p, at, op, operands, n, out);
}

static int parse_and(struct parser *p, uint32_t *out)
{
	return parse_joined(p, OP_AND, "and", "&", parse_not, out);
}

static int parse_condition(struct parser *p, uint32_t *out)
{
	return parse_joined(p, OP_OR, "or", "|", parse_and, out);
}

static int parse_whole(struct parser *p)
{
	char found[64];
	uint32_t root = 0;
	int r = advance(p);

	if (r == 0)
		r = parse_condition(p, &root);
	if (r < 0)
		return r;
	if (p->token.kind != TOKEN_END)
		return refuse(p, "nothing can stand before %s here", token_found(&p->token, found));
	if (p->maker.query->nodes[root].type != QUERY_BOOL)
		return token_refuse(p->maker.text, p->maker.text, p->maker.err,
				    "this is a value and no condition: compare it with one");
	p->maker.query->root = root;
	return 0;
}

static bool fits(const char *text, const char *pattern)
{
	return !fnmatch(pattern, text, FNM_NOESCAPE);
}

int query_compile(struct query **out, const char *text, const struct query_names *names,
		  struct schedtrace_error *err)
{
	struct query *query = calloc(1, sizeof(*query));
	struct parser parser = { .maker = { text, query, err }, .at = text, .names = names };
	int r;

	*out = NULL;
	if (!query)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a query");
	query->matches = names->matches ? names->matches : fits;
	r = strlen(text) > QUERY_MAX_TEXT
		    ? error_set(err, SCHEDTRACE_E_USAGE, "a query of more than %d bytes",
				QUERY_MAX_TEXT)
		    : parse_whole(&parser);
	if (r < 0) {
		query_free(query);
		return r;
	}
	*out = query;
	return 0;
}

void query_free(struct query *query)
{
	if (!query)
		return;
	for (uint32_t i = 0; i < query->n_nodes; i++)
		free(query->nodes[i].list);
	for (uint32_t i = 0; i < query->n_texts; i++)
		free(query->texts[i]);
	free(query->nodes);
	free(query->texts);
	free(query);
}

static bool is_needed(const struct query *query, const struct node *node, int column,
		      int64_t *value)
{
	const struct node *left = &query->nodes[node->left], *right = &query->nodes[node->right];

	if (node->op == OP_AND)
		return is_needed(query, left, column, value) ||
		       is_needed(query, right, column, value);
	if (node->op != OP_EQUAL || left->op != OP_COLUMN || left->column != column ||
	    right->op != OP_CONSTANT || right->type != QUERY_INT)
		return false;
	*value = right->constant.i;
	return true;
}

int query_needs(const struct query *query, int column, int64_t *value)
{
	const struct node *root = &query->nodes[query->root];

	if (!is_needed(query, root, column, value))
		return 0;
	return root->op == OP_EQUAL ? 2 : 1;
}

bool query_uses(const struct query *query, int column)
{
	for (uint32_t i = 0; i < query->n_nodes; i++)
		if (query->nodes[i].op == OP_COLUMN && query->nodes[i].column == column)
			return true;
	return false;
}
