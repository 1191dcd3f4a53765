/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Three threads: one serves, one follows what the recorder sends and makes the messages of it, and
 * one tells each second how the system is, whatever becomes of the recording.
 */
#include "view/live/live_page.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/jsonio.h"
#include "base/mem.h"
#include "view/live/live_frames.h"
#include "view/live/live_logs.h"
#include "view/live/live_streams.h"
#include "view/live/live_system.h"
#include "view/page/page.h"

#define SYSTEM_TOPIC  1
#define LOGS_NS	      250000000
#define LOSSES_NS     1000000000
#define KEPT_NS	      ((int64_t)10000000000) /* tasks that ended, at least */
#define MOST_JOINERS  16
#define MOST_ANALYSES 16

struct live_page {
	struct page *page;
	struct page_options page_options;
	struct page_live live;
	struct server *server;
	int frames, orders;
	pid_t recorder;

	struct live_follow follow;
	struct schedtrace_sink sink;
	char *names;
	const char *analyses[MOST_ANALYSES];
	size_t n_analyses;
	struct live_streams streams;
	struct live_logs logs;
	int64_t logs_ns, losses_ns, restarted_ns;
	struct schedtrace_error failure; /* of the thread that follows */
	int failed;

	pthread_mutex_t lock;
	pthread_cond_t ends;
	bool ending;
	size_t clients;
	json_t *told; /* by the recorder */
	int64_t lost, gaps, began_ns, now_ns;
	/* Clients that want the rows of a log that came before them. */
	struct joiner {
		uint64_t topic;
		struct live_log *log;
	} joiners[MOST_JOINERS];
	size_t n_joiners;
	struct live_system system;
	json_t *figures; /* of it, as of the last second */
	pthread_t follower, teller;
	bool follows, tells;
};

/* Takes the reference. */
static void push_json(struct live_page *p, uint64_t topic, json_t *json)
{
	char *text = json ? json_dumps(json, JSON_ENSURE_ASCII | JSON_COMPACT) : NULL;

	json_decref(json);
	if (text)
		server_push(p->server, topic, false, text, strlen(text));
}

/* ---- the thread that follows ---------------------------------------------------------------- */

static int take_row(void *user, const struct schedtrace_table_info *log,
		    const union schedtrace_value *values, struct schedtrace_error *err)
{
	struct live_page *p = user;
	int32_t pid;
	int64_t ns;

	if (live_waits_read(log, values, &pid, &ns))
		live_streams_take_wait(&p->streams, pid, ns);
	else
		live_logs_take(&p->logs, log, values);
	return 0;
}

static void send_logs(struct live_page *p)
{
	int64_t wall = live_follow_wall_offset(&p->follow);
	struct joiner joiners[MOST_JOINERS];
	size_t n;

	pthread_mutex_lock(&p->lock);
	n = p->n_joiners;
	p->n_joiners = 0;
	memcpy(joiners, p->joiners, n * sizeof(*joiners));
	pthread_mutex_unlock(&p->lock);
	for (size_t i = 0; i < LIVE_LOGS; i++)
		push_json(p, p->logs.list[i].topic, live_log_news(&p->logs.list[i], false, wall));
	for (size_t i = 0; i < n; i++)
		push_json(p, joiners[i].topic, live_log_news(joiners[i].log, true, wall));
}

/* Records that are known to be missing so far. */
static int count_losses(struct live_page *p, struct schedtrace_error *err)
{
	struct schedtrace_tables *tables;
	const struct schedtrace_table *losses;
	int64_t lost = 0, gaps = 0;
	int r = schedtrace_engine_snapshot_of(p->follow.engine, "losses", &tables, err);

	if (r < 0)
		return r;
	losses = schedtrace_tables_find(tables, "losses");
	for (size_t i = 0; i < schedtrace_table_rows(losses); i++) {
		gaps += schedtrace_table_ints(losses, "gaps")[i];
		lost += schedtrace_table_ints(losses, "gap_records")[i];
	}
	schedtrace_tables_free(tables);
	pthread_mutex_lock(&p->lock);
	p->lost = lost;
	p->gaps = gaps;
	p->began_ns = p->follow.begin_ns;
	p->now_ns = p->follow.now_ns;
	pthread_mutex_unlock(&p->lock);
	return 0;
}

