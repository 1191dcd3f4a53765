/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The members that are text: the first byte chooses which. */
#include "libschedtrace/tarball/members.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct schedtrace_context *ctx;
	struct schedtrace_error err;
	struct id_map map = { 0 };
	const char *text;

	if (size == 0 || schedtrace_context_new(&ctx, &err) < 0)
		return 0;
	text = (const char *)data + 1;
	switch (data[0]) {
	case 's':
		members_get_start(&map, ctx, text, size - 1, &err);
		break;
	case 'c':
		members_get_comm(&map, ctx, text, size - 1, &err);
		break;
	case 't':
		members_get_tasks(ctx, text, size - 1, &err);
		break;
	default:
		members_get_meta(ctx, text, size - 1, &err);
		break;
	}
	id_map_free(&map);
	schedtrace_context_free(ctx);
	return 0;
}
