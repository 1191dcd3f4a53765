/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a request is answered with. */
#ifndef VIEW_PAGE_ANSWERS_H
#define VIEW_PAGE_ANSWERS_H

#include <jansson.h>

#include "view/page/server.h"

/* {"error": SENTENCE}. */
void answer_sentence(struct answer *answer, int status, const char *sentence);

/* The same of a failure, with the status that fits it. */
void answer_failure(struct answer *answer, const struct schedtrace_error *err);

/* Takes the reference; NULL is no memory. ASCII, and nothing that HTML could take for a tag. */
int answer_json(struct answer *answer, json_t *json, struct schedtrace_error *err);

/* Takes over @body of malloc(). */
void answer_bytes(struct answer *answer, const char *type, void *body, size_t n);

/* What the browser saves the answer as: letters, digits and .-_ stay. */
int answer_download(struct answer *answer, const char *name, struct schedtrace_error *err);

/* Bytes of a recording as a JSON string; NULL as null. */
json_t *answer_text(const char *bytes);

#endif
