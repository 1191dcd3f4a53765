/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which ring buffer of a file is read, and whether its table can be true. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "tracedat/container.h"
#include "tracedat/markers.h"

static int check_page_size(uint32_t size, struct schedtrace_error *err)
{
	if (size < 256 || size > 16u << 20 || size % 64)
		return error_set(err, SCHEDTRACE_E_FORMAT,
				 "ring-buffer pages of %u bytes, expected 256 bytes to 16 MiB",
				 size);
	return 0;
}

static void attach_cpustat(const struct container *c, const struct file_instance *in)
{
	size_t i, k;

	for (k = 0; k < in->n_cpus; k++)
		for (i = 0; i < c->n_stats; i++)
			if (c->stats[i].cpu == in->cpus[k].cpu &&
			    !strcmp(c->stats[i].buffer, in->name))
				in->cpustat[k] = c->stats[i].text;
}

/* Two texts, each with the lines of one buffer, as one: numbers of the same name add up. */
static int join_cpustat(struct container *c, const char *buffer, int32_t cpu, const char *more,
			struct schedtrace_error *err)
{
	for (size_t i = 0; i < c->n_stats; i++) {
		struct cpustat_option *s = &c->stats[i];
		char *both;

		if (s->cpu != cpu || strcmp(s->buffer, buffer) != 0)
			continue;
		if (asprintf(&both, "%s\n%s", s->text, more) < 0)
			return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for CPU statistics");
		free(s->text);
		s->text = both;
		return 0;
	}
	return 0;
}

/* Makes the CPUs' data of @more a part of @in. */
static int join_instances(struct container *c, struct file_instance *in,
			  const struct file_instance *more, struct schedtrace_error *err)
{
	size_t n = in->n_cpus + more->n_cpus;
	struct cpu_data *cpus = reallocarray(in->cpus, n + 1, sizeof(*cpus));
	char **cpustat = reallocarray(in->cpustat, n + 1, sizeof(*cpustat));
	int r = 0;

	in->cpus = cpus ? cpus : in->cpus;
	in->cpustat = cpustat ? cpustat : in->cpustat;
	if (!cpus || !cpustat)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %zu CPUs", n);
	if (more->compressed != in->compressed || more->page_size != in->page_size)
		return error_set(err, SCHEDTRACE_E_FORMAT,
				 "its two buffers differ in the size of pages");
	memcpy(cpus + in->n_cpus, more->cpus, more->n_cpus * sizeof(*cpus));
	memset(cpustat + in->n_cpus, 0, more->n_cpus * sizeof(*cpustat));
	in->n_cpus = n;
	in->begin = more->begin;
	in->end = c->size;
	for (size_t i = 0; r == 0 && i < c->n_stats; i++)
		if (strcmp(c->stats[i].buffer, more->name) == 0)
			r = join_cpustat(c, in->name, c->stats[i].cpu, c->stats[i].text, err);
	return r;
}

/* A recording limited to some tasks; both are NULL if it is none. */
static void find_only(struct container *c, struct file_instance **top, struct file_instance **only)
{
	*top = *only = NULL;
	if (c->n_instances != 2)
		return; /* not a file of ours */
	for (size_t i = 0; i < c->n_instances; i++) {
		if (!*c->instances[i].name)
			*top = &c->instances[i];
		else if (strcmp(c->instances[i].name, BUFFER_ONLY) == 0)
			*only = &c->instances[i];
	}
}

static bool has_data(const struct file_instance *in)
{
	size_t i;

	for (i = 0; i < in->n_cpus; i++)
		if (in->cpus[i].size)
			return true;
	return false;
}

static const char *shown_name(const struct file_instance *in)
{
	return *in->name ? in->name : "top";
}

/* "top, foo, bar" of the instances with data, or of all. */
static void list_instances(const struct container *c, bool with_data, char *out, size_t size)
{
	size_t i, n = 0;

	*out = '\0';
	for (i = 0; i < c->n_instances && n + 1 < size; i++)
		if (!with_data || has_data(&c->instances[i]))
			n += (size_t)snprintf(out + n, size - n, "%s%s", n ? ", " : "",
					      shown_name(&c->instances[i]));
}

static int check_ranges(const struct container *c, const struct file_instance *in,
			struct schedtrace_error *err)
{
	size_t i, k;

	for (i = 0; i < in->n_cpus; i++) {
		const struct cpu_data *a = &in->cpus[i];

		for (k = 0; k < i; k++) {
			const struct cpu_data *b = &in->cpus[k];

			if (a->cpu == b->cpu && (i < in->n_own) == (k < in->n_own))
				return error_set(err, SCHEDTRACE_E_FORMAT,
						 "CPU %d has two places for its data", a->cpu);
			if (a->size && b->size && a->offset < b->offset + b->size &&
			    b->offset < a->offset + a->size)
				return error_set(err, SCHEDTRACE_E_FORMAT,
						 "data of CPU %d (byte %" PRIu64 ", %" PRIu64
						 " bytes) and of CPU %d (byte %" PRIu64 ", %" PRIu64
						 " bytes) overlap",
						 b->cpu, b->offset, b->size, a->cpu, a->offset,
						 a->size);
		}
	}
	return 0;
}

