/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sleeps 200 times, always at the end of the same chain of calls; built with frame pointers. */
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

long inner_wait(int n);
long middle_step(int n);
long outer_loop(int n);

#ifdef __clang__
#define KEEP __attribute__((noinline))
#else
#define KEEP __attribute__((noinline, noclone))
#endif
/* So that no call becomes a jump. */
#define STAY __asm__ volatile("" ::: "memory")

KEEP long inner_wait(int n)
{
	struct timespec t = { .tv_nsec = 500000 };
	long r;

#ifdef __x86_64__
	/* Not by the C library, whose functions have no frame pointers. */
	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "a"(SYS_nanosleep), "D"(&t), "S"(0L)
			 : "rcx", "r11", "memory");
#else
	r = syscall(SYS_nanosleep, &t, 0);
#endif
	STAY;
	return r + n;
}

KEEP long middle_step(int n)
{
	long r = inner_wait(n);

	STAY;
	return r + 1;
}

KEEP long outer_loop(int n)
{
	long sum = 0;

	for (int i = 0; i < n; i++)
		sum += middle_step(i);
	STAY;
	return sum;
}

int main(void)
{
	return outer_loop(200) < 0;
}
