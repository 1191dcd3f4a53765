/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* $NAME in the texts of an instruction file, as Python's string.Template has it. */
#ifndef VIEW_FIGURE_TEMPLATE_H
#define VIEW_FIGURE_TEMPLATE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Writes @text with the number of each event for its $NAME or ${NAME}, and $ for $$, to @out, which
 * has TEMPLATE_ROOM of it. 0; 1: @unknown is a name that @id has no number for; -1: a $ is followed
 * by no name.
 */
int template_expand(const char *text, int32_t (*id)(void *user, const char *name), void *user,
		    char *out, char unknown[64]);

/* A name of one letter, two bytes with its $, becomes a number of up to ten. */
#define TEMPLATE_ROOM(text) (6 * strlen(text) + 1)

#endif
