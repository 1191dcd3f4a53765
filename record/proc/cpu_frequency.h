/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who chooses the frequencies of CPUs, and within which limits. */
#ifndef RECORD_PROC_CPU_FREQUENCY_H
#define RECORD_PROC_CPU_FREQUENCY_H

#include <jansson.h>

/*
 * Of @folder, which is /sys/devices/system/cpu but in tests: {policies [{cpus, driver, governor,
 * preference, min_khz, max_khz, hardware_min_khz, hardware_max_khz}], boost}. What the kernel does
 * not tell is null; policies are empty on machines whose frequency it does not set. boost: whether
 * CPUs may run faster than all of them can at once.
 */
json_t *cpu_frequency_json(const char *folder);

#endif
