/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libschedtrace/analyses/latency_comms.h"

#include "base/error.h"

enum { COMM, KIND, TASKS, COUNT, MEAN, P50, P90, P99, P999, MAX, TOTAL, UNCERTAIN, CUT, N_COLUMNS };

static const struct schedtrace_column_info *const columns[N_COLUMNS] = {
	[COMM] = COLUMN_TEXT("comm", "the tasks' last name"),
	[KIND] = COLUMN_TEXT("kind", "as in table latency"),
	[TASKS] = COLUMN_COUNT("tasks", "lives of tasks of this name that waited so"),
	LATENCY_FIGURES(COUNT, "their waits whose begin and end rows show",
			"the mean of these waits"),
	[TOTAL] = COLUMN_DURATION("total_ns", "their sum"),
	[UNCERTAIN] = COLUMN_COUNT("uncertain", "not in the figures: begin or end is doubtful"),
	[CUT] = COLUMN_COUNT("cut", "not in the figures: at the edges"),
};

static const struct schedtrace_picture picture_latency_comms = {
	.from = "latency_comms",
	.kind = SCHEDTRACE_PICTURE_BARS,
	.labels = "comm,kind",
	.values = "p50_ns:median,p99_ns:99 % within,max_ns:longest",
	.top = 12,
};

const struct schedtrace_table_info latency_comms_info = {
	.name = "latency_comms",
	.about = "how long the tasks of a name waited, together; a row a name and kind of wait",
	.n_columns = N_COLUMNS,
	.columns = columns,
	.choices = SCHEDTRACE_BEFORE_TASK | SCHEDTRACE_BEFORE_CPU,
	.key = "comm,kind",
	.order = "-max_ns",
	.first = "comm,kind,count,p50_ns,p99_ns,max_ns,mean_ns,tasks,p90_ns,p999_ns",
	.micros = 1,
	.compare = &(const struct schedtrace_table_compare){ .same = "comm,kind",
							     .measures = "p99_ns,count",
							     .usual = true },
	.pictures = PICTURES(&picture_latency_comms),
};

struct comm_account {
	struct kind_account kinds[N_KINDS];
	int64_t tasks[N_KINDS];
};

void latency_comms_init(struct latency_comms *comms)
{
	*comms = (struct latency_comms){ 0 };
	intern_init(&comms->names);
}

void latency_comms_free(struct latency_comms *comms)
{
	for (uint32_t i = 0; i < comms->accounts.n; i++)
		for (int kind = 0; kind < N_KINDS; kind++)
			histogram_free(&grown_get(&comms->accounts, i, struct comm_account)
						->kinds[kind]
						.waits);
	free(comms->accounts.items);
	intern_free(&comms->names);
}

int latency_comms_add(struct latency_comms *comms, const char *comm, enum latency_kind kind,
		      const struct kind_account *waits)
{
	const char *name = comm ? comm : "";
	int32_t id = intern_add(&comms->names, name, strlen(name));
	struct comm_account *account =
		id < 0 ? NULL : grown_at(&comms->accounts, id, struct comm_account);

	if (!account || histogram_merge(&account->kinds[kind].waits, &waits->waits) < 0)
		return -1;
	account->kinds[kind].uncertain += waits->uncertain;
	account->kinds[kind].cut += waits->cut;
	account->tasks[kind] += waits->lives ? waits->lives : 1;
	return 0;
}

static int add_row(const char *name, enum latency_kind kind, bool known,
		   const struct comm_account *account, struct schedtrace_table *table,
		   struct schedtrace_error *err)
{
	const struct kind_account *k = &account->kinds[kind];
	const struct histogram *waits = &k->waits;
	union schedtrace_value v[N_COLUMNS];

	v[COMM].s = *name ? name : NULL;
	v[KIND].s = latency_kind_names[kind];
	v[TASKS].i = account->tasks[kind];
	latency_figures(&v[COUNT], waits, known);
	v[TOTAL].i = if_known(known, waits->sum);
	v[UNCERTAIN].i = k->uncertain;
	v[CUT].i = k->cut;
	return table_row(table, v, err);
}

int latency_comms_table(const struct latency_comms *comms, const struct latency *latency,
			struct schedtrace_tables *out, struct schedtrace_error *err)
{
	struct schedtrace_table *table;
	int r = tables_add(out, &latency_comms_info, &table, err);

	for (int32_t id = 0; id < comms->names.n; id++) {
		const struct comm_account *account =
			grown_get(&comms->accounts, id, struct comm_account);

		for (int kind = 0; kind < N_KINDS && r >= 0; kind++)
			if (account && account->tasks[kind])
				r = add_row(comms->names.names[id], kind,
					    latency_recorded(latency, kind), account, table, err);
	}
	return r;
}
