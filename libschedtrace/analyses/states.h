/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pictures of the log of states that other analyses have too. */
#ifndef LIBSCHEDTRACE_ANALYSES_STATES_H
#define LIBSCHEDTRACE_ANALYSES_STATES_H

#include "libschedtrace/analysis.h"

/* Who ran on each CPU; what the tasks that ran longest did. */
extern const struct schedtrace_picture picture_who_ran, picture_what_tasks_did;

#endif