static int by_offset(const void *a, const void *b)
{
	const struct cpu_data *x = a, *y = b;

	return (x->offset > y->offset) - (x->offset < y->offset);
}

/* The first byte of [at, end) from a page on that is there and no hole; @end when none is. */
static uint64_t skip_hole(const struct container *c, uint64_t at, uint64_t end)
{
	uint64_t page = c->layout.page_size > 4096 ? c->layout.page_size : 4096;
	uint64_t begin = (at + page - 1) / page * page;
	off_t data;

	/* Only a file with space for a hole is worth a question to the system. */
	if (end - at <= 2 * page)
		return at;
	data = lseek(c->fd, (off_t)begin, SEEK_DATA);
	return data < 0 ? end : (uint64_t)data < end ? (uint64_t)data : end;
}

/*
 * Data of a CPU follows that of another at the next page; further bytes were lost from a table.
 * The working file of a recorder has holes there.
 */
static int find_unclaimed(struct container *c, const struct file_instance *in,
			  struct schedtrace_error *err)
{
	struct cpu_data *sorted = calloc(in->n_cpus + 1, sizeof(*sorted));
	uint64_t page = c->layout.page_size, at = in->begin, end = in->end, from;
	size_t i, n = 0;

	if (!sorted)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %zu CPUs", in->n_cpus);
	for (i = 0; i < in->n_cpus; i++)
		if (in->cpus[i].size)
			sorted[n++] = in->cpus[i];
	qsort(sorted, n, sizeof(*sorted), by_offset);
	if (!end && c->n_instances == 1)
		end = c->size;
	sorted[n].offset = end < c->size ? end : c->size;
	for (i = 0; i <= n && !c->remarks[0]; at = sorted[i].offset + sorted[i].size, i++) {
		if (!at || sorted[i].offset <= at || sorted[i].offset - at <= page)
			continue;
		from = skip_hole(c, at, sorted[i].offset);
		if (from < sorted[i].offset &&
		    asprintf(&c->remarks[0],
			     "%" PRIu64 " bytes at byte %" PRIu64
			     " belong to no CPU by the file's table: the table is damaged, or "
			     "the recorder was killed before it wrote all of it",
			     sorted[i].offset - from, from) < 0)
			c->remarks[0] = NULL;
	}
	free(sorted);
	return 0;
}

int container_choose(struct container *c, const char *name, const struct file_instance **out,
		     struct schedtrace_error *err)
{
	const struct file_instance *found = NULL;
	struct file_instance *top, *only;
	char names[512];
	size_t i, n = 0;
	int r;

	find_only(c, &top, &only);
	if (!name && top && only) {
		r = join_instances(c, top, only, err);
		if (r < 0)
			return r;
		name = "";
	}
	for (i = 0; i < c->n_instances; i++) {
		const struct file_instance *in = &c->instances[i];

		if (name ? !strcmp(name, in->name) || !strcmp(name, shown_name(in))
			 : has_data(in) || (!found && !*in->name)) {
			n += name || has_data(in);
			if (!found || !has_data(found))
				found = in;
		}
	}
	if (!found && name) {
		list_instances(c, false, names, sizeof(names));
		return error_set(err, SCHEDTRACE_E_NOT_FOUND,
				 "no instance \"%s\" in the file; it has: %s", name, names);
	}
	if (!found && c->n_instances)
		found = &c->instances[0];
	if (!found)
		return error_set(err, SCHEDTRACE_E_FORMAT,
				 "the file describes no ring buffer at all");
	if (n > 1 && !name) {
		list_instances(c, true, names, sizeof(names));
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "%zu instances have events: %s; choose one with --instance", n,
				 names);
	}
	if (found->page_size)
		c->layout.page_size = found->page_size;
	*out = found;
	r = check_page_size(c->layout.page_size, err);
	if (r == 0)
		r = check_ranges(c, found, err);
	if (r == 0 && c->header_page_size &&
	    (c->header_page_size != c->layout.page_size ||
	     (c->version == 6 && c->header_page_size != c->page_size)) &&
	    asprintf(&c->remarks[1],
		     "the buffer has pages of %u bytes, header_page says %u: it is damaged, or of "
		     "another instance",
		     c->version == 6 ? c->page_size : c->layout.page_size, c->header_page_size) < 0)
		c->remarks[1] = NULL;
	/* In version 7 other sections stand between two buffers, in ours the data of the first. */
	if (r == 0 && (c->version == 6 || found->n_own == found->n_cpus) &&
	    strcmp(found->name, BUFFER_ONLY) != 0)
		r = find_unclaimed(c, found, err);
	if (r == 0)
		attach_cpustat(c, found);
	return r;
}
