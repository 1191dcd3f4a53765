/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "convert/owners.h"

#include <stdlib.h>

#include "base/error.h"

#define REMOVED (-1)

static struct owner *find(struct owner *slots, uint32_t n, uint32_t mm_id)
{
	uint32_t i = (mm_id * 2654435761u >> 7) & (n - 1);

	while (slots[i].tgid != 0 && slots[i].mm_id != mm_id)
		i = (i + 1) & (n - 1);
	return &slots[i];
}

int32_t owners_get(const struct owners *owners, uint32_t mm_id)
{
	const struct owner *owner;

	if (!owners->n_slots)
		return -1;
	owner = find(owners->slots, owners->n_slots, mm_id);
	return owner->tgid > 0 ? owner->tgid : -1;
}

/* A table that holds only what was not removed, at most a quarter full. */
static int rebuild(struct owners *owners, struct schedtrace_error *err)
{
	struct owner *slots;
	uint32_t n = 256, used = 0;

	for (uint32_t i = 0; i < owners->n_slots; i++)
		used += owners->slots[i].tgid > 0;
	while (n < used * 4)
		n *= 2;
	slots = calloc(n, sizeof(*slots));
	if (!slots)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %u memory maps", n);
	for (uint32_t i = 0; i < owners->n_slots; i++)
		if (owners->slots[i].tgid > 0)
			*find(slots, n, owners->slots[i].mm_id) = owners->slots[i];
	free(owners->slots);
	owners->slots = slots;
	owners->n_slots = n;
	owners->n_used = used;
	return 0;
}

int owners_set(struct owners *owners, uint32_t mm_id, int32_t tgid, struct schedtrace_error *err)
{
	struct owner *owner;

	if (owners->n_used >= owners->n_slots / 2) {
		int r = rebuild(owners, err);

		if (r < 0)
			return r;
	}
	owner = find(owners->slots, owners->n_slots, mm_id);
	owners->n_used += owner->tgid == 0;
	*owner = (struct owner){ mm_id, tgid };
	return 0;
}

void owners_remove(struct owners *owners, uint32_t mm_id, int32_t tgid)
{
	struct owner *owner;

	if (!owners->n_slots)
		return;
	owner = find(owners->slots, owners->n_slots, mm_id);
	if (owner->tgid == tgid)
		owner->tgid = REMOVED;
}

void owners_free(struct owners *owners)
{
	free(owners->slots);
}
