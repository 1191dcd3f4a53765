/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/losses.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static uint64_t value_of(const char *text, const char *name)
{
	size_t n = strlen(name);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		uint64_t v;

		line += *line == '\n';
		if (strncmp(line, name, n) == 0 && sscanf(line + n, ": %" SCNu64, &v) == 1)
			return v;
		if (!*line)
			break;
	}
	return 0;
}

void cpu_stats_parse(struct cpu_stats *out, const char *text)
{
	*out = (struct cpu_stats){
		.entries = value_of(text, "entries"),
		.overrun = value_of(text, "overrun"),
		.commit_overrun = value_of(text, "commit overrun"),
		.dropped = value_of(text, "dropped events"),
		.read_events = value_of(text, "read events"),
	};
}

uint64_t cpu_stats_lost(const struct cpu_stats *s)
{
	return s->overrun + s->commit_overrun + s->dropped;
}

int64_t losses_buffer_kb(const struct cpu_stats *s, uint64_t bytes, int64_t buffer_kb)
{
	/* Records of the scheduler have some 50 bytes; used if none was read. */
	uint64_t each = s->read_events ? bytes / s->read_events + 1 : 64;
	uint64_t needed = (uint64_t)buffer_kb + cpu_stats_lost(s) * each / 1024;
	int64_t kb = 1;

	while ((uint64_t)kb < needed && kb < (int64_t)1 << 40)
		kb <<= 1;
	return kb;
}

const char *format_count(char *out, uint64_t n)
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, n);
	char *p = out;

	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			*p++ = ',';
		*p++ = digits[i];
	}
	*p = '\0';
	return out;
}
