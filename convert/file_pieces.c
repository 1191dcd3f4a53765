/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "convert/file_pieces.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/ending.h"
#include "base/error.h"
#include "base/escape.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "tracedat/markers.h"

#define FILES_AT_MOST 1024

struct file_piece {
	size_t file, at; /* where its bytes are in file_pieces.bytes */
	uint64_t offset;
	uint32_t n;
	bool end;
};

struct pieced_file {
	char name[FILE_NAME_MAX + 1];
	uint64_t size;
	char *data; /* when finished */
	size_t n;
};

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for files of the recording");
}

/* Room for @n more items in an array of @cap. */
static bool make_room(void **items, size_t used, size_t n, size_t *cap, size_t item)
{
	size_t room = used + n > *cap ? (used + n) * 2 : *cap;
	void *larger;

	if (room == *cap)
		return true;
	larger = reallocarray(*items, room, item);
	if (!larger)
		return false;
	*items = larger;
	*cap = room;
	return true;
}

/* Index of the file; f->n_files where there is none of that name yet. */
static size_t find(const struct file_pieces *f, const char *name, size_t n)
{
	size_t i = f->n_files;

	while (i > 0 &&
	       !(strlen(f->files[i - 1].name) == n && memcmp(f->files[i - 1].name, name, n) == 0))
		i--;
	return i > 0 ? i - 1 : f->n_files;
}

static int add_bytes(struct file_pieces *f, size_t file, const struct marker_file *m,
		     const char *data, struct schedtrace_error *err)
{
	if (f->n_bytes + m->bytes > FILES_MAX) {
		f->left_out += m->bytes;
		return 0;
	}
	if (!make_room((void **)&f->pieces, f->n_pieces, 1, &f->cap_pieces, sizeof(*f->pieces)) ||
	    !make_room((void **)&f->bytes, f->n_bytes, m->bytes + 1, &f->cap_bytes, 1))
		return no_memory(err);
	f->pieces[f->n_pieces++] =
		(struct file_piece){ file, f->n_bytes, m->offset, m->bytes, m->flags & FILE_END };
	memcpy(f->bytes + f->n_bytes, data, m->bytes);
	f->n_bytes += m->bytes;
	return 0;
}

int file_pieces_add(struct file_pieces *f, const char *payload, size_t bytes,
		    struct schedtrace_error *err)
{
	const char *name = payload + sizeof(struct marker_file);
	struct marker_file m;
	size_t file;

	if (bytes < sizeof(m))
		return 0;
	memcpy(&m, payload, sizeof(m));
	if (m.name_bytes > FILE_NAME_MAX || memchr(name, '\0', m.name_bytes) ||
	    bytes - sizeof(m) < m.name_bytes || bytes - sizeof(m) - m.name_bytes < m.bytes ||
	    m.offset > (uint64_t)INT64_MAX - m.bytes)
		return 0;
	file = find(f, name, m.name_bytes);
	if (file == f->n_files) {
		if (file == FILES_AT_MOST) {
			f->left_out += m.bytes;
			return 0;
		}
		if (!make_room((void **)&f->files, file, 1, &f->cap_files, sizeof(*f->files)))
			return no_memory(err);
		f->files[file] = (struct pieced_file){ .size = m.size };
		memcpy(f->files[file].name, name, m.name_bytes);
		f->n_files++;
	}
	return add_bytes(f, file, &m, name + m.name_bytes, err);
}

static int by_place(const void *a, const void *b)
{
	const struct file_piece *p = a, *q = b;

	if (p->file != q->file)
		return p->file < q->file ? -1 : 1;
	return (p->offset > q->offset) - (p->offset < q->offset);
}

/* A plain name that is no column's. */
static bool is_name(const char *name)
{
	const char *at = name;
	size_t n;

	for (; *at; at += n) {
		n = utf8_decode(at, NULL);
		if (!n || (unsigned char)*at < ' ' || *at == '/' || *at == 0x7f)
			return false;
	}
	return *name && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
	       !has_ending(name, ".npz") && !has_ending(name, ".npy");
}

/* Its pieces, in order, one behind the other; *n of them. */
static int join(const struct file_pieces *f, struct pieced_file *file,
		const struct file_piece *pieces, size_t n, const struct notes *notes,
		struct schedtrace_error *err)
{
	uint64_t end = 0, missing = 0;
	bool ended = false;
	size_t all = 0;

	for (size_t i = 0; i < n; i++)
		all += pieces[i].n;
	file->data = malloc(all + 1);
	if (!file->data)
		return no_memory(err);
	for (size_t i = 0; i < n; i++) {
		const struct file_piece *p = &pieces[i];

		ended |= p->end;
		if (p->offset < end)
			continue; /* that piece again */
		missing += p->offset - end;
		memcpy(file->data + file->n, f->bytes + p->at, p->n);
		file->n += p->n;
		end = p->offset + p->n;
	}
	if (missing)
		note(notes, "%s of the recording lacks %" PRIu64 " bytes: their records were lost",
		     file->name, missing);
	if (!ended)
		note(notes, "%s of the recording has no end: only its first %zu bytes are known",
		     file->name, file->n);
	else if (file->size > end)
		note(notes, "of %s, which had %" PRIu64 " bytes, the recorder kept the first %zu",
		     file->name, file->size, file->n);
	return 0;
}

int file_pieces_finish(struct file_pieces *f, const struct notes *notes,
		       struct schedtrace_error *err)
{
	size_t begin = 0, end;

	if (f->left_out)
		note(notes,
		     "%" PRIu64 " bytes of files of the recording are left out: more than %u "
		     "files, or %u MiB, are not kept",
		     f->left_out, FILES_AT_MOST, FILES_MAX >> 20);
	if (f->n_pieces)
		qsort(f->pieces, f->n_pieces, sizeof(*f->pieces), by_place);
	for (size_t i = 0; i < f->n_files; i++, begin = end) {
		auto_free char *visible = NULL;
		int r;

		for (end = begin; end < f->n_pieces && f->pieces[end].file == i;)
			end++;
		if (is_name(f->files[i].name)) {
			r = join(f, &f->files[i], f->pieces + begin, end - begin, notes, err);
			if (r < 0)
				return r;
			continue;
		}
		visible = escape_visible(f->files[i].name);
		note(notes, "a file of the recording is left out: \"%s\" is no name for a member",
		     visible ? visible : "");
	}
	return 0;
}

bool file_pieces_get(const struct file_pieces *f, size_t i, const char **name, const void **data,
		     size_t *n)
{
	for (size_t j = 0; j < f->n_files; j++)
		if (f->files[j].data && i-- == 0) {
			*name = f->files[j].name;
			*data = f->files[j].data;
			*n = f->files[j].n;
			return true;
		}
	return false;
}

void file_pieces_free(struct file_pieces *f)
{
	for (size_t i = 0; i < f->n_files; i++)
		free(f->files[i].data);
	free(f->files);
	free(f->pieces);
	free(f->bytes);
}
