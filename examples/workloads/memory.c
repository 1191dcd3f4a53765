/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory work whose calls are known: every way to map and unmap, threads, and a fork that copies.
 *
 * usage: memory [MEGABYTES]
 *
 * Prints how many faults the kernel counted, to compare with the report of a recording.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB    ((size_t)1 << 20)
#define ROUNDS 100

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static char *map(void *where, size_t size, int flags)
{
	char *p = mmap(where, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1,
		       0);

	if (p == MAP_FAILED)
		die("mmap");
	/* Pages of one size, so that the faults can be predicted. */
	madvise(p, size, MADV_NOHUGEPAGE);
	return p;
}

static void touch(char *p, size_t size)
{
	for (size_t i = 0; i < size; i += 4096)
		p[i] = 1;
}

/* Maps, uses and unmaps a little again and again, beside the other threads. */
static void *churn(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		char *p = map(NULL, MIB / 16, 0);

		touch(p, MIB / 32);
		munmap(p, MIB / 16);
	}
	return arg;
}

static void run_threads(void)
{
	pthread_t threads[3];

	for (size_t i = 0; i < 3; i++)
		if (pthread_create(&threads[i], NULL, churn, NULL))
			die("pthread_create");
	for (size_t i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
}

/* A child that writes to a half of what it inherited: copies of these pages. */
static void fork_and_copy(char *p, size_t size)
{
	pid_t child = fork();

	if (child < 0)
		die("fork");
	if (!child) {
		touch(p, size / 2);
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

static void read_a_file(size_t size)
{
	char *name = strdup("/tmp/schedtrace-memory-XXXXXX");
	unsigned int sum = 0;
	char *p;
	int fd;

	if (!name)
		die("strdup");
	fd = mkstemp(name);
	if (fd < 0 || unlink(name) < 0 || ftruncate(fd, (off_t)size) < 0)
		die("temporary file");
	free(name);
	p = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		die("mmap of a file");
	for (size_t i = 0; i < size; i += 4096)
		sum += (unsigned char)p[i];
	munmap(p, size);
	close(fd);
	if (sum)
		exit(1);
}

int main(int argc, char **argv)
{
	size_t size = (argc > 1 ? strtoul(argv[1], NULL, 10) : 4) * MIB;
	char *arena, *moved, *heap;
	struct rusage usage;

	if (!size) {
		fprintf(stderr, "usage: memory [MEGABYTES]\n");
		return 2;
	}

	arena = map(NULL, size, 0);
	touch(arena, size);
	fork_and_copy(arena, size);
	munmap(arena + size / 2, size / 2); /* the upper half goes */
	map(arena, size / 4, MAP_FIXED);    /* the lowest quarter is new */

	moved = mremap(arena, size / 2, size * 2, MREMAP_MAYMOVE);
	if (moved == MAP_FAILED) {
		/* Two mappings cannot move as one: move the one that remains of the first. */
		moved = mremap(arena + size / 4, size / 4, size, MREMAP_MAYMOVE);
		if (moved == MAP_FAILED)
			die("mremap");
	}
	touch(moved, size / 4);

	heap = sbrk((intptr_t)MIB);
	if (heap == (char *)-1)
		die("sbrk");
	touch(heap, MIB);
	if (sbrk(-(intptr_t)(MIB / 2)) == (void *)-1)
		die("sbrk");

	run_threads();
	read_a_file(size / 2);

	getrusage(RUSAGE_SELF, &usage);
	printf("faults: %ld minor, %ld major\n", usage.ru_minflt, usage.ru_majflt);
	return 0;
}
