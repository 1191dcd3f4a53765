/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "output/perfetto/records.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/jsonio.h"
#include "base/mem.h"
#include "output/perfetto/ftrace_event.h"

#define EVENTS	       "other_events.json"
#define NPY_LENGTH     8 /* where the header's length stands, before it */
#define NPY_BEFORE     10
#define AT_ONCE	       ((size_t)8192) /* records */
#define RECORD_MAX     ((int64_t)1 << 20)

static const char *const names[N_RECORDS_ARRAYS] = {
	[RECORDS_TIMESTAMP] = "other_timestamp.npy",
	[RECORDS_EVENT] = "other_event.npy",
	[RECORDS_CPU] = "other_cpu.npy",
	[RECORDS_PID] = "other_pid.npy",
	[RECORDS_OFFSETS] = "other_offsets.npy",
	[RECORDS_DATA] = "other_data.npy",
};

void records_free(struct records *r)
{
	for (size_t i = 0; i < N_RECORDS_ARRAYS; i++)
		mem_close_p(&r->fds[i]);
	free(r->events);
}

static int number_of(const char *name)
{
	for (int i = 0; i < N_RECORDS_ARRAYS; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -1;
}

bool records_is_array(const char *name)
{
	return number_of(name) >= 0;
}

int records_array(struct records *r, const struct trace_file *f, const char *name, const void *data,
		  size_t bytes, struct schedtrace_error *err)
{
	int i = number_of(name), errnum;
	int status = r->fds[i] < 0 ? whole_file_spool(&f->file, &r->fds[i], err) : 0;

	if (status < 0)
		return status;
	errnum = bytes ? whole_file_pwrite(r->fds[i], data, bytes, r->bytes[i]) : 0;
	if (errnum)
		return error_errno(err, SCHEDTRACE_E_IO, errnum, "cannot write %s", name);
	r->bytes[i] += bytes;
	return 0;
}

static int keep_events(struct records *r, const char *data, size_t n, struct schedtrace_error *err)
{
	free(r->events);
	r->events = malloc(n + 1);
	if (!r->events)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %s", EVENTS);
	memcpy(r->events, data, n);
	r->events[n] = '\0';
	r->n_events = n;
	return 0;
}

bool records_member(struct records *r, const struct trace_file *f, const char *name,
		    const void *data, size_t n, int *status, struct schedtrace_error *err)
{
	const uint8_t *bytes = data;
	size_t header;

	if (strcmp(name, EVENTS) == 0) {
		*status = keep_events(r, data, n, err);
		return true;
	}
	if (!records_is_array(name))
		return false;
	header = n < NPY_BEFORE
			 ? n + 1
			 : NPY_BEFORE + bytes[NPY_LENGTH] + ((size_t)bytes[NPY_LENGTH + 1] << 8);
	*status = header > n ? error_set(err, SCHEDTRACE_E_FORMAT, "%s is cut", name)
			     : records_array(r, f, name, bytes + header, n - header, err);
	return true;
}

/* ---- the fields of events -------------------------------------------------------------- */

struct field {
	char *name;
	uint32_t number; /* in the event's own message */
	uint32_t offset, size;
	bool is_signed, is_text;
	enum { IN_PLACE, IN_RECORD, AFTER_FIELD } place;
};

struct event {
	char *name;
	const struct ftrace_message *message; /* NULL: a generic event */
	struct field *fields;
	size_t n_fields;
};

struct event_list {
	struct event *events;
	size_t n, max;
};

static void events_free(struct event_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		for (size_t j = 0; j < list->events[i].n_fields; j++)
			free(list->events[i].fields[j].name);
		free(list->events[i].fields);
		free(list->events[i].name);
	}
	free(list->events);
}

static char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return jsonio_get_bytes(text ? text : "");
}

static uint32_t number_in(const struct ftrace_message *message, const char *name)
{
	for (size_t i = 0; message && i < FTRACE_FIELDS && message->fields[i].name; i++)
		if (strcmp(message->fields[i].name, name) == 0)
			return message->fields[i].number;
	return 0;
}

static int take_field(const struct ftrace_message *message, struct field *field,
		      const json_t *value, struct schedtrace_error *err)
{
	const char *place = json_string_value(json_object_get(value, "place"));
	int64_t offset = -1, size = -1;
	int r = jsonio_int(value, "offset", 0, UINT16_MAX, &offset, err);

	r = r < 0 ? r : jsonio_int(value, "size", 0, UINT16_MAX, &size, err);
	if (r < 0)
		return error_prefix(err, r, "%s", EVENTS);
	if (offset < 0 || size < 0)
		return error_set(err, SCHEDTRACE_E_FORMAT, "%s: a field has no place", EVENTS);
	field->name = text_of(value, "name");
	if (!field->name)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %s", EVENTS);
	field->number = number_in(message, field->name);
	field->offset = (uint32_t)offset;
	field->size = (uint32_t)size;
	field->is_signed = json_is_true(json_object_get(value, "signed"));
	field->is_text = json_is_true(json_object_get(value, "text"));
	field->place = !place ? IN_PLACE : strcmp(place, "field") == 0 ? AFTER_FIELD : IN_RECORD;
	return 0;
}

