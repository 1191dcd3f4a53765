/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/schedrec/measure.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "record/tracefs/buffer_counts.h"
#include "record/tracefs/instance.h"

#define BLOCKS	  7
#define PAIRS	  3
#define RUN_NS	  15000000 /* of CPU time, each */
#define BUFFER_KB 1024
#define MAP_PAGES 16

/* What the loads use; made once, released at the end. */
struct load {
	void (*round)(struct load *l);
	int there[2], back[2]; /* pipes to the partner and from it */
	pthread_t partner;
	bool has_partner;
	pid_t partner_tid;
	int udp;
	uint32_t word;
	size_t page;
	bool idles; /* its events are those of an idle CPU: elapsed time counts, and the CPU */
	bool failed;
};

/* ---- loads ---------------------------------------------------------------------------- */

static void *answer(void *arg)
{
	struct load *l = arg;
	char c;

	l->partner_tid = gettid();
	while (read(l->there[0], &c, 1) == 1)
		if (write(l->back[1], &c, 1) != 1)
			break;
	return NULL;
}

/* To the partner and back: both sleep and wake on one CPU. */
static void pass_byte(struct load *l)
{
	char c = 0;

	if (write(l->there[1], &c, 1) != 1 || read(l->back[0], &c, 1) != 1)
		l->failed = true;
}

static void map_pages(struct load *l)
{
	char *p = mmap(NULL, MAP_PAGES * l->page, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		l->failed = true;
		return;
	}
	madvise(p, MAP_PAGES * l->page, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < MAP_PAGES; i++)
		*(volatile char *)(p + i * l->page) = 1;
	munmap(p, MAP_PAGES * l->page);
}

