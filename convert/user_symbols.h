/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Functions of program files, by libdw. */
#ifndef CONVERT_USER_SYMBOLS_H
#define CONVERT_USER_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

struct user_symbols;

struct user_symbols *user_symbols_new(void); /* NULL without memory */
void user_symbols_free(struct user_symbols *u);

/*
 * The function at an offset of a file, to be freed: its name, or FILE+0xOFFSET where the file
 * names none. NULL where the file is not here or has another build-id than @build_id (if that
 * has any bytes), which is counted.
 */
char *user_symbols_name(struct user_symbols *u, const char *path, const uint8_t *build_id,
			size_t build_id_bytes, uint64_t offset);

/*
 * How many files are not here, or are others than those that were recorded. @names: the first of
 * them with commas between, to be freed; NULL without memory.
 */
size_t user_symbols_files_missing(const struct user_symbols *u, char **names);
size_t user_symbols_files_changed(const struct user_symbols *u, char **names);

#endif
