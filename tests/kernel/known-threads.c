/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Processes of several threads, each of which touches pages of its own: known-threads PROCESSES
 * THREADS PAGES. The first thread of each process ends at once; the others wait until a line comes
 * on the program's input, touch as many pages again and end together. Prints "ready" before that,
 * and then "pid ru_minflt" of each process, as the wait for it tells; and waits for another line.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static size_t pages;
static int ready[2], go[2]; /* pipes: a byte from each thread; its end is for all of them */

static void touch(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *memory = mmap(NULL, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);

	if (memory == MAP_FAILED || madvise(memory, pages * page, MADV_NOHUGEPAGE) != 0)
		exit(2);
	for (size_t i = 0; i < pages; i++)
		memory[i * page] = 1;
}

static void *run(void *arg)
{
	char byte = 0;

	touch();
	if (write(ready[1], &byte, 1) != 1 || read(go[0], &byte, 1) != 0)
		exit(2);
	touch();
	return arg;
}

static void run_process(long threads)
{
	pthread_t thread;

	close(go[1]);
	for (long i = 0; i < threads; i++)
		if (pthread_create(&thread, NULL, run, NULL) != 0)
			exit(2);
	touch();
	pthread_exit(NULL);
}

int main(int argc, char **argv)
{
	long processes = argc > 3 ? atol(argv[1]) : 0, threads = argc > 3 ? atol(argv[2]) : 0;
	struct rusage u;
	pid_t pid;

	char byte;

	if (processes < 1 || threads < 1 || pipe(ready) != 0 || pipe(go) != 0)
		return 2;
	pages = strtoul(argv[3], NULL, 10);
	for (long i = 0; i < processes; i++) {
		pid = fork();
		if (pid == 0)
			run_process(threads);
		if (pid < 0)
			return 2;
	}
	for (long i = 0; i < processes * threads; i++)
		if (read(ready[0], &byte, 1) != 1)
			return 2;
	puts("ready");
	fflush(stdout);
	getchar();
	close(go[1]);
	while ((pid = wait4(-1, NULL, 0, &u)) > 0)
		printf("%d %ld\n", (int)pid, u.ru_minflt);
	puts("");
	fflush(stdout);
	getchar();
	return 0;
}
