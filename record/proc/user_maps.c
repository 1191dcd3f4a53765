/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/proc/user_maps.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "record/marker_writer.h"
#include "tracedat/markers.h"

#define RING_PAGES  256
#define RECORD_ROOM 65536

_Static_assert(sizeof(struct marker_map) == 64, "layout of the file format");

struct ring {
	int fd;
	struct perf_event_mmap_page *page;
	const uint8_t *data;
	size_t bytes;
};

struct user_maps {
	int marker_fd;
	bool stamped; /* perf's time is the trace clock's */
	struct ring *rings;
	size_t n;
	uint64_t lost;
	uint8_t batch[MARKER_PAYLOAD_MAX] __attribute__((aligned(8)));
	size_t used;
	uint8_t record[RECORD_ROOM] __attribute__((aligned(8)));
};

static int perf_open(struct perf_event_attr *attr, pid_t pid, int cpu)
{
	attr->size = sizeof(*attr);
	attr->type = PERF_TYPE_SOFTWARE;
	attr->config = PERF_COUNT_SW_DUMMY;
	return (int)syscall(SYS_perf_event_open, attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

static int flush(struct user_maps *m, struct schedtrace_error *err)
{
	int r = m->used ? marker_write_maps(m->marker_fd, m->batch, m->used, err) : 0;

	m->used = 0;
	return r;
}

static int put(struct user_maps *m, struct marker_map *map, const char *path,
	       struct schedtrace_error *err)
{
	size_t n = strnlen(path, MARKER_PAYLOAD_MAX - sizeof(*map) - 8);
	size_t room = (n + 7) & ~(size_t)7;
	int r = 0;

	if (sizeof(*map) + room > sizeof(m->batch) - m->used)
		r = flush(m, err);
	if (r < 0)
		return r;
	map->path_bytes = (uint16_t)n;
	memcpy(m->batch + m->used, map, sizeof(*map));
	memset(m->batch + m->used + sizeof(*map), 0, room);
	memcpy(m->batch + m->used + sizeof(*map), path, n);
	m->used += sizeof(*map) + room;
	return 0;
}

/* ---- what is there at the begin -------------------------------------------------------- */

static int put_process(struct user_maps *m, int32_t tgid, struct schedtrace_error *err)
{
	auto_fclose FILE *f = NULL;
	auto_free char *line = NULL;
	char path[64];
	size_t size = 0;
	int r = 0;

	snprintf(path, sizeof(path), "/proc/%d/maps", tgid);
	f = fopen(path, "re");
	while (r == 0 && f && getline(&line, &size, f) > 0) {
		struct marker_map map = { .time_ns = INT64_MIN, .tgid = tgid };
		char permissions[8];
		int at = 0;

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %" SCNx64 " %*s %*s %n", &map.begin,
			   &map.end, permissions, &map.offset, &at) < 4 ||
		    !at || permissions[2] != 'x' || line[at] != '/')
			continue;
		line[strcspn(line, "\n")] = '\0';
		r = put(m, &map, line + at, err);
	}
	return r;
}

static int put_all(struct user_maps *m, struct schedtrace_error *err)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	int r = 0;

	while (r == 0 && dir && (entry = readdir(dir)))
		if (*entry->d_name >= '0' && *entry->d_name <= '9')
			r = put_process(m, atoi(entry->d_name), err);
	if (dir)
		closedir(dir);
	return r;
}

/* ---- what comes later ------------------------------------------------------------------ */

/* The clocks that perf can stamp its records with as well. */
static bool choose_clock(struct perf_event_attr *attr, const char *clock)
{
	static const struct {
		const char *name;
		clockid_t id; /* -1: perf's own, which the ring buffer's are made from */
	} known[] = { { "mono", CLOCK_MONOTONIC },
		      { "mono_raw", CLOCK_MONOTONIC_RAW },
		      { "boot", CLOCK_BOOTTIME },
		      { "tai", CLOCK_TAI },
		      { "local", -1 },
		      { "global", -1 },
		      { "perf", -1 } };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(known[i].name, clock) != 0)
			continue;
		attr->use_clockid = known[i].id >= 0;
		attr->clockid = known[i].id >= 0 ? known[i].id : 0;
		return true;
	}
	return false;
}

static bool open_ring(struct ring *ring, struct perf_event_attr *attr, int cpu)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *memory;

	ring->fd = perf_open(attr, -1, cpu);
	if (ring->fd < 0 && attr->build_id) { /* kernels before 5.12 */
		attr->build_id = 0;
		ring->fd = perf_open(attr, -1, cpu);
	}
	if (ring->fd < 0)
		return false;
	ring->bytes = RING_PAGES * page;
	memory = mmap(NULL, ring->bytes + page, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
	if (memory == MAP_FAILED)
		return false;
	ring->page = memory;
	ring->data = (const uint8_t *)memory + page;
	return true;
}

