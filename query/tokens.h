/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef QUERY_TOKENS_H
#define QUERY_TOKENS_H

#include "query/query.h"

enum token_kind {
	TOKEN_END,
	TOKEN_NAME,   /* text, n; a keyword is one too unless it was between backticks */
	TOKEN_INT,    /* i */
	TOKEN_REAL,   /* f */
	TOKEN_TEXT,   /* text, n: between the quotes, backslashes as written */
	TOKEN_SYMBOL, /* text, n */
};

struct token {
	enum token_kind kind;
	const char *at, *text; /* where it begins; what it says */
	size_t n;
	bool quoted; /* of a name: between backticks */
	int64_t i;
	double f;
};

/* The token at *at, which moves behind it. */
int token_next(const char *whole, const char **at, struct token *token,
	       struct schedtrace_error *err);

/* "query: column 12: ...", columns in characters; returns SCHEDTRACE_E_USAGE. */
int token_refuse(const char *whole, const char *at, struct schedtrace_error *err, const char *fmt,
		 ...) SCHEDTRACE_PRINTF(4, 5);

/* What stands there, for a message. */
const char *token_found(const struct token *token, char out[64]);

#endif
