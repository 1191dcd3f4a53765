/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <schedtrace/events.h>

#define INFO(name, id, pid, arg0, arg1, when) [id] = { #name, id, pid, arg0, arg1, when },
static const struct schedtrace_event_info infos[SCHEDTRACE_EVENT_COUNT] = {
	SCHEDTRACE_EVENTS(INFO)
};

const struct schedtrace_event_info *schedtrace_event_info(int id)
{
	return id >= 0 && id < SCHEDTRACE_EVENT_COUNT ? &infos[id] : NULL;
}
