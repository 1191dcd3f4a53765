/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/page/page.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "view/page/answers.h"
#include "view/page/browser.h"
#include "view/page/page_state.h"

#define USUAL_PORT	 5006
#define REFUSAL_AFTER_MS 300 /* so that nobody tries many tokens */

static int progress(struct work *work, struct answer *answer, struct schedtrace_error *err)
{
	const char *name = request_arg(work->request, "job");
	struct work found;

	/* Not an error: it may have ended since the browser asked last. */
	if (!name || !works_find(&work->page->works, name, &found))
		return answer_json(answer, json_null(), err);
	return answer_json(answer,
			   json_pack("{s:o, s:I, s:I}", "what", answer_text(found.what), "done",
				     (json_int_t)found.done, "total", (json_int_t)found.total),
			   err);
}

static const struct route {
	const char *path;
	bool post;
	work_run *run;
	bool at_once; /* by the server's thread: it takes no time */
} routes[] = {
	{ "/api/analyses", false, analyses_request, true },
	{ "/api/figure", false, figure_request, false },
	{ "/api/figure/file", false, figure_file_request, false },
	{ "/api/figure/pixels", false, figure_pixels_request, false },
	{ "/api/figure/rows", false, figure_rows_request, false },
	{ "/api/instructions", false, instructions_request, true },
	{ "/api/instructions", true, instruction_upload_request, false },
	{ "/api/instructions/file", false, instruction_file_request, false },
	{ "/api/lanes", false, lanes_request, false },
	{ "/api/lanes/runs", false, lane_runs_request, false },
	{ "/api/lanes/shares", false, lane_shares_request, false },
	{ "/api/lanes/span", false, lane_span_request, false },
	{ "/api/progress", false, progress, true },
	{ "/api/recording", false, recording_request, false },
	{ "/api/recordings", false, recordings_request, false },
	{ "/api/rows", false, rows_request, false },
	{ "/api/statistics", false, statistics_request, false },
	{ "/api/table", false, table_request, false },
	{ "/api/table/file", false, table_file_request, false },
	{ "/api/table/picture", false, table_picture_request, false },
};

static const struct route *find_route(const struct request *request)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(*routes); i++)
		if (!strcmp(routes[i].path, request->path) && routes[i].post == request->post)
			return &routes[i];
	return NULL;
}

static bool has_path(const struct request *request)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(*routes); i++)
		if (!strcmp(routes[i].path, request->path))
			return true;
	return false;
}

static bool refuse(struct answer *refusal, int status, const char *sentence)
{
	answer_sentence(refusal, status, sentence);
	return false;
}

static bool is_data(const struct request *request)
{
	return !strncmp(request->path, "/api/", 5);
}

static bool admit(void *user, const struct request *request, struct answer *refusal)
{
	const struct page *page = user;

	if (!access_host(&page->access, request->host))
		return refuse(refusal, 403,
			      "this server is not what the address in the browser says: use the "
			      "address that it printed");
	if (!access_origin(&page->access, request->origin))
		return refuse(refusal, 403, "another site's page may not ask this server");
	if (!is_data(request))
		return !request->post || refuse(refusal, 405, "only GET is understood there");
	/* Opening a link from elsewhere is "cross-site" or "none", and never asks for data. */
	if (*request->fetch_site && strcmp(request->fetch_site, "same-origin") != 0)
		return refuse(refusal, 403, "another site's page may not ask this server");
	if (!access_token(&page->access, request->authorization)) {
		refuse(refusal, 401,
		       "the token is missing or wrong: open the address that schedview printed");
		refusal->after_ms = REFUSAL_AFTER_MS;
		return false;
	}
	if (!has_path(request))
		return refuse(refusal, 404, "there is nothing at this address");
	return find_route(request) || refuse(refusal, 405, "not by this method");
}

/* A WebSocket comes from our page, with the token. */
static bool admit_socket(void *user, const struct request *request, int *status)
{
	const struct page *page = user;

	*status = 403;
	if (!access_host(&page->access, request->host) ||
	    !access_origin(&page->access, request->origin) ||
	    (*request->fetch_site && strcmp(request->fetch_site, "same-origin") != 0))
		return false;
	*status = 401;
	return access_token_among(&page->access, request->protocols);
}

static void joined(void *user, struct server_client *client)
{
	const struct page_live *live = ((struct page *)user)->options->live;

	live->joined(live->user, client);
}

static void said(void *user, struct server_client *client, const char *text, size_t n)
{
	const struct page_live *live = ((struct page *)user)->options->live;

	live->said(live->user, client, text, n);
}

static void left(void *user, struct server_client *client)
{
	const struct page_live *live = ((struct page *)user)->options->live;

	live->left(live->user, client);
}

static void answer_at_once(struct page *page, struct request *request, work_run *run)
{
	struct work work = { .page = page, .request = request };
	struct answer answer = { .status = 200 };
	struct schedtrace_error err;

	if (run(&work, &answer, &err) < 0)
		answer_failure(&answer, &err);
	server_answer(request, &answer);
}

