/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libschedtrace/tarball/tar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "base/mem.h"

/* Places in a header block (POSIX ustar). */
#define NAME	    0
#define NAME_SIZE   100
#define MODE	    100
#define UID	    108
#define GID	    116
#define SIZE	    124
#define MTIME	    136
#define NUMBER_SIZE 12
#define CHECKSUM    148
#define TYPE	    156
#define MAGIC	    257
#define PREFIX	    345
#define PREFIX_SIZE 155

/* Most bytes of a long name or of extended attributes, and most headers. */
#define MAX_EXTENDED 65536
#define MAX_HEADERS  1000000

struct scan {
	const struct byte_input *in;
	uint64_t offset;
	char *last;	 /* path of the last whole member */
	char *path;	 /* given by an extended header for the next member */
	bool size_given; /* likewise */
	uint64_t size;
};

/* Octal digits between spaces or NULs, or GNU's big-endian binary marked by the top bit. */
static int parse_number(const uint8_t *field, size_t n, uint64_t *out)
{
	uint64_t value = 0;
	size_t i = 0;

	if (field[0] & 0x80) {
		if (field[0] != 0x80) /* negative, or above 2^88 */
			return -1;
		for (i = 1; i < n; i++) {
			if (value >> 56)
				return -1;
			value = value << 8 | field[i];
		}
		*out = value;
		return 0;
	}
	while (i < n && field[i] == ' ')
		i++;
	if (i == n || field[i] < '0' || field[i] > '7')
		return -1;
	for (; i < n && field[i] >= '0' && field[i] <= '7'; i++)
		value = value << 3 | (uint64_t)(field[i] - '0');
	for (; i < n; i++)
		if (field[i] != ' ' && field[i] != '\0')
			return -1;
	*out = value;
	return 0;
}

static bool checksum_right(const uint8_t *block)
{
	uint64_t stored, sum = 8 * ' ';

	for (int i = 0; i < TAR_BLOCK; i++)
		if (i < CHECKSUM || i >= CHECKSUM + 8)
			sum += block[i];
	return parse_number(block + CHECKSUM, 8, &stored) == 0 && stored == sum;
}

static bool all_zero(const uint8_t *block)
{
	for (int i = 0; i < TAR_BLOCK; i++)
		if (block[i])
			return false;
	return true;
}

static int cut(const struct scan *s, const char *what, struct schedtrace_error *err)
{
	if (!s->last)
		return error_set(err, SCHEDTRACE_E_FORMAT,
				 "cut at byte %llu in %s: no member is whole",
				 (unsigned long long)s->in->size, what);
	return error_set(err, SCHEDTRACE_E_FORMAT,
			 "cut at byte %llu in %s: the last whole member is %s",
			 (unsigned long long)s->in->size, what, s->last);
}

/* Reads what an extended header holds, with a NUL after it. */
static int read_extended(struct scan *s, uint64_t size, char **out, struct schedtrace_error *err)
{
	auto_free char *text = NULL;
	int r;

	if (size > MAX_EXTENDED)
		return error_set(err, SCHEDTRACE_E_LIMIT,
				 "extended header of %llu bytes at byte %llu, at most %d are read",
				 (unsigned long long)size, (unsigned long long)s->offset,
				 MAX_EXTENDED);
	text = malloc((size_t)size + 1);
	if (!text)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for an extended header");
	if (!checked_range(s->offset, size, s->in->size))
		return cut(s, "an extended header", err);
	r = byte_input_read(s->in, s->offset, text, (size_t)size, err);
	if (r < 0)
		return r;
	text[size] = '\0';
	*out = steal_ptr(text);
	return 0;
}

static int bad_pax(const struct scan *s, struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_FORMAT,
			 "extended header at byte %llu is not made of 'LENGTH KEY=VALUE' lines",
			 (unsigned long long)s->offset);
}

static int take_pax_record(struct scan *s, const char *key, char *value,
			   struct schedtrace_error *err)
{
	char *end;

