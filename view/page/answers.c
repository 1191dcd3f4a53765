/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/page/answers.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/mem.h"

void answer_sentence(struct answer *answer, int status, const char *sentence)
{
	struct schedtrace_error err;

	free(answer->owned);
	free(answer->file_name);
	*answer = (struct answer){ .status = status };
	if (answer_json(answer, json_pack("{s:s}", "error", sentence), &err) < 0) {
		answer->type = "application/json";
		answer->body = "{\"error\": \"no memory\"}\n";
		answer->n = strlen(answer->body);
	}
	answer->status = status;
}

void answer_failure(struct answer *answer, const struct schedtrace_error *err)
{
	int status = 500;

	switch (err->status) {
	case SCHEDTRACE_E_USAGE:
		status = 400;
		break;
	case SCHEDTRACE_E_NOT_FOUND:
		status = 404;
		break;
	case SCHEDTRACE_E_LIMIT:
		status = 413;
		break;
	case SCHEDTRACE_E_FORMAT:
	case SCHEDTRACE_E_UNSUPPORTED:
		status = 422;
		break;
	}
	answer_sentence(answer, status, err->text);
}

static int put_piece(const char *piece, size_t n, void *user)
{
	for (size_t i = 0; i < n; i++)
		if (piece[i] == '<')
			fputs("\\u003c", user);
		else
			fputc(piece[i], user);
	return 0;
}

int answer_json(struct answer *answer, json_t *json, struct schedtrace_error *err)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = json ? open_memstream(&text, &n) : NULL;
	int r = f ? json_dump_callback(json, put_piece, f,
				       JSON_ENSURE_ASCII | JSON_COMPACT | JSON_ENCODE_ANY)
		  : -1;

	if (f && fclose(f) != 0)
		r = -1;
	json_decref(json);
	if (r < 0) {
		free(text);
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for an answer");
	}
	answer_bytes(answer, "application/json", text, n);
	return 0;
}

void answer_bytes(struct answer *answer, const char *type, void *body, size_t n)
{
	answer->type = type;
	answer->body = answer->owned = body;
	answer->n = n;
}

int answer_download(struct answer *answer, const char *name, struct schedtrace_error *err)
{
	char *copy = strndup(name, 200);

	if (!copy)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a file name");
	for (char *c = copy; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr(".-_", *c))
			*c = '-';
	answer->file_name = copy;
	return 0;
}

json_t *answer_text(const char *bytes)
{
	auto_free char *text = bytes ? escape_utf8(bytes) : NULL;

	return text ? json_string(text) : json_null();
}
