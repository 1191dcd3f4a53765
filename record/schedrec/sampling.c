/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/schedrec/sampling.h"

#include <time.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/mem.h"
#include "cli/options.h"
#include "cli/report_error.h"

int sampling_start(struct sampling *s, const struct recording_settings *settings, int marker_fd,
		   int64_t begun_ns, struct schedtrace_error *err)
{
	*s = (struct sampling){ .settings = settings, .begun_ns = begun_ns };
	return sampler_new(&s->sampler,
			   settings->sample_hz ? settings->sample_hz : SAMPLER_DEFAULT_HZ,
			   marker_fd, err);
}

void sampling_free(struct sampling *s)
{
	if (s->workload)
		s->workload->last_look = NULL;
	s->workload = NULL;
	sampler_free(s->sampler);
	s->sampler = NULL;
}

int sampling_follow(struct sampling *s, struct workload *w, const struct attach *attach,
		    struct schedtrace_error *err)
{
	int result = 0;

	if (!s->settings->sample_hz)
		return 0;
	if (w->pid) {
		w->last_look = sampler_ended;
		w->look_self = s->sampler;
		s->workload = w;
		result = sampler_follow(s->sampler, w->pid, false, err);
		if (w->follow_all)
			sampler_follow_adopted(s->sampler);
	}
	for (size_t i = 0; result == 0 && i < attach->n; i++) {
		result = sampler_follow(s->sampler, attach->pids[i], true, err);
		if (result == SCHEDTRACE_E_NOT_FOUND) /* it has ended since we looked */
			result = 0;
	}
	return result;
}

int sampling_fd(const struct sampling *s)
{
	return s->sampler && !s->failed ? sampler_fd(s->sampler) : -1;
}

/* The recording goes on without samples. */
static void fail(struct sampling *s, const struct schedtrace_error *err)
{
	report(s->settings->program, "samples end here: %s", err->text);
	s->failed = true;
}

void sampling_run(struct sampling *s)
{
	struct schedtrace_error err;

	if (sampler_run(s->sampler, &err) < 0)
		fail(s, &err);
}

void sampling_finish(struct sampling *s)
{
	struct schedtrace_error err;

	if (s->sampler && !s->failed && sampler_finish(s->sampler, &err) < 0)
		report(s->settings->program, "samples: %s", err.text);
	if (s->sampler && sampler_check_rate(s->sampler, &err) < 0)
		report(s->settings->program, "samples: %s", err.text);
	sampling_free(s);
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

	if (result == 0 && s->failed)
		result = error_set(err, SCHEDTRACE_E_IO, "its samples have failed");
	return result < 0 ? result : sampler_register(s->sampler, pid, err);
}

static int obey_unregister(void *self, const char *argument, json_t *reply,
			   struct schedtrace_error *err)
{
	struct sampling *s = self;
	pid_t pid = 0;
	int result = parse_pid(argument, &pid, err);

	return result < 0 ? result : sampler_unregister(s->sampler, pid, err);
}

static int obey_status(void *self, const char *argument, json_t *reply,
		       struct schedtrace_error *err)
{
	struct sampling *s = self;
	auto_free char *output = escape_visible(s->settings->output);
	json_t *sampler = sampler_status(s->sampler);
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	json_object_set_new(reply, "output", output ? json_string(output) : NULL);
	json_object_set_new(
		reply, "recording_ns",
		json_integer((int64_t)now.tv_sec * 1000000000 + now.tv_nsec - s->begun_ns));
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