static int forget(struct live_page *p, struct schedtrace_error *err)
{
	int64_t longest = 2 * live_streams_longest(&p->streams);

	return schedtrace_engine_forget(
		p->follow.engine, p->follow.now_ns - (longest > KEPT_NS ? longest : KEPT_NS), err);
}

static int on_round(void *user, struct schedtrace_error *err)
{
	struct live_page *p = user;
	int64_t now = now_ns();
	int r = live_streams_round(&p->streams, &p->follow, p->server, false, err);

	if (now - p->logs_ns >= LOGS_NS) {
		p->logs_ns = now;
		send_logs(p);
	}
	if (r == 0 && now - p->losses_ns >= LOSSES_NS) {
		p->losses_ns = now;
		r = count_losses(p, err);
		if (r == 0)
			r = forget(p, err);
	}
	return r;
}

static int on_begin(void *user, struct schedtrace_error *err)
{
	struct live_page *p = user;

	live_streams_begin(&p->streams);
	live_logs_clear(&p->logs);
	return 0;
}

static int on_end(void *user, struct schedtrace_error *err)
{
	struct live_page *p = user;
	int r;

	if (p->follow.begin_ns == INT64_MIN)
		return 0;
	r = live_streams_round(&p->streams, &p->follow, p->server, true, err);
	send_logs(p);
	return r < 0 ? r : count_losses(p, err);
}

static void tell_system(struct live_page *p);

static int on_told(void *user, const char *text, size_t n, struct schedtrace_error *err)
{
	struct live_page *p = user;
	json_t *told;
	int r = jsonio_parse(&told, text, n, err);

	if (r < 0)
		return r;
	pthread_mutex_lock(&p->lock);
	json_decref(p->told);
	p->told = told;
	tell_system(p);
	pthread_mutex_unlock(&p->lock);
	return 0;
}

static int on_failure(void *user, const struct schedtrace_error *why, struct schedtrace_error *err)
{
	struct live_page *p = user;
	int r = live_order_restart(p->orders, &p->restarted_ns, why, err);

	if (r == 0)
		push_json(p, SYSTEM_TOPIC, json_pack("{s:s}", "error", why->text));
	return r;
}

static void *follow(void *user)
{
	struct live_page *p = user;

	p->failed = live_follow_run(&p->follow, p->frames, &p->failure);
	server_stop(p->server);
	return NULL;
}

/* ---- the thread that tells ------------------------------------------------------------------ */

/* With the lock. */
static void read_system(struct live_page *p)
{
	union schedtrace_value values[LIVE_SYSTEM_COLUMNS];

	live_system_read(&p->system, p->recorder, values);
	json_decref(p->figures);
	p->figures = live_system_json(values);
}

/* With the lock. */
static void tell_system(struct live_page *p)
{
	struct timespec t;

	if (!p->figures)
		read_system(p);
	clock_gettime(CLOCK_REALTIME, &t);
	json_object_set_new(p->figures, "time_ms",
			    json_integer((json_int_t)t.tv_sec * 1000 + t.tv_nsec / 1000000));
	json_object_set_new(p->figures, "clients", json_integer((json_int_t)p->clients));
	json_object_set_new(p->figures, "lost", json_integer(p->lost));
	json_object_set_new(p->figures, "gaps", json_integer(p->gaps));
	json_object_set_new(p->figures, "length_ns", json_integer(p->now_ns - p->began_ns));
	push_json(p, SYSTEM_TOPIC,
		  json_pack("{s:O, s:O*}", "system", p->figures, "recorder", p->told));
}

