/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A ring-buffer page: first byte 1 for a 32-bit kernel's, then as many bytes as there are. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tracedat/pages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct page_event events[UINT16_MAX + 1];
	struct pages_config config = { .pid_offset = 4, .events = events };
	struct page_records out = { .last = INT64_MIN };
	struct page_error fault;
	uint8_t *page;
	size_t i, steps = 0;
	int r;

	if (!size || size > 65537)
		return 0;
	for (i = 0; i < 64; i++)
		events[i] = (struct page_event){ (uint16_t)(i + 1), (uint16_t)(8 + i) };
	config.layout.commit_size = data[0] & 1 ? 4 : 8;
	config.layout.page_size = size - 1 > 4096 ? 65536 : 4096;
	page = malloc(size); /* its own allocation, so that a byte too far is seen */
	memcpy(page, data + 1, size - 1);
	r = page_decode(&config, page, size - 1, 0, &out, &fault);
	if (r != 0 && r != SCHEDTRACE_E_FORMAT)
		abort();
	if (r < 0) {
		char text[256];

		page_fault_text(&fault, text, sizeof(text));
	}
	for (i = 0; i < out.n; i++) {
		const struct record *rec = &out.list[i];
		bool step = steps < out.n_steps && out.steps[steps] == i;

		steps += step;
		if (i && rec->timestamp < out.list[i - 1].timestamp && !step)
			abort();
		if (record_is_event(rec) &&
		    (rec->data < page || rec->data + rec->size > page + size - 1))
			abort();
	}
	free(out.list);
	free(out.steps);
	free(page);
	return 0;
}
