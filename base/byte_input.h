/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes at offsets: of a file, read without mapping so that it may shrink, or in memory. */
#ifndef BASE_BYTE_INPUT_H
#define BASE_BYTE_INPUT_H

#include <stddef.h>
#include <stdint.h>

#include <schedtrace/error.h>

struct byte_input {
	const uint8_t *memory; /* NULL: a file */
	int fd;
	uint64_t size; /* when it was opened */
};

/* Opens a regular file; says what else there is by name. */
int byte_input_open(struct byte_input *in, const char *path, struct schedtrace_error *err);

/* All n bytes or a failure. */
int byte_input_read(const struct byte_input *in, uint64_t offset, void *buf, size_t n,
		    struct schedtrace_error *err);

#endif