	if (strcmp(key, "path") == 0) {
		free(s->path);
		s->path = strdup(value);
		if (!s->path)
			return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a member's path");
	} else if (strcmp(key, "size") == 0) {
		if (*value < '0' || *value > '9' || strlen(value) > 18)
			return bad_pax(s, err);
		s->size = strtoull(value, &end, 10);
		s->size_given = true;
		if (*end)
			return bad_pax(s, err);
	} else if (strncmp(key, "GNU.sparse.", 11) == 0) {
		return error_set(err, SCHEDTRACE_E_UNSUPPORTED,
				 "sparse member at byte %llu: make the tar without --sparse",
				 (unsigned long long)s->offset);
	}
	return 0;
}

static int parse_pax(struct scan *s, char *text, size_t n, struct schedtrace_error *err)
{
	while (n > 0) {
		char *end, *key, *equals;
		unsigned long length;
		int r;

		if (*text < '1' || *text > '9')
			return bad_pax(s, err);
		length = strtoul(text, &end, 10);
		key = end + 1;
		if (*end != ' ' || length > n || length < (size_t)(key - text) + 1 ||
		    text[length - 1] != '\n')
			return bad_pax(s, err);
		text[length - 1] = '\0';
		equals = strchr(key, '=');
		if (!equals)
			return bad_pax(s, err);
		*equals = '\0';
		r = take_pax_record(s, key, equals + 1, err);
		if (r < 0)
			return r;
		text += length;
		n -= length;
	}
	return 0;
}

/* Headers that say something of the next member. */
static int take_extended(struct scan *s, char type, uint64_t size, struct schedtrace_error *err)
{
	auto_free char *text = NULL;
	int r = read_extended(s, size, &text, err);

	if (r < 0)
		return r;
	if (type == 'x')
		return parse_pax(s, text, (size_t)size, err);
	if (type == 'L') {
		free(s->path);
		s->path = steal_ptr(text);
	}
	return 0; /* of all members (g), or the target of a link (K): nothing we use */
}

static int copy_path(struct scan *s, const uint8_t *block, struct schedtrace_error *err)
{
	const char *prefix = (const char *)block + PREFIX, *name = (const char *)block;
	bool posix = memcmp(block + MAGIC, "ustar\0", 6) == 0 && *prefix;
	int r = asprintf(&s->path, "%.*s%s%.*s", posix ? PREFIX_SIZE : 0, prefix, posix ? "/" : "",
			 NAME_SIZE, name);

	if (r >= 0)
		return 0;
	s->path = NULL;
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a member's path");
}

/* Of the member types that exist only links, devices and directories have no data. */
static bool has_data(char type)
{
	return type < '1' || type > '6';
}

static int take_member(struct scan *s, const uint8_t *block, uint64_t size,
		       int (*fn)(void *, const struct tar_member *, struct schedtrace_error *),
		       void *user, struct schedtrace_error *err)
{
	char type = (char)block[TYPE];
	struct tar_member member = { .offset = s->offset };
	const char *slash;
	int r;

	if (!s->path) {
		r = copy_path(s, block, err);
		if (r < 0)
			return r;
	}
	if (s->size_given)
		size = s->size;
	if (!has_data(type))
		size = 0;
	if (!checked_range(s->offset, size, s->in->size))
		return cut(s, s->path, err);
	slash = strrchr(s->path, '/');
	member.path = s->path;
	member.name = slash ? slash + 1 : s->path;
	member.size = size;
	member.regular = type == '0' || type == '\0' || type == '7';
	r = fn(user, &member, err);
	if (r < 0)
		return r;
	free(s->last);
	s->last = steal_ptr(s->path);
	s->size_given = false;
	s->offset += (size + TAR_BLOCK - 1) & ~(uint64_t)(TAR_BLOCK - 1);
	return 0;
}

