/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records pushed into a stream, and when its rows may be taken. */
#include "tests/unit/made_rows.h"

#include "convert/record_stream.h"

static struct record_stream *new_stream(struct trace *t, bool others)
{
	static struct tracedat_head head;
	const struct stream_options options = { .others = others, .notes = { take_note, t } };
	struct record_stream *s;
	struct schedtrace_error err;

	head = (struct tracedat_head){
		.formats = t->formats, .n_formats = N_LAYOUTS, .n_cpus = 2, .clock = "mono"
	};
	if (record_stream_new(&s, &head, &options, &err) < 0 || record_stream_begin(s, &err) < 0)
		fail_msg("%s", err.text);
	return s;
}

static void push(struct trace *t, struct record_stream *s, int64_t at, int cpu, int pid,
		 const char *name, const char *values)
{
	const struct record r = make_record(t, at, cpu, pid, 0, name, values);
	struct schedtrace_error err;

	assert_true(record_stream_has_room(s, &r));
	if (record_stream_record(s, &r, &err) < 0)
		fail_msg("%s", err.text);
}

/* Appends the rows that are there to t->text; returns their number. */
static size_t take(struct trace *t, struct record_stream *s)
{
	const struct schedtrace_events *events;
	size_t n = strlen(t->text);

	if (record_stream_take(s, &events, NULL) == 0)
		return 0;
	for (size_t i = 0; i < events->n && n + 100 < sizeof(t->text); i++)
		n += (size_t)snprintf(
			t->text + n, sizeof(t->text) - n, "%" PRId64 " %d %d %s %" PRId64 "\n",
			events->timestamp[i], events->cpu[i], events->pid[i],
			schedtrace_context_event_name(record_stream_context(s), events->event[i]),
			events->arg0[i]);
	n = events->n;
	record_stream_clear(s);
	return n;
}

static void some_records(struct trace *t, struct record_stream *s, bool take_each)
{
	static const struct {
		int64_t at;
		int cpu, pid;
		const char *name, *values;
	} records[] = {
		{ 10, 0, 10, "sched_wakeup", "a 20 120 0" },
		{ 20, 0, 10, "sched_switch", "y 10 120 0 a 20 120" },
		{ 30, 1, 11, "sched_waking", "b 30 120 1" },
		{ 40, 0, 20, "sched_switch", "a 20 120 1 y 10 120" },
	};

	for (size_t i = 0; i < sizeof(records) / sizeof(*records); i++) {
		push(t, s, records[i].at, records[i].cpu, records[i].pid, records[i].name,
		     records[i].values);
		if (take_each)
			take(t, s);
	}
}

static void rows_are_there_as_soon_as_their_record_was_given(void **state)
{
	struct trace *t = *state;
	struct record_stream *s = new_stream(t, false);

	push(t, s, 10, 0, 10, "sched_waking", "a 20 120 0");
	assert_true(take(t, s) > 0);
	assert_string_equal(t->text, "10 0 10 RUNS -1\n10 0 20 PRIO 120\n10 0 20 WAKING 10\n");
	assert_int_equal(take(t, s), 0);
	record_stream_free(s);
}

static void batches_of_any_size_hold_the_same_rows(void **state)
{
	struct trace *t = *state;
	char whole[sizeof(t->text)];

	for (int each = 0; each < 2; each++) {
		struct record_stream *s = new_stream(t, false);
		struct schedtrace_error err;

		t->text[0] = '\0';
		some_records(t, s, each);
		assert_int_equal(record_stream_end(s, 4, &err), 0);
		take(t, s);
		record_stream_free(s);
		if (!each)
			memcpy(whole, t->text, sizeof(whole));
	}
	assert_non_null(strstr(whole, "40 0 20 CTX_SWITCH 10\n"));
	assert_string_equal(t->text, whole);
}

