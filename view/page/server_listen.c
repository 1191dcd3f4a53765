/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/page/server_state.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"

#define HEADERS_TIMEOUT_S 10
#define IDLE_TIMEOUT_S	  60
#define PORTS_TRIED	  100

/* Of WebSockets: whether the client is there is asked after so many seconds of silence. */
static const lws_retry_bo_t liveness = { .secs_since_valid_ping = 20,
					 .secs_since_valid_hangup = 40 };

/* Whether the machine has such an address at all. */
static bool can_have(const char *address)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	auto_close int fd = -1;

	if (!strchr(address, ':'))
		return true;
	if (inet_pton(AF_INET6, address, &v6.sin6_addr) != 1)
		return false;
	fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return fd >= 0 && bind(fd, (struct sockaddr *)&v6, sizeof(v6)) == 0;
}

/* Whether a port is free there; theirs says nothing of why it is not. 0, or an errno. */
static int port_taken(const char *address, uint16_t port)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	bool six = strchr(address, ':');
	auto_close int fd = socket(six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int one = 1;

	if (fd < 0)
		return errno;
	if (inet_pton(six ? AF_INET6 : AF_INET, address,
		      six ? (void *)&v6.sin6_addr : (void *)&v4.sin_addr) != 1)
		return EINVAL;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (six)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(fd, six ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4,
		 six ? sizeof(v6) : sizeof(v4)) < 0 ||
	    listen(fd, 1) < 0)
		return errno;
	return 0;
}

static bool is_path(const char *address)
{
	return strchr(address, '/') != NULL;
}

static bool has_paths_only(const struct server_options *options)
{
	for (size_t a = 0; a < options->n_addresses; a++)
		if (!is_path(options->addresses[a]))
			return false;
	return true;
}

int server_choose_port(struct server *server, struct schedtrace_error *err)
{
	const struct server_options *o = &server->options;
	int tries = o->next_free ? PORTS_TRIED : 1, failed = 0;

	if (has_paths_only(o))
		return 0;
	for (int i = 0; i < tries && o->port + i <= UINT16_MAX; i++) {
		server->port = (uint16_t)(o->port + i);
		failed = 0;
		for (size_t a = 0; a < o->n_addresses && !failed; a++)
			if (!is_path(o->addresses[a]) && (a == 0 || can_have(o->addresses[a])))
				failed = port_taken(o->addresses[a], server->port);
		if (failed != EADDRINUSE)
			break;
	}
	if (failed == EADDRINUSE && o->next_free)
		return error_set(err, SCHEDTRACE_E_IO,
				 "ports %u to %u are all taken: say another one with --port",
				 o->port, server->port);
	if (failed)
		return error_errno(err, SCHEDTRACE_E_IO, failed, "cannot listen at port %u of %s",
				   o->port, o->addresses[0]);
	return 0;
}

static int listen_at(struct server *server, const char *address, struct schedtrace_error *err)
{
	struct lws_context_creation_info info = {
		.iface = address,
		.port = server->port,
		.protocols = server->protocols,
		.vhost_name = address,
		.keepalive_timeout = IDLE_TIMEOUT_S,
		.timeout_secs = HEADERS_TIMEOUT_S,
		.retry_and_idle_policy = &liveness,
		.options = LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND |
			   LWS_SERVER_OPTION_VALIDATE_UTF8,
	};

	if (strchr(address, ':'))
		info.options |=
			LWS_SERVER_OPTION_IPV6_V6ONLY_MODIFY | LWS_SERVER_OPTION_IPV6_V6ONLY_VALUE;
	else
		info.options |= LWS_SERVER_OPTION_DISABLE_IPV6;
	if (lws_create_vhost(server->context, &info))
		return 0;
	return error_set(err, SCHEDTRACE_E_IO, "cannot listen at %s, port %u", address,
			 server->port);
}

/* At a unix socket, to which nobody else may connect. */
static int listen_at_path(struct server *server, const char *path, struct schedtrace_error *err)
{
	struct lws_context_creation_info info = {
		.iface = path,
		.protocols = server->protocols,
		.vhost_name = path,
		.keepalive_timeout = IDLE_TIMEOUT_S,
		.timeout_secs = HEADERS_TIMEOUT_S,
		.retry_and_idle_policy = &liveness,
		.options = LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND |
			   LWS_SERVER_OPTION_VALIDATE_UTF8 | LWS_SERVER_OPTION_UNIX_SOCK,
	};
	mode_t mask;
	bool listens;

	/* It would be removed. */
	if (access(path, F_OK) == 0)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "--listen: there is something at %s: remove it, or name another "
				 "path",
				 path);
	mask = umask(0177);
	listens = lws_create_vhost(server->context, &info);
	umask(mask);
	return listens ? 0 : error_set(err, SCHEDTRACE_E_IO, "cannot listen at %s", path);
}

int server_listen(struct server *server, struct schedtrace_error *err)
{
	const struct server_options *o = &server->options;
	int r = 0;

	for (size_t a = 0; r == 0 && a < o->n_addresses; a++) {
		if (is_path(o->addresses[a]))
			r = listen_at_path(server, o->addresses[a], err);
		else if (a == 0 || can_have(o->addresses[a]))
			r = listen_at(server, o->addresses[a], err);
		server->n_listening += r == 0;
	}
	return r;
}

void server_unlisten(struct server *server)
{
	for (size_t a = 0; a < server->n_listening; a++)
		if (is_path(server->options.addresses[a]))
			unlink(server->options.addresses[a]);
}
