/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bob Jenkins's hash of 32-bit words, lookup3's hashword(), as the kernel's jhash2() computes
 * it. */
#ifndef BASE_JHASH_H
#define BASE_JHASH_H

#include <stddef.h>
#include <stdint.h>

uint32_t jhash_words(const uint32_t *words, size_t n, uint32_t initval);

/* Of addresses: each is two words, the low one first, as in the memory of these machines. */
uint32_t jhash_addresses(const uint64_t *addresses, size_t n, uint32_t initval);

#endif
