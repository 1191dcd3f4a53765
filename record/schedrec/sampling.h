/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The samples of one recording, and the orders of schedrec ctl about them. */
#ifndef RECORD_SCHEDREC_SAMPLING_H
#define RECORD_SCHEDREC_SAMPLING_H

#include "record/attach.h"
#include "record/control.h"
#include "record/sampler.h"
#include "record/schedrec/recording.h"
#include "record/schedrec/workload.h"

#define SAMPLING_VERBS 3

struct sampling {
	const struct recording_settings *settings;
	struct sampler *sampler;   /* NULL: not begun */
	struct workload *workload; /* that is followed; NULL: none */
	int64_t begun_ns;
	bool failed; /* it was told, and sampling has stopped */
};

/* @begun_ns on CLOCK_MONOTONIC. */
int sampling_start(struct sampling *s, const struct recording_settings *settings, int marker_fd,
		   int64_t begun_ns, struct schedtrace_error *err);
/* If the settings say so: the trees of the command, with a last look when it has ended, and of
 * what was attached to. */
int sampling_follow(struct sampling *s, struct workload *w, const struct attach *attach,
		    struct schedtrace_error *err);
void sampling_free(struct sampling *s);

/* Adds register, unregister and status to @verbs. */
void sampling_verbs(struct sampling *s, struct control_verb verbs[SAMPLING_VERBS]);

int sampling_fd(const struct sampling *s); /* to poll; -1: nothing is sampled */
void sampling_run(struct sampling *s);
/* Last samples of all. */
void sampling_finish(struct sampling *s);

#endif
