/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waits of all tasks of one name together, whose histograms merge exactly. */
#ifndef LIBSCHEDTRACE_ANALYSES_LATENCY_COMMS_H
#define LIBSCHEDTRACE_ANALYSES_LATENCY_COMMS_H

#include "base/intern.h"
#include "libschedtrace/analyses/latency.h"

struct latency_comms {
	struct intern names;   /* "" where unknown: no task is called so */
	struct grown accounts; /* struct comm_account by name */
};

void latency_comms_init(struct latency_comms *comms);
void latency_comms_free(struct latency_comms *comms);

/* Adds the waits of one kind of a task of this name, NULL unknown. -1 without memory. */
int latency_comms_add(struct latency_comms *comms, const char *comm, enum latency_kind kind,
		      const struct kind_account *waits);

int latency_comms_table(const struct latency_comms *comms, const struct latency *latency,
			struct schedtrace_tables *out, struct schedtrace_error *err);

#endif
