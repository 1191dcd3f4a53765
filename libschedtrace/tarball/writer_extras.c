/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Members that a caller gives the writer: bytes, and arrays that grow. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/error.h"
#include "libschedtrace/tarball/column.h"
#include "libschedtrace/tarball/deflate.h"
#include "libschedtrace/tarball/members.h"
#include "libschedtrace/tarball/writer_state.h"

#define MAX_NAME 99

static void free_extra(struct extra_member *m)
{
	if (!m)
		return;
	if (m->array && m->array->fd >= 0)
		close(m->array->fd);
	free(m->array);
	free(m->name);
	free(m->data);
	free(m);
}

void writer_free_extras(struct schedtrace_writer *w)
{
	while (w->extras) {
		struct extra_member *next = w->extras->next;

		free_extra(w->extras);
		w->extras = next;
	}
}

bool writer_makes_member(const char *name)
{
	static const char *const own[] = { MEMBER_START,	 MEMBER_COMM,
					   MEMBER_TASKS,	 MEMBER_META,
					   MEMBER_INDEX,	 MEMBER_STACK_FRAMES,
					   MEMBER_STACK_OFFSETS, MEMBER_STACK_KERNEL,
					   MEMBER_STACK_SPACES,	 MEMBER_SYMBOLS };

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (strcmp(name, own[i]) == 0)
			return true;
	for (enum column_id c = 0; c < COLUMN_COUNT; c++) {
		size_t n = strlen(column_types[c].name);

		if (strncmp(name, column_types[c].name, n) == 0 && strcmp(name + n, ".npz") == 0)
			return true;
	}
	return false;
}

static int check_name(const char *name, struct schedtrace_error *err)
{
	if (*name && strlen(name) <= MAX_NAME && !strchr(name, '/') && !writer_makes_member(name))
		return 0;
	return error_set(
		err, SCHEDTRACE_E_USAGE,
		"%.120s is no member name for a caller: at most %d bytes, without a slash, "
		"and none that the library writes itself",
		name, MAX_NAME);
}

static struct extra_member *find_extra(const struct schedtrace_writer *w, const char *name)
{
	struct extra_member *m = w->extras;

	while (m && strcmp(m->name, name) != 0)
		m = m->next;
	return m;
}

static void add_extra(struct schedtrace_writer *w, struct extra_member *m)
{
	*w->last_extra = m;
	w->last_extra = &m->next;
}

int schedtrace_writer_member(struct schedtrace_writer *w, const char *name, const void *data,
			     size_t n, struct schedtrace_error *err)
{
	struct extra_member *m;
	int r;

	if (!is_writer(w) || !name || (!data && n > 0))
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "a member needs a writer, a name and data");
	r = check_name(name, err);
	if (r < 0)
		return r;
	if (find_extra(w, name))
		return error_set(err, SCHEDTRACE_E_USAGE, "member %s is there already", name);
	m = calloc(1, sizeof(*m));
	if (m) {
		m->name = strdup(name);
		m->data = malloc(n ? n : 1);
	}
	if (!m || !m->name || !m->data) {
		free_extra(m);
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for member %s", name);
	}
	if (n)
		memcpy(m->data, data, n);
	m->n = n;
	m->crc = deflate_crc(0, data, n);
	add_extra(w, m);
	return 0;
}

static int new_array(struct schedtrace_writer *w, const char *name, const char *type,
		     struct extra_member **out, struct schedtrace_error *err)
{
	struct extra_member *m = calloc(1, sizeof(*m));
	int r = 0;

	if (m) {
		m->name = strdup(name);
		m->array = calloc(1, sizeof(*m->array));
	}
	if (!m || !m->name || !m->array) {
		free_extra(m);
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for member %s", name);
	}
	m->array->fd = -1;
	strcpy(m->array->type, type);
	r = whole_file_spool(&w->out, &m->array->fd, err);
	if (r < 0) {
		free_extra(m);
		return r;
	}
	add_extra(w, m);
	*out = m;
	return 0;
}

static bool is_type(const char *type)
{
	return strlen(type) == 3 && strchr("<|", type[0]) && strchr("iuf", type[1]) &&
	       strchr("1248", type[2]);
}

int schedtrace_writer_array(struct schedtrace_writer *w, const char *name, const char *type,
			    const void *data, size_t n, struct schedtrace_error *err)
{
	struct extra_member *m;
	size_t bytes;
	int r;

	if (!is_writer(w) || !name || !type || (!data && n > 0) || !is_type(type) ||
	    !checked_mul(n, (size_t)(type[2] - '0'), &bytes))
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "an array needs a writer, a name, a type such as <i8, and values");
	r = strlen(name) > 4 && strcmp(name + strlen(name) - 4, ".npy") == 0
		    ? check_name(name, err)
		    : error_set(err, SCHEDTRACE_E_USAGE, "%.120s does not end in .npy", name);
	if (r < 0)
		return r;
	m = find_extra(w, name);
	if (m && (!m->array || strcmp(m->array->type, type) != 0))
		return error_set(err, SCHEDTRACE_E_USAGE, "member %s is there already, and is %s%s",
				 name, m->array ? "of type " : "no array",
				 m->array ? m->array->type : "");
	r = m ? 0 : new_array(w, name, type, &m, err);
	if (r == 0 && n > 0) {
		int errnum = whole_file_pwrite(m->array->fd, data, bytes, m->array->bytes);

		if (errnum)
			r = error_errno(err, SCHEDTRACE_E_IO, errnum, "cannot write a spool file");
		m->crc = deflate_crc(m->crc, data, bytes);
		m->array->n += n;
		m->array->bytes += bytes;
	}
	return r < 0 ? error_prefix(err, r, "%s: %s", w->path, name) : 0;
}
