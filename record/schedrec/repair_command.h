/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* schedrec --repair. */
#ifndef RECORD_SCHEDREC_REPAIR_COMMAND_H
#define RECORD_SCHEDREC_REPAIR_COMMAND_H

#include <stdbool.h>

/* Repairs the file (record/workfile/repair.h), tells about it and returns an exit status. */
int repair_command(const char *program, const char *path, const char *output, bool as_root);

#endif
