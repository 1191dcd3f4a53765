/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Clients that stay. What is pushed is shared by all who hear of it, and each has a queue. */
#include "view/page/server_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define MOST_SAID	 4096 /* bytes of a message from a client */
#define SAID_EACH_SECOND 100  /* messages of one client */
#define MOST_WAITING	 256  /* messages in a queue */

/* What was pushed, until the last client has it. */
struct push {
	uint64_t topic;
	bool binary;
	void *bytes;
	size_t n;
	size_t users;
	struct push *next; /* in the server's list of new ones */
};

struct server_client {
	struct server *server;
	struct lws *wsi;
	uint64_t number;
	uint64_t topics[SERVER_MOST_TOPICS];
	size_t n_topics;
	void *data;
	struct push *queue[MOST_WAITING]; /* the first is being written */
	size_t n_queue, queued, sent;	  /* bytes in it; of the first, those sent */
	uint64_t skipped, told;
	char *said; /* of a message so far */
	size_t n_said;
	int64_t second_ns; /* since when it said so many */
	unsigned int said_since;
	struct server_client *next, **link;
};

static void release(struct push *push)
{
	if (--push->users)
		return;
	free(push->bytes);
	free(push);
}

/* ---- what is said to them ------------------------------------------------------------------ */

void server_push(struct server *server, uint64_t topic, bool binary, void *bytes, size_t n)
{
	struct push *push = malloc(sizeof(*push));

	if (!push) {
		free(bytes);
		return;
	}
	*push = (struct push){ topic, binary, bytes, n, 1, NULL };
	pthread_mutex_lock(&server->lock);
	*server->last_pushed = push;
	server->last_pushed = &push->next;
	lws_cancel_service(server->context);
	pthread_mutex_unlock(&server->lock);
}

static bool hears(const struct server_client *client, uint64_t topic)
{
	if (topic == client->number)
		return true;
	for (size_t i = 0; i < client->n_topics; i++)
		if (client->topics[i] == topic)
			return true;
	return false;
}

/* Those of the topic that have not begun: what comes replaces them. */
static void leave_out(struct server_client *client, uint64_t topic)
{
	size_t kept = 0;

	for (size_t i = 0; i < client->n_queue; i++) {
		struct push *push = client->queue[i];

		if (push->topic != topic || (i == 0 && client->sent)) {
			client->queue[kept++] = push;
			continue;
		}
		client->queued -= push->n;
		client->skipped++;
		release(push);
	}
	client->n_queue = kept;
}

static bool has_room(const struct server_client *client, size_t n)
{
	return client->n_queue < MOST_WAITING && client->queued + n <= SERVER_MOST_QUEUED;
}

static void enqueue(struct server_client *client, struct push *push)
{
	if (!has_room(client, push->n))
		leave_out(client, push->topic);
	/* To one for whom nothing waits, the largest goes too: it is not kept for it alone. */
	if (!has_room(client, push->n) && client->n_queue) {
		client->skipped++;
		return;
	}
	client->queue[client->n_queue++] = push;
	client->queued += push->n;
	push->users++;
	lws_callback_on_writable(client->wsi);
}

void sockets_take_pushed(struct server *server)
{
	struct push *push, *next;

	pthread_mutex_lock(&server->lock);
	push = server->pushed;
	server->pushed = NULL;
	server->last_pushed = &server->pushed;
	pthread_mutex_unlock(&server->lock);
	for (; push; push = next) {
		next = push->next;
		for (struct server_client *c = server->clients; c; c = c->next)
			if (hears(c, push->topic))
				enqueue(c, push);
		release(push);
	}
}

void sockets_free(struct server *server)
{
	struct push *next;

	for (struct push *push = server->pushed; push; push = next) {
		next = push->next;
		release(push);
	}
	server->pushed = NULL;
}

/* What was left out stands before what comes next. */
static int tell_skipped(struct server_client *client)
{
	char *text = (char *)client->server->scratch + LWS_PRE;
	int n = snprintf(text, SERVER_CHUNK, "{\"skipped\":%llu}",
			 (unsigned long long)client->skipped);

	client->told = client->skipped;
	return lws_write(client->wsi, (unsigned char *)text, (size_t)n, LWS_WRITE_TEXT) < n ? -1
											    : 0;
}

static int write_piece(struct server_client *client)
{
	struct push *push = client->queue[0];
	unsigned char *piece = client->server->scratch + LWS_PRE;
	size_t left = push->n - client->sent, n = left < SERVER_CHUNK ? left : SERVER_CHUNK;
	int protocol = client->sent   ? LWS_WRITE_CONTINUATION
		       : push->binary ? LWS_WRITE_BINARY
				      : LWS_WRITE_TEXT;

	if (n < left)
		protocol |= LWS_WRITE_NO_FIN;
	/* A header is written before it, where another client's bytes would be. */
	memcpy(piece, (char *)push->bytes + client->sent, n);
	if (lws_write(client->wsi, piece, n, (enum lws_write_protocol)protocol) < (int)n)
		return -1;
	client->sent += n;
	if (client->sent < push->n)
		return 0;
	client->queued -= push->n;
	client->sent = 0;
	memmove(client->queue, client->queue + 1, --client->n_queue * sizeof(*client->queue));
	release(push);
	return 0;
}

