/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of instruction files, one of them, and one that the browser sends. */
#include <stdlib.h>

#include "view/page/answers.h"
#include "view/page/page_state.h"

int instructions_request(struct work *work, struct answer *answer, struct schedtrace_error *err)
{
	return answer_json(answer, instruction_store_list(&work->page->instructions), err);
}

int instruction_file_request(struct work *work, struct answer *answer, struct schedtrace_error *err)
{
	const char *name = request_arg(work->request, "instructions");
	char *text, file_name[80];
	size_t n;
	int r = instruction_store_text(&work->page->instructions, name, &text, &n, err);

	if (r < 0)
		return r;
	answer_bytes(answer, "application/json", text, n);
	snprintf(file_name, sizeof(file_name), "%s.json", name);
	return answer_download(answer, file_name, err);
}

int instruction_upload_request(struct work *work, struct answer *answer,
			       struct schedtrace_error *err)
{
	const char *file_name = request_arg(work->request, "name");
	char name[64];
	int r = instruction_store_add(&work->page->instructions, file_name ? file_name : "",
				      work->request->body, work->request->n_body, name, err);

	return r < 0 ? r : answer_json(answer, json_pack("{s:s}", "name", name), err);
}