static bool follow(struct user_maps *m, const char *clock)
{
	struct perf_event_attr attr = {
		.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME,
		.sample_id_all = 1,
		.mmap = 1,
		.mmap2 = 1,
		.comm = 1,
		.comm_exec = 1,
		.build_id = 1,
	};
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	bool any = false;

	m->stamped = choose_clock(&attr, clock);
	m->rings = calloc((size_t)cpus, sizeof(*m->rings));
	for (long cpu = 0; m->rings && cpu < cpus; cpu++) {
		m->rings[cpu].fd = -1;
		m->n++;
		any |= open_ring(&m->rings[cpu], &attr, (int)cpu); /* not of CPUs that are off */
	}
	return any;
}

/* A copy of the record at @at of the ring, which may wrap around its end. */
static const struct perf_event_header *copy_record(struct user_maps *m, const struct ring *ring,
						   uint64_t at)
{
	struct perf_event_header *header = (struct perf_event_header *)m->record;

	for (size_t i = 0; i < sizeof(*header); i++)
		m->record[i] = ring->data[(at + i) % ring->bytes];
	for (size_t i = sizeof(*header); i < header->size; i++)
		m->record[i] = ring->data[(at + i) % ring->bytes];
	return header;
}

/* Its stamp, which stands last; INT64_MIN where it is none of the trace clock. */
static int64_t stamp_of(const struct user_maps *m, const struct perf_event_header *header)
{
	int64_t time;

	if (!m->stamped || header->size < sizeof(*header) + sizeof(time))
		return INT64_MIN;
	memcpy(&time, (const uint8_t *)header + header->size - sizeof(time), sizeof(time));
	return time;
}

struct mmap2 {
	struct perf_event_header header;
	uint32_t pid, tid;
	uint64_t begin, bytes, offset;
	uint8_t build_id_bytes, reserved[3];
	uint8_t build_id[20];
	uint32_t protection, flags;
	char path[];
};

static int put_record(struct user_maps *m, const struct perf_event_header *header,
		      struct schedtrace_error *err)
{
	struct marker_map map = { .time_ns = stamp_of(m, header) };

	if (header->type == PERF_RECORD_LOST) {
		uint64_t lost;

		memcpy(&lost, (const uint8_t *)header + 16, sizeof(lost));
		m->lost += lost;
	} else if (header->type == PERF_RECORD_COMM && header->misc & PERF_RECORD_MISC_COMM_EXEC) {
		memcpy(&map.tgid, header + 1, sizeof(map.tgid));
		return put(m, &map, "", err);
	} else if (header->type == PERF_RECORD_MMAP2) {
		const struct mmap2 *mapped = (const struct mmap2 *)header;

		if ((header->misc & PERF_RECORD_MISC_CPUMODE_MASK) != PERF_RECORD_MISC_USER ||
		    mapped->path[0] != '/')
			return 0; /* memory without a file, or the kernel's own */
		map.tgid = (int32_t)mapped->pid;
		map.begin = mapped->begin;
		map.end = mapped->begin + mapped->bytes;
		map.offset = mapped->offset;
		if (header->misc & PERF_RECORD_MISC_MMAP_BUILD_ID &&
		    mapped->build_id_bytes <= sizeof(mapped->build_id)) {
			map.build_id_bytes = mapped->build_id_bytes;
			memcpy(map.build_id, mapped->build_id, map.build_id_bytes);
		}
		return put(m, &map, mapped->path, err);
	}
	return 0;
}

static int drain(struct user_maps *m, const struct ring *ring, struct schedtrace_error *err)
{
	uint64_t head, tail;
	int r = 0;

	if (!ring->page)
		return 0;
	head = __atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE);
	tail = ring->page->data_tail;
	while (r == 0 && tail < head) {
		const struct perf_event_header *header = copy_record(m, ring, tail);

		if (header->size < sizeof(*header))
			break;
		tail += header->size;
		r = put_record(m, header, err);
	}
	__atomic_store_n(&ring->page->data_tail, tail, __ATOMIC_RELEASE);
	return r;
}

int user_maps_write(struct user_maps *m, struct schedtrace_error *err)
{
	int r = 0;

	for (size_t i = 0; m && r == 0 && i < m->n; i++)
		r = drain(m, &m->rings[i], err);
	return m && r == 0 ? flush(m, err) : r;
}

int user_maps_again(struct user_maps *m, struct schedtrace_error *err)
{
	int r = put_all(m, err);

	return r < 0 ? r : flush(m, err);
}

int user_maps_start(struct user_maps **out, int marker_fd, const char *clock, bool *followed,
		    struct schedtrace_error *err)
{
	struct user_maps *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	m->marker_fd = marker_fd;
	*followed = follow(m, clock);
	r = user_maps_again(m, err);
	if (r < 0) {
		user_maps_free(m);
		return r;
	}
	*out = m;
	return 0;
}

uint64_t user_maps_lost(const struct user_maps *m)
{
	return m ? m->lost : 0;
}

void user_maps_free(struct user_maps *m)
{
	for (size_t i = 0; m && i < m->n; i++) {
		struct ring *ring = &m->rings[i];

		if (ring->page)
			munmap(ring->page, ring->bytes + (size_t)sysconf(_SC_PAGESIZE));
		if (ring->fd >= 0)
			close(ring->fd);
	}
	if (m)
		free(m->rings);
	free(m);
}