static int take_event(void *user, json_t *value, struct schedtrace_error *err)
{
	const json_t *fields = json_object_get(value, "fields");
	struct event_list *list = user;
	auto_free char *system = text_of(value, "system");
	struct event *e;
	int64_t id = 0;

	if (!system || !array_room(list->events, list->n, list->max))
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %s", EVENTS);
	e = &list->events[list->n++];
	*e = (struct event){ .name = text_of(value, "name"),
			     .fields = calloc(json_array_size(fields) + 1, sizeof(*e->fields)) };
	if (e->name && !*e->name && jsonio_int(value, "id", 0, UINT16_MAX, &id, err) == 0) {
		free(e->name);
		if (asprintf(&e->name, "event_%" PRId64, id) < 0)
			e->name = NULL;
	}
	if (!e->name || !e->fields)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %s", EVENTS);
	e->message = ftrace_message(system, e->name);
	for (size_t i = 0; i < json_array_size(fields); i++) {
		int r = take_field(e->message, &e->fields[e->n_fields++], json_array_get(fields, i),
				   err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- one record ------------------------------------------------------------------------ */

struct record_bytes {
	const uint8_t *data;
	size_t n;
};

/* The value's bytes; empty where the record is too short. */
static struct record_bytes bytes_of(struct record_bytes record, const struct field *field)
{
	size_t offset = field->offset, size = field->size;

	if (offset > record.n || size > record.n - offset)
		return (struct record_bytes){ 0 };
	if (field->place != IN_PLACE && size == sizeof(uint32_t)) {
		uint32_t where;

		memcpy(&where, record.data + offset, sizeof(where));
		offset = (where & UINT16_MAX) + (field->place == AFTER_FIELD ? offset + size : 0);
		size = where >> 16;
		if (offset > record.n || size > record.n - offset)
			return (struct record_bytes){ 0 };
	}
	return (struct record_bytes){ record.data + offset, size };
}

static int64_t int_of(struct record_bytes bytes, bool is_signed)
{
	uint64_t value = 0;

	memcpy(&value, bytes.data, bytes.n);
	if (is_signed && bytes.n < sizeof(value) && bytes.n && value >> (8 * bytes.n - 1))
		value |= UINT64_MAX << 8 * bytes.n;
	return (int64_t)value;
}

/* Numbers as such, texts up to their NUL, all else as the hexadecimal digits of its bytes. */
static void put_value(struct proto *p, const struct field *field, struct record_bytes bytes,
		      uint32_t text, uint32_t number)
{
	static const char digits[] = "0123456789abcdef";
	char hex[2 * 64];
	size_t n = bytes.n < sizeof(hex) / 2 ? bytes.n : sizeof(hex) / 2;

	if (field->is_text) {
		proto_bytes(p, text, bytes.data, strnlen((const char *)bytes.data, bytes.n));
		return;
	}
	if (bytes.n <= sizeof(uint64_t)) {
		proto_int(p, number, bytes.n ? int_of(bytes, field->is_signed) : 0);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		hex[2 * i] = digits[bytes.data[i] >> 4];
		hex[2 * i + 1] = digits[bytes.data[i] & 15];
	}
	proto_bytes(p, text, hex, 2 * n);
}

static void put_message(struct proto *p, const struct event *e, struct record_bytes record)
{
	for (size_t i = 0; i < e->n_fields; i++) {
		const struct field *f = &e->fields[i];
		struct record_bytes bytes = bytes_of(record, f);

		if (f->number && (f->is_text || bytes.n <= sizeof(uint64_t)))
			put_value(p, f, bytes, f->number, f->number);
	}
}

static void put_generic(struct proto *p, const struct event *e, struct record_bytes record)
{
	proto_text(p, GENERIC_NAME, e->name);
	for (size_t i = 0; i < e->n_fields; i++) {
		const struct field *f = &e->fields[i];
		size_t field;

		if (strncmp(f->name, "common_", strlen("common_")) == 0)
			continue;
		field = proto_begin(p, GENERIC_FIELD);
		proto_text(p, FIELD_NAME, f->name);
		put_value(p, f, bytes_of(record, f), FIELD_TEXT,
			  f->is_signed ? FIELD_INT : FIELD_UINT);
		proto_end(p, field);
	}
}

static void put_record(struct proto *p, const struct event *e, int64_t time_ns, int32_t pid,
		       struct record_bytes record)
{
	struct ftrace_event event = ftrace_event_begin(
		p, false, time_ns, pid, e->message ? e->message->number : FTRACE_GENERIC);

	if (e->message)
		put_message(p, e, record);
	else
		put_generic(p, e, record);
	ftrace_event_end(event);
}

/* ---- all ------------------------------------------------------------------------------- */

/* Reads n bytes of an array from @offset on. */
static int read_array(const struct records *r, int array, void *data, size_t n, uint64_t offset,
		      struct schedtrace_error *err)
{
	size_t done = 0;

	while (done < n) {
		ssize_t got =
			pread(r->fds[array], (char *)data + done, n - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(err, SCHEDTRACE_E_IO, errno, "cannot read %s again",
					   names[array]);
		if (got == 0)
			return error_set(err, SCHEDTRACE_E_FORMAT, "%s is shorter than the others",
					 names[array]);
		done += (size_t)got;
	}
	return 0;
}

struct some_records {
	int64_t timestamps[AT_ONCE], offsets[AT_ONCE + 1];
	int32_t events[AT_ONCE], cpus[AT_ONCE], pids[AT_ONCE];
	uint8_t *data;
	size_t max;
};

static int read_some(const struct records *r, struct some_records *s, uint64_t first, size_t n,
		     struct schedtrace_error *err)
{
	size_t bytes;
	int st = read_array(r, RECORDS_TIMESTAMP, s->timestamps, n * 8, first * 8, err);

	st = st < 0 ? st : read_array(r, RECORDS_OFFSETS, s->offsets, (n + 1) * 8, first * 8, err);
	st = st < 0 ? st : read_array(r, RECORDS_EVENT, s->events, n * 4, first * 4, err);
	st = st < 0 ? st : read_array(r, RECORDS_CPU, s->cpus, n * 4, first * 4, err);
	st = st < 0 ? st : read_array(r, RECORDS_PID, s->pids, n * 4, first * 4, err);
	if (st < 0)
		return st;
	for (size_t i = 0; i < n; i++)
		if (s->offsets[i] < 0 || s->offsets[i + 1] < s->offsets[i] ||
		    s->offsets[i + 1] - s->offsets[i] > RECORD_MAX)
			return error_set(err, SCHEDTRACE_E_FORMAT,
					 "%s: record %" PRIu64 " ends before it begins",
					 names[RECORDS_OFFSETS], first + i);
	bytes = (size_t)(s->offsets[n] - s->offsets[0]);
	if (bytes > s->max) {
		uint8_t *grown = realloc(s->data, bytes);

		if (!grown)
			return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for records");
		s->data = grown;
		s->max = bytes;
	}
	return read_array(r, RECORDS_DATA, s->data, bytes, (uint64_t)s->offsets[0], err);
}

static int put_some(const struct some_records *s, size_t n, const struct event_list *list,
		    struct trace_file *f, struct schedtrace_error *err)
{
	for (size_t i = 0; i < n; i++) {
		const struct record_bytes record = {
			s->data + (s->offsets[i] - s->offsets[0]),
			(size_t)(s->offsets[i + 1] - s->offsets[i]),
		};
		struct bundle *b;

		if (s->events[i] < 0 || (size_t)s->events[i] >= list->n)
			return error_set(err, SCHEDTRACE_E_FORMAT, "%s: there is no event %d in %s",
					 names[RECORDS_EVENT], s->events[i], EVENTS);
		if (s->cpus[i] < 0 || s->cpus[i] >= PERFETTO_CPUS)
			continue; /* the rows' note says so */
		b = trace_file_bundle(f, s->cpus[i]);
		if (!b)
			return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for records");
		put_record(&b->events, &list->events[s->events[i]], s->timestamps[i] + f->shift_ns,
			   s->pids[i], record);
	}
	return trace_file_write(f, false, err);
}

static int put_all(const struct records *r, const struct event_list *list, struct trace_file *f,
		   struct schedtrace_error *err)
{
	auto_free struct some_records *s = calloc(1, sizeof(*s));
	uint64_t n = r->bytes[RECORDS_TIMESTAMP] / sizeof(int64_t);
	int status = 0;

	if (!s)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for records");
	for (uint64_t first = 0; status == 0 && first < n; first += AT_ONCE) {
		size_t some = n - first < AT_ONCE ? (size_t)(n - first) : AT_ONCE;

		status = read_some(r, s, first, some, err);
		if (status == 0)
			status = put_some(s, some, list, f, err);
	}
	free(s->data);
	return status;
}

int records_put(struct records *r, struct trace_file *f, struct schedtrace_error *err)
{
	struct event_list list = { 0 };
	int status;

	for (size_t i = 0; i < N_RECORDS_ARRAYS; i++)
		if (r->fds[i] < 0)
			return 0;
	if (!r->events)
		return 0;
	status = jsonio_each(r->events, r->n_events, take_event, &list, err);
	if (status == 0)
		status = put_all(r, &list, f, err);
	events_free(&list);
	return status;
}
