/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Maps and unmaps memory in every way, and says after each what /proc/self/maps and smaps_rollup
 * say, on a line: POINT PID TIME MAPPED RESIDENT. TIME is CLOCK_MONOTONIC in ns. Not counted in
 * MAPPED is what the kernel maps itself when it starts a program, since no system call of the
 * process asks for that: the program, its interpreter, the stack, the vdso.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define K ((size_t)4096)

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

static char text[1 << 16]; /* stdio would map memory */
static char program[4096];

static void die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	_exit(1);
}

static void read_text(const char *path)
{
	int fd = open(path, O_RDONLY);
	size_t n = 0;
	ssize_t got;

	if (fd < 0)
		die(path);
	while ((got = read(fd, text + n, sizeof(text) - 1 - n)) > 0)
		n += (size_t)got;
	text[n] = '\0';
	close(fd);
}

static int64_t mapped(void)
{
	uint64_t begin, end, kernels_end = 0;
	int64_t sum = 0;

	read_text("/proc/self/maps");
	for (char *line = text; *line; line = strchr(line, '\n') + 1) {
		char name[4096] = "";
		bool kernels;

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %*s %*s %*s%*[ ]%4095[^\n]", &begin,
			   &end, name) < 2)
			die("/proc/self/maps");
		/* Behind the data of a program is memory that begins as zeros, without a name. */
		kernels = !strcmp(name, program) || strstr(name, "/ld-") ||
			  (*name == '[' && strcmp(name, "[heap]") != 0) ||
			  (!*name && begin == kernels_end);
		if (kernels)
			kernels_end = *name == '[' ? 0 : end;
		else
			sum += (int64_t)(end - begin);
	}
	return sum;
}

static int64_t resident(void)
{
	read_text("/proc/self/smaps_rollup");
	return strtoll(strstr(text, "Rss:") + 4, NULL, 10) * 1024;
}

static void point(const char *name)
{
	struct timespec now;
	int64_t bytes, rss;
	char line[256];
	int n;

	/* Twice: the first time takes the faults of doing so. */
	for (int i = 0; i < 2; i++) {
		bytes = mapped();
		rss = resident();
		clock_gettime(CLOCK_MONOTONIC, &now);
	}
	n = snprintf(line, sizeof(line), "%s %d %" PRId64 " %" PRId64 " %" PRId64 "\n", name,
		     getpid(), (int64_t)now.tv_sec * 1000000000 + now.tv_nsec, bytes, rss);
	if (write(1, line, (size_t)n) != n)
		die("write");
}

