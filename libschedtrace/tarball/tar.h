/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tar layer: where members are, and the header of one. Nothing is ever extracted. */
#ifndef LIBSCHEDTRACE_TARBALL_TAR_H
#define LIBSCHEDTRACE_TARBALL_TAR_H

#include <stdbool.h>

#include "base/byte_input.h"

#define TAR_BLOCK 512

struct tar_member {
	const char *path; /* as in the archive; lives until the callback returns */
	const char *name; /* its last part */
	uint64_t offset, size;
	bool regular; /* false: a link, a directory, a device ... */
};

/* Calls @member for each member in order; a negative result ends the scan and is forwarded. */
int tar_scan(const struct byte_input *in,
	     int (*member)(void *user, const struct tar_member *member,
			   struct schedtrace_error *err),
	     void *user, struct schedtrace_error *err);

/* The name is shorter than 100 bytes. */
void tar_header(uint8_t block[TAR_BLOCK], const char *name, uint64_t size, int64_t mtime);

#endif