int socket_write(struct lws *wsi, struct connection *connection)
{
	struct server_client *client = connection->client;
	int r = 0;

	if (!client)
		return 0;
	if (client->skipped != client->told && !client->sent)
		r = tell_skipped(client);
	else if (client->n_queue)
		r = write_piece(client);
	if (client->n_queue || client->skipped != client->told)
		lws_callback_on_writable(wsi);
	return r;
}

/* ---- what they say ------------------------------------------------------------------------- */

static bool says_too_much(struct server_client *client)
{
	int64_t now = now_ns();

	if (now - client->second_ns > 1000000000) {
		client->second_ns = now;
		client->said_since = 0;
	}
	return ++client->said_since > SAID_EACH_SECOND;
}

int socket_receive(struct lws *wsi, struct connection *connection, const char *text, size_t n)
{
	struct server_client *client = connection->client;
	const struct server_sockets *sockets = client->server->options.sockets;

	if (lws_frame_is_binary(wsi)) {
		lws_close_reason(wsi, LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE, NULL, 0);
		return -1;
	}
	if (n > MOST_SAID - client->n_said) {
		lws_close_reason(wsi, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE, NULL, 0);
		return -1;
	}
	memcpy(client->said + client->n_said, text, n);
	client->n_said += n;
	if (!lws_is_final_fragment(wsi) || lws_remaining_packet_payload(wsi))
		return 0;
	if (says_too_much(client)) {
		lws_close_reason(wsi, LWS_CLOSE_STATUS_POLICY_VIOLATION, NULL, 0);
		return -1;
	}
	n = client->n_said;
	client->n_said = 0;
	sockets->said(sockets->user, client, client->said, n);
	return 0;
}

/* ---- coming and going ---------------------------------------------------------------------- */

int socket_admit(struct server *server, struct lws *wsi)
{
	const struct server_sockets *sockets = server->options.sockets;
	struct exchange e = { .server = server, .wsi = wsi, .headers = malloc(3 * MOST_HEADERS) };
	char uri[64];
	int status = 403;
	bool admitted = false;

	if (!e.headers || lws_hdr_copy(wsi, uri, sizeof(uri), WSI_TOKEN_GET_URI) <= 0 ||
	    strcmp(uri, sockets->path) != 0)
		status = 404;
	else if (server->n_clients >= SERVER_MOST_SOCKETS)
		status = 503;
	else if (!exchange_read_request(&e, uri))
		admitted = sockets->admit(sockets->user, &e.request, &status);
	free(e.headers);
	if (admitted)
		return 0;
	lws_return_http_status(wsi, (unsigned int)status, NULL);
	return -1;
}

int socket_open(struct server *server, struct lws *wsi, struct connection *connection)
{
	static uint64_t numbers = (uint64_t)1 << 63;
	struct server_client *client = calloc(1, sizeof(*client));
	const struct server_sockets *sockets = server->options.sockets;

	connection->exchange = NULL;
	connection->client = client;
	if (!client)
		return -1;
	client->said = malloc(MOST_SAID);
	client->server = server;
	client->wsi = wsi;
	client->number = ++numbers;
	client->next = server->clients;
	client->link = &server->clients;
	if (client->next)
		client->next->link = &client->next;
	server->clients = client;
	server->n_clients++;
	sockets->joined(sockets->user, client);
	return client->said ? 0 : -1;
}

void socket_close(struct connection *connection)
{
	struct server_client *client = connection ? connection->client : NULL;
	const struct server_sockets *sockets;

	if (!client)
		return;
	connection->client = NULL;
	sockets = client->server->options.sockets;
	sockets->left(sockets->user, client);
	*client->link = client->next;
	if (client->next)
		client->next->link = client->link;
	client->server->n_clients--;
	for (size_t i = 0; i < client->n_queue; i++)
		release(client->queue[i]);
	free(client->said);
	free(client);
}

/* ---- of one -------------------------------------------------------------------------------- */

void server_client_topics(struct server_client *client, const uint64_t *topics, size_t n)
{
	client->n_topics = n < SERVER_MOST_TOPICS ? n : SERVER_MOST_TOPICS;
	memcpy(client->topics, topics, client->n_topics * sizeof(*topics));
}

uint64_t server_client_own_topic(const struct server_client *client)
{
	return client->number;
}

void server_client_set_data(struct server_client *client, void *data)
{
	client->data = data;
}

void *server_client_data(const struct server_client *client)
{
	return client->data;
}
