/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/tracefs/buffer_counts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/tracefs/instance.h"

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

bool buffer_counts_new(struct buffer_counts *c, int n)
{
	c->texts = calloc((size_t)n, sizeof(*c->texts));
	c->cpus = calloc((size_t)n, sizeof(*c->cpus));
	c->n = n;
	return c->texts && c->cpus;
}

void buffer_counts_free(struct buffer_counts *c)
{
	for (int i = 0; c->texts && i < c->n; i++)
		free(c->texts[i]);
	free(c->texts);
	free(c->cpus);
	*c = (struct buffer_counts){ 0 };
}

void buffer_counts_read(struct buffer_counts *c, const struct instance *in, int first)
{
	for (int cpu = 0; cpu < in->n_cpus && first + cpu < c->n; cpu++) {
		char **text = &c->texts[first + cpu];
		char file[64];

		if (!in->has_cpu[cpu])
			continue;
		snprintf(file, sizeof(file), "per_cpu/cpu%d/stats", cpu);
		free(*text);
		*text = instance_read(in, file);
		if (*text)
			cpu_stats_parse(&c->cpus[first + cpu], *text);
	}
}

uint64_t buffer_counts_events(const struct buffer_counts *c)
{
	uint64_t sum = 0;

	for (int i = 0; i < c->n; i++)
		sum += c->cpus[i].read_events;
	return sum;
}

uint64_t buffer_counts_unread(const struct buffer_counts *c)
{
	uint64_t sum = 0;

	for (int i = 0; i < c->n; i++)
		sum += c->cpus[i].entries;
	return sum;
}

uint64_t buffer_counts_lost(const struct buffer_counts *c)
{
	uint64_t sum = 0;

	for (int i = 0; i < c->n; i++)
		sum += cpu_stats_lost(&c->cpus[i]);
	return sum;
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
