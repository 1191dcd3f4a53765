/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands beside the program, which may have been moved with its prefix, or never installed. */
#ifndef VIEW_FIGURE_BESIDE_PROGRAM_H
#define VIEW_FIGURE_BESIDE_PROGRAM_H

/*
 * The path of share/schedtrace/NAME, or of NAME in the program's own folder, where a build has it;
 * to be freed. NULL: it is in neither, or there is no memory.
 */
char *beside_program(const char *name);

#endif
