/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sentences for the user that are no failures. */
#ifndef BASE_NOTE_H
#define BASE_NOTE_H

#include <schedtrace/error.h>

/* Who gets them; all zeroes: nobody, as NULL in place of one. */
struct notes {
	void (*tell)(void *user, const char *text); /* one printable sentence */
	void *user;
};

/* Makes the sentence and gives it to them. */
void note(const struct notes *notes, const char *fmt, ...) SCHEDTRACE_PRINTF(2, 3);

#endif
