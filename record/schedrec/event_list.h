/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* schedrec list: the sets of events, what this kernel has of them, and what they cost. */
#ifndef RECORD_SCHEDREC_EVENT_LIST_H
#define RECORD_SCHEDREC_EVENT_LIST_H

#include "cli/options.h"

extern const struct program list_program;

/* argv[0] is "list". Returns an exit status. */
int list_sets(int argc, char **argv);

#endif
