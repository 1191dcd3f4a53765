/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Takes page faults by number: known-faults MINOR MAJOR FILE. Waits for a line on its input,
 * touches MINOR pages of new memory and MAJOR pages of FILE that are not in the page cache, prints
 * "pid ru_minflt ru_majflt", and waits for another line.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

static void touch(const volatile char *p, size_t pages, size_t page)
{
	/* From the end, so that nothing is read ahead. */
	for (size_t i = pages; i-- > 0;)
		(void)p[i * page];
}

static void write_pages(int fd, size_t pages, size_t page)
{
	char *text = calloc(1, page);

	for (size_t i = 0; text && i < pages; i++)
		if (write(fd, text, page) != (ssize_t)page)
			exit(2);
	free(text);
}

int main(int argc, char **argv)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t minor = argc > 3 ? strtoul(argv[1], NULL, 10) : 0;
	size_t major = argc > 3 ? strtoul(argv[2], NULL, 10) : 0;
	struct rusage u;
	char *memory, *file;
	int fd;

	if (argc != 4 || (fd = open(argv[3], O_RDWR | O_CREAT | O_TRUNC, 0600)) < 0)
		return 2;
	write_pages(fd, major, page);
	memory = mmap(NULL, minor * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		      0);
	file = mmap(NULL, major * page, PROT_READ, MAP_SHARED, fd, 0);
	if (fsync(fd) != 0 || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0 ||
	    memory == MAP_FAILED || file == MAP_FAILED ||
	    madvise(memory, minor * page, MADV_NOHUGEPAGE) != 0 ||
	    madvise(file, major * page, MADV_RANDOM) != 0)
		return 2;
	getchar();
	for (size_t i = 0; i < minor; i++)
		memory[i * page] = 1;
	touch(file, major, page);
	getrusage(RUSAGE_SELF, &u);
	printf("%d %ld %ld\n", (int)getpid(), u.ru_minflt, u.ru_majflt);
	fflush(stdout);
	getchar();
	return 0;
}