static int take_block(struct scan *s, const uint8_t *block,
		      int (*fn)(void *, const struct tar_member *, struct schedtrace_error *),
		      void *user, struct schedtrace_error *err)
{
	char type = (char)block[TYPE];
	uint64_t at = s->offset, size;
	int r;

	if (!checksum_right(block))
		return error_set(err, SCHEDTRACE_E_FORMAT,
				 "no tar header at byte %llu: its checksum is wrong",
				 (unsigned long long)at);
	if (parse_number(block + SIZE, NUMBER_SIZE, &size) < 0 || size > INT64_MAX - TAR_BLOCK)
		return error_set(err, SCHEDTRACE_E_FORMAT,
				 "bad member size in the header at byte %llu",
				 (unsigned long long)at);
	s->offset += TAR_BLOCK;
	if (type == 'S')
		return error_set(err, SCHEDTRACE_E_UNSUPPORTED,
				 "%.100s is a sparse member: make the tar without --sparse",
				 (const char *)block);
	if (type != 'x' && type != 'g' && type != 'L' && type != 'K')
		return take_member(s, block, size, fn, user, err);
	r = take_extended(s, type, size, err);
	s->offset += (size + TAR_BLOCK - 1) & ~(uint64_t)(TAR_BLOCK - 1);
	return r;
}

static int scan(struct scan *s,
		int (*fn)(void *, const struct tar_member *, struct schedtrace_error *), void *user,
		struct schedtrace_error *err)
{
	for (int headers = 0; headers < MAX_HEADERS; headers++) {
		uint8_t block[TAR_BLOCK];
		int r;

		if (s->offset > s->in->size || s->in->size - s->offset < TAR_BLOCK)
			return s->offset == 0
				       ? error_set(err, SCHEDTRACE_E_FORMAT, "too short for a tar")
				       : cut(s, "the tar, before its end blocks", err);
		r = byte_input_read(s->in, s->offset, block, sizeof(block), err);
		if (r < 0)
			return r;
		if (all_zero(block))
			return s->last ? 0
				       : error_set(err, SCHEDTRACE_E_FORMAT,
						   "a tar without members");
		r = take_block(s, block, fn, user, err);
		if (r < 0)
			return r;
	}
	return error_set(err, SCHEDTRACE_E_LIMIT, "more than %d tar headers", MAX_HEADERS);
}

int tar_scan(const struct byte_input *in,
	     int (*member)(void *user, const struct tar_member *member,
			   struct schedtrace_error *err),
	     void *user, struct schedtrace_error *err)
{
	struct scan s = { .in = in };
	int r = scan(&s, member, user, err);

	free(s.last);
	free(s.path);
	return r;
}

static void put_number(uint8_t *field, size_t n, uint64_t value)
{
	if (value >> (3 * (n - 1)) == 0) {
		field[n - 1] = '\0';
		for (size_t i = n - 1; i-- > 0; value >>= 3)
			field[i] = (uint8_t)('0' + (value & 7));
		return;
	}
	for (size_t i = n; i-- > 1; value >>= 8)
		field[i] = value & 0xff;
	field[0] = 0x80;
}

void tar_header(uint8_t block[TAR_BLOCK], const char *name, uint64_t size, int64_t mtime)
{
	uint64_t sum = 0;

	memset(block, 0, TAR_BLOCK);
	memcpy(block + NAME, name, strnlen(name, NAME_SIZE - 1));
	put_number(block + MODE, 8, 0644);
	put_number(block + UID, 8, 0);
	put_number(block + GID, 8, 0);
	put_number(block + SIZE, NUMBER_SIZE, size);
	put_number(block + MTIME, NUMBER_SIZE, mtime > 0 ? (uint64_t)mtime : 0);
	block[TYPE] = '0';
	memcpy(block + MAGIC, "ustar\00000", 8);
	memset(block + CHECKSUM, ' ', 8);
	for (int i = 0; i < TAR_BLOCK; i++)
		sum += block[i];
	put_number(block + CHECKSUM, 7, sum);
}
