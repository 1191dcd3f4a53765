/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TRACEDAT_RECOGNIZE_H
#define TRACEDAT_RECOGNIZE_H

#include <stdbool.h>

/* True when the file begins as a trace.dat does. */
bool tracedat_is(const char *path);

#endif
