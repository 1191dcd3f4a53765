/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/page/page_access.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "base/error.h"

int access_new_token(struct access *access, struct schedtrace_error *err)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	unsigned char random[ACCESS_TOKEN_LENGTH];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return error_errno(err, SCHEDTRACE_E_IO, errno, "cannot make a token");
	for (size_t i = 0; i < ACCESS_TOKEN_LENGTH; i++)
		access->token[i] = digits[random[i] % 64];
	access->token[ACCESS_TOKEN_LENGTH] = '\0';
	return 0;
}

/* "NAME:PORT"; names of hosts are the same in capitals. */
static bool is_host(const struct access *access, const char *name, const char *host)
{
	size_t n = strlen(name);
	char port[8] = "";

	if (access->port)
		snprintf(port, sizeof(port), ":%u", access->port);
	return !strncasecmp(host, name, n) && !strcmp(host + n, port);
}

bool access_host(const struct access *access, const char *host)
{
	static const char *const own[] = { "localhost", "127.0.0.1", "[::1]" };

	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		if (is_host(access, own[i], host))
			return true;
	for (size_t i = 0; i < access->n_hosts; i++)
		if (is_host(access, access->hosts[i], host))
			return true;
	return false;
}

bool access_origin(const struct access *access, const char *origin)
{
	static const char scheme[] = "http://";

	if (!*origin)
		return true;
	return !strncmp(origin, scheme, strlen(scheme)) &&
	       access_host(access, origin + strlen(scheme));
}

/* Of that length. */
static bool is_token(const struct access *access, const char *word)
{
	unsigned char differ = 0;

	for (size_t i = 0; i < ACCESS_TOKEN_LENGTH; i++)
		differ |= (unsigned char)(word[i] ^ access->token[i]);
	return !differ;
}

bool access_token(const struct access *access, const char *authorization)
{
	static const char scheme[] = "Bearer ";

	return !strncmp(authorization, scheme, strlen(scheme)) &&
	       strlen(authorization) == strlen(scheme) + ACCESS_TOKEN_LENGTH &&
	       is_token(access, authorization + strlen(scheme));
}

bool access_token_among(const struct access *access, const char *protocols)
{
	bool found = false;

	for (size_t n; *protocols; protocols += n) {
		protocols += strspn(protocols, ", ");
		n = strcspn(protocols, ", ");
		if (n == ACCESS_TOKEN_LENGTH && is_token(access, protocols))
			found = true;
	}
	return found;
}
