/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Instruction files by path, or by the names of those that are installed. */
#ifndef VIEW_FIGURE_FIND_INSTRUCTIONS_H
#define VIEW_FIGURE_FIND_INSTRUCTIONS_H

#include <stddef.h>

#include <schedtrace/error.h>

/* The path of @name, to be freed: itself where such a file is, else the installed one. */
int find_instructions(const char *name, char **path, struct schedtrace_error *err);

/* The i-th installed one's name, for completion and messages; NULL behind the last. */
const char *installed_instructions(size_t i);

#endif
