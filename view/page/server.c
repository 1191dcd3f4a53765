/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/page/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libwebsockets.h>

#include "base/error.h"
#include "base/mem.h"

#define MOST_HEADERS	  16384
#define MOST_PENDING	  64	 /* requests that wait for an answer */
#define CHUNK		  65536	 /* bytes that are written at a time */
#define CLIENT_CHECK_US	  250000 /* how often it is looked whether a waiting client is there */
#define HEADERS_TIMEOUT_S 10
#define WRITING_TIMEOUT_S 60
#define IDLE_TIMEOUT_S	  60
#define PORTS_TRIED	  100
#define SEND_BUFFER	  131072

/* A request and its answer. It belongs to a connection, to who answers it, or to both. */
struct exchange {
	struct request request;
	struct server *server;
	struct lws *wsi; /* NULL: the client has gone */
	char *headers;	 /* the texts of the request */
	char *body;
	size_t room, want; /* of the body: bytes there is room for, and bytes to come */
	struct answer answer;
	bool answered, headers_sent;
	bool closes; /* the connection, when it is answered: a body was left unread */
	size_t sent;
	struct exchange *next; /* in the list of those answered */
};

/* What libwebsockets keeps for a connection. */
struct connection {
	struct exchange *exchange;
};

struct server {
	struct server_options options;
	struct lws_context *context;
	uint16_t port;
	size_t clients, pending;
	size_t n_listening; /* of the addresses, the first */
	atomic_bool stopping;
	pthread_mutex_t lock; /* of the list */
	struct exchange *answered;
};

const char *request_arg(const struct request *request, const char *name)
{
	for (size_t i = 0; i < request->n_args; i++)
		if (!strcmp(request->args[i].name, name))
			return request->args[i].value;
	return NULL;
}

static void exchange_free(struct exchange *e)
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

/* Sets what the client asks; 0, or the status to refuse it with. */
static int read_request(struct exchange *e, const char *uri)
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
	if (!request->host || !request->origin || !request->authorization || !length || !coding ||
	    !request->fetch_site || !read_args(e, &room))
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

static void hand_over(struct exchange *e)
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

static int begin_request(struct server *server, struct lws *wsi, struct connection *connection,
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
	status = read_request(e, uri);
	if (status)
		return refuse(e, status, sentence_of(status));
	if (server->clients > SERVER_MOST_CLIENTS || server->pending >= MOST_PENDING)
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
		hand_over(e);
		return 0;
	}
	e->body = malloc(e->want + 1);
	return e->body ? 0 : -1;
}

static int take_body(struct exchange *e, const void *data, size_t n)
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

static int write_answer(struct lws *wsi, struct connection *connection)
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
		n = e->answer.n - e->sent < CHUNK ? e->answer.n - e->sent : CHUNK;
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

/* Answers that have come since. */
static void take_answers(struct server *server)
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
static int on_timer(struct lws *wsi, struct connection *connection)
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

static void leave(struct connection *connection)
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

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		    size_t n)
{
	struct connection *connection = user;
	struct server *server = wsi ? lws_context_user(lws_get_context(wsi)) : NULL;
	int size = SEND_BUFFER;

	switch (reason) {
	case LWS_CALLBACK_WSI_CREATE:
		server->clients++;
		return 0;
	case LWS_CALLBACK_WSI_DESTROY:
		server->clients--;
		return 0;
	case LWS_CALLBACK_FILTER_NETWORK_CONNECTION:
		setsockopt(((struct lws_filter_network_conn_args *)user)->accept_fd, SOL_SOCKET,
			   SO_SNDBUF, &size, sizeof(size));
		return 0;
	case LWS_CALLBACK_HTTP:
		return begin_request(server, wsi, connection, in);
	case LWS_CALLBACK_HTTP_BODY:
		return take_body(connection->exchange, in, n);
	case LWS_CALLBACK_HTTP_BODY_COMPLETION:
		if (connection->exchange && !connection->exchange->answered)
			hand_over(connection->exchange);
		return 0;
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return write_answer(wsi, connection);
	case LWS_CALLBACK_TIMER:
		return on_timer(wsi, connection);
	case LWS_CALLBACK_EVENT_WAIT_CANCELLED:
		take_answers(server);
		return 0;
	case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
	case LWS_CALLBACK_CLOSED_HTTP:
		leave(connection);
		return 0;
	/* Nothing is upgraded: there is no WebSocket, and no HTTP/2. */
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
		return -1;
	default:
		return 0;
	}
}

static const struct lws_protocols protocols[] = {
	{ "http-only", on_event, sizeof(struct connection), 0, 0, NULL, 0 },
	{ NULL, NULL, 0, 0, 0, NULL, 0 },
};

/* Whether the machine has such an address at all. */
static bool can_have(const char *address)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	auto_close int fd = -1;

	if (!strchr(address, ':'))
		return true;
	if (inet_pton(AF_INET6, address, &v6.sin6_addr) != 1)
		return false;
	fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return fd >= 0 && bind(fd, (struct sockaddr *)&v6, sizeof(v6)) == 0;
}

/* Whether a port is free there; theirs says nothing of why it is not. 0, or an errno. */
static int port_taken(const char *address, uint16_t port)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	bool six = strchr(address, ':');
	auto_close int fd = socket(six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int one = 1;

	if (fd < 0)
		return errno;
	if (inet_pton(six ? AF_INET6 : AF_INET, address,
		      six ? (void *)&v6.sin6_addr : (void *)&v4.sin_addr) != 1)
		return EINVAL;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (six)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(fd, six ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4,
		 six ? sizeof(v6) : sizeof(v4)) < 0 ||
	    listen(fd, 1) < 0)
		return errno;
	return 0;
}

