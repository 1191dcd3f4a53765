/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Requests of memory on their way into a database: so many of them, and the texts they name. */
#ifndef VIEW_REQUESTS_REQUEST_BATCH_H
#define VIEW_REQUESTS_REQUEST_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include <schedtrace/error.h>

#include "base/intern.h"

#define REQUEST_BATCH_ROWS 10000
#define REQUEST_SUCCEEDED  UINT32_MAX

/* As databases number them; 0 is none of them. */
enum request_call {
	REQUEST_MMAP = 1,
	REQUEST_MUNMAP,
	REQUEST_MREMAP,
	REQUEST_BRK,
	REQUEST_AREA,
	REQUEST_CALLS
};

/* 0 where the name is no call. */
enum request_call request_call_parse(const char *name);
const char *request_call_name(enum request_call call);

struct request_row {
	int64_t at_us;	   /* wall time, since 1970 */
	int64_t size;	   /* bytes, INT64_MIN unknown */
	int64_t address;   /* INT64_MIN unknown */
	int32_t pid, tgid; /* tgid -1 unknown */
	uint32_t name;	   /* a text of the batch */
	uint32_t failure;  /* likewise, the name of the error; REQUEST_SUCCEEDED */
	int16_t zone_min;  /* local time minus UTC, minutes */
	uint8_t call;	   /* enum request_call */
};

struct request_batch {
	struct request_batch *next;
	uint64_t first;	  /* rows of the source before it */
	uint32_t n;	  /* rows, at most REQUEST_BATCH_ROWS */
	int64_t begun_ns; /* now_ns() of its first row */
	struct intern texts;
	struct request_row rows[REQUEST_BATCH_ROWS];
};

/* NULL without memory. */
struct request_batch *request_batch_new(uint64_t first);
void request_batch_free(struct request_batch *batch);

/* Appends a row; its texts are those given, @failure NULL where the call succeeded. -1 without
 * memory. The batch must not be full. */
int request_batch_add(struct request_batch *batch, struct request_row row, const char *name,
		      const char *failure);

static inline const char *request_batch_text(const struct request_batch *batch, uint32_t text)
{
	return text == REQUEST_SUCCEEDED ? NULL : batch->texts.names[text];
}

/* As bytes for this machine only, to be freed; NULL without memory. */
void *request_batch_pack(const struct request_batch *batch, size_t *size);

/* NULL without memory, or where the bytes are no batch. */
struct request_batch *request_batch_unpack(const void *bytes, size_t size);

#endif
