/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/page/server_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define MOST_PENDING	  64	 /* requests that wait for an answer */
#define CLIENT_CHECK_US	  250000 /* how often a client that waits is looked for */
#define WRITING_TIMEOUT_S 60

const char *request_arg(const struct request *request, const char *name)
{
	for (size_t i = 0; i < request->n_args; i++)
		if (!strcmp(request->args[i].name, name))
			return request->args[i].value;
	return NULL;
}

void exchange_free(struct exchange *e)
{
	free(e->headers);
	free(e->body);
	free(e->answer.owned);
	free(e->answer.file_name);
	free(e);
}

void server_answer(struct request *request, const struct answer *answer)
{
	struct exchange *e =
		(struct exchange *)((char *)request - offsetof(struct exchange, request));
	struct server *server = e->server;

	e->answer = *answer;
	pthread_mutex_lock(&server->lock);
	e->next = server->answered;
	server->answered = e;
	/* Within the lock: the server may end as soon as the last answer is seen. */
	lws_cancel_service(server->context);
	pthread_mutex_unlock(&server->lock);
}

/* Answers of the server itself, before a handler has the request. */
static int refuse(struct exchange *e, int status, const char *sentence)
{
	static const char form[] = "{\"error\": \"%s\"}\n";
	int n = (int)(strlen(form) + strlen(sentence));
	char *text = malloc((size_t)n + 1);

	if (!text)
		return -1;
	n = snprintf(text, (size_t)n + 1, form, sentence);
	e->answer = (struct answer){ .status = status,
				     .type = "application/json",
				     .body = text,
				     .owned = text,
				     .n = (size_t)n };
	e->answered = e->closes = true;
	lws_callback_on_writable(e->wsi);
	return 0;
}

struct text_room {
	char *at, *end;
};

/* Copies a header, "" if there is none. NULL: it is too long. */
static const char *header(struct lws *wsi, enum lws_token_indexes token, struct text_room *room)
{
	char *text = room->at;
	int n = lws_hdr_total_length(wsi, token);

	if (n < 0 || n >= room->end - room->at)
		return NULL;
	*text = '\0';
	if (n > 0 && lws_hdr_copy(wsi, text, n + 1, token) < 0)
		return NULL;
	room->at += n + 1;
	return text;
}

static const char *custom_header(struct lws *wsi, const char *name, struct text_room *room)
{
	char *text = room->at;
	int n = lws_hdr_custom_length(wsi, name, (int)strlen(name));

	if (n >= room->end - room->at)
		return NULL;
	*text = '\0';
	if (n > 0 && lws_hdr_custom_copy(wsi, text, n + 1, name, (int)strlen(name)) < 0)
		return NULL;
	room->at += n > 0 ? n + 1 : 1;
	return text;
}

static bool read_args(struct exchange *e, struct text_room *room)
{
	struct request *request = &e->request;
	int n;

	for (int i = 0; (n = lws_hdr_fragment_length(e->wsi, WSI_TOKEN_HTTP_URI_ARGS, i)) > 0;
	     i++) {
		char *text = room->at, *value;

		if (n >= room->end - room->at || request->n_args == SERVER_MOST_ARGS ||
		    lws_hdr_copy_fragment(e->wsi, text, n + 1, WSI_TOKEN_HTTP_URI_ARGS, i) < 0)
			return false;
		room->at += n + 1;
		value = strchr(text, '=');
		if (value)
			*value++ = '\0';
		request->args[request->n_args].name = text;
		request->args[request->n_args++].value = value ? value : "";
	}
	return true;
}

/* The length that a Content-Length states; -1: it is none. Theirs would take "-1". */
static int64_t parse_length(const char *text)
{
	int64_t value = 0;

	if (!*text)
		return 0;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || value > INT32_MAX)
			return -1;
		value = value * 10 + (*text - '0');
	}
	return value;
}

