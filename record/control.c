/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/control.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"

#define CLIENTS_MAX 16
#define LINE_MAX_   4096

struct client {
	int fd; /* -1: no client */
	char line[LINE_MAX_];
	size_t n_line;
	char *reply; /* NULL until the line is whole */
	size_t n_reply, sent;
};

struct control {
	const struct control_verb *verbs;
	int listen_fd, poll_fd;
	struct sockaddr_un address; /* sun_path is empty until bound */
	struct client clients[CLIENTS_MAX];
};

/* With just these rights, whatever the umask. */
static int make_directory(const char *path)
{
	mode_t mask = umask(077);
	int result = mkdir(path, 0700) == 0 || errno == EEXIST ? 0 : -1;

	umask(mask);
	return result;
}

int control_directory(char *path, size_t size, bool make, struct schedtrace_error *err)
{
	const char *runtime = geteuid() == 0 ? "/run" : getenv("XDG_RUNTIME_DIR");
	struct stat st;

	if (!runtime || *runtime != '/')
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "XDG_RUNTIME_DIR names no folder for the control socket");
	if (snprintf(path, size, "%s/schedrec", runtime) >= (int)size)
		return error_set(err, SCHEDTRACE_E_LIMIT, "%s: the path is too long", runtime);
	if (make && make_directory(path) < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "%s", path);
	if (lstat(path, &st) != 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "%s", path);
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077))
		return error_set(err, SCHEDTRACE_E_IO,
				 "%s is not a folder of this user alone (mode 0700)", path);
	return 0;
}

static int watch(struct control *c, int op, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event event = { .events = events, .data.u64 = data };

	return epoll_ctl(c->poll_fd, op, fd, &event);
}

static bool set_address(struct sockaddr_un *address, const char *directory, const char *name)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	return snprintf(address->sun_path, sizeof(address->sun_path), "%s/%s", directory, name) <
	       (int)sizeof(address->sun_path);
}

/* One under the name of a recorder is listened to while its recorder lives. */
static bool is_left(const char *directory, const char *name)
{
	auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address;

	return fd >= 0 && set_address(&address, directory, name) &&
	       connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0 &&
	       errno == ECONNREFUSED;
}

/* Takes away what killed recorders left: sockets, and those that had no name yet. */
static void sweep(const char *directory)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		const char *name = entry->d_name;
		bool named = *name != '.';
		int pid, end = 0;

		if (sscanf(name + !named, "%d.sock%n", &pid, &end) != 1 || !end ||
		    name[!named + end])
			continue;
		if (named ? is_left(directory, name) : kill(pid, 0) != 0 && errno == ESRCH)
			unlinkat(dirfd(dir), name, 0);
	}
	if (dir)
		closedir(dir);
}

/* It gets the name by which clients know it when it listens, so that no other recorder takes it for
 * one that was left. */
static int open_socket(struct control *c, const char *directory)
{
	struct sockaddr_un unnamed;
	char name[32];
	mode_t mask;
	int result;

	snprintf(name, sizeof(name), ".%d.sock", (int)getpid());
	if (!set_address(&unnamed, directory, name))
		return -ENAMETOOLONG;
	unlink(unnamed.sun_path); /* of a killed recorder that had our pid */
	mask = umask(0177);
	result = bind(c->listen_fd, (struct sockaddr *)&unnamed, sizeof(unnamed));
	umask(mask);
	if (result != 0)
		return -errno;
	if (set_address(&c->address, directory, name + 1) &&
	    listen(c->listen_fd, CLIENTS_MAX) == 0 &&
	    rename(unnamed.sun_path, c->address.sun_path) == 0)
		return 0;
	result = -errno;
	unlink(unnamed.sun_path);
	c->address.sun_path[0] = '\0';
	return result;
}

/* 0, or -errno. */
static int listen_in(struct control *c, const char *directory)
{
	int result;

	c->poll_fd = epoll_create1(EPOLL_CLOEXEC);
	c->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->poll_fd < 0 || c->listen_fd < 0)
		return -errno;
	sweep(directory);
	result = open_socket(c, directory);
	if (result == 0 && watch(c, EPOLL_CTL_ADD, c->listen_fd, EPOLLIN, CLIENTS_MAX) != 0)
		result = -errno;
	return result;
}

int control_open(struct control **out, const struct control_verb *verbs,
		 struct schedtrace_error *err)
{
	struct control *c = calloc(1, sizeof(*c));
	char directory[sizeof(c->address.sun_path)];
	int result, r;

	if (!c)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for the control socket");
	c->verbs = verbs;
	c->listen_fd = c->poll_fd = -1;
	for (int i = 0; i < CLIENTS_MAX; i++)
		c->clients[i].fd = -1;
	result = control_directory(directory, sizeof(directory), true, err);
	r = result == 0 ? listen_in(c, directory) : 0;
	if (r < 0)
		result = error_errno(err, SCHEDTRACE_E_IO, -r, "control socket in %s", directory);
	if (result < 0) {
		control_close(c);
		return result;
	}
	*out = c;
	return 0;
}