static char *map(void *where, size_t size, int flags)
{
	char *p = mmap(where, size, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | flags, -1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

/* Where so much is free. */
static char *find_place(size_t size)
{
	char *p = map(NULL, size, MAP_PRIVATE);

	munmap(p, size);
	return p;
}

static char *remap(char *p, size_t old_size, size_t size, int flags)
{
	char *q = mremap(p, old_size, size, flags);

	if (q == MAP_FAILED)
		die("mremap");
	return q;
}

static void failures(char *p)
{
	if (mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED ||
	    mmap(NULL, (size_t)1 << 60, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
		    MAP_FAILED ||
	    mmap(p, K, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) !=
		    MAP_FAILED ||
	    munmap(p + 1, K) == 0 || mremap((void *)K, K, 2 * K, MREMAP_MAYMOVE) != MAP_FAILED ||
	    syscall(SYS_brk, INT64_C(1) << 46) == INT64_C(1) << 46) {
		errno = 0;
		die("a call that must fail did not");
	}
}

static void *in_a_thread(void *arg)
{
	memset(map(NULL, 9 * K, MAP_PRIVATE), 1, 9 * K);
	return arg;
}

static void ranges(void)
{
	char *p, *q;

	p = map(find_place(128 * K), 64 * K + 100, MAP_PRIVATE | MAP_FIXED);
	point("mmap");
	memset(p, 1, 40 * K);
	point("writes");
	map(p + 8 * K, 4 * K, MAP_PRIVATE | MAP_FIXED);
	point("fixed-within");
	map(p + 60 * K, 20 * K, MAP_PRIVATE | MAP_FIXED); /* 5 pages of it were mapped */
	point("fixed-over-the-end");
	munmap(p + 16 * K, 100);
	munmap(p + 20 * K, 8 * K);
	point("munmap-of-parts");
	munmap(p + 16 * K, 14 * K); /* two holes are in it */
	point("munmap-over-holes");
	failures(p);
	point("failed-calls");
	mprotect(p, 2 * K, PROT_READ);
	madvise(p + 4 * K, 2 * K, MADV_DONTNEED);
	point("mprotect-and-madvise");

	q = map(find_place(16 * K), 10 * K, MAP_PRIVATE | MAP_FIXED);
	memset(q, 1, 10 * K);
	map(q + 10 * K, K, MAP_PRIVATE | MAP_FIXED); /* so that it cannot grow where it is */
	q = remap(q, 10 * K, 50 * K, MREMAP_MAYMOVE);
	point("mremap-moves");
	q = remap(q, 50 * K, 3 * K - 5, 0);
	point("mremap-shrinks");
	q = remap(q, 3 * K, 5 * K, 0);
	point("mremap-grows");
	remap(q, 5 * K, 5 * K, MREMAP_MAYMOVE | MREMAP_DONTUNMAP);
	point("mremap-leaves-the-old");
	q = map(NULL, 6 * K, MAP_SHARED);
	memset(q, 1, 6 * K);
	remap(q, 0, 6 * K, MREMAP_MAYMOVE);
	point("mremap-of-nothing-doubles");
	mremap(q, 6 * K, 6 * K, MREMAP_MAYMOVE | MREMAP_FIXED, p);
	point("mremap-to-a-fixed-place");
}

static void breaks(void)
{
	char *end = sbrk(0);

	if (brk(end + 10 * K + 1) != 0)
		die("brk");
	memset(end, 1, 10 * K);
	point("brk-up");
	if (brk(end + 3 * K - 7) != 0)
		die("brk");
	point("brk-down");
}

/* As a 32-bit program asks for memory, where the kernel serves those. */
static bool map_by_a_32_bit_call(void)
{
#ifdef __x86_64__
	long result = 192; /* mmap2 */

	__asm__ volatile("push %%rbp\n\tmov $0, %%ebp\n\tint $0x80\n\tpop %%rbp"
			 : "+a"(result)
			 : "b"(0L), "c"(8 * K), "d"(PROT_READ), "S"(MAP_PRIVATE | MAP_ANONYMOUS),
			   "D"(-1L)
			 : "memory", "r8", "r9", "r10", "r11");
	return result > 0;
#else
	return false;
#endif
}

/* Runs this program anew, to say a last point. */
static void execute(char **argv, char *times)
{
	char *arguments[] = { argv[0], times, NULL };

	execv(argv[0], arguments);
	_exit(127);
}

static void processes(char **argv)
{
	char times[] = "6";
	pthread_t thread;
	pid_t child;

	if (pthread_create(&thread, NULL, in_a_thread, NULL) != 0)
		die("pthread_create");
	pthread_join(thread, NULL);
	point("thread");
	child = fork();
	if (!child) {
		point("forked");
		munmap(map(NULL, 4 * K, MAP_PRIVATE), K);
		sbrk(2 * (intptr_t)K);
		point("forked-and-mapped");
		_exit(0);
	}
	waitpid(child, NULL, 0);
	point("child-ended");
	child = fork();
	if (!child) {
		if (map_by_a_32_bit_call())
			point("32-bit-call");
		_exit(0);
	}
	waitpid(child, NULL, 0);
	child = vfork();
	if (!child)
		execute(argv, times);
	waitpid(child, NULL, 0);
	point("child-executed");
}

int main(int argc, char **argv)
{
	if (!realpath("/proc/self/exe", program))
		die("realpath");
	if (argc > 1) {
		point("program");
		if (--*argv[1] > '0')
			execute(argv, argv[1]);
		return 0;
	}
	point("start");
	ranges();
	breaks();
	processes(argv);
	return 0;
}
