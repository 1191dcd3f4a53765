/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pairs of processes that pass a byte to and fro through pipes: almost nothing but switches.
 *
 * usage: pingpong [-n ROUND_TRIPS] [-p PAIRS] [-w NANOSECONDS] [-c]
 *
 * Each round trip is two switches when both processes of a pair share a CPU, which -c demands:
 * pair 0 runs on the first CPU, pair 1 on the next, and so on. -w makes every process work so long
 * before it passes the byte on. Prints the seconds it took.
 */
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long round_trips = 1000;
static double duration; /* of the work before each byte, in seconds */

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

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void work(void)
{
	double end = seconds() + duration;

	while (seconds() < end)
		;
}

static void pass(int from, int to, bool first)
{
	char byte = 'x';

	for (long i = 0; i < round_trips; i++) {
		if (duration > 0)
			work();
		if (first && write(to, &byte, 1) != 1)
			die("write");
		if (read(from, &byte, 1) != 1)
			die("read");
		if (!first && write(to, &byte, 1) != 1)
			die("write");
	}
}

/* One pair: this process answers its child. */
static void run_pair(long pair, bool pinned)
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
		pass(back[0], there[1], true);
		_exit(0);
	}
	pass(there[0], back[1], false);
	if (waitpid(child, &status, 0) < 0 || status)
		exit(1);
}

int main(int argc, char **argv)
{
	long pairs = 1;
	bool pinned = false, failed = false;
	double start;
	int option, status;

	while ((option = getopt(argc, argv, "n:p:w:c")) != -1) {
		if (option == 'n') {
			round_trips = atol(optarg);
		} else if (option == 'p') {
			pairs = atol(optarg);
		} else if (option == 'w') {
			duration = atof(optarg) * 1e-9;
		} else if (option == 'c') {
			pinned = true;
		} else {
			fprintf(stderr,
				"usage: pingpong [-n ROUND_TRIPS] [-p PAIRS] [-w NANOSECONDS] "
				"[-c]\n");
			return 2;
		}
	}

	start = seconds();
	for (long pair = 0; pair < pairs; pair++) {
		pid_t child = fork();

		if (child < 0)
			die("fork");
		if (!child) {
			run_pair(pair, pinned);
			_exit(0);
		}
	}
	while (wait(&status) > 0)
		failed |= status != 0;
	printf("%.3f\n", seconds() - start);
	return failed;
}
