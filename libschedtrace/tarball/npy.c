/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libschedtrace/tarball/npy.h"

#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "base/error.h"

#define MAGIC	   "\x93NUMPY"
#define MAGIC_SIZE 6

/* Where in the dict's text we are; NUL is no byte of it, so it stands for the end. */
struct text {
	const char *at, *end;
};

static int bad_header(const char *what, struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_FORMAT, "npy header: %s", what);
}

int npy_header_size(const uint8_t *data, size_t n, size_t *size, struct schedtrace_error *err)
{
	uint64_t length;

	if (n < 12 || memcmp(data, MAGIC, MAGIC_SIZE) != 0)
		return error_set(err, SCHEDTRACE_E_FORMAT, "not a numpy array (.npy)");
	if (data[6] < 1 || data[6] > 3 || data[7] != 0)
		return error_set(err, SCHEDTRACE_E_UNSUPPORTED,
				 "npy version %d.%d, only 1.0, 2.0 and 3.0 are known", data[6],
				 data[7]);
	length = data[8] | (uint64_t)data[9] << 8;
	if (data[6] > 1)
		length |= (uint64_t)data[10] << 16 | (uint64_t)data[11] << 24;
	length += data[6] > 1 ? 12 : 10;
	if (length > NPY_MAX_HEADER)
		return error_set(err, SCHEDTRACE_E_LIMIT,
				 "npy header of %llu bytes, at most %d are read",
				 (unsigned long long)length, NPY_MAX_HEADER);
	*size = (size_t)length;
	return 0;
}

static char peek(struct text *t)
{
	while (t->at < t->end && (*t->at == ' ' || *t->at == '\n' || *t->at == '\t'))
		t->at++;
	return t->at < t->end ? *t->at : '\0';
}

static bool take(struct text *t, char c)
{
	if (peek(t) != c || !c)
		return false;
	t->at++;
	return true;
}

/* A string in either quotes. No name or type that we know has a backslash. */
static bool take_string(struct text *t, const char **string, size_t *n)
{
	char quote = peek(t);
	const char *close;

	if (quote != '\'' && quote != '"')
		return false;
	t->at++;
	close = memchr(t->at, quote, (size_t)(t->end - t->at));
	if (!close || memchr(t->at, '\\', (size_t)(close - t->at)))
		return false;
	*string = t->at;
	*n = (size_t)(close - t->at);
	t->at = close + 1;
	return true;
}

static bool take_word(struct text *t, const char *word)
{
	size_t n = strlen(word);

	peek(t);
	if ((size_t)(t->end - t->at) < n || memcmp(t->at, word, n) != 0)
		return false;
	t->at += n;
	return true;
}

static bool take_number(struct text *t, uint64_t *out)
{
	uint64_t value = 0;
	char c = peek(t);

	if (c < '0' || c > '9')
		return false;
	for (; t->at < t->end && *t->at >= '0' && *t->at <= '9'; t->at++)
		if (!checked_mul(value, (uint64_t)10, &value) ||
		    !checked_add(value, (uint64_t)(*t->at - '0'), &value))
			return false;
	*out = value;
	return true;
}

/* "<i8": byte order, kind, width in bytes. */
static int parse_descr(struct text *t, struct npy_header *h, struct schedtrace_error *err)
{
	const char *s;
	uint64_t width;
	struct text rest;
	size_t n;

	if (peek(t) == '[')
		return error_set(err, SCHEDTRACE_E_UNSUPPORTED,
				 "a structured array, expected a column of integers");
	if (!take_string(t, &s, &n))
		return bad_header("descr is no string", err);
	snprintf(h->descr, sizeof(h->descr), "%.*s", (int)(n < 20 ? n : 20), s);
	rest = (struct text){ s + 2, s + n };
	if (n >= 2 && (s[1] == 'O' || s[0] == 'O'))
		return error_set(err, SCHEDTRACE_E_UNSUPPORTED,
				 "dtype %s holds Python objects, which are never unpickled",
				 h->descr);
	if (n < 3 || !strchr("<>|=", s[0]) || !strchr("biufcmMSUV", s[1]) || rest.at[0] == '0' ||
	    !take_number(&rest, &width) || rest.at != rest.end)
		return error_set(err, SCHEDTRACE_E_UNSUPPORTED,
				 "dtype %s, expected an integer such as <i8", h->descr);
	if (width > 8 && strchr("biuf", s[1]))
		return error_set(err, SCHEDTRACE_E_UNSUPPORTED,
				 "dtype %s, expected an integer of 1 to 8 bytes", h->descr);
	h->kind = s[1];
	h->big_endian = s[0] == '>';
	h->width = width < UINT32_MAX ? (unsigned int)width : UINT32_MAX;
	return 0;
}

