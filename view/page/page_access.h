/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who may ask the page's server. A page of another site that has its name point to this machine
 * comes with its own Host, one that sends requests here with its own Origin, and another user of
 * this machine without the token.
 */
#ifndef VIEW_PAGE_PAGE_ACCESS_H
#define VIEW_PAGE_PAGE_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <schedtrace/error.h>

#define ACCESS_TOKEN_LENGTH 32 /* of 64 characters each: 192 bits */

struct access {
	char token[ACCESS_TOKEN_LENGTH + 1];
	uint16_t port;		  /* 0: there is none, of a unix socket */
	const char *const *hosts; /* lent; beside localhost, 127.0.0.1 and [::1] */
	size_t n_hosts;
};

/* A new token, from the kernel's random numbers. */
int access_new_token(struct access *access, struct schedtrace_error *err);

/* Whether a Host header names this server: one of the hosts with its port. */
bool access_host(const struct access *access, const char *host);

/* The same of an Origin header; "" is a request without one. */
bool access_origin(const struct access *access, const char *origin);

/* Whether an Authorization header is "Bearer" and the token; takes the same time for each. */
bool access_token(const struct access *access, const char *authorization);

/* The same of a WebSocket's subprotocols, of which one is the token: scripts can send nothing else
 * with it. */
bool access_token_among(const struct access *access, const char *protocols);

#endif
