/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "libschedtrace/replay/affinity.h"

struct fixture {
	struct schedtrace_context *ctx;
	struct lives lives;
	struct affinities affinities;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	return schedtrace_context_new(&f->ctx, NULL) < 0 || lives_init(&f->lives, f->ctx) < 0 ||
	       affinities_init(&f->affinities) < 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	affinities_free(&f->affinities);
	lives_free(&f->lives);
	schedtrace_context_free(f->ctx);
	free(f);
	return 0;
}

static void know(struct fixture *f, int32_t pid, const char *list)
{
	struct schedtrace_task task = SCHEDTRACE_TASK_UNKNOWN;

	task.pid = pid;
	task.affinity = list;
	assert_int_equal(schedtrace_context_add_task(f->ctx, &task, NULL), 0);
}

static uint32_t class_of(struct fixture *f, int32_t pid)
{
	uint32_t life = lives_begin(&f->lives, pid, INT64_MIN, 100);

	return affinity_of(&f->affinities, &f->lives, life);
}

static void tasks_with_the_same_set_are_in_one_class(void **state)
{
	struct fixture *f = *state;
	uint32_t class;

	know(f, 1, "0,2-3");
	know(f, 2, "1");
	know(f, 3, "0,2-3");
	class = class_of(f, 1);
	assert_int_not_equal(class, 0);
	assert_int_equal(class_of(f, 3), class);
	assert_int_not_equal(class_of(f, 2), class);
	assert_int_equal(class_of(f, 4), 0); /* never heard of */
	assert_true(cpu_set_has(&f->affinities.classes[class].cpus, 3));
	assert_false(cpu_set_has(&f->affinities.classes[class].cpus, 1));
	assert_false(cpu_set_has(&f->affinities.classes[class].cpus, 64000));
}

static void a_set_of_all_cpus_binds_nobody(void **state)
{
	struct fixture *f = *state;

	for (int32_t i = 0; i < 2; i++) {
		struct schedtrace_cpu cpu = SCHEDTRACE_CPU_UNKNOWN;

		cpu.cpu = i;
		assert_int_equal(schedtrace_context_set_cpu(f->ctx, &cpu, NULL), 0);
	}
	know(f, 1, "0-1");
	know(f, 2, "0-127");
	know(f, 3, "1");
	assert_int_equal(class_of(f, 1), 0);
	assert_int_equal(class_of(f, 2), 0);
	assert_int_not_equal(class_of(f, 3), 0);
}

static void too_many_sets_are_free_ones(void **state)
{
	struct fixture *f = *state;

	for (int32_t pid = 1; pid <= 5000; pid++) {
		char list[32];

		snprintf(list, sizeof(list), "%d", pid);
		know(f, pid, list);
	}
	for (int32_t pid = 1; pid <= 5000; pid++)
		assert_int_equal(class_of(f, pid) != 0, pid < 4096);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tasks_with_the_same_set_are_in_one_class),
		TEST(a_set_of_all_cpus_binds_nobody),
		TEST(too_many_sets_are_free_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
