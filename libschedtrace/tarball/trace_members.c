/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Members that the library has no use for: whoever put them into the tarball reads them by name. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/error.h"
#include "base/mem.h"
#include "libschedtrace/tarball/archive.h"
#include "libschedtrace/tarball/deflate.h"
#include "libschedtrace/tarball/tar.h"
#include "libschedtrace/trace.h"

static int check(const struct schedtrace *trace, struct schedtrace_error *err)
{
	if (!trace_is_open(trace))
		return error_set(err, SCHEDTRACE_E_USAGE, "members are those of an open trace");
	if (!trace->archive)
		return error_set(err, SCHEDTRACE_E_NOT_FOUND,
				 "a trace made in memory has no members");
	return 0;
}

struct visit {
	int (*member)(void *user, const char *path, uint64_t size, struct schedtrace_error *err);
	void *user;
};

static int visit_member(void *user, const struct tar_member *member, struct schedtrace_error *err)
{
	const struct visit *visit = user;

	return member->regular ? visit->member(visit->user, member->path, member->size, err) : 0;
}

int schedtrace_members(struct schedtrace *trace,
		       int (*member)(void *user, const char *path, uint64_t size,
				     struct schedtrace_error *err),
		       void *user, struct schedtrace_error *err)
{
	struct visit visit = { member, user };
	int r = check(trace, err);

	if (r < 0)
		return r;
	if (!member)
		return error_set(err, SCHEDTRACE_E_USAGE, "there is nothing to show members to");
	return tar_scan(&trace->archive->in, visit_member, &visit, err);
}

struct search {
	const char *name;
	size_t n;	       /* found */
	uint64_t offset, size; /* of the last */
};

/* The last one counts, as when a tar is unpacked. */
static int find_member(void *user, const struct tar_member *member, struct schedtrace_error *err)
{
	struct search *search = user;

	if (!member->regular ||
	    (strcmp(member->name, search->name) && strcmp(member->path, search->name)))
		return 0;
	search->offset = member->offset;
	search->size = member->size;
	search->n++;
	return 0;
}

int schedtrace_member_read(struct schedtrace *trace, const char *name, size_t max_bytes, char **out,
			   size_t *n, struct schedtrace_error *err)
{
	const char *slash = name ? strrchr(name, '/') : NULL;
	struct search search = { .name = name };
	auto_free char *bytes = NULL;
	int r = check(trace, err);

	if (!r && (!name || !out || !n))
		r = error_set(err, SCHEDTRACE_E_USAGE, "a member is read by name, into memory");
	if (!r)
		r = tar_scan(&trace->archive->in, find_member, &search, err);
	if (r < 0)
		return r;
	if (!search.n)
		return error_set(err, SCHEDTRACE_E_NOT_FOUND, "%s: there is no member %s",
				 trace->archive->path, name);
	if (search.size > max_bytes)
		return error_set(err, SCHEDTRACE_E_LIMIT,
				 "%s: %s: %llu bytes, at most %zu are read", trace->archive->path,
				 name, (unsigned long long)search.size, max_bytes);
	bytes = malloc((size_t)search.size + 1);
	if (!bytes)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %llu bytes of %s",
				 (unsigned long long)search.size, name);
	r = byte_input_read(&trace->archive->in, search.offset, bytes, (size_t)search.size, err);
	/* The checksum is of the first one, before others were appended in its place. */
	if (r == 0 && search.n == 1)
		r = archive_check_crc(trace->archive, slash ? slash + 1 : name,
				      deflate_crc(0, bytes, (size_t)search.size), err);
	if (r < 0)
		return error_prefix(err, r, "%s: %s", trace->archive->path, name);
	bytes[search.size] = '\0';
	*n = (size_t)search.size;
	*out = steal_ptr(bytes);
	return 0;
}

#define CHECKED_BYTES ((size_t)1 << 16)

static int check_member(const struct archive *a, const char *name, const struct search *member,
			struct schedtrace_error *err)
{
	auto_free uint8_t *buf = malloc(CHECKED_BYTES);
	uint32_t crc = 0;

	if (!buf)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory to check a member");
	for (uint64_t at = 0, n; at < member->size; at += n) {
		int r;

		n = member->size - at < CHECKED_BYTES ? member->size - at : CHECKED_BYTES;
		r = byte_input_read(&a->in, member->offset + at, buf, (size_t)n, err);
		if (r < 0)
			return r;
		crc = deflate_crc(crc, buf, (size_t)n);
	}
	return archive_check_crc(a, name, crc, err);
}

int members_check(const struct archive *a, struct schedtrace_error *err)
{
	const char *name;
	json_t *crc;

	json_object_foreach(a->crcs, name, crc)
	{
		struct search search = { .name = name };
		int r = tar_scan(&a->in, find_member, &search, err);

		if (r == 0 && search.n == 1)
			r = check_member(a, name, &search, err);
		if (r < 0)
			return error_prefix(err, r, "%s: %s", a->path, name);
	}
	return 0;
}
