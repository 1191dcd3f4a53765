/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's functions by address, from the text of /proc/kallsyms in a trace.dat. */
#ifndef CONVERT_KALLSYMS_H
#define CONVERT_KALLSYMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <schedtrace/error.h>

struct kernel_symbol {
	uint64_t address;
	const char *name;   /* not terminated */
	const char *module; /* likewise; NULL: the kernel's own */
	uint16_t name_n, module_n;
	bool tracer; /* one of the functions that write the trace */
};

struct kallsyms {
	struct kernel_symbol *all; /* by address */
	size_t n;
};

/* @text must outlive it. Lines that are none are skipped. */
int kallsyms_parse(struct kallsyms *out, const char *text, size_t bytes,
		   struct schedtrace_error *err);
void kallsyms_free(struct kallsyms *k);

/* The function that a return address leads back to, NULL: unknown. */
const struct kernel_symbol *kallsyms_find(const struct kallsyms *k, uint64_t return_address);

#endif
