/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A format text: its parser may crash, but in the worker, and what comes back is checked. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tracedat/formats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct format_text text = { (char *)"sched", { malloc(size + 1), size } };
	struct formats f = { 0 };
	size_t i;

	memcpy(text.text.bytes, data, size);
	text.text.bytes[size] = '\0';
	if (formats_parse(&f, &text, 1, NULL, NULL) == 0) {
		if (f.n != 1 || !f.list[0].name)
			abort();
		for (i = 0; i < f.list[0].n_fields; i++)
			if (strlen(f.list[0].fields[i].name) >= FORMAT_NAME_MAX)
				abort();
	}
	formats_free(&f);
	free(text.text.bytes);
	return 0;
}
