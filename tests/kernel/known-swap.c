/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Takes major faults that read no file: known-swap PAGES. Fills as many pages of private and of
 * shared memory, has them written to swap, prints "out PAGES" that are there, and waits for a line;
 * touches them all, prints "pid ru_minflt ru_majflt", and waits for another.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif
#define PRESENT ((uint64_t)1 << 63) /* of /proc/self/pagemap */

static size_t page;

static char *fill(int fd, size_t pages)
{
	char *memory = mmap(NULL, pages * page, PROT_READ | PROT_WRITE,
			    fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED || madvise(memory, pages * page, MADV_NOHUGEPAGE) != 0)
		exit(2);
	for (size_t i = 0; i < pages; i++)
		memory[i * page] = (char)i;
	return memory;
}

static size_t out(const char *memory, size_t pages)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry;
	size_t n = 0;

	for (size_t i = 0; i < pages; i++) {
		off_t at = (off_t)(((uintptr_t)memory / page + i) * sizeof(entry));

		if (pread(fd, &entry, sizeof(entry), at) != sizeof(entry))
			exit(2);
		n += !(entry & PRESENT);
	}
	close(fd);
	return n;
}

int main(int argc, char **argv)
{
	size_t pages = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	volatile char *memory[2];
	struct rusage u;
	int fd = memfd_create("known-swap", MFD_CLOEXEC);

	page = (size_t)sysconf(_SC_PAGESIZE);
	if (!pages || fd < 0 || ftruncate(fd, (off_t)(pages * page)) != 0)
		return 2;
	memory[0] = fill(-1, pages);
	memory[1] = fill(fd, pages);
	for (int i = 0; i < 2; i++)
		madvise((void *)memory[i], pages * page, MADV_PAGEOUT);
	printf("out %zu %zu\n", out((char *)memory[0], pages), out((char *)memory[1], pages));
	fflush(stdout);
	getchar();
	for (int i = 0; i < 2; i++)
		for (size_t k = 0; k < pages; k++)
			(void)memory[i][k * page];
	getrusage(RUSAGE_SELF, &u);
	printf("%d %ld %ld\n", (int)getpid(), u.ru_minflt, u.ru_majflt);
	fflush(stdout);
	getchar();
	return 0;
}
