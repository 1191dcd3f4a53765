/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lets go of lives that have ended, so that memory is bounded by those that go on. */
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "libschedtrace/choice.h"
#include "libschedtrace/let_go.h"
#include "libschedtrace/replay/replay_state.h"
#include "libschedtrace/table.h"

/* When it ended at the latest. */
static int64_t end_of(const struct life *life)
{
	return life->end_ns != INT64_MIN ? life->end_ns : life->since;
}

static bool has_ended(const struct life *life, int64_t before)
{
	return life->state == LIFE_DEAD && !(life->flags & (LIFE_FREE | LIFE_MANY)) &&
	       end_of(life) < before;
}

/* What is known of a process hangs on its first thread. */
static void keep_leaders(struct replay *replay, int64_t before)
{
	struct lives *lives = &replay->lives;

	for (uint32_t id = 0; id < lives->n; id++) {
		const struct life *life = &lives->all[id];
		uint32_t leader = LIFE_NONE;

		if (life->flags & (LIFE_FREE | LIFE_MANY) || has_ended(life, before))
			continue;
		if (life->tgid > 0 && life->tgid != life->pid)
			leader = lives_find(lives, life->tgid);
		if (leader != LIFE_NONE)
			lives->all[leader].flags |= LIFE_KEPT;
	}
}

static bool is_kept(const struct replay *replay, uint32_t id)
{
	for (size_t l = 0; l < replay->n_listeners; l++) {
		const struct replay_listener *to = &replay->listeners[l];

		if (to->keeps && to->keeps(to->self, id))
			return true;
	}
	return false;
}

/* Who is let go, and what stands for each; *gone is to be freed. -1 without memory. */
static int choose(struct replay *replay, struct choice *choice, int64_t before, uint32_t **gone,
		  uint32_t *n)
{
	struct lives *lives = &replay->lives;
	uint32_t n_lives = lives->n, max = 0;

	for (uint32_t id = 0; id < n_lives; id++) {
		bool leads = lives->all[id].flags & LIFE_KEPT;
		uint32_t many;

		lives->all[id].flags &= (uint16_t)~LIFE_KEPT;
		if (leads || !has_ended(&lives->all[id], before) || is_kept(replay, id))
			continue;
		lives_complete(lives, &lives->all[id]);
		many = lives_many(lives, id, choice_takes_task(choice, lives, id));
		if (many == LIFE_NONE || !array_room(*gone, *n, max))
			return -1;
		lives->all[id].into = many;
		(*gone)[(*n)++] = id;
	}
	return 0;
}

/* What the one that stands for @life says of it by itself. */
static void count(struct replay *replay, const struct life *life)
{
	struct life *many = life_of(replay, life->into);

	many->end_ns = max64(many->end_ns, end_of(life));
	many->many += replay_in_window(replay, life) && !(life->flags & LIFE_AFTERLIFE);
}

static void unlink_gone(struct replay *replay)
{
	for (uint32_t *link = &replay->last_dead; is_task(*link);) {
		struct life *life = life_of(replay, *link);

		if (life->into == LIFE_NONE)
			link = &life->previous_dead;
		else
			*link = life->previous_dead;
	}
}

int replay_forget(struct replay *replay, struct choice *choice, int64_t before,
		  struct let_go *let_go, struct schedtrace_error *err)
{
	auto_free uint32_t *gone = NULL;
	uint32_t n = 0;
	int r = 0;

	/* Rows to come are about later. */
	before = min64(before, replay->now);
	if (replay->first_open < replay->n_gaps)
		before = min64(before, replay->gaps[replay->first_open].begin);
	keep_leaders(replay, before);
	if (choose(replay, choice, before, &gone, &n) < 0)
		goto nomem;
	replay->lives.let_go = let_go;
	for (uint32_t i = 0; i < n; i++) {
		const struct life *life = life_of(replay, gone[i]);

		count(replay, life);
		if (let_go_add(let_go, life->serial, life_of(replay, life->into)->serial) < 0)
			goto nomem;
	}
	for (size_t l = 0; l < replay->n_listeners && n && r >= 0; l++) {
		const struct replay_listener *to = &replay->listeners[l];

		r = to->forget ? to->forget(to->self, gone, n, err) : 0;
	}
	if (r < 0)
		return r;
	unlink_gone(replay);
	for (uint32_t i = 0; i < n; i++)
		if (lives_free_one(&replay->lives, gone[i]) < 0)
			goto nomem;
	return 0;
nomem:
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory to let go of tasks");
}

enum { COMM, LIVES, END, N_COLUMNS, LIFE = N_COLUMNS, N_ALL };

static const struct schedtrace_column_info *const columns[N_ALL] = {
	[COMM] = COLUMN_TEXT("comm", "their last name"),
	[LIVES] = COLUMN_COUNT("lives", "lives of tasks that were let go"),
	[END] = COLUMN_STAMP("end_ns", "when the last of them ended, on the trace clock"),
	[LIFE] = COLUMN_LIFE("life"),
};

static const struct schedtrace_table_info forgotten_info = {
	.name = "forgotten",
	.about = "how many lives the rows with a name and no pid stand for",
	.n_columns = N_COLUMNS,
	.columns = columns,
	.choices = SCHEDTRACE_BY_NAME,
	.key = "comm",
	.n_hidden = N_ALL - N_COLUMNS,
	.interval = &(const struct schedtrace_table_interval){ .same = "life" },
};

int replay_forgotten(const struct replay *replay, struct schedtrace_tables *out,
		     struct schedtrace_error *err)
{
	const struct lives *lives = &replay->lives;
	struct schedtrace_table *table;
	int r = 0;

	if (!lives->many_of_name.n)
		return 0;
	r = tables_add(out, &forgotten_info, &table, err);
	for (uint32_t id = 0; r >= 0 && id < lives->n; id++) {
		const struct life *life = &lives->all[id];
		union schedtrace_value v[N_ALL];

		if (!(life->flags & LIFE_MANY) || !life->many)
			continue;
		v[COMM].s = lives_name(lives, id);
		v[LIVES].i = (int64_t)life->many;
		v[END].i = life->end_ns;
		v[LIFE].i = (int64_t)life->serial;
		r = table_row(table, v, err);
	}
	return r;
}
