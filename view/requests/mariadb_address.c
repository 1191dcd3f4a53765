/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/requests/mariadb_address.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/fsuid.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/mem.h"

static int wrong(struct schedtrace_error *err, const char *what)
{
	return error_set(err, SCHEDTRACE_E_USAGE,
			 "--db mariadb%s; write mariadb://USER@HOST/DATABASE, with "
			 "?socket=PATH behind it for a socket",
			 what);
}

static int hex(char c)
{
	return isdigit((unsigned char)c)    ? c - '0'
	       : isxdigit((unsigned char)c) ? (c | 32) - 'a' + 10
					    : -1;
}

/* The @n bytes without their %XX; NULL without memory. */
static char *decode(const char *text, size_t n)
{
	char *out = malloc(n + 1), *to = out;

	for (size_t i = 0; out && i < n; i++) {
		if (text[i] == '%' && i + 2 < n && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0 &&
		    hex(text[i + 1]) + hex(text[i + 2]) > 0) {
			*to++ = (char)(hex(text[i + 1]) << 4 | hex(text[i + 2]));
			i += 2;
		} else {
			*to++ = text[i];
		}
	}
	if (out)
		*to = '\0';
	return out;
}

static int parse_host(struct mariadb_address *a, const char *text, size_t n,
		      struct schedtrace_error *err)
{
	const char *end = *text == '[' ? memchr(text, ']', n) : NULL; /* [::1] */
	const char *colon = end ? end + 1 : memchr(text, ':', n);
	size_t host = colon ? (size_t)(colon - text) : n;

	if (colon && host < n) {
		char *rest;
		unsigned long port = strtoul(colon + 1, &rest, 10);

		if (*colon != ':' || rest != text + n || rest == colon + 1 || port > 65535)
			return wrong(err, ": the port is no number");
		a->port = (unsigned int)port;
	}
	a->host = end ? decode(text + 1, host - 2) : decode(text, host);
	return 0;
}

static int parse_option(struct mariadb_address *a, const char *text, size_t n,
			struct schedtrace_error *err)
{
	const char *equals = memchr(text, '=', n);
	size_t key = equals ? (size_t)(equals - text) : n;
	auto_free char *value = equals ? decode(equals + 1, n - key - 1) : NULL;
	char **to = key == 6 && !strncmp(text, "socket", 6)   ? &a->socket
		    : key == 6 && !strncmp(text, "ssl-ca", 6) ? &a->authorities
							      : NULL;

	if (to && value && *value) {
		free(*to);
		*to = steal_ptr(value);
		return 0;
	}
	if (key == 10 && !strncmp(text, "statements", 10) && value && !strcmp(value, "plain")) {
		a->plain = true;
		return 0;
	}
	return wrong(err, ": behind ? stand socket=PATH, ssl-ca=FILE or statements=plain");
}

int mariadb_address_parse(struct mariadb_address *out, const char *text,
			  struct schedtrace_error *err)
{
	const char *at, *slash, *question;
	struct mariadb_address a = { NULL };
	int r = 0;

	*out = a;
	if (strncmp(text, "//", 2) != 0)
		return wrong(err, ": no // follows");
	text += 2;
	slash = strchrnul(text, '/');
	at = memrchr(text, '@', (size_t)(slash - text));
	if (!at)
		return wrong(err, ": no user stands in it");
	if (memchr(text, ':', (size_t)(at - text)))
		return error_set(
			err, SCHEDTRACE_E_USAGE,
			"--db: a password in the address could be read by others; write it "
			"into ~/.my.cnf, or into the environment as MYSQL_PWD");
	question = strchrnul(slash, '?');
	if (!*slash || question == slash + 1)
		return wrong(err, ": no database is named");
	out->user = decode(text, (size_t)(at - text));
	out->database = decode(slash + 1, (size_t)(question - slash - 1));
	r = parse_host(out, at + 1, (size_t)(slash - at - 1), err);
	while (r == 0 && *question) {
		const char *end = strchrnul(question + 1, '&');

		r = parse_option(out, question + 1, (size_t)(end - question - 1), err);
		question = end;
	}
	if (r == 0 && (!out->user || !out->host || !out->database))
		r = error_set(err, SCHEDTRACE_E_NOMEM, "no memory for an address");
	return r;
}

bool mariadb_address_is_local(const struct mariadb_address *a)
{
	return a->socket || !*a->host || !strcasecmp(a->host, "localhost") ||
	       !strcmp(a->host, "127.0.0.1") || !strcmp(a->host, "::1");
}

/* ---- the password ---------------------------------------------------------------------------- */

static char *trim(char *text)
{
	char *end;

	while (isspace((unsigned char)*text))
		text++;
	end = text + strlen(text);
	while (end > text && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return text;
}

/* A value as option files have it: in quotes or not. */
static char *value_of(char *text)
{
	size_t n;

	text = trim(text);
	n = strlen(text);
	if (n >= 2 && (*text == '"' || *text == '\'') && text[n - 1] == *text) {
		text[n - 1] = '\0';
		text++;
	}
	return strdup(text);
}

static bool is_our_group(const char *line)
{
	return !strcmp(line, "[client]") || !strcmp(line, "[client-mariadb]") ||
	       !strcmp(line, "[schedview]");
}

static int read_password(FILE *f, char **password, struct schedtrace_error *err)
{
	auto_free char *line = NULL;
	bool ours = false;
	size_t room = 0;

	while (getline(&line, &room, f) >= 0) {
		char *text = trim(line), *equals = strchr(text, '=');

		if (*text == '[')
			ours = is_our_group(text);
		if (!ours || !equals)
			continue;
		*equals = '\0';
		if (strcmp(trim(text), "password") != 0)
			continue;
		free(*password);
		*password = value_of(equals + 1);
		if (!*password)
			return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a password");
	}
	return 0;
}

int mariadb_address_find_password(struct mariadb_address *a, const char *home,
				  struct schedtrace_error *err)
{
	const char *given = getenv("MYSQL_PWD");
	auto_free char *path = NULL;
	auto_fclose FILE *f = NULL;
	struct stat st;

	if (given) {
		a->password = strdup(given);
		return a->password ? 0
				   : error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a password");
	}
	if (!home || asprintf(&path, "%s/.my.cnf", home) < 0)
		path = NULL;
	f = path ? fopen(path, "re") : NULL;
	if (!f)
		return !path || errno == ENOENT || errno == ENOTDIR
			       ? 0
			       : error_errno(err, SCHEDTRACE_E_IO, errno, "%s", path);
	if (fstat(fileno(f), &st) < 0 || !S_ISREG(st.st_mode) || (st.st_mode & 077) ||
	    st.st_uid != (uid_t)setfsuid((uid_t)-1))
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "%s: must belong to you and be readable by nobody else: chmod 600",
				 path);
	return read_password(f, &a->password, err);
}

void mariadb_address_free(struct mariadb_address *a)
{
	if (a->password)
		explicit_bzero(a->password, strlen(a->password));
	free(a->user);
	free(a->host);
	free(a->database);
	free(a->socket);
	free(a->authorities);
	free(a->password);
	*a = (struct mariadb_address){ NULL };
}