int exchange_read_request(struct exchange *e, const char *uri)
{
	struct request *request = &e->request;
	struct text_room room = { e->headers, e->headers + 2 * MOST_HEADERS };
	const char *length, *coding;
	bool get = lws_hdr_total_length(e->wsi, WSI_TOKEN_GET_URI) > 0;
	int64_t want;

	request->post = lws_hdr_total_length(e->wsi, WSI_TOKEN_POST_URI) > 0;
	if (!get && !request->post)
		return 405;
	if (strlen(uri) >= MOST_HEADERS)
		return 431;
	request->path = strcpy(room.at, uri);
	room.at += strlen(uri) + 1;
	request->host = header(e->wsi, WSI_TOKEN_HOST, &room);
	request->origin = header(e->wsi, WSI_TOKEN_ORIGIN, &room);
	request->authorization = header(e->wsi, WSI_TOKEN_HTTP_AUTHORIZATION, &room);
	length = header(e->wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, &room);
	coding = header(e->wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING, &room);
	request->fetch_site = custom_header(e->wsi, "sec-fetch-site:", &room);
	request->protocols = header(e->wsi, WSI_TOKEN_PROTOCOL, &room);
	if (!request->host || !request->origin || !request->authorization || !length || !coding ||
	    !request->fetch_site || !request->protocols || !read_args(e, &room))
		return 431;
	want = parse_length(length);
	if (want < 0 || *coding || (want > 0 && !request->post))
		return 400;
	if ((size_t)want > SERVER_MOST_BODY)
		return 413;
	e->want = (size_t)want;
	return 0;
}

static const char *sentence_of(int status)
{
	switch (status) {
	case 400:
		return "a body goes with a POST, and has its length stated";
	case 405:
		return "only GET and POST are understood";
	case 413:
		return "the body is longer than 1 MiB";
	default:
		return "the headers are too long";
	}
}

void exchange_hand_over(struct exchange *e)
{
	struct server *server = e->server;

	e->request.body = e->body ? e->body : "";
	e->request.n_body = e->room;
	server->pending++;
	/* Nothing more of it until this is answered, but whether it is still there. */
	lws_rx_flow_control(e->wsi, 0);
	lws_set_timeout(e->wsi, NO_PENDING_TIMEOUT, 0);
	lws_set_timer_usecs(e->wsi, CLIENT_CHECK_US);
	server->options.handle(server->options.user, &e->request);
}

int exchange_begin(struct server *server, struct lws *wsi, struct connection *connection,
		   const char *uri)
{
	struct exchange *e = calloc(1, sizeof(*e));
	struct answer refusal = { 0 };
	int status;

	/* A second request before the answer to the first: clients that do so try again. */
	if (connection->exchange || !e) {
		free(e);
		return -1;
	}
	connection->exchange = e;
	e->server = server;
	e->wsi = wsi;
	e->headers = malloc(3 * MOST_HEADERS);
	if (!e->headers)
		return -1;
	status = exchange_read_request(e, uri);
	if (status)
		return refuse(e, status, sentence_of(status));
	if (server->connections > SERVER_MOST_CLIENTS + server->n_clients ||
	    server->pending >= MOST_PENDING)
		return refuse(e, 503, "too many clients at once: try again");
	if (!server->options.admit(server->options.user, &e->request, &refusal)) {
		e->answer = refusal;
		e->answered = e->closes = true;
		if (refusal.after_ms)
			lws_set_timer_usecs(wsi, (lws_usec_t)refusal.after_ms * 1000);
		else
			lws_callback_on_writable(wsi);
		return 0;
	}
	if (!e->want) {
		exchange_hand_over(e);
		return 0;
	}
	e->body = malloc(e->want + 1);
	return e->body ? 0 : -1;
}

int exchange_take_body(struct exchange *e, const void *data, size_t n)
{
	if (!e || e->answered)
		return 0;
	if (!e->body || n > e->want - e->room)
		return -1;
	memcpy(e->body + e->room, data, n);
	e->room += n;
	e->body[e->room] = '\0';
	return 0;
}

