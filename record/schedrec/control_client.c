/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/schedrec/control_client.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/mem.h"
#include "cli/options.h"
#include "cli/process.h"
#include "cli/report_error.h"
#include "record/control.h"

#define PROGRAM		"schedrec ctl"
#define RECORDERS_MAX	256
#define TIMEOUT_SECONDS 10

struct settings {
	int64_t recorder;
	bool json;
};

static const struct option_spec options[] = {
	{ 0, "recorder", "PID", "which recorder, if several run [the only one]", OPTION_NUMBER,
	  offsetof(struct settings, recorder), .not_zero = true },
	{ 0, "json", NULL, "print the recorder's answer as it is", OPTION_FLAG,
	  offsetof(struct settings, json) },
	{ 0 },
};

static const struct verb {
	const char *name;
	bool has_pid;
} verbs[] = {
	{ "register", true }, { "unregister", true }, { "status", false }, { "save", false }
};

static const char *verb_name(size_t i)
{
	return i < sizeof(verbs) / sizeof(*verbs) ? verbs[i].name : NULL;
}

const struct program control_program = {
	.name = PROGRAM,
	.usage = "[OPTION…] register PID\n[OPTION…] unregister PID\n[OPTION…] status\n[OPTION…] "
		 "save",
	.about = "Gives an order to a recorder of this user that runs: register a process, so that "
		 "it is sampled (20 times a second, or as --sample of the recording says), "
		 "unregister it, or tell what is sampled and the latest figures.",
	.options = options,
	.operand = verb_name,
};

struct recorder {
	pid_t pid;
	int fd;
};

static int connect_to(const char *directory, const char *file)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval timeout = { TIMEOUT_SECONDS, 0 };
	auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", directory,
			       file) >= (int)sizeof(address.sun_path))
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	/* The socket of a recorder that was killed stays until the next one begins. */
	return connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ? steal_fd(&fd) : -1;
}

/* The recorders of this user that answer; at most RECORDERS_MAX. */
static int find_recorders(struct recorder *out, struct schedtrace_error *err)
{
	char directory[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	struct dirent *entry;
	int n = 0, pid, used;
	DIR *dir;

	if (control_directory(directory, sizeof(directory), false, NULL) < 0 ||
	    !(dir = opendir(directory)))
		return error_set(err, SCHEDTRACE_E_USAGE, "no recorder of this user runs");
	while (n < RECORDERS_MAX && (entry = readdir(dir))) {
		used = 0;
		if (sscanf(entry->d_name, "%d.sock%n", &pid, &used) != 1 || !used ||
		    entry->d_name[used])
			continue;
		out[n].pid = pid;
		out[n].fd = connect_to(directory, entry->d_name);
		n += out[n].fd >= 0;
	}
	closedir(dir);
	return n ? n : error_set(err, SCHEDTRACE_E_USAGE, "no recorder of this user runs");
}

static int choose(struct recorder *found, int n, int64_t wanted, struct schedtrace_error *err)
{
	char list[256] = "";
	size_t used = 0;

	for (int i = 0; i < n; i++) {
		if (wanted ? found[i].pid == wanted : n == 1)
			return i;
		if (used < sizeof(list) - 16)
			used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%d",
						 i ? ", " : "", (int)found[i].pid);
	}
	if (wanted)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "there is no recorder %" PRId64 ": those that run are %s", wanted,
				 list);
	return error_set(err, SCHEDTRACE_E_USAGE, "%d recorders run: choose with --recorder: %s", n,
			 list);
}

/* Sends the order and reads the whole answer. */
static json_t *ask(const struct recorder *to, const char *verb, const char *argument,
		   struct schedtrace_error *err)
{
	auto_free char *line = NULL;
	auto_free char *text = NULL;
	size_t n = 0, room = 0;
	json_t *reply;
	ssize_t got;

	if (asprintf(&line, "%s%s%s\n", verb, *argument ? " " : "", argument) < 0) {
		line = NULL;
		goto no_memory;
	}
	if (send(to->fd, line, strlen(line), MSG_NOSIGNAL) != (ssize_t)strlen(line))
		goto silent;
	do {
		if (room - n < 4096) {
			char *larger = realloc(text, 2 * room + 8192);

			if (!larger)
				goto no_memory;
			text = larger;
			room = 2 * room + 8192;
		}
		got = recv(to->fd, text + n, room - n, 0);
		n += got > 0 ? (size_t)got : 0;
	} while (got > 0);
	reply = got == 0 && n ? json_loadb(text, n, 0, NULL) : NULL;
	if (json_is_object(reply))
		return reply;
	json_decref(reply);
silent:
	error_set(err, SCHEDTRACE_E_IO, "recorder %d does not answer", (int)to->pid);
	return NULL;
no_memory:
	error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	return NULL;
}

static double number(const json_t *object, const char *key)
{
	return (double)json_integer_value(json_object_get(object, key));
}

