/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <schedtrace/analyses.h>

#include "analyze/filters_condition.h"
#include "analyze/filters_state.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/pattern.h"
#include "libschedtrace/analysis.h"
#include "libschedtrace/choice.h"

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for filters");
}

/* Appends the numbers of "1,2"; words that are empty are skipped. */
static int read_numbers(struct filter_numbers *numbers, const char *option, const char *list,
			struct schedtrace_error *err)
{
	for (size_t n; *list; list += n + (list[n] == ',')) {
		long long v;
		char *end;

		n = strcspn(list, ",");
		if (!n)
			continue;
		errno = 0;
		v = strtoll(list, &end, 10);
		if (errno || end != list + n || v > INT32_MAX || *list < '0' || *list > '9')
			return error_set(err, SCHEDTRACE_E_USAGE,
					 "%s: %.*s is no number from 0 to %d", option, (int)n, list,
					 INT32_MAX);
		numbers->values[numbers->n++] = v;
	}
	return 0;
}

static int prepare_numbers(struct filter_numbers *numbers, const char *option,
			   const struct option_list *list, struct schedtrace_error *err)
{
	size_t most = 0;
	int r = 0;

	*numbers = (struct filter_numbers){ .least = INT64_MAX, .most = INT64_MIN };
	for (size_t i = 0; i < list->n; i++)
		most += strlen(list->items[i]);
	numbers->values = calloc(most + 1, sizeof(*numbers->values));
	numbers->seen = calloc(most + 1, sizeof(*numbers->seen));
	if (!numbers->values || !numbers->seen)
		return no_memory(err);
	for (size_t i = 0; i < list->n && !r; i++)
		r = read_numbers(numbers, option, list->items[i], err);
	return r;
}

int filters_prepare(struct filters *filters, struct schedtrace_error *err)
{
	struct filters_state *state;
	int r;

	if (!filters->pids.n && !filters->comms.n && !filters->cpus.n && !filters->command &&
	    !filters->condition)
		return 0;
	filters->state = state = calloc(1, sizeof(*state));
	if (!state)
		return no_memory(err);
	intern_init(&state->comms);
	state->comms_seen = calloc(filters->comms.n + 1, sizeof(*state->comms_seen));
	if (!state->comms_seen)
		return no_memory(err);
	if (filters->condition && !(state->conditions = conditions_new(filters->condition)))
		return no_memory(err);
	r = prepare_numbers(&state->pids, "--pid", &filters->pids, err);
	return r ? r : prepare_numbers(&state->cpus, "--cpu", &filters->cpus, err);
}

static void release_numbers(struct filter_numbers *numbers)
{
	free(numbers->values);
	free(numbers->seen);
}

void filters_release(struct filters *filters)
{
	struct filters_state *state = filters->state;

	option_list_free(&filters->pids);
	option_list_free(&filters->comms);
	option_list_free(&filters->cpus);
	option_list_free(&filters->set);
	if (state) {
		release_numbers(&state->pids);
		release_numbers(&state->cpus);
		free(state->comms_seen);
		conditions_free(state->conditions);
		intern_free(&state->comms);
		free(state);
	}
	memset(filters, 0, sizeof(*filters));
}

/* ---- rows ----------------------------------------------------------------------------- */

static bool is_cpu_column(const struct schedtrace_column_info *column)
{
	static const char *const names[] = { "cpu", "from_cpu", "to_cpu", "from", "to" };

	if (column->type != SCHEDTRACE_INT || *column->unit)
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(names[i], column->name))
			return true;
	return false;
}

static bool is_pid_column(const struct schedtrace_column_info *column)
{
	return column->type == SCHEDTRACE_INT && !strcmp(column->name, "pid");
}

static bool is_comm_column(const struct schedtrace_column_info *column)
{
	return column->type == SCHEDTRACE_TEXT && !strcmp(column->name, "comm");
}

static bool number_matches(struct filter_numbers *numbers, int64_t value)
{
	bool matches = false;

	if (value == INT64_MIN)
		return false;
	if (value < numbers->least)
		numbers->least = value;
	if (value > numbers->most)
		numbers->most = value;
	for (size_t i = 0; i < numbers->n; i++)
		if (numbers->values[i] == value)
			matches = numbers->seen[i] = true;
	return matches;
}

