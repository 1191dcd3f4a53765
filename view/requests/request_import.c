/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/requests/request_import.h"

#include "base/error.h"
#include "libschedtrace/analysis.h"
#include "view/requests/request_feed.h"

struct request_importer {
	struct request_store *store;
	struct request_source source;
	struct request_feed feed;
	struct request_batch *batch;
	uint64_t rows, before; /* that there are so far, and that were added before */
};

static int add_batch(struct request_importer *importer, struct schedtrace_error *err)
{
	int r = importer->store->ops->add(importer->store, &importer->source, importer->batch, err);

	request_batch_free(importer->batch);
	importer->batch = NULL;
	return r;
}

static int take(void *user, const struct request_row *row, const char *name, const char *failure,
		struct schedtrace_error *err)
{
	struct request_importer *importer = user;

	if (importer->rows++ < importer->before)
		return 0;
	if (!importer->batch)
		importer->batch = request_batch_new(importer->rows - 1);
	if (!importer->batch || request_batch_add(importer->batch, *row, name, failure) < 0)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for requests");
	return importer->batch->n == REQUEST_BATCH_ROWS ? add_batch(importer, err) : 0;
}

static int sink_row(void *user, const struct schedtrace_table_info *info,
		    const union schedtrace_value *values, struct schedtrace_error *err)
{
	struct request_importer *importer = user;

	return request_feed_row(&importer->feed, info, values, err);
}

static int begin(struct request_importer *importer, const struct schedtrace_context *context,
		 struct schedtrace_error *err)
{
	int64_t others = 0;
	int r = request_feed_begin(&importer->feed, schedtrace_context_info(context), false, err);

	if (r < 0)
		return r;
	importer->feed.take = take;
	importer->feed.user = importer;
	importer->source = request_feed_source(&importer->feed);
	r = importer->store->ops->taken(importer->store, &importer->source, &importer->before,
					&others, err);
	return r == 0 && others
		       ? error_set(err, SCHEDTRACE_E_UNSUPPORTED,
				   "live has stored its requests already, while it was recorded")
		       : r;
}

static int make_engine(struct schedtrace_engine **out, struct request_importer *importer,
		       const struct schedtrace_context *context, struct schedtrace_error *err)
{
	const struct schedtrace_sink sink = { sizeof(sink), importer, sink_row };
	int r = schedtrace_engine_new(out, context, err);

	if (r == 0)
		r = schedtrace_engine_set_sink(*out, &sink, err);
	return r < 0 ? r : schedtrace_engine_add(*out, REQUEST_ANALYSIS, err);
}

static int feed_rows(struct schedtrace_engine *engine, struct input *input,
		     struct schedtrace_error *err)
{
	const struct schedtrace_events *rows;
	int r = 0, answer = INPUT_ROWS;

	while (r == 0 && answer == INPUT_ROWS) {
		answer = input_next(input, &rows, err);
		if (answer == INPUT_ROWS)
			r = schedtrace_engine_feed(engine, rows, err);
	}
	if (r == 0 && answer < 0)
		r = answer;
	return r < 0 ? r : engine_finish(engine, err);
}

int request_import(struct request_store *store, struct input *input, uint64_t *rows,
		   uint64_t *added, struct schedtrace_error *err)
{
	struct request_importer importer = { .store = store };
	struct schedtrace_engine *engine = NULL;
	int r = begin(&importer, input_context(input), err);

	if (r == 0)
		r = make_engine(&engine, &importer, input_context(input), err);
	if (r == 0)
		r = feed_rows(engine, input, err);
	if (r == 0 && importer.batch)
		r = add_batch(&importer, err);
	*rows = importer.rows;
	*added = importer.rows > importer.before ? importer.rows - importer.before : 0;
	request_batch_free(importer.batch);
	schedtrace_engine_free(engine);
	return r;
}