static void drop(struct client *client)
{
	mem_close_p(&client->fd); /* which takes it out of the epoll */
	free(client->reply);
	*client = (struct client){ .fd = -1 };
}

void control_close(struct control *c)
{
	if (!c)
		return;
	for (int i = 0; i < CLIENTS_MAX; i++)
		drop(&c->clients[i]);
	if (c->address.sun_path[0])
		unlink(c->address.sun_path);
	mem_close_p(&c->listen_fd);
	mem_close_p(&c->poll_fd);
	free(c);
}

int control_fd(const struct control *c)
{
	return c->poll_fd;
}

/* ---- orders --------------------------------------------------------------------------- */

/* In how many pid namespaces below that of /proc a process is; -1 unknown. */
static int namespace_depth(const char *pid)
{
	auto_fclose FILE *f = NULL;
	char path[64], line[1024];
	int depth = -1;

	snprintf(path, sizeof(path), "/proc/%s/status", pid);
	f = fopen(path, "re");
	while (f && depth < 0 && fgets(line, sizeof(line), f))
		if (strncmp(line, "NSpid:", 6) == 0)
			for (const char *p = line; (p = strchr(p, '\t')); p++)
				depth++;
	return depth;
}

/* The pids that a client writes shall mean what they mean to us. It has a pid here, so that its
 * namespace is ours or one below. (/proc/PID/ns would need a capability.) */
static bool same_namespace(pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", (int)pid);
	return pid > 0 && namespace_depth("self") >= 0 &&
	       namespace_depth(text) == namespace_depth("self");
}

static int check_client(int fd, struct schedtrace_error *err)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "SO_PEERCRED");
	if (peer.uid != geteuid() && peer.uid != 0)
		return error_set(err, SCHEDTRACE_E_USAGE, "this recorder is another user's");
	if (!same_namespace(peer.pid))
		return error_set(err, SCHEDTRACE_E_UNSUPPORTED,
				 "this recorder takes no orders from another pid namespace");
	return 0;
}

static int obey(const struct control *c, const struct client *client, char *line, json_t *reply,
		struct schedtrace_error *err)
{
	char *argument = strchr(line, ' ');

	if (check_client(client->fd, err) < 0)
		return err->status;
	if (argument)
		*argument++ = '\0';
	for (const struct control_verb *verb = c->verbs; verb->name; verb++)
		if (strcmp(verb->name, line) == 0)
			return verb->run(verb->self, argument ? argument : "", reply, err);
	return error_set(err, SCHEDTRACE_E_USAGE, "this recorder knows no order %s", line);
}

static void answer(struct control *c, struct client *client)
{
	struct schedtrace_error err;
	json_t *reply = json_object();

	if (reply && obey(c, client, client->line, reply, &err) < 0)
		json_object_set_new(reply, "error", json_string(err.text));
	client->reply = reply ? json_dumps(reply, JSON_COMPACT) : NULL;
	json_decref(reply);
	if (!client->reply) {
		drop(client);
		return;
	}
	client->n_reply = strlen(client->reply);
	watch(c, EPOLL_CTL_MOD, client->fd, EPOLLOUT, (uint64_t)(client - c->clients));
}

static void receive(struct control *c, struct client *client)
{
	ssize_t n = recv(client->fd, client->line + client->n_line,
			 sizeof(client->line) - 1 - client->n_line, 0);
	char *end;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop(client);
		return;
	}
	client->n_line += (size_t)n;
	end = memchr(client->line, '\n', client->n_line);
	if (end) {
		*end = '\0';
		answer(c, client);
	} else if (client->n_line == sizeof(client->line) - 1) {
		drop(client);
	}
}

static void send_reply(struct client *client)
{
	ssize_t n = send(client->fd, client->reply + client->sent, client->n_reply - client->sent,
			 MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		client->sent += (size_t)n;
	if (n <= 0 || client->sent == client->n_reply)
		drop(client);
}

/* A client that neither sends nor reads keeps its place only until others need it. */
static void accept_client(struct control *c)
{
	int fd = accept4(c->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int at = 0;

	if (fd < 0)
		return;
	while (at < CLIENTS_MAX && c->clients[at].fd >= 0)
		at++;
	if (at == CLIENTS_MAX) {
		at = 0;
		drop(&c->clients[at]);
	}
	c->clients[at].fd = fd;
	if (watch(c, EPOLL_CTL_ADD, fd, EPOLLIN, (uint64_t)at) != 0)
		drop(&c->clients[at]);
}

void control_serve(struct control *c)
{
	struct epoll_event events[CLIENTS_MAX + 1];
	int n = epoll_wait(c->poll_fd, events, CLIENTS_MAX + 1, 0);
	bool wants_in = false;

	for (int i = 0; i < n; i++) {
		struct client *client = &c->clients[events[i].data.u64 % CLIENTS_MAX];

		if (events[i].data.u64 == CLIENTS_MAX)
			wants_in = true;
		else if (client->fd >= 0 && client->reply)
			send_reply(client);
		else if (client->fd >= 0)
			receive(c, client);
	}
	if (wants_in)
		accept_client(c);
}
