/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/requests/request_store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/mem.h"
#include "config.h"

#if HAVE_SQLITE
#define SQLITE_STORE &sqlite_store
#else
#define SQLITE_STORE NULL
#endif

#if HAVE_MARIADB
#define MARIADB_STORE &mariadb_store
#else
#define MARIADB_STORE NULL
#endif

static const struct {
	const char *scheme, *needs;
	const struct request_store_ops *ops; /* NULL: not built in */
} stores[] = {
	{ "sqlite:", "libsqlite3", SQLITE_STORE },
	{ "mariadb:", "libmariadb", MARIADB_STORE },
};

int request_store_open(struct request_store **out, const char *url, const char *home,
		       enum request_access access, struct schedtrace_error *err)
{
	for (size_t i = 0; i < sizeof(stores) / sizeof(*stores); i++) {
		size_t n = strlen(stores[i].scheme);

		if (strncmp(url, stores[i].scheme, n) != 0)
			continue;
		if (!stores[i].ops)
			return error_set(err, SCHEDTRACE_E_UNSUPPORTED,
					 "schedview was built without %s, which %s… needs",
					 stores[i].needs, stores[i].scheme);
		return stores[i].ops->open(out, url + n, home, access, err);
	}
	/* The address may hold a password: it is not repeated. */
	return error_set(err, SCHEDTRACE_E_USAGE,
			 "--db: neither sqlite:PATH nor mariadb://USER@HOST/DATABASE");
}

int request_store_reach(struct request_store *store, struct schedtrace_error *err)
{
	return store->ops->reach ? store->ops->reach(store, err) : 0;
}

void request_store_close(struct request_store *store)
{
	if (store)
		store->ops->close(store);
}

/* A folder and those that it is in. */
static int make_folders(char *path, struct schedtrace_error *err)
{
	for (char *end = strchr(path + 1, '/');; end = strchr(end + 1, '/')) {
		int r;

		if (end)
			*end = '\0';
		r = mkdir(path, 0700) < 0 && errno != EEXIST
			    ? error_errno(err, SCHEDTRACE_E_IO, errno, "%s", path)
			    : 0;
		if (end)
			*end = '/';
		if (r < 0 || !end)
			return r;
	}
}

int request_store_usual(char **url, const char *home, bool own, bool make,
			struct schedtrace_error *err)
{
	const char *states = own ? getenv("XDG_STATE_HOME") : NULL;
	auto_free char *folder = NULL;
	bool named = states && *states == '/';
	int r;

	if (!home && !named)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "HOME names no folder to keep requests in: say --db");
	if (asprintf(&folder, "%s%s/schedtrace", named ? states : home,
		     named ? "" : "/.local/state") < 0) {
		folder = NULL;
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a path");
	}
	r = make ? make_folders(folder, err) : 0;
	if (r == 0 && asprintf(url, "sqlite:%s/requests.db", folder) < 0)
		r = error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a path");
	return r;
}
