/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A small HTTP server: requests with their arguments and body come to a handler, which answers at
 * once or later from any thread. Clients that stay, by WebSocket, are pushed what they want to
 * hear of. One thread, that of server_run(), talks to the clients; libwebsockets is seen in
 * server_*.c alone.
 */
#ifndef VIEW_PAGE_SERVER_H
#define VIEW_PAGE_SERVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <schedtrace/error.h>

#define SERVER_MOST_BODY    ((size_t)1 << 20)
#define SERVER_MOST_ARGS    32
#define SERVER_MOST_CLIENTS 100	   /* that ask */
#define SERVER_MOST_SOCKETS 1000   /* that stay */
#define SERVER_MOST_QUEUED  160000 /* bytes that wait for one of these */
#define SERVER_MOST_TOPICS  4

struct request {
	bool post; /* else it is GET */
	const char *path;
	/* Headers, "" where there is none. */
	const char *host, *origin, *authorization, *fetch_site;
	const char *protocols; /* of a WebSocket: subprotocols, with commas between */
	size_t n_args;
	struct {
		const char *name, *value;
	} args[SERVER_MOST_ARGS];
	const char *body;
	size_t n_body;
	/* The client has gone: nobody waits for the answer, which is still to be given. */
	atomic_bool cancelled;
};

/* The value of an argument, or NULL. */
const char *request_arg(const struct request *request, const char *name);

struct answer {
	int status;
	const char *type; /* of the body: "application/json" */
	char *file_name;  /* for a download under this name, freed by the server; else NULL */
	const void *body; /* lent, unless it is @owned too */
	void *owned;	  /* freed by the server */
	size_t n;
	unsigned int after_ms; /* not before so long */
};

/* One that stays. */
struct server_client;

/*
 * A WebSocket at one path; all of it is called by the server's thread. Messages of clients are
 * texts of at most 4 KiB.
 */
struct server_sockets {
	const char *path, *protocol;
	/* Whether a request may become one; else *status is what it is refused with. */
	bool (*admit)(void *user, const struct request *request, int *status);
	void (*joined)(void *user, struct server_client *client);
	void (*said)(void *user, struct server_client *client, const char *text, size_t n);
	void (*left)(void *user, struct server_client *client);
	void *user;
};

struct server_options {
	const char *const *addresses; /* "127.0.0.1", "::1", or a path of a unix socket */
	size_t n_addresses;
	uint16_t port;	/* 0: whichever is free */
	bool next_free; /* if it is taken, one of the hundred above it */
	/*
	 * Whether a request may be made, by its headers, before its body is read; else *refusal is
	 * sent. Called by the server's thread, as is handle().
	 */
	bool (*admit)(void *user, const struct request *request, struct answer *refusal);
	/* Must have server_answer() called once, now or later. */
	void (*handle)(void *user, struct request *request);
	void *user;
	const struct server_sockets *sockets; /* NULL: nothing is pushed */
};

struct server;

/*
 * Listens. An address that cannot be had is an error, but for the second and later ones where the
 * machine has no such addresses.
 */
int server_open(struct server **out, const struct server_options *options,
		struct schedtrace_error *err);
void server_close(struct server *server);

uint16_t server_port(const struct server *server);

/* Serves until server_stop(), and then until what was asked is answered or @cancelled. */
int server_run(struct server *server, struct schedtrace_error *err);

/* From any thread. */
void server_stop(struct server *server);

/* From any thread: takes over what the answer owns; the request is gone afterwards. */
void server_answer(struct request *request, const struct answer *answer);

/* ---- clients that stay */

/* What @client hears of from now on, besides its own topic. */
void server_client_topics(struct server_client *client, const uint64_t *topics, size_t n);

/* A topic that no other client has. */
uint64_t server_client_own_topic(const struct server_client *client);

/* Kept for the caller. */
void server_client_set_data(struct server_client *client, void *data);
void *server_client_data(const struct server_client *client);

/*
 * From any thread: sends to whoever hears of @topic, and takes over @bytes of malloc(). Nobody is
 * waited for. A client that does not take what waits for it, SERVER_MOST_QUEUED bytes, gets the
 * newest of each topic only, and is told {"skipped": N}, how many were left out since it came;
 * one that takes nothing at all for a while is hung up on.
 */
void server_push(struct server *server, uint64_t topic, bool binary, void *bytes, size_t n);

#endif