static int parse_shape(struct text *t, struct npy_header *h, struct schedtrace_error *err)
{
	unsigned int dimensions = 0;

	if (!take(t, '('))
		return bad_header("shape is no tuple", err);
	while (!take(t, ')')) {
		uint64_t length;

		if (peek(t) == '-')
			return bad_header("negative shape", err);
		if (!take_number(t, &length))
			return bad_header("shape is no tuple of numbers below 2^64", err);
		take(t, 'L'); /* as Python 2 wrote them */
		if (dimensions++ == 0)
			h->count = length;
		if (!take(t, ',') && peek(t) != ')')
			return bad_header("shape is no tuple", err);
	}
	if (dimensions != 1)
		return error_set(err, SCHEDTRACE_E_UNSUPPORTED,
				 "an array of %u dimensions, expected one", dimensions);
	return 0;
}

enum key { KEY_DESCR = 1, KEY_FORTRAN = 2, KEY_SHAPE = 4, KEY_ALL = 7 };

static int parse_item(struct text *t, struct npy_header *h, unsigned int *seen,
		      struct schedtrace_error *err)
{
	unsigned int key;
	const char *s;
	size_t n;

	if (!take_string(t, &s, &n))
		return bad_header("a key is no string", err);
	if (n == 5 && memcmp(s, "descr", 5) == 0)
		key = KEY_DESCR;
	else if (n == 13 && memcmp(s, "fortran_order", 13) == 0)
		key = KEY_FORTRAN;
	else if (n == 5 && memcmp(s, "shape", 5) == 0)
		key = KEY_SHAPE;
	else
		return error_set(err, SCHEDTRACE_E_FORMAT, "npy header: unknown key %.*s",
				 (int)(n < 40 ? n : 40), s);
	if (*seen & key)
		return error_set(err, SCHEDTRACE_E_FORMAT, "npy header: %.*s is given twice",
				 (int)n, s);
	*seen |= key;
	if (!take(t, ':'))
		return bad_header("no ':' after a key", err);
	if (key == KEY_DESCR)
		return parse_descr(t, h, err);
	if (key == KEY_SHAPE)
		return parse_shape(t, h, err);
	/* One dimension is the same in either order. */
	if (!take_word(t, "True") && !take_word(t, "False"))
		return bad_header("fortran_order is neither True nor False", err);
	return 0;
}

int npy_parse(struct npy_header *out, const uint8_t *data, size_t n, struct schedtrace_error *err)
{
	struct npy_header h = { 0 };
	unsigned int seen = 0;
	struct text t;
	size_t size;
	uint64_t bytes;
	int r = npy_header_size(data, n, &size, err);

	if (r < 0)
		return r;
	if (size > n)
		return bad_header("cut", err);
	t.at = (const char *)data + (data[6] > 1 ? 12 : 10);
	t.end = (const char *)data + size;
	if (!take(&t, '{'))
		return bad_header("not a dict", err);
	while (!take(&t, '}')) {
		r = parse_item(&t, &h, &seen, err);
		if (r < 0)
			return r;
		if (!take(&t, ',') && peek(&t) != '}')
			return bad_header("no closing brace", err);
	}
	if (peek(&t) || t.at != t.end)
		return bad_header("something follows the dict", err);
	if (seen != KEY_ALL)
		return bad_header("descr, fortran_order or shape is missing", err);
	if (!checked_mul(h.count, (uint64_t)h.width, &bytes) || bytes > INT64_MAX)
		return error_set(err, SCHEDTRACE_E_LIMIT, "%llu values of %u bytes",
				 (unsigned long long)h.count, h.width);
	h.data = size;
	*out = h;
	return 0;
}

size_t npy_write(uint8_t header[NPY_HEADER_ROOM], const char *descr, uint64_t count)
{
	char *dict = (char *)header + 10;
	size_t n, size;

	n = (size_t)snprintf(dict, NPY_HEADER_ROOM - 10,
			     "{'descr': '%s', 'fortran_order': False, 'shape': (%llu,), }", descr,
			     (unsigned long long)count);
	size = (10 + n + 1 + 63) & ~(size_t)63;
	memset(dict + n, ' ', size - 10 - n);
	header[size - 1] = '\n';
	memcpy(header, MAGIC "\x01\x00", MAGIC_SIZE + 2);
	header[8] = (uint8_t)((size - 10) & 0xff);
	header[9] = (uint8_t)((size - 10) >> 8);
	return size;
}
