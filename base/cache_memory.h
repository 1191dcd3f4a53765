/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory that the kernel may write out: large pieces of it lie in a file without a name, in the
 * user's cache folder, so that what is kept of a recording need not fit into memory.
 */
#ifndef BASE_CACHE_MEMORY_H
#define BASE_CACHE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include <schedtrace/error.h>

struct cache_memory;

int cache_memory_new(struct cache_memory **out, struct schedtrace_error *err);

/* Gives back all its pieces; NULL does nothing. */
void cache_memory_free(struct cache_memory *memory);

/* A piece, of zeros, aligned to 64 bytes; NULL: neither memory nor file has room. For threads. */
void *cache_memory_take(struct cache_memory *memory, size_t size);

/*
 * A piece that is written a stretch at a time and only read where it lies. What is written so goes
 * into the file without a fault for each of its pages, which costs several times as much.
 */
struct cache_piece {
	const void *bytes;
	void *memory; /* the same, or NULL: they are in the file */
	int fd;
	int64_t at; /* in that file */
};

/* -1: neither memory nor file has room. */
int cache_memory_reserve(struct cache_memory *memory, size_t size, struct cache_piece *out);

/* Writes @n bytes to byte @at of the piece; -1: the file does not take them. */
int cache_piece_write(const struct cache_piece *piece, size_t at, const void *from, size_t n);

/* One array that grows, likewise in a file of its own once it is large; zeroes are an empty one. */
struct cache_array {
	void *items;
	size_t size; /* bytes that there is room for */
	int fd;	     /* of its file, + 1; 0: none */
};

/* Room for @size bytes, at a new place maybe; new ones are 0. -1: neither memory nor file has
 * it. */
int cache_array_grow(struct cache_array *array, size_t size);

void cache_array_free(struct cache_array *array);

#endif