/* The processes, a line each, and their sum. */
static void print_samples(const json_t *sampler)
{
	static const char *const keys[] = { "user_ns", "system_ns", "minor_faults", "major_faults",
					    "rss_bytes" };
	const json_t *list = json_object_get(sampler, "processes");
	double sums[5] = { 0 };
	const json_t *p;
	size_t i;

	if (!json_array_size(list)) {
		printf("no process is sampled\n");
		return;
	}
	printf("%7s %-15s %5s %10s %10s %12s %12s %10s %9s\n", "pid", "name", "state", "user s",
	       "system s", "minor", "major", "RSS MiB", "samples");
	json_array_foreach(list, i, p)
	{
		const char *name = json_string_value(json_object_get(p, "name"));
		const char *state = json_string_value(json_object_get(p, "state"));
		double v[5];

		for (int k = 0; k < 5; k++) {
			v[k] = number(p, keys[k]);
			sums[k] += v[k];
		}
		printf("%7.0f %-15s %5s %10.3f %10.3f %12.0f %12.0f %10.1f %9.0f\n",
		       number(p, "pid"), name ? name : "?", state ? state : "?", v[0] / 1e9,
		       v[1] / 1e9, v[2], v[3], v[4] / 1048576, number(p, "samples"));
	}
	printf("%7s %-15s %5s %10.3f %10.3f %12.0f %12.0f %10.1f\n", "sum", "", "", sums[0] / 1e9,
	       sums[1] / 1e9, sums[2], sums[3], sums[4] / 1048576);
}

static void print_status(const json_t *reply, const struct recorder *from)
{
	const json_t *sampler = json_object_get(reply, "sampler");
	const char *output = json_string_value(json_object_get(reply, "output"));

	printf("recorder %d: %.1f s into %s; %.0f samples, up to %.0f a second", (int)from->pid,
	       number(reply, "recording_ns") / 1e9, output ? output : "?", number(sampler, "ticks"),
	       number(sampler, "hz"));
	if (number(sampler, "missed") > 0)
		printf(", %.0f missed", number(sampler, "missed"));
	printf("\n");
	print_samples(sampler);
}

static void print_saved(const json_t *reply)
{
	const char *file = json_string_value(json_object_get(reply, "file"));
	auto_free char *visible = malloc(4 * strlen(file) + 1);

	if (visible)
		escape_sentence(visible, file);
	printf("%s: %.0f events of the last %.3f s\n", visible ? visible : "?",
	       number(reply, "events"), number(reply, "held_ns") / 1e9);
}

static int give_order(const struct recorder *to, const struct verb *verb, const char *argument,
		      bool as_json)
{
	struct schedtrace_error err;
	json_t *reply = ask(to, verb->name, argument, &err);
	const char *error = json_string_value(json_object_get(reply, "error"));
	int status = EXIT_DONE;

	if (!reply)
		return report_error(PROGRAM, &err);
	if (error) {
		report(PROGRAM, "recorder %d: %s", (int)to->pid, error);
		status = EXIT_UNFINISHED;
	} else if (as_json) {
		json_object_set_new(reply, "recorder_pid", json_integer(to->pid));
		json_dumpf(reply, stdout, JSON_INDENT(2));
		printf("\n");
	} else if (json_object_get(reply, "file")) {
		print_saved(reply);
	} else if (!verb->has_pid) {
		print_status(reply, to);
	}
	json_decref(reply);
	return status;
}

int control_client(int argc, char **argv)
{
	struct recorder found[RECORDERS_MAX];
	struct settings s = { 0 };
	int first = options_parse(&control_program, argc, argv, false, EXIT_USAGE, &s);
	const char *word = first < argc ? argv[first] : "", *argument = "";
	const struct verb *verb = NULL;
	struct schedtrace_error err;
	int errnum, n, status = EXIT_DONE;
	int64_t pid;

	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (strcmp(verbs[i].name, word) == 0)
			verb = &verbs[i];
	if (!verb) {
		report(PROGRAM, "say register PID, unregister PID, status or save: see --help");
		return EXIT_USAGE;
	}
	if (verb->has_pid) {
		argument = first + 1 < argc ? argv[first + 1] : "";
		if (!options_parse_value(OPTION_NUMBER, NULL, argument, &pid) || pid <= 0) {
			report(PROGRAM, "%s: give the pid of a process", verb->name);
			return EXIT_USAGE;
		}
	}
	if (argc > first + 1 + verb->has_pid) {
		report(PROGRAM, "%s is too much", argv[first + 1 + verb->has_pid]);
		return EXIT_USAGE;
	}
	n = find_recorders(found, &err);
	if (n < 0)
		return report_error(PROGRAM, &err);
	if (!s.recorder && !verb->has_pid && strcmp(verb->name, "save") != 0) { /* all may tell */
		for (int i = 0; i < n; i++)
			if (give_order(&found[i], verb, argument, s.json) != EXIT_DONE)
				status = EXIT_UNFINISHED;
	} else {
		int i = choose(found, n, s.recorder, &err);

		status = i < 0 ? report_error(PROGRAM, &err)
			       : give_order(&found[i], verb, argument, s.json);
	}
	for (int i = 0; i < n; i++)
		close(found[i].fd);
	errnum = process_flush(stdout);
	if (errnum) {
		report(PROGRAM, "standard output: %s", strerror(errnum));
		return EXIT_UNFINISHED;
	}
	return status;
}
