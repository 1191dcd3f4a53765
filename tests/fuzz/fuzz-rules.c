/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules of schedreport assert. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/assert/assert_rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct schedtrace_error err;
	struct assert_rules rules;
	char *text = malloc(size + 1); /* exactly, so that reading beyond is seen */

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	/* What is taken must be taken again as it is quoted. */
	if (assert_rules_parse(&rules, "rules", text, size, &err) == 0) {
		for (size_t i = 0; i < rules.n; i++) {
			const char *quoted = rules.list[i].text;
			struct assert_rules again;

			if (assert_rules_parse(&again, "rules", quoted, strlen(quoted), &err) ||
			    again.n != 1 || again.list[0].limit != rules.list[i].limit)
				abort();
			assert_rules_free(&again);
		}
	}
	assert_rules_free(&rules);
	free(text);
	return 0;
}
