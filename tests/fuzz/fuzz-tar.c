/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "libschedtrace/tarball/tar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int member(void *user, const struct tar_member *m, struct schedtrace_error *err)
{
	const struct byte_input *in = user;

	/* What is reported lies within the file. */
	if (m->offset > in->size || m->size > in->size - m->offset || !strstr(m->path, m->name))
		__builtin_trap();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct byte_input in = { .memory = data ? data : (const uint8_t *)"",
				 .fd = -1,
				 .size = size };
	struct schedtrace_error err;

	tar_scan(&in, member, &in, &err);
	return 0;
}
