/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parts of the server share; nothing of libwebsockets is seen outside of them. */
#ifndef VIEW_PAGE_SERVER_STATE_H
#define VIEW_PAGE_SERVER_STATE_H

#include <pthread.h>

#include <libwebsockets.h>

#include "view/page/server.h"

#define SERVER_CHUNK 65536 /* bytes that are written at a time */
#define MOST_HEADERS 16384

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

/* What libwebsockets keeps for a connection: either of the two. */
struct connection {
	struct exchange *exchange;
	struct server_client *client;
};

struct push;

struct server {
	struct server_options options;
	struct lws_protocols protocols[3];
	struct lws_context *context;
	uint16_t port;
	size_t connections; /* and WebSockets */
	size_t pending;
	size_t n_listening; /* of the addresses, the first */
	atomic_bool stopping;
	pthread_mutex_t lock; /* of the two lists */
	struct exchange *answered;
	struct push *pushed, **last_pushed;
	struct server_client *clients;
	size_t n_clients;
	unsigned char *scratch; /* what is written to a WebSocket, with room for its header */
};

/* ---- listening */

int server_choose_port(struct server *server, struct schedtrace_error *err);
int server_listen(struct server *server, struct schedtrace_error *err);
void server_unlisten(struct server *server);

/* ---- requests and answers; where an int is returned, below 0 ends the connection */

/* Sets what the client asks; 0, or the status to refuse it with. */
int exchange_read_request(struct exchange *e, const char *uri);
int exchange_begin(struct server *server, struct lws *wsi, struct connection *connection,
		   const char *uri);
int exchange_take_body(struct exchange *e, const void *data, size_t n);
void exchange_hand_over(struct exchange *e);
int exchange_write(struct lws *wsi, struct connection *connection);
int exchange_on_timer(struct lws *wsi, struct connection *connection);
void exchange_leave(struct connection *connection);
void exchange_free(struct exchange *e);
/* Answers that have come since. */
void exchanges_take_answers(struct server *server);

/* ---- WebSockets */

/* 0: it may become one; above: it was refused by an answer. */
int socket_admit(struct server *server, struct lws *wsi);
int socket_open(struct server *server, struct lws *wsi, struct connection *connection);
int socket_receive(struct lws *wsi, struct connection *connection, const char *text, size_t n);
int socket_write(struct lws *wsi, struct connection *connection);
void socket_close(struct connection *connection);
/* What was pushed since. */
void sockets_take_pushed(struct server *server);
void sockets_free(struct server *server);

#endif
