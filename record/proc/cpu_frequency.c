/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/proc/cpu_frequency.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "record/proc/file_json.h"

static json_t *policy_json(const char *folder, const char *name)
{
	static const struct {
		const char *key, *file;
		bool number;
	} facts[] = {
		{ "cpus", "affected_cpus", false },
		{ "driver", "scaling_driver", false },
		{ "governor", "scaling_governor", false },
		{ "preference", "energy_performance_preference", false },
		{ "min_khz", "scaling_min_freq", true },
		{ "max_khz", "scaling_max_freq", true },
		{ "hardware_min_khz", "cpuinfo_min_freq", true },
		{ "hardware_max_khz", "cpuinfo_max_freq", true },
	};
	json_t *policy = json_object();

	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		auto_free char *path = NULL;

		if (asprintf(&path, "%s/cpufreq/%s/%s", folder, name, facts[i].file) < 0) {
			path = NULL;
			continue;
		}
		json_object_set_new(policy, facts[i].key,
				    facts[i].number ? file_number_json(path) : file_json(path));
	}
	return policy;
}

static int is_policy(const struct dirent *entry)
{
	return strncmp(entry->d_name, "policy", strlen("policy")) == 0;
}

static json_t *policies_json(const char *folder)
{
	json_t *policies = json_array();
	auto_free char *path = NULL;
	struct dirent **entries;
	int n;

	if (asprintf(&path, "%s/cpufreq", folder) < 0) {
		path = NULL;
		return policies;
	}
	n = scandir(path, &entries, is_policy, versionsort);
	for (int i = 0; i < n; i++) {
		json_array_append_new(policies, policy_json(folder, entries[i]->d_name));
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return policies;
}

/* Drivers differ in where they say so, and Intel's in how. */
static json_t *boost_json(const char *folder)
{
	static const struct {
		const char *file;
		char on;
	} places[] = { { "cpufreq/boost", '1' }, { "intel_pstate/no_turbo", '0' } };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		auto_free char *path = NULL;
		auto_free char *text = NULL;

		if (asprintf(&path, "%s/%s", folder, places[i].file) < 0) {
			path = NULL;
			return json_null();
		}
		text = file_read(path);
		if (text && (*text == '0' || *text == '1'))
			return json_boolean(*text == places[i].on);
	}
	return json_null();
}

json_t *cpu_frequency_json(const char *folder)
{
	json_t *object = json_object();

	json_object_set_new(object, "policies", policies_json(folder));
	json_object_set_new(object, "boost", boost_json(folder));
	return object;
}