/* Patterns that matched before need not be tried once one matches. */
static bool comm_matches(const struct filters *filters, const char *comm)
{
	struct filters_state *state = filters->state;
	bool matches = false, all_seen = true;

	for (size_t i = 0; comm && i < filters->comms.n; i++) {
		if ((!matches || !state->comms_seen[i]) &&
		    text_matches(comm, filters->comms.items[i]))
			matches = state->comms_seen[i] = true;
		all_seen &= state->comms_seen[i];
	}
	if (comm && !all_seen) /* a name that memory lacks is only not proposed */
		intern_add(&state->comms, comm, strlen(comm));
	return matches;
}

bool filters_know_command(const struct schedtrace_context *ctx)
{
	size_t n;
	const struct schedtrace_task *tasks = schedtrace_context_tasks(ctx, &n);

	for (size_t i = 0; i < n; i++)
		if (tasks[i].command_tree == 1)
			return true;
	return false;
}

bool filters_match(const struct filters *filters, const struct schedtrace_table_info *info,
		   const union schedtrace_value *values)
{
	struct filters_state *state = filters->state;
	bool about_cpu = false, on_cpu = false, passes = true;

	if (!state)
		return true;
	for (size_t i = 0; i < info->n_columns; i++) {
		const struct schedtrace_column_info *column = info->columns[i];

		/* Tables that sum up or keep the first have been made of the chosen alone, and none
		 * has rows of others than the command's tasks. */
		if (!(info->choices & SCHEDTRACE_BEFORE_TASK) && filters->pids.n &&
		    is_pid_column(column))
			passes &= number_matches(&state->pids, values[i].i);
		if (!(info->choices & SCHEDTRACE_BEFORE_TASK) && filters->comms.n &&
		    is_comm_column(column))
			passes &= comm_matches(filters, values[i].s);
		if (!(info->choices & SCHEDTRACE_BEFORE_CPU) && filters->cpus.n &&
		    is_cpu_column(column)) {
			about_cpu = true;
			on_cpu |= number_matches(&state->cpus, values[i].i);
		}
	}
	passes &= !about_cpu || on_cpu;
	if (state->conditions) {
		bool fulfils = conditions_match(state->conditions, info, values);

		state->condition_seen |= fulfils;
		passes &= fulfils;
	}
	state->passed |= passes && !filters_check(filters, info, NULL);
	return passes;
}

/* ---- what analyses choose beforehand ---------------------------------------------------- */

static int set_all(struct schedtrace_engine *engine, const char *name,
		   const struct option_list *list, struct schedtrace_error *err)
{
	int r = 0;

	for (size_t i = 0; i < list->n && !r; i++)
		r = schedtrace_engine_set_parameter(engine, name, list->items[i], err);
	return r;
}

/* NAME=VALUE, of a parameter that no option of its own sets. */
static int set_one(struct schedtrace_engine *engine, const char *text, struct schedtrace_error *err)
{
	const struct schedtrace_parameter_info *parameter;
	size_t n = strcspn(text, "=");

	for (size_t i = 0; (parameter = schedtrace_parameter_at(i)); i++)
		if (parameter->analysis && strlen(parameter->name) == n &&
		    !memcmp(parameter->name, text, n) && text[n])
			return schedtrace_engine_set_parameter(engine, parameter->name,
							       text + n + 1, err);
	return error_set(err, SCHEDTRACE_E_USAGE,
			 "--set %s: expected NAME=VALUE, where NAME is a parameter that "
			 "\"schedreport list\" shows",
			 text);
}

static bool fulfils(void *user, const struct schedtrace_table_info *info,
		    const union schedtrace_value *values)
{
	struct filters_state *state = user;
	bool fulfils = conditions_match(state->conditions, info, values);

	state->condition_seen |= fulfils;
	return fulfils;
}

int filters_tell(const struct filters *filters, struct schedtrace_engine *engine,
		 struct schedtrace_error *err)
{
	const struct row_filter condition = { fulfils, filters->state };
	int r = set_all(engine, "pid", &filters->pids, err);

	if (filters->state && filters->state->conditions)
		engine_filter_rows(engine, &condition);

