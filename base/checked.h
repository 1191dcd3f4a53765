/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arithmetic on sizes that come from a file. */
#ifndef BASE_CHECKED_H
#define BASE_CHECKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True when the result fits in *out. Operands and *out may be of any integer types. */
#define checked_add(a, b, out) (!__builtin_add_overflow((a), (b), (out)))
#define checked_sub(a, b, out) (!__builtin_sub_overflow((a), (b), (out)))
#define checked_mul(a, b, out) (!__builtin_mul_overflow((a), (b), (out)))

/* True when [offset, offset + n) lies within [0, size). */
static inline bool checked_range(uint64_t offset, uint64_t n, uint64_t size)
{
	return offset <= size && n <= size - offset;
}

#endif