static void a_full_batch_waits_only_for_the_stack_of_its_last_switch(void **state)
{
	struct trace *t = *state;
	static struct tracedat_head head;
	const struct stream_options options = { .notes = { take_note, t } };
	struct record_stream *s;
	struct record stack, r;
	struct schedtrace_error err;
	int64_t at = 1;

	head = (struct tracedat_head){
		.formats = t->formats, .n_formats = N_LAYOUTS, .n_cpus = 1, .clock = "mono"
	};
	assert_int_equal(record_stream_new(&s, &head, &options, &err), 0);
	stack = make_record(t, 0, 0, 20, 0, "kernel_stack", "0");
	assert_int_equal(record_stream_ahead(s, &stack, &err), 0);
	assert_int_equal(record_stream_begin(s, &err), 0);
	assert_true(record_stream_has_stacks(s));
	do {
		r = make_record(t, at, 0, at % 2 ? 20 : 30, 0, "sched_switch",
				at % 2 ? "a 20 120 1 b 30 120" : "b 30 120 1 a 20 120");
		assert_int_equal(record_stream_record(s, &r, &err), 0);
		at++;
	} while (record_stream_has_room(s, &r));
	assert_true(at > 1000);
	assert_true(record_stream_has_room(s, NULL));
	assert_true(record_stream_has_room(s, &stack));
	stack = make_record(t, at - 1, 0, at % 2 ? 30 : 20, 0, "kernel_stack", "0");
	assert_int_equal(record_stream_record(s, &stack, &err), 0);
	r = make_record(t, at, 0, 20, 0, "sched_waking", "c 40 120 0");
	assert_int_equal(record_stream_record(s, &r, &err), 0);
	assert_false(record_stream_has_room(s, NULL));
	assert_true(take(t, s) > 1000);
	assert_true(record_stream_has_room(s, &r));
	record_stream_free(s);
}

static void what_is_read_ahead_is_known_and_gives_no_rows(void **state)
{
	struct trace *t = *state;
	static struct tracedat_head head;
	const struct stream_options options = { .notes = { take_note, t } };
	const struct record born = make_record(t, 5, 0, 10, 0, "task_newtask", "40 child 0 0");
	struct record_stream *s;
	struct schedtrace_error err;

	head = (struct tracedat_head){
		.formats = t->formats, .n_formats = N_LAYOUTS, .n_cpus = 1, .clock = "mono"
	};
	assert_int_equal(record_stream_new(&s, &head, &options, &err), 0);
	assert_true(record_stream_wants_ahead(s));
	assert_int_equal(record_stream_ahead(s, &born, &err), 0);
	assert_int_equal(record_stream_begin(s, &err), 0);
	assert_int_equal(take(t, s), 0);
	record_stream_free(s);
}

static void a_clock_that_counts_no_ns_is_refused(void **state)
{
	struct trace *t = *state;
	const struct tracedat_head head = { .formats = t->formats, .clock = "counter" };
	const struct stream_options options = { .salvage = false };
	struct record_stream *s = NULL;
	struct schedtrace_error err;

	assert_int_equal(record_stream_new(&s, &head, &options, &err), SCHEDTRACE_E_UNSUPPORTED);
	assert_non_null(strstr(err.text, "counter, which does not count nanoseconds"));
	assert_null(s);
}

static void records_without_rows_are_given_beside_them(void **state)
{
	struct trace *t = *state;
	struct record_stream *s = new_stream(t, true);
	const struct schedtrace_events *events;

	push(t, s, 5, 0, 10, "sched_waking", "a 20 120 0"); /* who runs is known now */
	take(t, s);
	push(t, s, 10, 0, 10, "timer_start", "4096");
	assert_int_equal(record_stream_take(s, &events, NULL), 1);
	assert_int_equal(events->n, 0);
	assert_int_equal(record_stream_others(s)->n, 1);
	assert_int_equal(record_stream_others(s)->timestamp[0], 10);
	record_stream_clear(s);
	assert_int_equal(record_stream_take(s, &events, NULL), 0);
	record_stream_free(s);
}

/* Without a sched_switch before it a stack is no row's. */
static void a_stack_that_is_no_rows_is_counted_and_kept_if_all_are(void **state)
{
	for (int others = 0; others < 2; others++) {
		struct trace *t = *state;
		struct record_stream *s = new_stream(t, others);
		struct schedtrace_error err;

		push(t, s, 5, 0, 10, "sched_waking", "a 20 120 0");
		push(t, s, 5, 0, 10, "kernel_stack", "0");
		if (others)
			assert_int_equal(record_stream_others(s)->n, 1);
		take(t, s);
		*t->notes = '\0';
		assert_int_equal(record_stream_end(s, 2, &err), 0);
		assert_non_null(strstr(t->notes, others ? "1 call stacks are kept without rows"
							: "1 call stacks are left out"));
		record_stream_free(s);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rows_are_there_as_soon_as_their_record_was_given),
		TEST(batches_of_any_size_hold_the_same_rows),
		TEST(a_stack_that_is_no_rows_is_counted_and_kept_if_all_are),
		TEST(a_full_batch_waits_only_for_the_stack_of_its_last_switch),
		TEST(what_is_read_ahead_is_known_and_gives_no_rows),
		TEST(a_clock_that_counts_no_ns_is_refused),
		TEST(records_without_rows_are_given_beside_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
