/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frequency policies in a folder in place of the kernel's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "record/proc/cpu_frequency.h"

static char root[] = "/tmp/cpu-frequency-XXXXXX";

/* Makes a file below the folder; of NULL, a folder. */
static void make(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	if (!text) {
		assert_int_equal(mkdir(path, 0700), 0);
		return;
	}
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void assert_json(const char *text)
{
	json_t *json = cpu_frequency_json(root);
	char *dumped = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);

	assert_string_equal(dumped, text);
	free(dumped);
	json_decref(json);
}

static void a_machine_without_policies_tells_of_none(void **state)
{
	assert_json("{\"boost\":null,\"policies\":[]}");
}

static void policies_are_told_in_the_order_of_their_cpus(void **state)
{
	make("cpufreq", NULL);
	make("cpufreq/policy10", NULL);
	make("cpufreq/policy2", NULL);
	make("cpufreq/policy10/scaling_governor", "performance\n");
	make("cpufreq/policy2/affected_cpus", "2 3\n");
	make("cpufreq/policy2/scaling_driver", "acpi-cpufreq\n");
	make("cpufreq/policy2/scaling_governor", "schedutil\n");
	make("cpufreq/policy2/scaling_min_freq", "800000\n");
	make("cpufreq/policy2/scaling_max_freq", "<unknown>\n");
	make("cpufreq/policy2/cpuinfo_min_freq", "400000\n");
	make("cpufreq/policy2/cpuinfo_max_freq", "4700000\n");
	assert_json("{\"boost\":null,\"policies\":["
		    "{\"cpus\":\"2 3\",\"driver\":\"acpi-cpufreq\",\"governor\":\"schedutil\","
		    "\"hardware_max_khz\":4700000,\"hardware_min_khz\":400000,\"max_khz\":null,"
		    "\"min_khz\":800000,\"preference\":null},"
		    "{\"cpus\":null,\"driver\":null,\"governor\":\"performance\","
		    "\"hardware_max_khz\":null,\"hardware_min_khz\":null,\"max_khz\":null,"
		    "\"min_khz\":null,\"preference\":null}]}");
}

static void boost_is_told_whoever_tells_it(void **state)
{
	json_t *json;

	make("cpufreq/boost", "0\n");
	json = cpu_frequency_json(root);
	assert_true(json_is_false(json_object_get(json, "boost")));
	json_decref(json);
	make("cpufreq/boost", "");
	make("intel_pstate", NULL);
	make("intel_pstate/no_turbo", "0\n");
	json = cpu_frequency_json(root);
	assert_true(json_is_true(json_object_get(json, "boost")));
	json_decref(json);
}

static int set_up(void **state)
{
	return mkdtemp(root) ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_machine_without_policies_tells_of_none),
		cmocka_unit_test(policies_are_told_in_the_order_of_their_cpus),
		cmocka_unit_test(boost_is_told_whoever_tells_it),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
