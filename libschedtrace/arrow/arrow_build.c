/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libschedtrace/arrow/arrow_build.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

/* ---- schemas --------------------------------------------------------------------------- */

static void release_schema(struct ArrowSchema *s)
{
	for (int64_t i = 0; s->children && i < s->n_children; i++) {
		if (s->children[i] && s->children[i]->release)
			s->children[i]->release(s->children[i]);
		free(s->children[i]);
	}
	if (s->dictionary && s->dictionary->release)
		s->dictionary->release(s->dictionary);
	free(s->dictionary);
	free(s->children);
	free((char *)s->format);
	free((char *)s->name);
	free((char *)s->metadata);
	s->release = NULL;
}

static int begin_schema(struct ArrowSchema *out, const char *format, const char *name,
			int64_t flags)
{
	*out = (struct ArrowSchema){ .format = strdup(format),
				     .name = strdup(name),
				     .flags = flags,
				     .release = release_schema };
	if (out->format && out->name)
		return 0;
	release_schema(out);
	return ENOMEM;
}

static void put_counted(FILE *out, const char *text)
{
	int32_t n = (int32_t)strlen(text);

	fwrite(&n, sizeof(n), 1, out);
	fwrite(text, 1, (size_t)n, out);
}

/* Pairs, each side with its length before it. */
static char *make_metadata(const struct arrow_field *field)
{
	int32_t pairs = (field->unit != NULL) + (field->about != NULL);
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	if (!out)
		return NULL;
	fwrite(&pairs, sizeof(pairs), 1, out);
	if (field->unit) {
		put_counted(out, "unit");
		put_counted(out, field->unit);
	}
	if (field->about) {
		put_counted(out, "about");
		put_counted(out, field->about);
	}
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

static int make_field(struct ArrowSchema *out, const struct arrow_field *field)
{
	int r = begin_schema(out, field->format, field->name,
			     field->nullable ? ARROW_FLAG_NULLABLE : 0);

	if (r)
		return r;
	if (field->unit || field->about) {
		out->metadata = make_metadata(field);
		if (!out->metadata)
			return ENOMEM;
	}
	if (!field->dictionary)
		return 0;
	out->dictionary = calloc(1, sizeof(*out->dictionary));
	return out->dictionary ? begin_schema(out->dictionary, "u", "", ARROW_FLAG_NULLABLE)
			       : ENOMEM;
}

int arrow_schema(struct ArrowSchema *out, const struct arrow_field *fields, size_t n)
{
	int r = begin_schema(out, "+s", "", 0);

	if (r)
		return r;
	out->children = calloc(n + 1, sizeof(*out->children));
	out->n_children = out->children ? (int64_t)n : 0;
	r = out->children ? 0 : ENOMEM;
	for (size_t i = 0; i < n && !r; i++) {
		out->children[i] = calloc(1, sizeof(*out->children[i]));
		r = out->children[i] ? make_field(out->children[i], &fields[i]) : ENOMEM;
	}
	if (r)
		release_schema(out);
	return r;
}

/* ---- arrays ---------------------------------------------------------------------------- */

struct array_memory {
	const void *buffers[3];
	void *owned[3];
};

static void release_array(struct ArrowArray *a)
{
	struct array_memory *m = a->private_data;

	for (int64_t i = 0; a->children && i < a->n_children; i++) {
		if (a->children[i] && a->children[i]->release)
			a->children[i]->release(a->children[i]);
		free(a->children[i]);
	}
	if (a->dictionary && a->dictionary->release)
		a->dictionary->release(a->dictionary);
	free(a->dictionary);
	free(a->children);
	for (int i = 0; i < 3; i++)
		free(m->owned[i]);
	free(m);
	a->release = NULL;
}

static int begin_array(struct ArrowArray *out, int64_t length, int64_t n_buffers)
{
	struct array_memory *m = calloc(1, sizeof(*m));

	*out = (struct ArrowArray){ .length = length, .n_buffers = n_buffers };
	if (!m)
		return ENOMEM;
	out->buffers = m->buffers;
	out->private_data = m;
	out->release = release_array;
	return 0;
}

int arrow_struct(struct ArrowArray *out, int64_t length, size_t n_children)
{
	int r = begin_array(out, length, 1);

	if (r)
		return r;
	out->children = calloc(n_children + 1, sizeof(*out->children));
	if (!out->children) {
		release_array(out);
		return ENOMEM;
	}
	out->n_children = (int64_t)n_children;
	for (size_t i = 0; i < n_children; i++) {
		out->children[i] = calloc(1, sizeof(*out->children[i]));
		if (!out->children[i]) {
			release_array(out);
			return ENOMEM;
		}
	}
	return 0;
}

/* A bit a value, set where it is valid; none where all are. */
static int find_nulls(struct ArrowArray *out, bool (*is_null)(const void *user, int64_t i),
		      const void *user)
{
	struct array_memory *m = out->private_data;
	uint8_t *bits;

	for (int64_t i = 0; i < out->length; i++)
		out->null_count += is_null(user, i);
	if (!out->null_count)
		return 0;
	bits = calloc((size_t)(out->length + 7) / 8 + 8, 1);
	if (!bits)
		return ENOMEM;
	for (int64_t i = 0; i < out->length; i++)
		if (!is_null(user, i))
			bits[i / 8] |= (uint8_t)(1 << i % 8);
	m->owned[0] = bits;
	m->buffers[0] = bits;
	return 0;
}

int arrow_values(struct ArrowArray *out, int64_t length, const void *values, void *owned,
		 bool (*is_null)(const void *values, int64_t i))
{
	int r = begin_array(out, length, 2);
	struct array_memory *m = out->private_data;

	if (r) {
		free(owned);
		return r;
	}
	m->owned[1] = owned;
	m->buffers[1] = values;
	r = is_null ? find_nulls(out, is_null, values) : 0;
	if (r)
		release_array(out);
	return r;
}

/* ---- texts ----------------------------------------------------------------------------- */

struct texts {
	const char *(*text)(const void *user, int64_t i);
	const void *user;
};

static bool has_no_text(const void *user, int64_t i)
{
	const struct texts *t = user;

	return !t->text(t->user, i);
}

static bool is_utf8(const char *text)
{
	while (*text) {
		uint32_t code;
		size_t n = utf8_decode(text, &code);

		if (!n)
			return false;
		text += n;
	}
	return true;
}

/* False without memory. */
static bool put_text(FILE *out, const char *text)
{
	size_t size = text ? 4 * strlen(text) + 1 : 0;
	char *printable;

	if (!text || is_utf8(text))
		return !text || fputs(text, out) >= 0;
	printable = malloc(size);
	if (printable)
		fputs(schedtrace_printable(text, printable, size), out);
	free(printable);
	return printable != NULL;
}

/* Their bytes one behind the other; @offsets has one more than there are. */
static char *join_texts(const struct texts *t, int64_t length, int32_t *offsets)
{
	char *bytes = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&bytes, &n);

	for (int64_t i = 0; out && i < length; i++) {
		if (!put_text(out, t->text(t->user, i)) || fflush(out) != 0 || n > INT32_MAX)
			break;
		offsets[i + 1] = (int32_t)n;
	}
	if (out && fclose(out) == 0 && (!length || offsets[length] == (int64_t)n))
		return bytes;
	free(bytes);
	return NULL;
}

int arrow_texts(struct ArrowArray *out, int64_t length,
		const char *(*text)(const void *user, int64_t i), const void *user)
{
	const struct texts texts = { text, user };
	int r = begin_array(out, length, 3);
	struct array_memory *m = out->private_data;
	int32_t *offsets;

	if (r)
		return r;
	offsets = calloc((size_t)length + 1, sizeof(*offsets));
	m->owned[1] = offsets;
	m->owned[2] = offsets ? join_texts(&texts, length, offsets) : NULL;
	m->buffers[1] = m->owned[1];
	m->buffers[2] = m->owned[2];
	r = m->owned[2] ? find_nulls(out, has_no_text, &texts) : ENOMEM;
	if (r)
		release_array(out);
	return r;
}

int arrow_dictionary(struct ArrowArray *out, struct ArrowArray *dictionary)
{
	out->dictionary = malloc(sizeof(*out->dictionary));
	if (!out->dictionary) {
		dictionary->release(dictionary);
		return ENOMEM;
	}
	*out->dictionary = *dictionary;
	dictionary->release = NULL;
	return 0;
}
