/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/requests/request_names.h"

#include <string.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/mem.h"

/* Programs may give themselves any number of names. */
#define MOST_KNOWN 50000

void request_names_init(struct request_names *names)
{
	intern_init(&names->known);
	names->ids = NULL;
	names->max = 0;
}

void request_names_free(struct request_names *names)
{
	intern_free(&names->known);
	free(names->ids);
}

void request_names_forget(struct request_names *names)
{
	request_names_free(names);
	request_names_init(names);
}

static int look_up_one(struct request_names *names, const char *name, int64_t *id,
		       request_name_fn look_up, void *user, struct schedtrace_error *err)
{
	int32_t number = intern_add(&names->known, name, strlen(name));
	auto_free char *escaped = NULL;
	int r;

	while (number >= names->max) {
		int32_t before = names->max;

		if (!array_room(names->ids, before, names->max))
			break;
		memset(names->ids + before, 0, (size_t)(names->max - before) * sizeof(*names->ids));
	}
	if (number < 0 || number >= names->max)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for names");
	if (!names->ids[number]) {
		escaped = escape_utf8(name);
		if (!escaped)
			return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for names");
		r = look_up(user, escaped, &names->ids[number], err);
		if (r < 0)
			return r;
	}
	*id = names->ids[number];
	return 0;
}

int request_names_find(struct request_names *names, const struct request_batch *batch,
		       uint32_t first, int64_t *ids, request_name_fn look_up, void *user,
		       struct schedtrace_error *err)
{
	int r = 0;

	if (names->known.n > MOST_KNOWN)
		request_names_forget(names);
	memset(ids, 0, (size_t)batch->texts.n * sizeof(*ids));
	for (uint32_t i = first; r == 0 && i < batch->n; i++) {
		uint32_t text = batch->rows[i].name;

		if (!ids[text])
			r = look_up_one(names, batch->texts.names[text], &ids[text], look_up, user,
					err);
	}
	return r;
}