/* The same on every answer: pages run what comes from here, and nothing else. */
static const struct {
	const char *name, *value;
} fixed_headers[] = {
	{ "content-security-policy:",
	  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
	  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'" },
	{ "x-content-type-options:", "nosniff" },
	{ "referrer-policy:", "no-referrer" },
	{ "cross-origin-resource-policy:", "same-origin" },
	{ "cross-origin-opener-policy:", "same-origin" },
	{ "cache-control:", "no-store" },
};

static int put_header(struct lws *wsi, const char *name, const char *value, unsigned char **at,
		      unsigned char *end)
{
	return lws_add_http_header_by_name(wsi, (const unsigned char *)name,
					   (const unsigned char *)value, (int)strlen(value), at,
					   end);
}

static int send_headers(struct exchange *e)
{
	unsigned char buffer[LWS_PRE + 4096], *at = buffer + LWS_PRE,
					      *end = buffer + sizeof(buffer);
	char disposition[512];

	if (lws_add_http_header_status(e->wsi, (unsigned int)e->answer.status, &at, end) ||
	    put_header(e->wsi, "content-type:", e->answer.type, &at, end))
		return -1;
	for (size_t i = 0; i < sizeof(fixed_headers) / sizeof(*fixed_headers); i++)
		if (put_header(e->wsi, fixed_headers[i].name, fixed_headers[i].value, &at, end))
			return -1;
	if (e->answer.file_name) {
		snprintf(disposition, sizeof(disposition), "attachment; filename=\"%s\"",
			 e->answer.file_name);
		if (put_header(e->wsi, "content-disposition:", disposition, &at, end))
			return -1;
	}
	if (e->answer.status == 405 && put_header(e->wsi, "allow:", "GET, POST", &at, end))
		return -1;
	if (e->closes && put_header(e->wsi, "connection:", "close", &at, end))
		return -1;
	if (lws_add_http_header_content_length(e->wsi, e->answer.n, &at, end) ||
	    lws_finalize_write_http_header(e->wsi, buffer + LWS_PRE, &at, end))
		return -1;
	e->headers_sent = true;
	return 0;
}

static int end_exchange(struct lws *wsi, struct connection *connection)
{
	bool closes = connection->exchange->closes;

	exchange_free(connection->exchange);
	connection->exchange = NULL;
	if (closes)
		return -1;
	return lws_http_transaction_completed(wsi) ? -1 : 0;
}

int exchange_write(struct lws *wsi, struct connection *connection)
{
	struct exchange *e = connection->exchange;
	size_t n;

	if (!e || !e->answered)
		return 0;
	lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, WRITING_TIMEOUT_S);
	if (!e->headers_sent) {
		if (send_headers(e) < 0)
			return -1;
	} else {
		n = e->answer.n - e->sent < SERVER_CHUNK ? e->answer.n - e->sent : SERVER_CHUNK;
		/* Not changed: what stands before it is written to with HTTP/2 only. */
		if (lws_write(wsi, (unsigned char *)e->answer.body + e->sent, n,
			      e->sent + n == e->answer.n ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) <
		    (int)n)
			return -1;
		e->sent += n;
	}
	if (e->sent == e->answer.n)
		return end_exchange(wsi, connection);
	lws_callback_on_writable(wsi);
	return 0;
}

void exchanges_take_answers(struct server *server)
{
	struct exchange *list, *next;

	pthread_mutex_lock(&server->lock);
	list = server->answered;
	server->answered = NULL;
	pthread_mutex_unlock(&server->lock);
	for (; list; list = next) {
		next = list->next;
		server->pending--;
		if (!list->wsi) {
			exchange_free(list);
			continue;
		}
		list->answered = true;
		lws_set_timer_usecs(list->wsi, LWS_SET_TIMER_USEC_CANCEL);
		lws_rx_flow_control(list->wsi, 1); /* while it is off nothing is written either */
		lws_callback_on_writable(list->wsi);
	}
}

static bool has_gone(struct lws *wsi)
{
	char byte;
	ssize_t n = recv(lws_get_socket_fd(wsi), &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

/* Either a refusal was delayed, or it is time to look after a client that waits. */
int exchange_on_timer(struct lws *wsi, struct connection *connection)
{
	if (!connection->exchange)
		return 0;
	if (connection->exchange->answered) {
		lws_callback_on_writable(wsi);
		return 0;
	}
	if (has_gone(wsi))
		return -1;
	lws_set_timer_usecs(wsi, CLIENT_CHECK_US);
	return 0;
}

void exchange_leave(struct connection *connection)
{
	struct exchange *e = connection ? connection->exchange : NULL;

	if (!e)
		return;
	connection->exchange = NULL;
	e->wsi = NULL;
	if (e->answered || !e->request.body) {
		exchange_free(e);
		return;
	}
	atomic_store(&e->request.cancelled, true); /* who answers it has it now */
}