	if (!r)
		r = set_all(engine, "comm", &filters->comms, err);
	if (!r)
		r = set_all(engine, "cpu", &filters->cpus, err);
	if (!r && filters->command)
		r = schedtrace_engine_set_parameter(engine, "command", "yes", err);
	for (size_t i = 0; i < filters->set.n && !r; i++)
		r = set_one(engine, filters->set.items[i], err);
	return r;
}

static void see_numbers(struct filter_numbers *numbers, const struct choice_numbers *chosen)
{
	for (size_t i = 0; i < numbers->n && i < chosen->n; i++)
		numbers->seen[i] |= chosen->seen[i];
}

void filters_learn(const struct filters *filters, const struct schedtrace_engine *engine)
{
	const struct choice *choice = engine_choice(engine);
	struct filters_state *state = filters->state;

	if (!state)
		return;
	see_numbers(&state->pids, &choice->pids);
	see_numbers(&state->cpus, &choice->cpus);
	for (size_t i = 0; i < filters->comms.n && i < choice->n_comms; i++)
		state->comms_seen[i] |= choice->comms_seen[i];
	state->passed |= choice->took;
	state->command_seen |= choice->command_took || (choice->took && filters->command);
}

/* ---- tables that cannot be chosen from ------------------------------------------------ */

#define BY_TASK (SCHEDTRACE_BY_TASK | SCHEDTRACE_BEFORE_TASK)
#define BY_CPU	(SCHEDTRACE_BY_CPU | SCHEDTRACE_BEFORE_CPU)

/* A filter that is given and that the table's rows cannot be chosen by; NULL: none. */
static const char *refused(const struct filters *filters, const struct schedtrace_table_info *info,
			   const char **about)
{
	const struct {
		bool given;
		unsigned int by;
		const char *option, *about;
	} all[] = {
		{ filters->pids.n > 0, BY_TASK, "--pid", "single tasks" },
		{ filters->comms.n > 0, BY_TASK | SCHEDTRACE_BY_NAME, "--comm", "single tasks" },
		{ filters->command, BY_TASK, "--command", "single tasks" },
		{ filters->cpus.n > 0, BY_CPU, "--cpu", "single CPUs" },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (all[i].given && !(info->choices & all[i].by)) {
			*about = all[i].about;
			return all[i].option;
		}
	return NULL;
}

static bool has_table(const struct schedtrace_analysis_info *analysis,
		      const struct schedtrace_table_info *info)
{
	for (size_t t = 0; t < analysis->n_tables; t++)
		if (analysis->tables[t] == info)
			return true;
	for (size_t l = 0; l < analysis->n_logs; l++)
		if (analysis->logs[l] == info)
			return true;
	return false;
}

/* "; it can in A, B": the tables and logs of the same analysis that the filters allow. */
static void name_others(char *text, size_t size, const struct filters *filters,
			const struct schedtrace_table_info *info)
{
	const struct schedtrace_analysis_info *analysis;
	const char *about, *sign = "; it can in ";

	for (size_t i = 0; (analysis = schedtrace_analysis_at(i)); i++)
		for (size_t t = 0;
		     has_table(analysis, info) && t < analysis->n_tables + analysis->n_logs; t++) {
			const struct schedtrace_table_info *other =
				t < analysis->n_tables ? analysis->tables[t]
						       : analysis->logs[t - analysis->n_tables];
			size_t used = strlen(text);

			if (refused(filters, other, &about))
				continue;
			snprintf(text + used, size - used, "%s%s", sign, other->name);
			sign = ", ";
		}
}

int filters_check(const struct filters *filters, const struct schedtrace_table_info *info,
		  struct schedtrace_error *err)
{
	struct conditions *conditions = filters->state ? filters->state->conditions : NULL;
	const char *about = NULL, *option = refused(filters, info, &about);
	char others[256] = "";

	if (!option)
		return conditions ? conditions_check(conditions, info, err) : 0;
	if (!err)
		return SCHEDTRACE_E_USAGE;
	name_others(others, sizeof(others), filters, info);
	return error_set(err, SCHEDTRACE_E_USAGE,
			 "%s cannot choose rows of %s, which are not about %s%s", option,
			 info->name, about, others);
}
