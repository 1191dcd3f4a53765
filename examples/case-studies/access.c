/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Accesses pages of memory in a random or in a local order, to see what that costs in page faults.
 *
 * usage: access [-m MB] [-f FILE] [-p] [-l PAGES] [-w] [-i ITERATIONS] [-n ACCESSES]
 *               [-c NANOSECONDS] [-d MICROSECONDS] [-s SEED]
 *
 * -m  size of the memory in MiB [16]
 * -f  it is this file's, mapped and shared: a page that is not in memory is read from it, a major
 *     fault. A file that is too short is filled up. Without -f: anonymous memory
 * -p  prepare: read all of it from the file first, in order
 * -l  local: each iteration accesses a window of so many pages, which begins at a random page.
 *     Otherwise random: any page
 * -w  write to each page that is accessed; otherwise read
 * -i  iterations [10]
 * -n  accesses of an iteration, each to a page drawn from the window or from the whole [1000]
 * -c  work so long after each access [0]
 * -d  sleep so long after each iteration [0]
 * -s  where the generator of random numbers starts [1]: the pages are the same in every run
 *
 * It calls itself "random" or "local" while it does so, the name by which recordings know it.
 * Prints its pid, when it began and ended on CLOCK_MONOTONIC in ns, and what getrusage() says at
 * the end: minor faults, major faults, microseconds in user mode and in the kernel.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static uint64_t random_state;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* splitmix64: one generator on every system. */
static uint64_t draw(uint64_t below)
{
	uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (z ^ z >> 31) % below;
}

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void work(int64_t ns)
{
	int64_t end = now() + ns;

	while (now() < end)
		;
}

static int open_file(const char *name, size_t size)
{
	char block[65536];
	struct stat st;
	int fd = open(name, O_RDWR | O_CREAT, 0600);

	if (fd < 0 || fstat(fd, &st) < 0)
		die(name);
	memset(block, 1, sizeof(block));
	for (size_t at = (size_t)st.st_size; at < size;) {
		size_t n = size - at < sizeof(block) ? size - at : sizeof(block);
		ssize_t written = pwrite(fd, block, n, (off_t)at);

		if (written <= 0)
			die(name);
		at += (size_t)written;
	}
	/* Nothing of it stays in memory; pages that are not yet written would. */
	if (fsync(fd) < 0 || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0)
		die(name);
	return fd;
}

static void read_file(int fd, size_t size)
{
	char block[65536]; /* size is a multiple of it */
	ssize_t n;

	for (size_t at = 0; at < size; at += (size_t)n) {
		n = pread(fd, block, sizeof(block), (off_t)at);
		if (n <= 0)
			die("read");
	}
}

static volatile char *map(const char *file, size_t size, bool prepare)
{
	int fd = file ? open_file(file, size) : -1;
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       file ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS, fd, 0);

	if (p == MAP_FAILED)
		die("mmap");
	if (file && prepare)
		read_file(fd, size);
	/* A fault is about one page: nothing is read ahead, and no page is huge. */
	if (file && madvise(p, size, MADV_RANDOM) < 0)
		die("madvise");
	if (!file)
		madvise(p, size, MADV_NOHUGEPAGE); /* fails where there are none */
	return p;
}

static int64_t microseconds(struct timeval t)
{
	return (int64_t)t.tv_sec * 1000000 + t.tv_usec;
}

static uint64_t number(const char *text)
{
	char *end;
	uint64_t value = strtoull(text, &end, 10);

	if (end == text || *end) {
		fprintf(stderr, "access: %s is no number\n", text);
		exit(2);
	}
	return value;
}

int main(int argc, char **argv)
{
	uint64_t mb = 16, window = 0, iterations = 10, accesses = 1000, compute = 0, delay = 0;
	size_t page = (size_t)sysconf(_SC_PAGESIZE), pages;
	const char *file = NULL;
	volatile char *memory;
	bool prepare = false, writes = false;
	struct rusage usage;
	int64_t begin;
	int option;

	begin = now();
	random_state = 1;
	while ((option = getopt(argc, argv, "m:f:pl:wi:n:c:d:s:")) != -1) {
		switch (option) {
		case 'm':
			mb = number(optarg);
			break;
		case 'f':
			file = optarg;
			break;
		case 'p':
			prepare = true;
			break;
		case 'l':
			window = number(optarg);
			break;
		case 'w':
			writes = true;
			break;
		case 'i':
			iterations = number(optarg);
			break;
		case 'n':
			accesses = number(optarg);
			break;
		case 'c':
			compute = number(optarg);
			break;
		case 'd':
			delay = number(optarg);
			break;
		case 's':
			random_state = number(optarg);
			break;
		default:
			fprintf(stderr,
				"usage: access [-m MB] [-f FILE] [-p] [-l PAGES] [-w] "
				"[-i ITERATIONS] [-n ACCESSES] [-c NANOSECONDS] [-d MICROSECONDS] "
				"[-s SEED]\n");
			return 2;
		}
	}
	pages = (mb << 20) / page;
	if (!window)
		window = pages;
	if (!mb || window > pages || optind < argc) {
		fprintf(stderr, "access: the memory has %zu pages\n", pages);
		return 2;
	}

	prctl(PR_SET_NAME, window < pages ? "local" : "random");
	memory = map(file, pages * page, prepare);
	for (uint64_t i = 0; i < iterations; i++) {
		uint64_t first = draw(pages - window + 1);

		for (uint64_t k = 0; k < accesses; k++) {
			volatile char *p = memory + (first + draw(window)) * page;

			if (writes)
				*p = 2;
			else
				(void)*p;
			if (compute)
				work((int64_t)compute);
		}
		if (delay)
			usleep((useconds_t)delay);
	}
	getrusage(RUSAGE_SELF, &usage);
	printf("%d %" PRId64 " %" PRId64 " %ld %ld %" PRId64 " %" PRId64 "\n", getpid(), begin,
	       now(), usage.ru_minflt, usage.ru_majflt, microseconds(usage.ru_utime),
	       microseconds(usage.ru_stime));
	return 0;
}
