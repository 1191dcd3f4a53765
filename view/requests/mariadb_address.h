/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a MariaDB is, who asks it, and with which password. */
#ifndef VIEW_REQUESTS_MARIADB_ADDRESS_H
#define VIEW_REQUESTS_MARIADB_ADDRESS_H

#include <stdbool.h>

#include <schedtrace/error.h>

struct mariadb_address {
	char *user, *host, *database;
	unsigned int port; /* 0: the usual one */
	char *socket;	   /* NULL: host and port */
	char *authorities; /* file of certificates that sign the server's, NULL: the system's */
	bool plain;	   /* several rows a statement, although the server takes arrays */
	char *password;	   /* NULL: none */
};

/* "//USER@HOST[:PORT]/DATABASE[?socket=PATH&ssl-ca=FILE&statements=plain]"; one that holds a
 * password is refused, since others can read a command line. */
int mariadb_address_parse(struct mariadb_address *out, const char *text,
			  struct schedtrace_error *err);

/* From MYSQL_PWD, or from the groups client and schedview of ~/.my.cnf, which nobody else may
 * read. */
int mariadb_address_find_password(struct mariadb_address *address, const char *home,
				  struct schedtrace_error *err);

/* Whether what is sent does not leave this machine. */
bool mariadb_address_is_local(const struct mariadb_address *address);

void mariadb_address_free(struct mariadb_address *address);

#endif
