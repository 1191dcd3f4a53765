/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "record/tracefs/event_sets.h"

static int parse(struct event_list *list, struct schedtrace_error *err, const char *argument)
{
	return event_sets_parse(list, &argument, 1, err);
}

static const struct chosen_event *find(const struct event_list *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->items[i].name, name) == 0)
			return &list->items[i];
	return NULL;
}

static void no_argument_means_the_set_sched(void **state)
{
	struct event_list list;

	assert_int_equal(event_sets_parse(&list, NULL, 0, NULL), 0);
	assert_int_equal(list.n, 11);
	assert_int_equal(list.buffer_kb, 8192);
	assert_string_equal(list.items[0].system, "sched");
	assert_string_equal(list.items[0].name, "sched_switch");
	assert_false(list.items[0].by_name);
	event_sets_free(&list);
}

static void sets_and_events_stand_side_by_side(void **state)
{
	struct event_list list;

	assert_int_equal(parse(&list, NULL, "futex, irq:irq_handler_entry,sched_switch"), 0);
	assert_int_equal(list.n, 2 + 5 + 2);
	assert_false(find(&list, "sys_enter_futex")->by_name);
	assert_true(find(&list, "irq_handler_entry")->by_name);
	assert_null(find(&list, "sched_switch")->system);
	event_sets_free(&list);
}

/* That of power is about CPUs. */
static void every_set_about_tasks_records_how_they_are_called(void **state)
{
	static const char *const events[] = { "sched_process_fork", "sched_process_exec",
					      "sched_process_exit", "task_rename", "task_newtask" };
	const char *set;

	for (size_t i = 0; (set = event_sets_name(i)); i++) {
		struct event_list list;

		assert_int_equal(parse(&list, NULL, set), 0);
		for (size_t e = 0; e < sizeof(events) / sizeof(*events); e++)
			if (strcmp(set, "power") != 0 && !find(&list, events[e]))
				fail_msg("set %s lacks %s", set, events[e]);
		event_sets_free(&list);
	}
}

static void memory_events_call_for_larger_buffers(void **state)
{
	struct event_list list;

	assert_int_equal(parse(&list, NULL, "sched,mm"), 0);
	assert_int_equal(list.buffer_kb, 16384);
	event_sets_free(&list);
}

static void a_filter_ends_at_a_comma_outside_quotes(void **state)
{
	struct event_list list;

	assert_int_equal(parse(&list, NULL,
			       "sched_switch if prev_comm == \"a,b\" && (prev_pid == 1), "
			       "irq:irq_handler_exit if ret > 0"),
			 0);
	assert_int_equal(list.n, 2);
	assert_string_equal(list.items[0].filter, "prev_comm == \"a,b\" && (prev_pid == 1)");
	assert_string_equal(list.items[1].filter, "ret > 0");
	event_sets_free(&list);
}

static void an_event_named_twice_is_listed_once(void **state)
{
	const char *arguments[] = { "sched", "sched:sched_switch if prev_pid == 1" };
	struct event_list list;

	assert_int_equal(event_sets_parse(&list, arguments, 2, NULL), 0);
	assert_int_equal(list.n, 11);
	assert_string_equal(find(&list, "sched_switch")->filter, "prev_pid == 1");
	assert_true(find(&list, "sched_switch")->by_name);
	event_sets_free(&list);
}

static void what_is_no_item_is_refused(void **state)
{
	static const char *const wrong[] = {
		"", ",", "sched,", "a b", ":x", "sys:", "../../x", "a/b", "sched_switch if "
	};
	struct schedtrace_error err;
	struct event_list list;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(parse(&list, &err, wrong[i]), SCHEDTRACE_E_USAGE);
	assert_int_equal(parse(&list, &err, "mm if x == 1"), SCHEDTRACE_E_USAGE);
	assert_string_equal(err.text, "-e: a filter needs one event, and 'mm' is a set of them");
}

/* A folder that stands for a kernel with two events. */
static char root[] = "/tmp/event-sets-XXXXXX";

static void make(const char *path, const char *text)
{
	char full[256];
	FILE *f;

	snprintf(full, sizeof(full), "%s/%s", root, path);
	for (char *slash = strchr(full + strlen(root) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(full, 0700);
		*slash = '/';
	}
	f = fopen(full, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int make_kernel(void **state)
{
	if (!mkdtemp(root))
		return -1;
	make("events/sched/sched_switch/format", "");
	make("events/irq/irq_handler_entry/format", "");
	make("available_events", "sched:sched_switch\nirq:irq_handler_entry\n");
	return 0;
}

static int remove_kernel(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command);
}

static void events_of_a_set_that_the_kernel_lacks_are_listed(void **state)
{
	struct event_list list;

	assert_int_equal(event_sets_parse(&list, NULL, 0, NULL), 0);
	assert_int_equal(event_sets_resolve(&list, root, NULL), 0);
	assert_int_equal(list.n, 1);
	assert_int_equal(list.n_missing, 10);
	assert_string_equal(list.missing[0], "sched:sched_waking");
	event_sets_free(&list);
}

static void an_event_without_system_gets_the_kernels(void **state)
{
	struct event_list list;

	assert_int_equal(parse(&list, NULL, "irq_handler_entry"), 0);
	assert_int_equal(event_sets_resolve(&list, root, NULL), 0);
	assert_string_equal(list.items[0].system, "irq");
	event_sets_free(&list);
}

static void an_event_asked_for_by_name_must_exist(void **state)
{
	struct schedtrace_error err;
	struct event_list list;

	assert_int_equal(parse(&list, NULL, "sched:sched_swtich"), 0);
	assert_int_equal(event_sets_resolve(&list, root, &err), SCHEDTRACE_E_USAGE);
	assert_string_equal(err.text, "this kernel has no event 'sched:sched_swtich': did you mean "
				      "sched:sched_switch?");
	event_sets_free(&list);
	assert_int_equal(parse(&list, NULL, "mm"), 0);
	assert_int_equal(event_sets_resolve(&list, root, &err), SCHEDTRACE_E_USAGE);
	event_sets_free(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_argument_means_the_set_sched),
		cmocka_unit_test(sets_and_events_stand_side_by_side),
		cmocka_unit_test(every_set_about_tasks_records_how_they_are_called),
		cmocka_unit_test(memory_events_call_for_larger_buffers),
		cmocka_unit_test(a_filter_ends_at_a_comma_outside_quotes),
		cmocka_unit_test(an_event_named_twice_is_listed_once),
		cmocka_unit_test(what_is_no_item_is_refused),
		cmocka_unit_test(events_of_a_set_that_the_kernel_lacks_are_listed),
		cmocka_unit_test(an_event_without_system_gets_the_kernels),
		cmocka_unit_test(an_event_asked_for_by_name_must_exist),
	};

	return cmocka_run_group_tests(tests, make_kernel, remove_kernel);
}
