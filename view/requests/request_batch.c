/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/requests/request_batch.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

/* The kernel's names have 15 bytes; those of a tarball may have any number. */
#define LONGEST_TEXT 255

static const char *const calls[REQUEST_CALLS] = {
	[REQUEST_MMAP] = "mmap", [REQUEST_MUNMAP] = "munmap", [REQUEST_MREMAP] = "mremap",
	[REQUEST_BRK] = "brk",	 [REQUEST_AREA] = "area",
};

enum request_call request_call_parse(const char *name)
{
	for (int call = 1; call < REQUEST_CALLS; call++)
		if (strcmp(calls[call], name) == 0)
			return call;
	return 0;
}

const char *request_call_name(enum request_call call)
{
	return call > 0 && call < REQUEST_CALLS ? calls[call] : "unknown";
}

struct request_batch *request_batch_new(uint64_t first)
{
	struct request_batch *batch = malloc(sizeof(*batch));

	if (!batch)
		return NULL;
	batch->next = NULL;
	batch->first = first;
	batch->n = 0;
	batch->begun_ns = 0;
	intern_init(&batch->texts);
	return batch;
}

void request_batch_free(struct request_batch *batch)
{
	if (!batch)
		return;
	intern_free(&batch->texts);
	free(batch);
}

static int add_text(struct request_batch *batch, const char *text, uint32_t *number)
{
	int32_t n = intern_add(&batch->texts, text, strnlen(text, LONGEST_TEXT));

	*number = (uint32_t)n;
	return n < 0 ? -1 : 0;
}

int request_batch_add(struct request_batch *batch, struct request_row row, const char *name,
		      const char *failure)
{
	row.failure = REQUEST_SUCCEEDED;
	if (add_text(batch, name, &row.name) < 0 ||
	    (failure && add_text(batch, failure, &row.failure) < 0))
		return -1;
	if (batch->n == 0)
		batch->begun_ns = now_ns();
	batch->rows[batch->n++] = row;
	return 0;
}

/* What stands before the rows, which stand before the texts, each with a NUL behind it. */
struct packed_batch {
	uint64_t first;
	uint32_t n, n_texts;
};

void *request_batch_pack(const struct request_batch *batch, size_t *size)
{
	const struct packed_batch head = { batch->first, batch->n, (uint32_t)batch->texts.n };
	size_t rows = batch->n * sizeof(*batch->rows), texts = 0;
	char *bytes, *to;

	for (int32_t i = 0; i < batch->texts.n; i++)
		texts += strlen(batch->texts.names[i]) + 1;
	*size = sizeof(head) + rows + texts;
	bytes = malloc(*size);
	if (!bytes)
		return NULL;
	memcpy(bytes, &head, sizeof(head));
	memcpy(bytes + sizeof(head), batch->rows, rows);
	to = bytes + sizeof(head) + rows;
	for (int32_t i = 0; i < batch->texts.n; i++)
		to = stpcpy(to, batch->texts.names[i]) + 1;
	return bytes;
}

static bool take_texts(struct request_batch *batch, const char *text, const char *end, uint32_t n)
{
	for (; n; n--) {
		size_t length = strnlen(text, (size_t)(end - text));

		if (text + length == end || intern_add(&batch->texts, text, length) < 0)
			return false;
		text += length + 1;
	}
	return true;
}

static bool take_packed(struct request_batch *batch, const char *bytes, size_t size)
{
	struct packed_batch head;
	size_t rows;

	if (size < sizeof(head))
		return false;
	memcpy(&head, bytes, sizeof(head));
	rows = head.n * sizeof(*batch->rows);
	if (head.n > REQUEST_BATCH_ROWS || size - sizeof(head) < rows)
		return false;
	batch->first = head.first;
	batch->n = head.n;
	memcpy(batch->rows, bytes + sizeof(head), rows);
	if (!take_texts(batch, bytes + sizeof(head) + rows, bytes + size, head.n_texts))
		return false;
	for (uint32_t i = 0; i < batch->n; i++) {
		const struct request_row *row = &batch->rows[i];

		if (row->name >= head.n_texts ||
		    (row->failure != REQUEST_SUCCEEDED && row->failure >= head.n_texts))
			return false;
	}
	return true;
}

struct request_batch *request_batch_unpack(const void *bytes, size_t size)
{
	struct request_batch *batch = request_batch_new(0);

	if (batch && !take_packed(batch, bytes, size)) {
		request_batch_free(batch);
		return NULL;
	}
	return batch;
}