static void *tell(void *user)
{
	struct live_page *p = user;
	struct timespec next;

	clock_gettime(CLOCK_MONOTONIC, &next);
	pthread_mutex_lock(&p->lock);
	while (!p->ending) {
		next.tv_sec++;
		while (!p->ending && pthread_cond_timedwait(&p->ends, &p->lock, &next) != ETIMEDOUT)
			;
		if (p->ending || !p->clients)
			continue;
		read_system(p);
		tell_system(p);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* ---- clients: by the server's thread --------------------------------------------------------- */

/* What a client watches. */
struct watching {
	uint64_t topic; /* 0: no view */
};

static void joined(void *user, struct server_client *client)
{
	static const uint64_t system_topic = SYSTEM_TOPIC;
	struct live_page *p = user;
	json_t *views = json_array();

	for (size_t i = 0; live_view_at(i); i++)
		json_array_append_new(views, json_string(live_view_at(i)->name));
	server_client_set_data(client, calloc(1, sizeof(struct watching)));
	server_client_topics(client, &system_topic, 1);
	push_json(p, server_client_own_topic(client),
		  json_pack("{s:{s:o}}", "hello", "views", views));
	pthread_mutex_lock(&p->lock);
	p->clients++;
	tell_system(p);
	pthread_mutex_unlock(&p->lock);
}

static void left(void *user, struct server_client *client)
{
	struct live_page *p = user;
	struct watching *watching = server_client_data(client);

	if (watching)
		live_streams_leave(&p->streams, watching->topic);
	free(watching);
	pthread_mutex_lock(&p->lock);
	p->clients--;
	pthread_mutex_unlock(&p->lock);
}

static void refuse(struct live_page *p, struct server_client *client, const char *sentence)
{
	push_json(p, server_client_own_topic(client), json_pack("{s:s}", "error", sentence));
}

/* The rows of a log that came before. */
static void send_past(struct live_page *p, struct server_client *client, struct live_log *log)
{
	pthread_mutex_lock(&p->lock);
	if (p->n_joiners < MOST_JOINERS)
		p->joiners[p->n_joiners++] =
			(struct joiner){ server_client_own_topic(client), log };
	pthread_mutex_unlock(&p->lock);
}

/* {"watch": VIEW, "interval": SECONDS}: instead of what was watched before. */
static void watch(struct live_page *p, struct server_client *client, const json_t *said)
{
	const char *name = json_string_value(json_object_get(said, "watch"));
	double seconds = json_number_value(json_object_get(said, "interval"));
	const struct live_view *view = name ? live_view_find(name) : NULL;
	struct watching *watching = server_client_data(client);
	struct live_log *log = view ? live_logs_of(&p->logs, view->name) : NULL;
	/* In tenths of a second, so that many can share them. */
	int64_t interval = seconds > 0 && seconds < 1000
				   ? (int64_t)(seconds * 10 + 0.5) * LIVE_SHORTEST_NS
				   : 0;
	uint64_t topics[3] = { SYSTEM_TOPIC };
	size_t n = 1;

	if (!watching)
		return;
	if (view && (interval < LIVE_SHORTEST_NS || interval > LIVE_LONGEST_NS)) {
		refuse(p, client, "intervals are from 0.1 to 60 seconds");
		return;
	}
	live_streams_leave(&p->streams, watching->topic);
	watching->topic = view ? live_streams_join(&p->streams, view, interval) : 0;
	if (view && !watching->topic)
		refuse(p, client,
		       "too many different intervals are watched: choose one that others have");
	if (watching->topic)
		topics[n++] = watching->topic;
	if (log) {
		topics[n++] = log->topic;
		send_past(p, client, log);
	}
	server_client_topics(client, topics, n);
}

static void order(struct live_page *p, struct server_client *client, uint32_t kind, json_int_t pid)
{
	const struct live_order order = { kind, (int32_t)pid };

	/* Whole or not at all: it is short. */
	if (pid < 0 || pid > INT32_MAX)
		refuse(p, client, "that is no pid");
	else if (write(p->orders, &order, sizeof(order)) != sizeof(order))
		refuse(p, client, "the recorder takes no orders now");
}

static void said(void *user, struct server_client *client, const char *text, size_t n)
{
	struct live_page *p = user;
	struct schedtrace_error err;
	const char *recording;
	json_t *said, *pid;

	if (jsonio_parse(&said, text, n, &err) < 0) {
		refuse(p, client, err.text);
		return;
	}
	recording = json_string_value(json_object_get(said, "recording"));
	if (json_object_get(said, "watch"))
		watch(p, client, said);
	else if (recording && !strcmp(recording, "start"))
		order(p, client, LIVE_START, 0);
	else if (recording && !strcmp(recording, "stop"))
		order(p, client, LIVE_STOP, 0);
	else if ((pid = json_object_get(said, "register")))
		order(p, client, LIVE_REGISTER, json_integer_value(pid));
	else if ((pid = json_object_get(said, "unregister")))
		order(p, client, LIVE_UNREGISTER, json_integer_value(pid));
	else
		refuse(p, client, "nobody knows what that means");
	json_decref(said);
}

/* ---- all of it ------------------------------------------------------------------------------ */

static int serving(void *user, struct server *server, struct schedtrace_error *err)
{
	struct live_page *p = user;
	int failed;

	p->server = server;
	failed = pthread_create(&p->follower, NULL, follow, p);
	p->follows = !failed;
	if (!failed) {
		failed = pthread_create(&p->teller, NULL, tell, p);
		p->tells = !failed;
	}
	return failed ? error_errno(err, SCHEDTRACE_E_NOMEM, failed, "cannot start a thread") : 0;
}

/* The recorder ends when it has nobody to take orders from. */
static void stopped(void *user)
{
	struct live_page *p = user;

	mem_close_p(&p->orders);
	p->orders = -1;
	pthread_mutex_lock(&p->lock);
	p->ending = true;
	pthread_cond_signal(&p->ends);
	pthread_mutex_unlock(&p->lock);
	if (p->tells)
		pthread_join(p->teller, NULL);
	if (p->follows)
		pthread_join(p->follower, NULL);
}

static int name_analyses(struct live_page *p, const char *tables, struct schedtrace_error *err)
{
	char *rest, *name;

	p->names = strdup(tables ? tables : LIVE_VIEW_ANALYSES);
	if (!p->names)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for names of analyses");
	for (rest = p->names; (name = strsep(&rest, ",")) && p->n_analyses < MOST_ANALYSES;)
		p->analyses[p->n_analyses++] = name;
	return 0;
}

int live_page_new(struct live_page **out, const struct live_options *options, int frames,
		  int orders, struct schedtrace_error *err)
{
	struct live_page *p = calloc(1, sizeof(*p));
	pthread_condattr_t monotonic;
	const struct page_options page = {
		.addresses = options->addresses,
		.n_addresses = options->n_addresses,
		.hosts = options->hosts,
		.n_hosts = options->n_hosts,
		.port = options->port,
		.open = options->open,
		.tell = options->tell,
		.user = options->tell_user,
	};
	int r;

	if (!p)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a page");
	p->frames = frames;
	p->orders = orders;
	p->recorder = getppid();
	p->live = (struct page_live){ serving, stopped, joined, said, left, p };
	p->page_options = page;
	p->page_options.live = &p->live;
	p->sink = (struct schedtrace_sink){ sizeof(p->sink), p, take_row };
	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&p->ends, &monotonic);
	pthread_condattr_destroy(&monotonic);
	live_streams_open(&p->streams);
	live_logs_open(&p->logs);
	fcntl(orders, F_SETFL, O_NONBLOCK);
	r = name_analyses(p, NULL, err);
	if (r == 0)
		r = page_new(&p->page, &p->page_options, err);
	p->follow = (struct live_follow){ .analyses = p->analyses,
					  .n_analyses = p->n_analyses,
					  .sink = &p->sink,
					  .listener = { .begun = on_begin,
							.round = on_round,
							.ended = on_end,
							.failed = on_failure,
							.told = on_told,
							.user = p } };
	if (r < 0)
		live_page_free(p);
	else
		*out = p;
	return r;
}

void live_page_free(struct live_page *p)
{
	if (p->page)
		page_free(p->page);
	live_follow_close(&p->follow);
	live_streams_close(&p->streams);
	live_logs_clear(&p->logs);
	json_decref(p->told);
	json_decref(p->figures);
	pthread_cond_destroy(&p->ends);
	pthread_mutex_destroy(&p->lock);
	free(p->names);
	free(p);
}

int live_page_run(struct live_page *p, struct request_log *requests, struct schedtrace_error *err)
{
	int r;

	p->follow.requests = requests;
	r = page_serve(p->page, err);
	if (r == 0 && p->failed)
		*err = p->failure;
	return r < 0 ? r : p->failed;
}
