/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One format text through libtraceevent; runs in the worker process. */
#include "tracedat/formats.h"

#include <stdlib.h>
#include <string.h>

#include <traceevent/event-parse.h>

#define EVAL_DEPTH 256

static bool eval(const struct tep_print_arg *arg, uint64_t *out, int depth)
{
	uint64_t a, b;
	const char *op;
	char *end;

	if (!arg || depth > EVAL_DEPTH)
		return false;
	if (arg->type == TEP_PRINT_TYPE)
		return eval(arg->typecast.item, out, depth + 1);
	if (arg->type == TEP_PRINT_ATOM) {
		*out = strtoull(arg->atom.atom, &end, 0);
		return end != arg->atom.atom;
	}
	if (arg->type != TEP_PRINT_OP || !eval(arg->op.left, &a, depth + 1) ||
	    !eval(arg->op.right, &b, depth + 1))
		return false;
	op = arg->op.op;
	if (!strcmp(op, "|"))
		*out = a | b;
	else if (!strcmp(op, "+"))
		*out = a + b;
	else if (!strcmp(op, "-"))
		*out = a - b;
	else if (!strcmp(op, "<<") && b < 64)
		*out = a << b;
	else if (!strcmp(op, "&"))
		*out = a & b;
	else
		return false;
	return true;
}

static bool is_state(const struct tep_print_arg *arg)
{
	while (arg && arg->type == TEP_PRINT_TYPE)
		arg = arg->typecast.item;
	return arg && arg->type == TEP_PRINT_FIELD && arg->field.name &&
	       !strcmp(arg->field.name, "prev_state");
}

/* The constant of "REC->prev_state & CONSTANT"; kernels before 3.2 have none. */
static bool state_mask(const struct tep_print_arg *arg, uint64_t *mask)
{
	if (is_state(arg)) {
		*mask = UINT64_MAX;
		return true;
	}
	return arg && arg->type == TEP_PRINT_OP && !strcmp(arg->op.op, "&") &&
	       is_state(arg->op.left) && eval(arg->op.right, mask, 0);
}

static void take_flags(const struct tep_print_arg *arg, struct format_states *s)
{
	const struct tep_print_flag_sym *f;

	if (!state_mask(arg->flags.field, &s->mask))
		return;
	for (f = arg->flags.flags; f && s->n < sizeof(s->flags) / sizeof(*s->flags); f = f->next) {
		if (!f->value || !f->str || !f->str[0])
			continue;
		s->flags[s->n].bit = strtoull(f->value, NULL, 0);
		s->flags[s->n].code = f->str[0];
		s->n++;
	}
}

/*
 * "prev_state & MASK ? __print_flags(prev_state & MASK, ...) : "R"" is the table, and
 * "prev_state & BIT ? "+" : """ the bit of a task that was preempted.
 */
static void find_states(const struct tep_print_arg *arg, struct format_states *s, int depth)
{
	const struct tep_print_arg *then;
	uint64_t bit;

	if (!arg || depth > EVAL_DEPTH)
		return;
	if (arg->type == TEP_PRINT_FLAGS) {
		take_flags(arg, s);
		return;
	}
	if (arg->type != TEP_PRINT_OP || strcmp(arg->op.op, "?") || !arg->op.right ||
	    arg->op.right->type != TEP_PRINT_OP)
		return;
	then = arg->op.right->op.left;
	if (then && then->type == TEP_PRINT_ATOM && then->atom.atom &&
	    strchr(then->atom.atom, '+') && state_mask(arg->op.left, &bit)) {
		s->preempted = bit;
		return;
	}
	find_states(then, s, depth + 1);
	/* The same mask stands before the question mark and in the table. */
	if (then && then->type == TEP_PRINT_FLAGS &&
	    (!state_mask(arg->op.left, &bit) || bit != s->mask))
		s->n = 0;
}

/*
 * Whether the table is one that a kernel could print: a letter for each bit from the lowest on,
 * all of which the mask covers, and right above the mask the bit of "+".
 */
