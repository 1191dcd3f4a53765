/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Starts a program again and again and waits for each: forks, execs, exits and migrations.
 *
 * usage: spawn [-n TIMES] [-p PARALLEL] PROGRAM [ARGUMENT...]
 *
 * Prints the seconds it took.
 */
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
	long times = 100, parallel = 1, running = 0;
	bool failed = false;
	double start;
	int option, status, r;
	pid_t pid;

	while ((option = getopt(argc, argv, "+n:p:")) != -1) {
		if (option == 'n')
			times = atol(optarg);
		else if (option == 'p')
			parallel = atol(optarg);
		else
			break;
	}
	if (option != -1 || !argv[optind] || parallel < 1) {
		fprintf(stderr, "usage: spawn [-n TIMES] [-p PARALLEL] PROGRAM [ARGUMENT...]\n");
		return 2;
	}

	start = seconds();
	for (long i = 0; i < times; i++) {
		if (running == parallel && wait(&status) > 0) {
			failed |= status != 0;
			running--;
		}
		r = posix_spawnp(&pid, argv[optind], NULL, NULL, argv + optind, environ);
		if (r) {
			fprintf(stderr, "%s: %s\n", argv[optind], strerror(r));
			return 1;
		}
		running++;
	}
	while (wait(&status) > 0)
		failed |= status != 0;
	printf("%.3f\n", seconds() - start);
	return failed;
}