static void wake_nobody(struct load *l)
{
	syscall(SYS_futex, &l->word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void send_packet(struct load *l)
{
	char c = 0;

	if (send(l->udp, &c, 1, 0) != 1 || recv(l->udp, &c, 1, 0) != 1)
		l->failed = true;
}

/* Long enough for the CPU to go idle, if it has nothing else to do. */
static void doze(struct load *l)
{
	struct timespec shortly = { .tv_nsec = 20000 };

	if (nanosleep(&shortly, NULL) != 0)
		l->failed = true;
}

static const struct {
	const char *set;
	void (*round)(struct load *l);
	const char *words;
} loads[] = {
	{ "sched", pass_byte, "two threads wake each other through pipes" },
	{ "stacks", pass_byte, "two threads wake each other through pipes" },
	{ "mm", map_pages, "16 pages are mapped, touched and unmapped" },
	{ "pages", map_pages, "16 pages are mapped, touched and unmapped" },
	{ "power", doze, "elapsed time of sleeps of 20 us on an idle CPU" },
	{ "futex", wake_nobody, "futex(FUTEX_WAKE) that wakes nobody" },
	{ "irq", send_packet, "a byte by UDP through the loopback device" },
};

/* A socket that is connected to itself. */
static int open_udp(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(a);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && (bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0 ||
			getsockname(fd, (struct sockaddr *)&a, &size) != 0 ||
			connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static void load_close(struct load *l)
{
	mem_close_p(&l->there[1]); /* which ends the partner */
	if (l->has_partner)
		pthread_join(l->partner, NULL);
	mem_close_p(&l->there[0]);
	mem_close_p(&l->back[0]);
	mem_close_p(&l->back[1]);
	mem_close_p(&l->udp);
}

static int load_open(struct load *l, void (*round)(struct load *), struct schedtrace_error *err)
{
	*l = (struct load){ .round = round,
			    .there = { -1, -1 },
			    .back = { -1, -1 },
			    .udp = -1,
			    .idles = round == doze,
			    .page = (size_t)sysconf(_SC_PAGESIZE) };
	if (round == send_packet && (l->udp = open_udp()) < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "a socket for the load");
	if (round != pass_byte)
		return 0;
	if (pipe2(l->there, O_CLOEXEC) != 0 || pipe2(l->back, O_CLOEXEC) != 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "pipes for the load");
	errno = pthread_create(&l->partner, NULL, answer, l);
	if (errno)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "a thread for the load");
	l->has_partner = true;
	pass_byte(l); /* it runs, and its number is known */
	return 0;
}

/* ---- figures -------------------------------------------------------------------------- */

static int64_t used_ns(const struct load *l)
{
	struct timespec t;

	clock_gettime(l->idles ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t run(struct load *l, uint64_t rounds)
{
	int64_t begin = used_ns(l);

	for (uint64_t i = 0; i < rounds && !l->failed; i++)
		l->round(l);
	return used_ns(l) - begin;
}

/* What ends a program: it waits until no instance is there any more. */
static void hold_signals(sigset_t *before)
{
	static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	sigset_t held;

	sigemptyset(&held);
	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++) {
		struct sigaction action;

		if (sigaction(ending[i], NULL, &action) == 0 && action.sa_handler == SIG_DFL)
			sigaddset(&held, ending[i]);
	}
	sigprocmask(SIG_BLOCK, &held, before);
}

/* Whether one of them has come, which ends us when it is let through. */
static bool is_to_end(struct schedtrace_error *err)
{
	sigset_t pending;

	if (sigpending(&pending) != 0 ||
	    !(sigismember(&pending, SIGINT) || sigismember(&pending, SIGTERM) ||
	      sigismember(&pending, SIGHUP) || sigismember(&pending, SIGQUIT)))
		return false;
	error_set(err, SCHEDTRACE_E_IO, "a signal came");
	return true;
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Records in the buffers so far, those that were overwritten included. */
static int count(const struct instance *in, uint64_t *n, struct schedtrace_error *err)
{
	struct buffer_counts counts;

	if (!buffer_counts_new(&counts, in->n_cpus)) {
		buffer_counts_free(&counts);
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	}
	buffer_counts_read(&counts, in, 0);
	*n = buffer_counts_unread(&counts) + buffer_counts_lost(&counts);
	buffer_counts_free(&counts);
	return 0;
}

/* Lets the instance record the load only: its threads, or the CPU that it leaves idle. */
static int choose_load(struct instance *in, const struct load *l, struct schedtrace_error *err)
{
	int32_t tids[2] = { gettid(), l->partner_tid };
	auto_free bool *recorded = calloc((size_t)in->n_cpus, sizeof(*recorded));
	char cpu[16];

	if (!recorded)
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	if (!l->idles)
		return instance_follow(in, tids, l->has_partner ? 2 : 1, err);
	snprintf(cpu, sizeof(cpu), "%d", sched_getcpu());
	return instance_set_cpus(in, cpu, recorded, err);
}

/* How many events a round causes. */
static int count_events(struct instance *in, struct load *l, uint64_t rounds, double *per_round,
			struct schedtrace_error *err)
{
	uint64_t before = 0, after = 0;
	int r = choose_load(in, l, err);

	if (r == 0)
		r = count(in, &before, err);
	if (r < 0)
		return r;
	instance_trace(in, true);
	run(l, rounds);
	instance_trace(in, false);
	r = count(in, &after, err);
	*per_round = (double)(after - before) / (double)rounds;
	return r;
}

static int make_instance(struct instance *in, const char *root, const struct event_list *events,
			 struct schedtrace_error *err)
{
	int r = instance_create(in, root, "", err);

	if (r == 0)
		r = instance_set_buffer(in, BUFFER_KB, 1, err);
	if (r == 0)
		r = instance_enable_events(in, events, false, err);
	if (r == 0)
		r = instance_open_controls(in, err);
	return r;
}

/*
 * Pairs of runs, some with the events and then as many without, so that whatever else the machine
 * does meets both. Without is without an instance: one that is only switched off has its part in
 * the cost.
 */
static int run_pairs(struct measurement *m, struct load *l, const char *root,
		     const struct event_list *events, uint64_t rounds, struct schedtrace_error *err)
{
	double ns[BLOCKS * PAIRS];

	for (int block = 0; block < BLOCKS; block++) {
		double *of = ns + block * PAIRS;
		struct instance in;
		int r = make_instance(&in, root, events, err);

		if (r == 0)
			instance_trace(&in, true);
		for (int i = 0; r == 0 && i < PAIRS; i++) {
			of[i] = (double)run(l, rounds);
			r = is_to_end(err) ? SCHEDTRACE_E_IO : 0;
		}
		if (instance_destroy(&in, r < 0 ? NULL : err) < 0 && r == 0)
			return SCHEDTRACE_E_IO;
		if (r < 0)
			return r;
		for (int i = 0; i < PAIRS; i++)
			of[i] = (of[i] - (double)run(l, rounds)) /
				((double)rounds * m->events_per_round);
	}
	qsort(ns, BLOCKS * PAIRS, sizeof(ns[0]), compare);
	m->ns = ns[BLOCKS * PAIRS / 2];
	m->noise_ns = (ns[BLOCKS * PAIRS * 3 / 4] - ns[BLOCKS * PAIRS / 4]) / 2;
	return 0;
}

static int measure_load(struct measurement *m, struct load *l, const char *root,
			const struct event_list *events, struct schedtrace_error *err)
{
	struct instance counting;
	uint64_t rounds = 16;
	int r;

	while (run(l, rounds) < RUN_NS && rounds < UINT64_MAX / 4 && !l->failed && !is_to_end(NULL))
		rounds *= 2;
	r = make_instance(&counting, root, events, err);
	if (r == 0)
		r = count_events(&counting, l, rounds, &m->events_per_round, err);
	if (instance_destroy(&counting, r < 0 ? NULL : err) < 0 && r == 0)
		r = SCHEDTRACE_E_IO;
	/* A timer now and then is not what the load causes. */
	if (r == 0 && m->events_per_round < 0.5)
		m->events_per_round = 0;
	if (r == 0 && m->events_per_round > 0)
		r = run_pairs(m, l, root, events, rounds, err);
	if (r == 0 && l->failed)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "the load for a measurement");
	return r;
}

int measure_set(struct measurement *out, const char *root, const char *set,
		const struct event_list *events, struct schedtrace_error *err)
{
	cpu_set_t before, one;
	sigset_t signals;
	struct load l;
	size_t i = 0;
	int slack, r;

	*out = (struct measurement){ 0 };
	while (i < sizeof(loads) / sizeof(loads[0]) && strcmp(loads[i].set, set) != 0)
		i++;
	if (i == sizeof(loads) / sizeof(loads[0]))
		return 0;
	out->load = loads[i].words;
	hold_signals(&signals);
	CPU_ZERO(&one);
	CPU_SET((size_t)sched_getcpu(), &one);
	sched_getaffinity(0, sizeof(before), &before);
	sched_setaffinity(0, sizeof(one), &one); /* threads made now stay there, too */
	slack = prctl(PR_GET_TIMERSLACK);
	prctl(PR_SET_TIMERSLACK, 1);
	r = load_open(&l, loads[i].round, err);
	if (r == 0)
		r = measure_load(out, &l, root, events, err);
	load_close(&l);
	prctl(PR_SET_TIMERSLACK, slack);
	sched_setaffinity(0, sizeof(before), &before);
	sigprocmask(SIG_SETMASK, &signals, NULL);
	return r;
}
