/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The page: recordings served to a browser on this machine. */
#ifndef VIEW_PAGE_PAGE_H
#define VIEW_PAGE_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "input/input.h"
#include "view/page/server.h"

/* A system that runs, which the page shows instead of recordings. */
struct page_live {
	/* From now on there may be pushed; it ends by server_stop(), not by signals. */
	int (*serving)(void *user, struct server *server, struct schedtrace_error *err);
	/* Nothing may be pushed any more. */
	void (*stopped)(void *user);
	/* As of struct server_sockets. */
	void (*joined)(void *user, struct server_client *client);
	void (*said)(void *user, struct server_client *client, const char *text, size_t n);
	void (*left)(void *user, struct server_client *client);
	void *user;
};

struct page_options {
	const char *const *paths; /* recordings, or one folder of them */
	size_t n_paths;
	const char *const *addresses; /* to listen at; none: this machine only */
	size_t n_addresses;
	const char *const *hosts; /* names by which a browser may call us beside localhost's */
	size_t n_hosts;
	int64_t port;		  /* -1: 5006, or the next free one */
	const char *instructions; /* a folder of the user's instruction files, or NULL */
	bool open;		  /* have a browser show it */
	struct input_options input;
	const struct page_live *live;			/* NULL: recordings */
	void (*tell)(void *user, const char *sentence); /* what is to be known besides */
	void *user;
};

struct page;

/* Reads what is installed of it, with the rights that one has then. The options are lent. */
int page_new(struct page **out, const struct page_options *options, struct schedtrace_error *err);
void page_free(struct page *page);

/*
 * Serves until SIGTERM or SIGINT, which the caller has not blocked. The address is printed on
 * stdout when the page can be had.
 */
int page_serve(struct page *page, struct schedtrace_error *err);

/* All of it. */
int page_run(const struct page_options *options, struct schedtrace_error *err);

#endif
