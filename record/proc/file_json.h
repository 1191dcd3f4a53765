/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small files of /proc and /sys as JSON. */
#ifndef RECORD_PROC_FILE_JSON_H
#define RECORD_PROC_FILE_JSON_H

#include <jansson.h>

/* The whole of a small file, without a newline at its end, to be freed; NULL if it cannot be
 * read. */
char *file_read(const char *path);

/* As text; null where there is none. */
json_t *text_json(const char *text);
json_t *file_json(const char *path);

/* The number that the file is; null where it is none. */
json_t *file_number_json(const char *path);

#endif
