/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "convert/other_records.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/jsonio.h"
#include "base/mem.h"

#define IDS (UINT16_MAX + 1u)

int other_records_new(struct other_records **out, const struct format *formats, size_t n_formats,
		      struct schedtrace_error *err)
{
	struct other_records *o = calloc(1, sizeof(*o));

	if (o) {
		o->formats = formats;
		o->n_formats = n_formats;
		o->chosen = calloc(n_formats + 1, sizeof(*o->chosen));
		o->numbers = reallocarray(NULL, n_formats + IDS, sizeof(*o->numbers));
	}
	if (!o || !o->chosen || !o->numbers) {
		other_records_free(o);
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for other records");
	}
	memset(o->numbers, 0xff, (n_formats + IDS) * sizeof(*o->numbers));
	*out = o;
	return 0;
}

void other_records_free(struct other_records *o)
{
	if (!o)
		return;
	free(o->chosen);
	free(o->numbers);
	free(o->events);
	free(o->data);
	free(o);
}

/* The number of a record's event; -1 without memory. */
static int32_t number_of(struct other_records *o, const struct record *r)
{
	bool known = r->kind == RECORD_EVENT;
	const struct format *format = known ? &o->formats[r->format] : NULL;
	int32_t *number = &o->numbers[known ? r->format : o->n_formats + r->format];

	if (*number >= 0)
		return *number;
	if (o->n_events == o->cap_events) {
		size_t cap = o->cap_events ? 2 * o->cap_events : 64;
		struct other_event *grown = reallocarray(o->events, cap, sizeof(*grown));

		if (!grown)
			return -1;
		o->events = grown;
		o->cap_events = cap;
	}
	o->events[o->n_events] = (struct other_event){ format, known ? format->id : r->format, 0 };
	*number = (int32_t)o->n_events++;
	return *number;
}

static int make_room(struct other_records *o, size_t more)
{
	size_t cap = o->cap ? o->cap : OTHERS_BYTES;
	uint8_t *grown;

	if (o->cap - o->bytes >= more)
		return 0;
	while (cap - o->bytes < more)
		cap *= 2; /* no record is larger than a page */
	grown = realloc(o->data, cap);
	if (!grown)
		return SCHEDTRACE_E_NOMEM;
	o->data = grown;
	o->cap = cap;
	return 0;
}

int other_records_add(struct other_records *o, const struct record *r, struct schedtrace_error *err)
{
	int32_t number = number_of(o, r);

	if (number < 0 || make_room(o, r->size) < 0)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for other records");
	memcpy(o->data + o->bytes, r->data, r->size);
	o->bytes += r->size;
	o->total += r->size;
	o->timestamp[o->n] = r->timestamp;
	o->end[o->n] = (int64_t)o->total;
	o->event[o->n] = number;
	o->cpu[o->n] = r->cpu;
	o->pid[o->n] = r->pid;
	o->n++;
	o->events[number].n++;
	return 0;
}

void other_records_clear(struct other_records *o)
{
	o->n = 0;
	o->bytes = 0;
}

static void put_field(FILE *f, const struct format_field *field)
{
	fputs("{\"name\": ", f);
	jsonio_put_bytes(f, field->name);
	fprintf(f, ", \"offset\": %" PRIu32 ", \"size\": %" PRIu32, field->offset, field->size);
	if (field->is_signed)
		fputs(", \"signed\": true", f);
	if (field->is_string)
		fputs(", \"text\": true", f);
	if (field->is_data_loc || field->is_rel_loc)
		fprintf(f, ", \"place\": \"%s\"", field->is_rel_loc ? "field" : "record");
	fputc('}', f);
}

static void put_event(FILE *f, const struct other_event *e)
{
	fprintf(f, "{\"id\": %d, \"records\": %" PRIu64, e->id, e->n);
	if (e->format) {
		fputs(", \"system\": ", f);
		jsonio_put_bytes(f, e->format->system);
		fputs(", \"name\": ", f);
		jsonio_put_bytes(f, e->format->name);
		fputs(", \"fields\": [", f);
		for (size_t i = 0; i < e->format->n_fields; i++) {
			fputs(i ? ",\n  " : "\n  ", f);
			put_field(f, &e->format->fields[i]);
		}
		fputc(']', f);
	}
	fputc('}', f);
}

char *other_records_events(const struct other_records *o)
{
	auto_free char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);
	bool failed;

	if (!f)
		return NULL;
	fputc('[', f);
	for (size_t i = 0; i < o->n_events; i++) {
		fputs(i ? ",\n" : "\n", f);
		put_event(f, &o->events[i]);
	}
	fputs("\n]\n", f);
	failed = ferror(f);
	return fclose(f) == 0 && !failed ? steal_ptr(text) : NULL;
}
