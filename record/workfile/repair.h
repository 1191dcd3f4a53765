/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Working files that killed recorders left, made into ordinary ones. */
#ifndef RECORD_WORKFILE_REPAIR_H
#define RECORD_WORKFILE_REPAIR_H

#include <stdbool.h>
#include <stdint.h>

#include <schedtrace/error.h>

#include "base/note.h"

/* What a repaired file holds. */
struct repaired {
	uint64_t bytes; /* of events */
	uint64_t more;	/* of them, that were not in its table yet */
};

/*
 * Makes the working file @path an ordinary trace.dat: in place, or as @output if that is not NULL.
 * If @path is not there, what a killed recorder left for it is taken, and that is noted.
 */
int repair_file(const char *path, const char *output, bool as_root, const struct notes *notes,
		struct repaired *done, struct schedtrace_error *err);

/* What a working file that nobody holds is. */
enum leftover {
	LEFTOVER_NONE, /* no working file, or one that was finished */
	LEFTOVER_EMPTY,
	LEFTOVER_WITH_EVENTS,
};

enum leftover repair_look(int fd);

#endif