static bool states_agree(const struct format_states *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->flags[i].bit != 1ull << i || !(s->mask & s->flags[i].bit))
			return false;
	return s->n && !(s->mask & (s->mask + 1)) && s->preempted == s->mask + 1;
}

/* Whether the letters stand as kernels have had them: until 3.8, 3.9 to 4.13, since 4.14. */
static bool states_known(const struct format_states *s)
{
	static const char *const orders[] = { "SDTtZXxW", "SDTtZXxKWPN", "SDTtXZPI" };

	for (size_t i = 0; i < sizeof(orders) / sizeof(*orders); i++) {
		size_t n = 0;

		while (n < s->n && orders[i][n] && orders[i][n] == s->flags[n].code)
			n++;
		if (n == s->n)
			return true;
	}
	return false;
}

static void take_states(const struct tep_event *event, struct format_head *head)
{
	struct format_states *s = &head->states;

	for (const struct tep_print_arg *arg = event->print_fmt.args; arg; arg = arg->next)
		find_states(arg, s, 0);
	if (!states_agree(s)) {
		*s = (struct format_states){ 0 };
		head->states_doubt = FORMAT_STATES_UNREADABLE;
	} else if (!states_known(s)) {
		head->states_doubt = FORMAT_STATES_NEW;
	}
}

static void take_fields(const struct tep_format_field *field, struct format_head *head,
			struct format_wire_field *out)
{
	for (; field && head->n_fields < FORMAT_FIELDS_MAX; field = field->next) {
		struct format_wire_field *f = &out[head->n_fields];
		bool dynamic = field->flags & TEP_FIELD_IS_DYNAMIC;
		uint32_t end;

		if (field->offset < 0 || field->size < 0 || !field->name ||
		    strlen(field->name) >= sizeof(f->name))
			continue;
		memset(f, 0, sizeof(*f));
		f->offset = (uint32_t)field->offset;
		f->size = (uint32_t)field->size;
		f->is_signed = !!(field->flags & TEP_FIELD_IS_SIGNED);
		f->is_string = !!(field->flags & TEP_FIELD_IS_STRING);
		f->is_rel_loc = dynamic && field->flags & TEP_FIELD_IS_RELATIVE;
		f->is_data_loc = dynamic && !f->is_rel_loc;
		strcpy(f->name, field->name);
		head->n_fields++;
		/* A last array may be longer or shorter in a record than the text says. */
		if (!field->next && field->flags & TEP_FIELD_IS_ARRAY && !dynamic)
			continue;
		if (!__builtin_add_overflow(f->offset, f->size, &end) && end > head->min_size)
			head->min_size = end;
	}
}

void format_parse_text(const char *system, const char *text, size_t n, struct format_head *head,
		       struct format_wire_field *fields)
{
	struct tep_handle *tep = tep_alloc();
	struct tep_event *event = NULL;
	enum tep_errno r;

	head->id = -1;
	head->bad_line = format_bad_line(text, n);
	if (!tep)
		return;
	tep_set_long_size(tep, 8);
	tep_set_file_bigendian(tep, TEP_LITTLE_ENDIAN);
	tep_set_local_bigendian(tep, TEP_LITTLE_ENDIAN);
	tep_set_loglevel(TEP_LOG_NONE);
	/* A failure may mean only that the print fmt was not understood: the fields are there. */
	r = tep_parse_event(tep, text, n, system);
	event = tep_get_first_event(tep);
	if (r != TEP_ERRNO__READ_ID_FAILED && r != TEP_ERRNO__READ_FORMAT_FAILED && event &&
	    event->name && event->id >= 0 && event->id <= UINT16_MAX &&
	    strlen(event->name) < sizeof(head->name)) {
		strcpy(head->name, event->name);
		take_fields(event->format.common_fields, head, fields);
		take_fields(event->format.fields, head, fields);
		if (!strcmp(event->name, "sched_switch"))
			take_states(event, head);
		head->id = head->n_fields && !head->bad_line ? event->id : -1;
	}
	tep_free(tep);
}
