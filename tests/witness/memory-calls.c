/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Makes memory calls one by one and prints each, in the form of the row that it must give:
 * "PID EVENT ARG0 ARG1". A call that must fail, with a length of its own, opens and closes each
 * part, so that the part can be found in a recording. After "faults" and "rss" come what
 * getrusage() and /proc/self/statm said.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGES	     20000
#define MAX_EXPECTED 200

static struct {
	long pid;
	const char *event;
	int64_t arg0, arg1;
} * expected; /* shared with the child */
static int *n_expected;

static void expect(const char *event, int64_t arg0, int64_t arg1)
{
	int i = (*n_expected)++;

	expected[i].pid = syscall(SYS_gettid);
	expected[i].event = event;
	expected[i].arg0 = arg0;
	expected[i].arg1 = arg1;
}

static long map(uintptr_t where, size_t size, int flags)
{
	long p = syscall(SYS_mmap, where, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	if (p == -1)
		expect("CALL_FAILED mmap", 0, -errno);
	else
		expect("MMAP", p, (int64_t)size);
	return p;
}

static void unmap(long p, size_t size)
{
	if (syscall(SYS_munmap, p, size) == 0)
		expect("MUNMAP", p, (int64_t)size);
	else
		expect("CALL_FAILED munmap", 0, -errno);
}

static long remap(long p, size_t old_size, size_t new_size, int flags)
{
	long q = syscall(SYS_mremap, p, old_size, new_size, flags, 0);

	if (q == -1) {
		expect("CALL_FAILED mremap", 0, -errno);
		return p;
	}
	expect("MREMAP_FROM", p, (int64_t)old_size);
	expect("MREMAP_TO", q, (int64_t)new_size);
	return q;
}

static long move_break(long from, long change)
{
	long now = syscall(SYS_brk, from + change);

	expect("BRK", now, from);
	return now;
}

/* The kernel maps nothing of length 0. */
static void fence(void)
{
	map(0, 0, 0);
}

static void *in_a_thread(void *arg)
{
	unmap(map(0, 7 * 4096, 0), 7 * 4096);
	return arg;
}

static void calls(void)
{
	long p, q, brk = syscall(SYS_brk, 0);
	pthread_t thread;

	fence();
	p = map(0, 5000, 0); /* lengths are written as asked for, not as rounded */
	q = map(0, 64 * 4096, 0);
	map((uintptr_t)q + 8 * 4096, 4 * 4096, MAP_FIXED);
	unmap(q + 16 * 4096, 100);
	p = remap(p, 5000, 40 * 4096, MREMAP_MAYMOVE);
	p = remap(p, 40 * 4096, 2 * 4096, 0);
	remap(4096, 4096, 8192, 0);
	unmap(p + 1, 4096); /* not at a page: EINVAL */
	brk = move_break(brk, 10 * 4096);
	brk = move_break(brk, -3 * 4096);
	expect("CALL_FAILED brk", 0, -ENOMEM);
	if (syscall(SYS_brk, INT64_C(1) << 46) != brk)
		abort();
	unmap(p, 2 * 4096);
	unmap(q, 64 * 4096);
	fence();
	if (pthread_create(&thread, NULL, in_a_thread, NULL) != 0)
		abort();
	pthread_join(thread, NULL);
	if (fork() == 0) {
		unmap(map(0, 11 * 4096, 0), 11 * 4096);
		move_break(syscall(SYS_brk, 0), 4096);
		_exit(0);
	}
	wait(NULL);
}

static long faults_so_far(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_minflt + u.ru_majflt;
}

static long rss_pages(void)
{
	char text[128] = { 0 };
	int fd = open("/proc/self/statm", O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	close(fd);
	return n > 0 ? strtol(strchr(text, ' '), NULL, 10) : -1;
}

int main(void)
{
	size_t size = sizeof(*expected) * MAX_EXPECTED + sizeof(int);
	long before, after, p, rss;
	char *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		return 1;
	n_expected = (int *)shared;
	expected = (void *)(shared + 64);
	memset(shared, 0, size); /* its own faults come before what is counted */
	calls();
	p = map(0, PAGES * 4096, 0);
	madvise((void *)p, PAGES * 4096, MADV_NOHUGEPAGE);
	fence();
	before = faults_so_far();
	for (long i = 0; i < PAGES; i++)
		((volatile char *)p)[i * 4096] = 1;
	after = faults_so_far();
	rss = rss_pages();
	fence();
	for (int i = 0; i < *n_expected; i++)
		printf("row %ld %s %" PRId64 " %" PRId64 "\n", expected[i].pid, expected[i].event,
		       expected[i].arg0, expected[i].arg1);
	printf("faults %ld\nrss %ld\npid %ld\n", after - before, rss * sysconf(_SC_PAGESIZE),
	       (long)getpid());
	return 0;
}