static bool is_path(const char *address)
{
	return strchr(address, '/') != NULL;
}

static bool has_paths_only(const struct server_options *options)
{
	for (size_t a = 0; a < options->n_addresses; a++)
		if (!is_path(options->addresses[a]))
			return false;
	return true;
}

static int choose_port(struct server *server, struct schedtrace_error *err)
{
	const struct server_options *o = &server->options;
	int tries = o->next_free ? PORTS_TRIED : 1, failed = 0;

	if (has_paths_only(o))
		return 0;
	for (int i = 0; i < tries && o->port + i <= UINT16_MAX; i++) {
		server->port = (uint16_t)(o->port + i);
		failed = 0;
		for (size_t a = 0; a < o->n_addresses && !failed; a++)
			if (!is_path(o->addresses[a]) && (a == 0 || can_have(o->addresses[a])))
				failed = port_taken(o->addresses[a], server->port);
		if (failed != EADDRINUSE)
			break;
	}
	if (failed == EADDRINUSE && o->next_free)
		return error_set(err, SCHEDTRACE_E_IO,
				 "ports %u to %u are all taken: say another one with --port",
				 o->port, server->port);
	if (failed)
		return error_errno(err, SCHEDTRACE_E_IO, failed, "cannot listen at port %u of %s",
				   o->port, o->addresses[0]);
	return 0;
}

static int listen_at(struct server *server, const char *address, struct schedtrace_error *err)
{
	struct lws_context_creation_info info = {
		.iface = address,
		.port = server->port,
		.protocols = protocols,
		.vhost_name = address,
		.keepalive_timeout = IDLE_TIMEOUT_S,
		.timeout_secs = HEADERS_TIMEOUT_S,
		.options = LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND,
	};

	if (strchr(address, ':'))
		info.options |=
			LWS_SERVER_OPTION_IPV6_V6ONLY_MODIFY | LWS_SERVER_OPTION_IPV6_V6ONLY_VALUE;
	else
		info.options |= LWS_SERVER_OPTION_DISABLE_IPV6;
	if (lws_create_vhost(server->context, &info))
		return 0;
	return error_set(err, SCHEDTRACE_E_IO, "cannot listen at %s, port %u", address,
			 server->port);
}

/* At a unix socket, to which nobody else may connect. */
static int listen_at_path(struct server *server, const char *path, struct schedtrace_error *err)
{
	struct lws_context_creation_info info = {
		.iface = path,
		.protocols = protocols,
		.vhost_name = path,
		.keepalive_timeout = IDLE_TIMEOUT_S,
		.timeout_secs = HEADERS_TIMEOUT_S,
		.options = LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND | LWS_SERVER_OPTION_UNIX_SOCK,
	};
	mode_t mask;
	bool listens;

	/* It would be removed. */
	if (access(path, F_OK) == 0)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "--listen: there is something at %s: remove it, or name another "
				 "path",
				 path);
	mask = umask(0177);
	listens = lws_create_vhost(server->context, &info);
	umask(mask);
	return listens ? 0 : error_set(err, SCHEDTRACE_E_IO, "cannot listen at %s", path);
}

int server_open(struct server **out, const struct server_options *options,
		struct schedtrace_error *err)
{
	struct lws_context_creation_info info = {
		.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
		.max_http_header_data = MOST_HEADERS,
		.max_http_header_pool = SERVER_MOST_CLIENTS,
		.fd_limit_per_thread = 2 * SERVER_MOST_CLIENTS,
		.timeout_secs = HEADERS_TIMEOUT_S,
		.timeout_secs_ah_idle = HEADERS_TIMEOUT_S,
	};
	struct server *server = calloc(1, sizeof(*server));
	int r;

	if (!server)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a server");
	server->options = *options;
	pthread_mutex_init(&server->lock, NULL);
	lws_set_log_level(0, NULL);
	info.user = server;
	r = choose_port(server, err);
	if (r == 0) {
		server->context = lws_create_context(&info);
		r = server->context ? 0
				    : error_set(err, SCHEDTRACE_E_IO, "libwebsockets cannot start");
	}
	for (size_t a = 0; r == 0 && a < options->n_addresses; a++) {
		if (is_path(options->addresses[a]))
			r = listen_at_path(server, options->addresses[a], err);
		else if (a == 0 || can_have(options->addresses[a]))
			r = listen_at(server, options->addresses[a], err);
		server->n_listening += r == 0;
	}
	if (r < 0) {
		server_close(server);
		return r;
	}
	*out = server;
	return 0;
}

void server_close(struct server *server)
{
	if (!server)
		return;
	if (server->context)
		lws_context_destroy(server->context);
	for (size_t a = 0; a < server->n_listening; a++)
		if (is_path(server->options.addresses[a]))
			unlink(server->options.addresses[a]);
	pthread_mutex_destroy(&server->lock);
	free(server);
}

uint16_t server_port(const struct server *server)
{
	return server->port;
}

int server_run(struct server *server, struct schedtrace_error *err)
{
	while (!atomic_load(&server->stopping))
		if (lws_service(server->context, 0) < 0)
			return error_set(err, SCHEDTRACE_E_IO, "libwebsockets has stopped");
	return 0;
}

void server_stop(struct server *server)
{
	atomic_store(&server->stopping, true);
	lws_cancel_service(server->context);
}
