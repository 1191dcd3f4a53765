/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Allocations of the library that fail when a test says so; the linker wraps the functions. */
#ifndef TESTS_UNIT_FAILING_MEMORY_H
#define TESTS_UNIT_FAILING_MEMORY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Allocations of the library count down to one that fails, and all after it when
 * that is asked for. */
static atomic_long countdown = -1;
static bool persistent;

/* Threads of the library count down together. */
static bool fails(void)
{
	long left = countdown;

	do {
		if (left < 0 || (left == 0 && persistent))
			return left == 0;
	} while (!atomic_compare_exchange_weak(&countdown, &left, left - 1));
	return left == 0;
}

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_reallocarray(void *p, size_t n, size_t size);
char *__real_strdup(const char *s);
FILE *__real_open_memstream(char **buf, size_t *n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_reallocarray(void *p, size_t n, size_t size);
char *__wrap_strdup(const char *s);
FILE *__wrap_open_memstream(char **buf, size_t *n);

void *__wrap_malloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
	return fails() ? NULL : __real_realloc(p, n);
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return fails() ? NULL : __real_reallocarray(p, n, size);
}

char *__wrap_strdup(const char *s)
{
	return fails() ? NULL : __real_strdup(s);
}

FILE *__wrap_open_memstream(char **buf, size_t *n)
{
	return fails() ? NULL : __real_open_memstream(buf, n);
}

#endif
