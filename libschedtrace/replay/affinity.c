/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libschedtrace/replay/affinity.h"

#include "base/cpulist.h"

/* Machines have some sets a CPU; a damaged file must not fill memory with others. */
#define MAX_CLASSES 4096

int cpu_set_put(struct cpu_set *set, uint32_t cpu, bool in)
{
	uint32_t word = cpu / 64;

	if (word >= set->n) {
		uint64_t *grown = reallocarray(set->words, word + 1, sizeof(*grown));

		if (!grown)
			return -1;
		memset(grown + set->n, 0, (word + 1 - set->n) * sizeof(*grown));
		set->words = grown;
		set->n = word + 1;
	}
	set->words[word] &= ~(UINT64_C(1) << cpu % 64);
	set->words[word] |= (uint64_t)in << cpu % 64;
	return 0;
}

int affinities_init(struct affinities *a)
{
	*a = (struct affinities){ .classes = calloc(1, sizeof(*a->classes)) };
	a->n = a->classes ? 1 : 0;
	return a->classes ? 0 : -1;
}

void affinities_free(struct affinities *a)
{
	for (uint32_t i = 0; i < a->n; i++)
		free(a->classes[i].cpus.words);
	free(a->classes);
	free(a->of_life.items);
}

static bool has_every_cpu(const struct schedtrace_context *ctx, const struct cpu_set *set)
{
	size_t n;
	const struct schedtrace_cpu *cpus = schedtrace_context_cpus(ctx, &n);

	for (size_t i = 0; i < n; i++)
		if (!cpu_set_has(set, (uint32_t)cpus[i].cpu))
			return false;
	return n > 0;
}

static uint32_t class_of_list(struct affinities *a, const struct schedtrace_context *ctx,
			      const char *list)
{
	struct affinity_class *grown, new = { .list = list };
	int32_t first, last;

	for (uint32_t i = 1; i < a->n; i++)
		if (a->classes[i].list == list)
			return i;
	if (a->n == MAX_CLASSES)
		return 0;
	grown = reallocarray(a->classes, a->n + 1, sizeof(*grown));
	if (!grown)
		return UINT32_MAX;
	a->classes = grown;
	while (cpulist_next(&list, &first, &last) > 0) {
		for (int32_t cpu = first; cpu <= last; cpu++) {
			if (cpu_set_put(&new.cpus, (uint32_t)cpu, true) < 0) {
				free(new.cpus.words);
				return UINT32_MAX;
			}
		}
	}
	if (has_every_cpu(ctx, &new.cpus)) {
		free(new.cpus.words);
		return 0;
	}
	a->classes[a->n] = new;
	return a->n++;
}

uint32_t affinity_of(struct affinities *a, const struct lives *lives, uint32_t life)
{
	uint32_t *class = grown_at(&a->of_life, life, uint32_t);
	const struct schedtrace_task *task;
	uint32_t k;

	if (!class)
		return UINT32_MAX;
	if (*class)
		return *class - 1;
	task = lives_record(lives, &lives->all[life]);
	k = task && task->affinity ? class_of_list(a, lives->ctx, task->affinity) : 0;
	if (k != UINT32_MAX)
		*class = k + 1;
	return k;
}

int affinity_inherit(struct affinities *a, const struct lives *lives, uint32_t child,
		     uint32_t parent)
{
	uint32_t k = affinity_of(a, lives, parent);
	uint32_t *class = grown_at(&a->of_life, child, uint32_t);

	if (!class || k == UINT32_MAX)
		return -1;
	*class = k + 1;
	return 0;
}

int affinity_seen(struct affinities *a, const struct lives *lives, uint32_t life, uint32_t cpu)
{
	uint32_t k = affinity_of(a, lives, life);

	if (k == UINT32_MAX)
		return -1;
	if (k && !cpu_set_has(&a->classes[k].cpus, cpu))
		*grown_get(&a->of_life, life, uint32_t) = 1;
	return 0;
}
