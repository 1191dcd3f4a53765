/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Orders of schedrec ctl about the samples of a recording. */
#ifndef RECORD_SCHEDREC_SAMPLING_H
#define RECORD_SCHEDREC_SAMPLING_H

#include "record/capture.h"
#include "record/control.h"
#include "record/sampler.h"
#include "record/schedrec/recording.h"
#include "record/workload/workload.h"

#define SAMPLING_VERBS 3

struct sampling {
	const struct recording_settings *settings;
	const struct capture *capture; /* that has the sampler */
	struct workload *workload;     /* that is followed; NULL: none */
};

/* Once the recording has begun: the command, which is sampled, gets a last look when it has
 * ended. */
void sampling_begin(struct sampling *s, const struct recording_settings *settings,
		    const struct capture *capture, struct workload *w);
/* Before the sampler ends. */
void sampling_end(struct sampling *s);

/* Adds register, unregister and status to @verbs. */
void sampling_verbs(struct sampling *s, struct control_verb verbs[SAMPLING_VERBS]);

#endif
