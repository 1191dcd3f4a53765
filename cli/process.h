/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a process gets from the one that started it and must not go by: missing standard
 * descriptors, signals that are ignored or that end it. Every program begins here.
 */
#ifndef CLI_PROCESS_H
#define CLI_PROCESS_H

#include <stdio.h>

/*
 * To be called before anything else. Puts something into the place of descriptors 0, 1 and 2 where
 * they are missing, or the next file that is opened would be taken for the standard output: reading
 * and writing it still fails with EBADF. Ignores SIGPIPE and SIGXFSZ, so that such writes fail with
 * a reason, and lets children be waited for where SIGCHLD was ignored. Characters print, or not, as
 * in UTF-8, whatever the locale; numbers stay as in C. Where a descriptor cannot be had the program
 * ends here with status @failed.
 */
void process_begin(const char *program, int failed);

/* Before another program takes this process over: it gets what it would have got without us. */
void process_give_back(void);

/*
 * 0 when all that was printed is out, or an errno. If nobody reads the standard output any more, as
 * in "… | head", the reader has seen enough: the program ends here, by SIGPIPE as others do.
 */
int process_flush(FILE *f);

#endif
