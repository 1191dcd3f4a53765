/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A whole tarball: opened, read in batches, loaded. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/byte_input.h"
#include "libschedtrace/trace.h"

static int64_t sum_stacks(const struct schedtrace_context *ctx)
{
	struct schedtrace_stack stack;
	int64_t sum = 0;

	for (int32_t id = 0; id < schedtrace_context_stacks(ctx); id++) {
		if (schedtrace_context_stack(ctx, id, &stack, NULL) < 0)
			break;
		for (uint32_t i = 0; i < stack.n; i++) {
			const char *name = schedtrace_context_symbol(
				ctx, i < stack.n_kernel ? 0 : stack.space, stack.frames[i]);

			sum ^= (int64_t)stack.frames[i] + (name ? *name : 0);
		}
	}
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size) __attribute__((weak));
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

/* Only tars whose headers have right checksums lead anywhere. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	size = LLVMFuzzerMutate(data, size, max_size);
	for (size_t at = 0; at + 512 <= size; at += 512) {
		uint8_t *block = data + at;
		unsigned int sum = 8 * ' ';
		char digits[8];

		if (memcmp(block + 257, "ustar", 5) != 0)
			continue;
		for (int i = 0; i < 512; i++)
			sum += i >= 148 && i < 156 ? 0 : block[i];
		snprintf(digits, sizeof(digits), "%06o", sum);
		memcpy(block + 148, digits, 7);
		block[155] = ' ';
	}
	return size;
}

/* Uses every row, so that sanitizers see what is not there. */
static int64_t sum_rows(const struct schedtrace_context *ctx, const struct schedtrace_events *e)
{
	int64_t sum = 0;

	for (size_t i = 0; i < e->n; i++) {
		sum ^= e->timestamp[i] ^ e->arg0[i] ^ e->arg1[i] ^ e->pid[i] ^ e->cpu[i];
		if (!schedtrace_context_event_name(ctx, e->event[i]))
			__builtin_trap();
		if (e->comm && e->comm[i] && !schedtrace_context_comm(ctx, e->comm[i]))
			__builtin_trap();
	}
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct schedtrace_open_options options = { .size = sizeof(options), .threads = 1 };
	struct byte_input in = { .memory = data ? data : (const uint8_t *)"",
				 .fd = -1,
				 .size = size };
	const struct schedtrace_events *events;
	struct schedtrace_reader *reader;
	struct schedtrace_error err;
	struct schedtrace *trace;
	volatile int64_t sum = 0;
	int passed = -1, loaded;

	options.default_ids = size & 1;
	if (trace_open_input(&trace, &in, "input", &options, &err) < 0)
		return 0;
	if (schedtrace_reader_new(&reader, trace, 0, UINT64_MAX, &err) == 0) {
		while ((passed = schedtrace_reader_next(reader, &events, &err)) > 0)
			sum ^= sum_rows(schedtrace_context(trace), events);
		schedtrace_reader_free(reader);
	}
	loaded = schedtrace_load(trace, &events, &err);
	if (loaded == 0)
		sum ^= sum_rows(schedtrace_context(trace), events);
	if ((passed < 0) != (loaded < 0)) /* both check the same */
		__builtin_trap();
	sum ^= sum_stacks(schedtrace_context(trace));
	(void)sum;
	schedtrace_close(trace);
	return 0;
}
