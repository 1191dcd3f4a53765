/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libschedtrace/choice.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/pattern.h"

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a parameter");
}

static int add_number(struct choice_numbers *numbers, int32_t value)
{
	int32_t *values = reallocarray(numbers->values, numbers->n + 1, sizeof(*values));
	bool *seen;

	if (!values)
		return -1;
	numbers->values = values;
	seen = reallocarray(numbers->seen, numbers->n + 1, sizeof(*seen));
	if (!seen)
		return -1;
	numbers->seen = seen;
	seen[numbers->n] = false;
	values[numbers->n++] = value;
	return 0;
}

/* Adds the numbers of "1,2". */
static int add_numbers(struct choice_numbers *numbers, const char *name, const char *list,
		       struct schedtrace_error *err)
{
	for (size_t n; *list; list += n + (list[n] == ',')) {
		char *end;
		long long value;

		n = strcspn(list, ",");
		if (!n)
			continue;
		errno = 0;
		value = strtoll(list, &end, 10);
		if (errno || end != list + n || *list < '0' || *list > '9' || value > INT32_MAX)
			return error_set(err, SCHEDTRACE_E_USAGE,
					 "parameter %s: %.*s is no number from 0 to %d", name,
					 (int)n, list, INT32_MAX);
		if (add_number(numbers, (int32_t)value) < 0)
			return no_memory(err);
	}
	return 0;
}

static int add_comm(struct choice *choice, const char *pattern, struct schedtrace_error *err)
{
	char **comms = reallocarray(choice->comms, choice->n_comms + 1, sizeof(*comms));
	bool *seen;

	if (!comms)
		return no_memory(err);
	choice->comms = comms;
	seen = reallocarray(choice->comms_seen, choice->n_comms + 1, sizeof(*seen));
	if (!seen)
		return no_memory(err);
	choice->comms_seen = seen;
	comms[choice->n_comms] = strdup(pattern);
	if (!comms[choice->n_comms])
		return no_memory(err);
	seen[choice->n_comms++] = false;
	return 0;
}

static int set_command(struct choice *choice, const char *value, struct schedtrace_error *err)
{
	if (strcmp(value, "yes") && strcmp(value, "no"))
		return error_set(err, SCHEDTRACE_E_USAGE, "parameter command: %s is not yes or no",
				 value);
	choice->command = !strcmp(value, "yes");
	return 0;
}

int choice_set(struct choice *choice, const char *name, const char *value,
	       struct schedtrace_error *err)
{
	int r;

	if (!strcmp(name, "pid"))
		r = add_numbers(&choice->pids, name, value, err);
	else if (!strcmp(name, "cpu"))
		r = add_numbers(&choice->cpus, name, value, err);
	else if (!strcmp(name, "comm"))
		r = add_comm(choice, value, err);
	else if (!strcmp(name, "command"))
		r = set_command(choice, value, err);
	else
		r = error_set(err, SCHEDTRACE_E_NOT_FOUND,
			      "no parameter is called \"%.100s\"; there are: pid, comm, command, "
			      "cpu, worst, points",
			      name);
	choice->given = choice->pids.n || choice->cpus.n || choice->n_comms || choice->command;
	return r;
}

void choice_free(struct choice *choice)
{
	for (size_t i = 0; i < choice->n_comms; i++)
		free(choice->comms[i]);
	free(choice->comms);
	free(choice->comms_seen);
	free(choice->pids.values);
	free(choice->pids.seen);
	free(choice->cpus.values);
	free(choice->cpus.seen);
	free(choice->fits.items);
}

static bool has_number(struct choice_numbers *numbers, int32_t value)
{
	bool has = !numbers->n;

	for (size_t i = 0; i < numbers->n; i++)
		if (numbers->values[i] == value)
			has = numbers->seen[i] = true;
	return has;
}

static bool fits(struct choice *choice, const char *name)
{
	bool any = false;

	for (size_t i = 0; name && i < choice->n_comms; i++)
		if (text_matches(name, choice->comms[i]))
			any = choice->comms_seen[i] = true;
	return any;
}

/* The same, remembered by the number of the name; without memory only slower. */
static bool name_fits(struct choice *choice, const struct lives *lives, int32_t name)
{
	uint8_t *known = name < 0 ? NULL : grown_at(&choice->fits, name, uint8_t);
	bool fit;

	if (name < 0)
		return false;
	if (known && *known)
		return *known == 2;
	fit = fits(choice, lives->names.names[name]);
	if (known)
		*known = fit ? 2 : 1;
	return fit;
}

bool choice_has_cpu(struct choice *choice, int64_t cpu)
{
	return cpu >= 0 && cpu <= INT32_MAX && has_number(&choice->cpus, (int32_t)cpu);
}

bool choice_judge(struct choice *choice, const struct lives *lives, uint32_t id, int32_t cpu,
		  bool about_cpu)
{
	const struct life *life = id <= LIFE_MAX ? &lives->all[id] : NULL;
	bool takes;

	if (life && life->flags & LIFE_MANY) /* they were judged when they were let go */
		return life->flags & LIFE_CHOSEN;
	takes = !about_cpu || has_number(&choice->cpus, cpu);
	takes &= has_number(&choice->pids, life ? life->pid : id == LIFE_IDLE ? 0 : -1);
	if (choice->n_comms)
		takes &= life && name_fits(choice, lives, life->name);
	if (choice->command)
		takes &= life && life->of_command == 1;
	choice->took |= takes;
	return takes;
}

bool choice_gives(struct choice *choice, const struct lives *lives, uint32_t id)
{
	const struct life *life = id <= LIFE_MAX ? &lives->all[id] : NULL;
	bool gives;

	if (!choice->command)
		return true;
	if (life && life->flags & LIFE_MANY)
		return life->flags & LIFE_CHOSEN;
	gives = life && lives_of_command(lives, life);
	choice->command_took |= gives;
	return gives;
}

bool choice_takes_process(struct choice *choice, const struct lives *lives, int32_t tgid,
			  uint32_t leader)
{
	const struct life *life = leader <= LIFE_MAX ? &lives->all[leader] : NULL;
	bool takes;

	if (!choice->given)
		return true;
	if (life && life->flags & LIFE_MANY)
		return life->flags & LIFE_CHOSEN;
	takes = has_number(&choice->pids, tgid);
	if (choice->n_comms)
		takes &= life && name_fits(choice, lives, life->name);
	if (choice->command)
		takes &= life && life->of_command == 1;
	choice->took |= takes;
	return takes;
}
