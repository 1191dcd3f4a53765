/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/schedrec/sampling.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/escape.h"
#include "base/mem.h"
#include "cli/options.h"
#include "cli/report_error.h"

void sampling_begin(struct sampling *s, const struct recording_settings *settings,
		    const struct capture *capture, struct workload *w)
{
	*s = (struct sampling){ .settings = settings, .capture = capture };
	if (!settings->sample_hz || !w->pid)
		return;
	w->last_look = sampler_ended;
	w->look_self = capture_sampler(capture);
	if (w->follow_all)
		sampler_follow_adopted(capture_sampler(capture));
	s->workload = w;
}

void sampling_end(struct sampling *s)
{
	if (s->workload)
		s->workload->last_look = NULL;
	s->workload = NULL;
}

/* ---- orders --------------------------------------------------------------------------- */

static int parse_pid(const char *text, pid_t *pid, struct schedtrace_error *err)
{
	int64_t value;

	if (!options_parse_value(OPTION_NUMBER, NULL, text, &value) || value <= 0 ||
	    value > INT32_MAX)
		return error_set(err, SCHEDTRACE_E_USAGE, "%s is no pid", text);
	*pid = (pid_t)value;
	return 0;
}

static int obey_register(void *self, const char *argument, json_t *reply,
			 struct schedtrace_error *err)
{
	struct sampling *s = self;
	pid_t pid = 0;
	int result = parse_pid(argument, &pid, err);

	if (result == 0 && capture_sampling_failed(s->capture))
		result = error_set(err, SCHEDTRACE_E_IO, "its samples have failed");
	return result < 0 ? result : sampler_register(capture_sampler(s->capture), pid, err);
}

static int obey_unregister(void *self, const char *argument, json_t *reply,
			   struct schedtrace_error *err)
{
	struct sampling *s = self;
	pid_t pid = 0;
	int result = parse_pid(argument, &pid, err);

	return result < 0 ? result : sampler_unregister(capture_sampler(s->capture), pid, err);
}

static int obey_status(void *self, const char *argument, json_t *reply,
		       struct schedtrace_error *err)
{
	struct sampling *s = self;
	auto_free char *output = escape_visible(s->settings->output);
	json_t *sampler = sampler_status(capture_sampler(s->capture));

	json_object_set_new(reply, "output", output ? json_string(output) : NULL);
	json_object_set_new(reply, "recording_ns",
			    json_integer(now_ns() - capture_begun_ns(s->capture)));
	if (!output || json_object_set_new(reply, "sampler", sampler) < 0)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for the status");
	return 0;
}

void sampling_verbs(struct sampling *s, struct control_verb verbs[SAMPLING_VERBS])
{
	verbs[0] = (struct control_verb){ "register", obey_register, s };
	verbs[1] = (struct control_verb){ "unregister", obey_unregister, s };
	verbs[2] = (struct control_verb){ "status", obey_status, s };
}
