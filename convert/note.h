/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sentences for the user that are no failures. */
#ifndef CONVERT_NOTE_H
#define CONVERT_NOTE_H

#include "convert/source.h"

/* Gives the sentence to options->note, if the user wants notes. */
void note(const struct source_options *options, const char *fmt, ...) SCHEDTRACE_PRINTF(2, 3);

#endif