static void handle(void *user, struct request *request)
{
	struct page *page = user;
	const struct route *route = find_route(request);
	struct answer answer = { .status = 200 };

	if (route && route->at_once) {
		answer_at_once(page, request, route->run);
	} else if (route) {
		works_add(page, request, route->run);
	} else {
		if (!assets_answer(&page->assets, request->path, &answer))
			answer_sentence(&answer, 404, "there is nothing at this address");
		server_answer(request, &answer);
	}
}

static int listen_there(struct page *page, struct schedtrace_error *err)
{
	static const char *const own[] = { "127.0.0.1", "::1" };
	const struct page_options *options = page->options;
	const struct server_options server = {
		.addresses = options->n_addresses ? options->addresses : own,
		.n_addresses = options->n_addresses ? options->n_addresses : 2,
		.port = options->port < 0 ? USUAL_PORT : (uint16_t)options->port,
		.next_free = options->port < 0,
		.admit = admit,
		.handle = handle,
		.user = page,
		.sockets = options->live ? &page->sockets : NULL,
	};

	page->sockets = (struct server_sockets){ .path = "/api/live",
						 .protocol = "schedview.live",
						 .admit = admit_socket,
						 .joined = joined,
						 .said = said,
						 .left = left,
						 .user = page };
	return server_open(&page->server, &server, err);
}

/* Ends the server when a signal comes. */
static void *wait_for_signal(void *user)
{
	struct page *page = user;
	sigset_t set;
	int number;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	while (sigwait(&set, &number) != 0)
		;
	server_stop(page->server);
	return NULL;
}

static int tell_address(struct page *page, struct schedtrace_error *err)
{
	const struct page_options *options = page->options;
	const char *address = options->n_addresses ? options->addresses[0] : "127.0.0.1";
	char url[300];

	if (strchr(address, '/'))
		snprintf(url, sizeof(url), "unix:%s#token=%s", address, page->access.token);
	else
		snprintf(url, sizeof(url),
			 strchr(address, ':') ? "http://[%s]:%u/#token=%s"
					      : "http://%s:%u/#token=%s",
			 address, server_port(page->server), page->access.token);
	if (printf("%s\n", url) < 0 || fflush(stdout) != 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "cannot print the address");
	if (server_port(page->server) && options->n_addresses)
		options->tell(options->user,
			      options->live
				      ? "listening for other machines: whoever has the address "
					"above sees what runs on this one, and what is sent is "
					"not encrypted"
				      : "listening for other machines: whoever has the address "
					"above sees all of these recordings, and what is sent is "
					"not encrypted");
	return options->open ? browser_open(url, &page->redirect, err) : 0;
}

static int serve(struct page *page, struct schedtrace_error *err)
{
	const struct page_live *live = page->options->live;
	int r = tell_address(page, err);

	if (r < 0 || !live)
		return r < 0 ? r : server_run(page->server, err);
	r = live->serving(live->user, page->server, err);
	if (r == 0)
		r = server_run(page->server, err);
	live->stopped(live->user);
	return r;
}

static int serve_until_signal(struct page *page, struct schedtrace_error *err)
{
	sigset_t set, old;
	pthread_t thread;
	int r, failed;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, &old);
	failed = pthread_create(&thread, NULL, wait_for_signal, page);
	if (failed) {
		pthread_sigmask(SIG_SETMASK, &old, NULL);
		return error_errno(err, SCHEDTRACE_E_NOMEM, failed, "cannot start a thread");
	}
	r = serve(page, err);
	if (r < 0)
		pthread_kill(thread, SIGTERM);
	pthread_join(thread, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return r;
}

int page_new(struct page **out, const struct page_options *options, struct schedtrace_error *err)
{
	struct page *page = calloc(1, sizeof(*page));
	int r;

	if (!page)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a page");
	page->options = options;
	page->access.hosts = options->hosts;
	page->access.n_hosts = options->n_hosts;
	instruction_store_open(&page->instructions, options->instructions);
	figure_cache_open(&page->figures);
	r = recording_list_open(&page->recordings, options->paths, options->n_paths, err);
	if (r == 0)
		r = access_new_token(&page->access, err);
	if (r == 0)
		r = assets_read(&page->assets, err);
	if (r < 0)
		page_free(page);
	else
		*out = page;
	return r;
}

void page_free(struct page *page)
{
	figure_cache_close(&page->figures);
	assets_free(&page->assets);
	recording_list_close(&page->recordings);
	instruction_store_close(&page->instructions);
	free(page);
}

int page_serve(struct page *page, struct schedtrace_error *err)
{
	int r = listen_there(page, err);

	if (r == 0) {
		page->access.port = server_port(page->server);
		r = works_open(&page->works, err);
		if (r == 0)
			r = page->options->live ? serve(page, err) : serve_until_signal(page, err);
		works_close(&page->works);
	}
	server_close(page->server);
	if (page->redirect)
		unlink(page->redirect);
	free(page->redirect);
	return r;
}

int page_run(const struct page_options *options, struct schedtrace_error *err)
{
	struct page *page;
	int r = page_new(&page, options, err);

	if (r < 0)
		return r;
	r = page_serve(page, err);
	page_free(page);
	return r;
}
