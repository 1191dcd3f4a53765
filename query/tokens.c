/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "query/tokens.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

static const char *const symbols[] = {
	"**", "//", "==", "!=", "<=", ">=", "=~", "<", ">", "+", "-",
	"*",  "/",  "%",  "&",	"|",  "~",  "(",  ")", "[", "]", ","
};

int token_refuse(const char *whole, const char *at, struct schedtrace_error *err, const char *fmt,
		 ...)
{
	size_t column = 1;
	char what[512];
	va_list args;

	for (const char *c = whole; c < at; c++)
		column += ((unsigned char)*c & 0xc0) != 0x80;
	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	return error_set(err, SCHEDTRACE_E_USAGE, "query \"%.100s%s\", column %zu: %s", whole,
			 strlen(whole) > 100 ? "…" : "", column, what);
}

const char *token_found(const struct token *token, char out[64])
{
	size_t n = token->text ? token->n : 0;

	if (token->kind == TOKEN_END)
		return "the end";
	snprintf(out, 64, "\"%.*s\"", (int)(n < 40 ? n : 40), token->text);
	return out;
}

static bool begins_name(char c)
{
	return isalpha((unsigned char)c) || c == '_';
}

static bool is_base(const char *p)
{
	return *p == '0' && (p[1] == 'x' || p[1] == 'X' || p[1] == 'o' || p[1] == 'O' ||
			     p[1] == 'b' || p[1] == 'B');
}

/* Copies the digits of a number without the underscores between them; the bytes that it takes. */
static size_t number_text(const char *p, char *out, size_t size)
{
	bool hex = is_base(p), real = false;
	size_t n = 0, at = 0;

	for (;; at++) {
		char c = p[at];

		if (c == '_' && at && isalnum((unsigned char)p[at - 1]) &&
		    isalnum((unsigned char)p[at + 1]))
			continue;
		if ((c == '+' || c == '-') && !hex && at &&
		    (p[at - 1] == 'e' || p[at - 1] == 'E') && isdigit((unsigned char)p[at + 1]))
			real = true;
		else if (c == '.' && !hex && !real)
			real = true;
		else if (!isalnum((unsigned char)c))
			break;
		if (n + 1 < size)
			out[n++] = c;
	}
	out[n] = '\0';
	return at;
}

static int read_number(const char *whole, const char **at, struct token *token,
		       struct schedtrace_error *err)
{
	static const char *const kinds = "xobXOB";
	static const int bases[] = { 16, 8, 2 };
	char digits[64], *end;
	size_t n = number_text(*at, digits, sizeof(digits));
	int base = 10;

	token->text = *at;
	token->n = n;
	if (is_base(digits))
		base = bases[(strchr(kinds, digits[1]) - kinds) % 3];
	errno = 0;
	if (base == 10 && strpbrk(digits, ".eE")) {
		token->kind = TOKEN_REAL;
		token->f = strtod(digits, &end);
	} else {
		token->kind = TOKEN_INT;
		token->i = strtoll(digits + (base == 10 ? 0 : 2), &end, base);
		if (errno == ERANGE)
			return token_refuse(whole, *at, err,
					    "%.*s does not fit in 64 bits (an address above 2^63 "
					    "is a negative number here)",
					    (int)n, *at);
	}
	if (*end || n >= sizeof(digits) ||
	    (base == 10 && token->kind == TOKEN_INT && digits[0] == '0' &&
	     strspn(digits, "0") != n))
		return token_refuse(whole, *at, err, "%.*s is no number", (int)(n < 40 ? n : 40),
				    *at);
	*at += n;
	return 0;
}

/* Between two of the same quotes; a backslash keeps the character behind it from ending the
 * text. */
static int read_quoted(const char *whole, const char **at, struct token *token,
		       struct schedtrace_error *err)
{
	const char quote = **at;
	const char *p = *at + 1;

	while (*p && *p != quote)
		p += p[0] == '\\' && p[1] && quote != '`' ? 2 : 1;
	if (!*p)
		return token_refuse(whole, *at, err, "the %c is never closed", quote);
	token->kind = quote == '`' ? TOKEN_NAME : TOKEN_TEXT;
	token->quoted = true;
	token->text = *at + 1;
	token->n = (size_t)(p - token->text);
	*at = p + 1;
	return 0;
}

int token_next(const char *whole, const char **at, struct token *token,
	       struct schedtrace_error *err)
{
	while (**at && strchr(" \t\r\n", **at))
		++*at;
	*token = (struct token){ .kind = TOKEN_END, .at = *at, .text = *at };
	if (!**at)
		return 0;
	if (strchr("'\"`", **at))
		return read_quoted(whole, at, token, err);
	if (isdigit((unsigned char)**at) || (**at == '.' && isdigit((unsigned char)(*at)[1])))
		return read_number(whole, at, token, err);
	if (begins_name(**at)) {
		token->kind = TOKEN_NAME;
		while (begins_name((*at)[token->n]) || isdigit((unsigned char)(*at)[token->n]))
			token->n++;
		*at += token->n;
		return 0;
	}
	for (size_t i = 0; i < sizeof(symbols) / sizeof(*symbols); i++) {
		if (strncmp(*at, symbols[i], strlen(symbols[i])) != 0)
			continue;
		token->kind = TOKEN_SYMBOL;
		token->n = strlen(symbols[i]);
		*at += token->n;
		return 0;
	}
	if (**at == '=')
		return token_refuse(whole, *at, err, "= sets nothing here: == compares");
	if (**at == '@')
		return token_refuse(whole, *at, err, "@ names a variable, and there are none here");
	return token_refuse(whole, *at, err, "%c is no part of an expression", **at);
}
