/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pairs of processes that pass a byte to and fro through pipes: almost nothing but switches.
 *
 * usage: pingpong [-n ROUND_TRIPS] [-p PAIRS] [-c]
 *
 * Each round trip is two switches when both processes of a pair share a CPU, which -c demands:
 * pair 0 runs on the first CPU, pair 1 on the next, and so on. Prints the seconds it took.
 */
#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void pin(long pair)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(pair % sysconf(_SC_NPROCESSORS_ONLN), &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		die("sched_setaffinity");
}

static void pass(int from, int to, bool first, long round_trips)
{
	char byte = 'x';

	for (long i = 0; i < round_trips; i++) {
		if (first && write(to, &byte, 1) != 1)
			die("write");
		if (read(from, &byte, 1) != 1)
			die("read");
		if (!first && write(to, &byte, 1) != 1)
			die("write");
	}
}

/* One pair: this process answers its child. */
static void run_pair(long pair, bool pinned, long round_trips)
{
	int there[2], back[2], status;
	pid_t child;

	if (pinned)
		pin(pair);
	if (pipe(there) < 0 || pipe(back) < 0)
		die("pipe");
	child = fork();
	if (child < 0)
		die("fork");
	if (!child) {
		pass(back[0], there[1], true, round_trips);
		_exit(0);
	}
	pass(there[0], back[1], false, round_trips);
	if (waitpid(child, &status, 0) < 0 || status)
		exit(1);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
	long round_trips = 1000, pairs = 1;
	bool pinned = false, failed = false;
	double start;
	int option, status;

	while ((option = getopt(argc, argv, "n:p:c")) != -1) {
		if (option == 'n') {
			round_trips = atol(optarg);
		} else if (option == 'p') {
			pairs = atol(optarg);
		} else if (option == 'c') {
			pinned = true;
		} else {
			fprintf(stderr, "usage: pingpong [-n ROUND_TRIPS] [-p PAIRS] [-c]\n");
			return 2;
		}
	}

	start = seconds();
	for (long pair = 0; pair < pairs; pair++) {
		pid_t child = fork();

		if (child < 0)
			die("fork");
		if (!child) {
			run_pair(pair, pinned, round_trips);
			_exit(0);
		}
	}
	while (wait(&status) > 0)
		failed |= status != 0;
	printf("%.3f\n", seconds() - start);
	return failed;
}
