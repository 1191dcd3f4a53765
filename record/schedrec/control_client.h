/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* schedrec ctl: orders for a recording that runs, over its socket (record/control.h). */
#ifndef RECORD_SCHEDREC_CONTROL_CLIENT_H
#define RECORD_SCHEDREC_CONTROL_CLIENT_H

#include "cli/options.h"

extern const struct program control_program;

/* Returns an exit status. argv[0] is "ctl". */
int control_client(int argc, char **argv);

#endif
