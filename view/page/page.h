/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The page: recordings served to a browser on this machine. */
#ifndef VIEW_PAGE_PAGE_H
#define VIEW_PAGE_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "input/input.h"

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
	void (*tell)(void *user, const char *sentence); /* what is to be known besides */
	void *user;
};

/*
 * Serves until SIGTERM or SIGINT, which the caller has not blocked. The address is printed on
 * stdout when the page can be had.
 */
int page_run(const struct page_options *options, struct schedtrace_error *err);

#endif
