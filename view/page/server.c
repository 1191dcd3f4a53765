/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/page/server_state.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/error.h"

#define HEADERS_TIMEOUT_S 10
#define SEND_BUFFER	  131072

/* Whether the connection asks to become a WebSocket: theirs would take any word for it. */
static bool asks_for_socket(struct lws *wsi)
{
	char word[16];

	return lws_hdr_copy(wsi, word, sizeof(word), WSI_TOKEN_UPGRADE) > 0 &&
	       !strcasecmp(word, "websocket");
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		    size_t n)
{
	struct connection *connection = user;
	struct server *server = wsi ? lws_context_user(lws_get_context(wsi)) : NULL;
	int size = SEND_BUFFER;

	switch (reason) {
	case LWS_CALLBACK_WSI_CREATE:
		server->connections++;
		return 0;
	case LWS_CALLBACK_WSI_DESTROY:
		server->connections--;
		return 0;
	case LWS_CALLBACK_FILTER_NETWORK_CONNECTION:
		setsockopt(((struct lws_filter_network_conn_args *)user)->accept_fd, SOL_SOCKET,
			   SO_SNDBUF, &size, sizeof(size));
		return 0;
	case LWS_CALLBACK_HTTP:
		return exchange_begin(server, wsi, connection, in);
	case LWS_CALLBACK_HTTP_BODY:
		return exchange_take_body(connection->exchange, in, n);
	case LWS_CALLBACK_HTTP_BODY_COMPLETION:
		if (connection->exchange && !connection->exchange->answered)
			exchange_hand_over(connection->exchange);
		return 0;
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return exchange_write(wsi, connection);
	case LWS_CALLBACK_TIMER:
		return exchange_on_timer(wsi, connection);
	case LWS_CALLBACK_EVENT_WAIT_CANCELLED:
		exchanges_take_answers(server);
		sockets_take_pushed(server);
		return 0;
	case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
	case LWS_CALLBACK_CLOSED_HTTP:
		exchange_leave(connection);
		return 0;
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return server->options.sockets && asks_for_socket(wsi) ? socket_admit(server, wsi)
								       : -1;
	/* By the first protocol, which is none of a WebSocket, nothing is upgraded. */
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
		return server->options.sockets && !strcmp(lws_get_protocol(wsi)->name,
							  server->protocols[1].name)
			       ? 0
			       : -1;
	case LWS_CALLBACK_ESTABLISHED:
		return socket_open(server, wsi, connection);
	case LWS_CALLBACK_RECEIVE:
		return socket_receive(wsi, connection, in, n);
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return socket_write(wsi, connection);
	case LWS_CALLBACK_CLOSED:
		socket_close(connection);
		return 0;
	default:
		return 0;
	}
}

static void name_protocols(struct server *server)
{
	const struct lws_protocols protocol = { .name = "http-only",
						.callback = on_event,
						.per_session_data_size =
							sizeof(struct connection) };

	server->protocols[0] = protocol;
	if (server->options.sockets) {
		server->protocols[1] = protocol;
		server->protocols[1].name = server->options.sockets->protocol;
	}
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
	server->last_pushed = &server->pushed;
	pthread_mutex_init(&server->lock, NULL);
	name_protocols(server);
	lws_set_log_level(0, NULL);
	info.user = server;
	if (options->sockets)
		info.fd_limit_per_thread += SERVER_MOST_SOCKETS;
	r = server_choose_port(server, err);
	server->scratch = malloc(LWS_PRE + SERVER_CHUNK);
	if (r == 0 && !server->scratch)
		r = error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a server");
	if (r == 0) {
		server->context = lws_create_context(&info);
		r = server->context ? 0
				    : error_set(err, SCHEDTRACE_E_IO, "libwebsockets cannot start");
	}
	if (r == 0)
		r = server_listen(server, err);
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
	server_unlisten(server);
	sockets_free(server);
	pthread_mutex_destroy(&server->lock);
	free(server->scratch);
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
