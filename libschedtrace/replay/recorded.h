/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LIBSCHEDTRACE_REPLAY_RECORDED_H
#define LIBSCHEDTRACE_REPLAY_RECORDED_H

#include <stdbool.h>

#include <schedtrace/events.h>

/*
 * Whether rows of @event, an enum schedtrace_event_id, were recorded: there is one, or the recorder
 * says that it recorded the kernel's event that makes them. Otherwise what is counted from them is
 * unknown, not 0.
 *
 * @seen tells by id of which events the trace has a row; @recorded is struct schedtrace_info's
 * events, NULL unknown.
 */
bool event_recorded(const bool *seen, const char *recorded, int event);

/* The id of a name, as schedtrace_event_info() has it; -1: there is none. */
int event_by_name(const char *name);

/* A sentence for where it was not, static; NULL: no event of the kernel makes its rows. */
const char *event_missing(int event);

/* The same of the states in which tasks are switched out. */
bool states_recorded(const bool *seen, const char *recorded);

#endif
