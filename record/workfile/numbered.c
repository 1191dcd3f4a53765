/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/workfile/numbered.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"

int numbered_init(struct numbered *n, const char *path, int digits, int64_t max_files, int n_cpus,
		  struct schedtrace_error *err)
{
	*n = (struct numbered){ .digits = digits, .max_files = max_files, .number = 1 };
	n->path = strdup(path);
	n->base = calloc((size_t)n_cpus, sizeof(*n->base));
	n->n_cpus = n_cpus;
	if (!n->path || !n->base) {
		numbered_free(n);
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	}
	return 0;
}

void numbered_free(struct numbered *n)
{
	for (size_t i = 0; i < n->n_kept; i++)
		free(n->kept[i].name);
	free(n->kept);
	free(n->base);
	free(n->path);
	*n = (struct numbered){ 0 };
}

char *numbered_name(const char *name, int digits, uint64_t number)
{
	const char *slash = strrchr(name, '/');
	const char *first = slash ? slash + 1 : name;
	const char *dot = strrchr(first, '.');
	char *out;

	if (!dot || dot == first)
		dot = name + strlen(name);
	if (asprintf(&out, "%.*s.%0*" PRIu64 "%s", (int)(dot - name), name, digits, number, dot) <
	    0)
		return NULL;
	return out;
}

char **numbered_stats(struct numbered *n, char *const *texts)
{
	char **stats = calloc((size_t)n->n_cpus, sizeof(*stats));

	for (int cpu = 0; stats && cpu < n->n_cpus; cpu++) {
		struct cpu_stats *base = &n->base[cpu], now;

		if (!texts[cpu])
			continue;
		cpu_stats_parse(&now, texts[cpu]);
		/* What is still in the buffer belongs to the next file. */
		if (asprintf(&stats[cpu],
			     "entries: 0\noverrun: %" PRIu64 "\ncommit overrun: %" PRIu64
			     "\ndropped events: %" PRIu64 "\nread events: %" PRIu64 "\n",
			     now.overrun - base->overrun, now.commit_overrun - base->commit_overrun,
			     now.dropped - base->dropped,
			     now.read_events - base->read_events) < 0) {
			stats[cpu] = NULL;
			numbered_free_stats(n, stats);
			return NULL;
		}
		*base = now;
	}
	return stats;
}

void numbered_free_stats(const struct numbered *n, char **stats)
{
	for (int cpu = 0; stats && cpu < n->n_cpus; cpu++)
		free(stats[cpu]);
	free(stats);
}

/* Only a file that we made ourselves: something else may stand there by now. */
static int remove_file(const struct workfile *out, const struct numbered_file *f,
		       struct schedtrace_error *err)
{
	struct stat st;
	int r = identity_enter(out->identity, err);

	if (r < 0)
		return r;
	if (fstatat(out->directory_fd, f->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_dev == f->device && st.st_ino == f->inode &&
	    unlinkat(out->directory_fd, f->name, 0) != 0)
		r = error_errno(err, SCHEDTRACE_E_IO, errno, "removing %s/%s", out->directory,
				f->name);
	identity_leave(out->identity);
	return r;
}

int numbered_done(struct numbered *n, const struct workfile *out, struct schedtrace_error *err)
{
	struct numbered_file *kept;
	struct stat st;
	int r = 0;

	if (fstat(out->fd, &st) != 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "%s", out->path);
	n->n_done++;
	n->bytes_done += (uint64_t)st.st_size;
	if (n->max_files == 0)
		return 0;
	kept = reallocarray(n->kept, n->n_kept + 1, sizeof(*kept));
	if (!kept)
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	n->kept = kept;
	kept[n->n_kept] = (struct numbered_file){ st.st_dev, st.st_ino, strdup(out->name) };
	if (!kept[n->n_kept].name)
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	n->n_kept++;
	while ((int64_t)n->n_kept > n->max_files) {
		if (r == 0)
			r = remove_file(out, &kept[0], err);
		free(kept[0].name);
		n->n_kept--;
		memmove(kept, kept + 1, n->n_kept * sizeof(*kept));
	}
	return r;
}
