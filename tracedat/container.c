/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tracedat/container.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/error.h"
#include "base/mem.h"

static const uint8_t magic[10] = { 0x17, 0x08, 0x44, 't', 'r', 'a', 'c', 'i', 'n', 'g' };

/* Names what a file that is no trace.dat seems to be. */
static const char *looks_like(const uint8_t *b, size_t n)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *name;
	} known[] = {
		{ "\x1f\x8b", 2, "gzip data: unpack it first" },
		{ "\x28\xb5\x2f\xfd", 4, "zstd data: unpack it first" },
		{ "\xfd"
		  "7zXZ",
		  5, "xz data: unpack it first" },
		{ "PERFILE2", 8, "a perf.data file: perf reads it" },
		{ "PK\x03\x04", 4, "a zip or npz archive" },
		{ "\x7f"
		  "ELF",
		  4, "an ELF program" },
	};
	size_t i;

	if (!n)
		return "the file is empty";
	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (n >= known[i].n && !memcmp(b, known[i].bytes, known[i].n))
			return known[i].name;
	if (n >= 262 && !memcmp(b + 257, "ustar", 5))
		return "a tar archive, as schedconv writes";
	for (i = 0; i < n; i++)
		if (b[i] < 9 || (b[i] > 13 && b[i] < 32))
			return "unknown bytes";
	return "text";
}

int container_pread(const struct container *c, void *out, size_t n, uint64_t offset,
		    struct schedtrace_error *err)
{
	uint8_t *to = out;

	while (n) {
		ssize_t got = pread(c->fd, to, n, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(err, SCHEDTRACE_E_IO, errno,
					   "cannot read %zu bytes at byte %" PRIu64, n, offset);
		if (!got)
			return error_set(err, SCHEDTRACE_E_FORMAT,
					 "the file ends at byte %" PRIu64 " but had %" PRIu64
					 " bytes when it was opened: changed while reading; wait "
					 "until its writer is done",
					 offset, c->size);
		to += got;
		n -= (size_t)got;
		offset += (uint64_t)got;
	}
	return 0;
}

int cursor_bytes(struct cursor *cur, void *out, size_t n, const char *what,
		 struct schedtrace_error *err)
{
	if (!checked_range(cur->at, n, cur->end)) {
		if (cur->memory)
			return error_set(err, SCHEDTRACE_E_FORMAT,
					 "%s at byte %" PRIu64 " of the section at byte %" PRIu64
					 " needs %zu bytes, of which %" PRIu64 " are there",
					 what, cur->at, cur->base, n,
					 cur->at <= cur->end ? cur->end - cur->at : 0);
		return error_set(err, SCHEDTRACE_E_FORMAT,
				 "%s at byte %" PRIu64 " needs %zu bytes, the file ends at byte "
				 "%" PRIu64 ": file is cut",
				 what, cur->at, n, cur->end);
	}
	if (cur->memory) {
		memcpy(out, cur->memory + cur->at, n);
	} else {
		int r = container_pread(cur->c, out, n, cur->at, err);

		if (r < 0)
			return r;
	}
	cur->at += n;
	return 0;
}

int cursor_u16(struct cursor *cur, uint16_t *out, const char *what, struct schedtrace_error *err)
{
	return cursor_bytes(cur, out, sizeof(*out), what, err);
}

int cursor_u32(struct cursor *cur, uint32_t *out, const char *what, struct schedtrace_error *err)
{
	return cursor_bytes(cur, out, sizeof(*out), what, err);
}

int cursor_u64(struct cursor *cur, uint64_t *out, const char *what, struct schedtrace_error *err)
{
	return cursor_bytes(cur, out, sizeof(*out), what, err);
}

int cursor_string(struct cursor *cur, char **out, size_t max, const char *what,
		  struct schedtrace_error *err)
{
	auto_free char *s = malloc(max + 1);
	uint64_t left = cur->at <= cur->end ? cur->end - cur->at : 0;
	size_t n = left < max + 1 ? (size_t)left : max + 1;
	uint64_t begin = cur->at;
	const char *nul;
	int r;

	if (!s)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %s", what);
	r = cursor_bytes(cur, s, n, what, err);
	if (r < 0)
		return r;
	nul = memchr(s, 0, n);
	if (!nul)
		return error_set(err, SCHEDTRACE_E_FORMAT,
				 "%s at byte %" PRIu64 " does not end within %zu bytes%s", what,
				 begin, n, n <= max ? ": file is cut" : "");
	cur->at = begin + (uint64_t)(nul - s) + 1;
	*out = steal_ptr(s);
	return 0;
}

int cursor_text(struct cursor *cur, struct text *out, uint64_t n, uint64_t limit, const char *what,
		struct schedtrace_error *err)
{
	auto_free char *s = NULL;
	int r;

	if (!checked_range(cur->at, n, cur->end))
		return error_set(err, SCHEDTRACE_E_FORMAT,
				 "%s at byte %" PRIu64 " claims %" PRIu64
				 " bytes, %s ends at byte %" PRIu64 ": file is cut or damaged",
				 what, cur->at, n, cur->memory ? "its section" : "the file",
				 cur->end);
	if (n > limit)
		return error_set(err, SCHEDTRACE_E_LIMIT,
				 "%s at byte %" PRIu64 " claims %" PRIu64
				 " bytes, more than the limit of %" PRIu64,
				 what, cur->at, n, limit);
	s = malloc((size_t)n + 1);
	if (!s)
		return error_set(err, SCHEDTRACE_E_NOMEM, "%s: no memory for %" PRIu64 " bytes",
				 what, n);
	r = cursor_bytes(cur, s, (size_t)n, what, err);
	if (r < 0)
		return r;
	s[n] = '\0';
	free(out->bytes);
	out->bytes = steal_ptr(s);
	out->n = (size_t)n;
	return 0;
}

/* The number after "name:" in a line of header_page, 0 when it is not there. */
static bool header_number(const char *line, const char *name, uint32_t *out)
{
	const char *at = strstr(line, name);
	const char *end = strchrnul(line, '\n');

	if (!at || at > end)
		return false;
	*out = (uint32_t)strtoul(at + strlen(name), NULL, 10);
	return true;
}

/*
 * Lines such as "field: local_t commit;	offset:8;	size:8;	signed:1;". The layout
 * changes only if all of it can be true.
 */
static int parse_header_page(struct container *c, struct schedtrace_error *err)
{
	const char *text = c->header_page.bytes;
	const char *commit = text ? strstr(text, " commit;") : NULL;
	const char *data = text ? strstr(text, " data;") : NULL;
	uint32_t commit_offset = 0, commit_size = 0, data_offset = 0, size = 0, page_size = 0;

	if (!text || !*text)
		return 0;
	if (!commit || !data || !header_number(commit, "offset:", &commit_offset) ||
	    !header_number(commit, "size:", &commit_size) ||
	    !header_number(data, "offset:", &data_offset) || !header_number(data, "size:", &size))
		return error_set(err, SCHEDTRACE_E_FORMAT,
				 "header_page does not describe the fields commit and data");
	if (commit_offset != 8 || (commit_size != 4 && commit_size != 8) ||
	    data_offset != 8 + commit_size)
		return error_set(err, SCHEDTRACE_E_UNSUPPORTED,
				 "header_page describes a page with %u bytes of commit at %u and "
				 "data at %u, which we cannot read",
				 commit_size, commit_offset, data_offset);
	if (!checked_add(data_offset, size, &page_size))
		return error_set(err, SCHEDTRACE_E_FORMAT, "header_page claims %u bytes of data",
				 size);
	c->layout = (struct page_layout){ page_size, commit_size };
	c->header_page_size = page_size;
	return 0;
}

/* With salvage a text that is damaged leaves the layout of all kernels of 64 bits. */
static int page_layout_of_text(struct container *c, struct schedtrace_error *err)
{
	struct schedtrace_error why;
	int r = parse_header_page(c, &why);

	if (r == 0)
		return 0;
	if (!c->salvage || c->damage) {
		if (err)
			*err = why;
		return r;
	}
	if (asprintf(&c->damage,
		     "%s: pages are read as those of a kernel of 64 bits, with %u bytes", why.text,
		     c->page_size) >= 0)
		return 0;
	c->damage = NULL;
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a note");
}

int container_header_info(struct container *c, struct cursor *cur, struct schedtrace_error *err)
{
	char name[13];
	struct text event = { NULL, 0 };
	uint64_t n = 0;
	int r;

	r = cursor_bytes(cur, name, 12, "header_page", err);
	if (r < 0)
		return r;
	if (memcmp(name, "header_page", 12))
		return error_set(err, SCHEDTRACE_E_FORMAT, "no \"header_page\" at byte %" PRIu64,
				 cur->at - 12);
	r = cursor_u64(cur, &n, "size of header_page", err);
	if (r == 0)
		r = cursor_text(cur, &c->header_page, n, LIMIT_FORMAT, "header_page", err);
	if (r == 0)
		r = cursor_bytes(cur, name, 13, "header_event", err);
	if (r < 0)
		return r;
	if (memcmp(name, "header_event", 13))
		return error_set(err, SCHEDTRACE_E_FORMAT, "no \"header_event\" at byte %" PRIu64,
				 cur->at - 13);
	r = cursor_u64(cur, &n, "size of header_event", err);
	if (r == 0)
		r = cursor_text(cur, &event, n, LIMIT_FORMAT, "header_event", err);
	if (r == 0 && event.n && !strstr(event.bytes, "type_len"))
		r = error_set(err, SCHEDTRACE_E_UNSUPPORTED,
			      "header_event describes the records of a kernel before 2.6.31");
	free(event.bytes);
	return r < 0 ? r : page_layout_of_text(c, err);
}

static int add_format(struct container *c, const char *system, struct cursor *cur,
		      struct schedtrace_error *err)
{
	struct format_text *f;
	uint64_t n = 0;
	int r = cursor_u64(cur, &n, "size of an event format", err);

	if (r < 0)
		return r;
	if (!array_room(c->formats, c->n_formats, c->cap_formats))
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %zu formats",
				 c->n_formats + 1);
	f = &c->formats[c->n_formats];
	*f = (struct format_text){ NULL, { NULL, 0 } };
	r = cursor_text(cur, &f->text, n, LIMIT_FORMAT, "event format", err);
	if (r < 0)
		return error_prefix(err, r, "system %s", system);
	f->system = strdup(system);
	c->n_formats++;
	return f->system ? 0 : error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a format");
}

int container_ftrace_formats(struct container *c, struct cursor *cur, struct schedtrace_error *err)
{
	uint32_t n = 0, i;
	int r = cursor_u32(cur, &n, "number of ftrace formats", err);

	for (i = 0; r == 0 && i < n; i++)
		r = add_format(c, "ftrace", cur, err);
	return r;
}

int container_event_formats(struct container *c, struct cursor *cur, struct schedtrace_error *err)
{
	uint32_t systems = 0, n = 0, i, k;
	int r = cursor_u32(cur, &systems, "number of event systems", err);

	for (i = 0; r == 0 && i < systems; i++) {
		auto_free char *name = NULL;

		r = cursor_string(cur, &name, 256, "name of an event system", err);
		if (r == 0)
			r = cursor_u32(cur, &n, "number of events of a system", err);
		for (k = 0; r == 0 && k < n; k++)
			r = add_format(c, name, cur, err);
	}
	return r;
}

int container_kallsyms(struct container *c, struct cursor *cur, struct schedtrace_error *err)
{
	uint32_t n = 0;
	int r = cursor_u32(cur, &n, "size of kallsyms", err);

	return r < 0 ? r : cursor_text(cur, &c->kallsyms, n, LIMIT_TEXT, "kallsyms", err);
}

int container_printk(struct container *c, struct cursor *cur, struct schedtrace_error *err)
{
	uint32_t n = 0;
	int r = cursor_u32(cur, &n, "size of printk_formats", err);

	if (r < 0)
		return r;
	if (!checked_range(cur->at, n, cur->end))
		return error_set(err, SCHEDTRACE_E_FORMAT,
				 "printk_formats at byte %" PRIu64 " claims %u bytes, beyond the "
				 "end at byte %" PRIu64 ": file is cut or damaged",
				 cur->at, n, cur->end);
	cur->at += n;
	return 0;
}

int container_cmdlines(struct container *c, struct cursor *cur, struct schedtrace_error *err)
{
	uint64_t n = 0;
	int r = cursor_u64(cur, &n, "size of saved_cmdlines", err);

	return r < 0 ? r : cursor_text(cur, &c->cmdlines, n, LIMIT_TEXT, "saved_cmdlines", err);
}

char *container_clock_name(const char *text)
{
	const char *open = strchr(text, '[');
	const char *close = open ? strchr(open, ']') : NULL;

	if (close)
		return strndup(open + 1, (size_t)(close - open - 1));
	text += strspn(text, " \n");
	return *text ? strndup(text, strcspn(text, " \n")) : NULL;
}

/* "\nBuffer: NAME\n\n" before the first CPU's text says whose the following texts are. */
static int add_cpustat(struct container *c, const struct text *data, struct schedtrace_error *err)
{
	struct cpustat_option *s;
	const char *named = strstr(data->bytes, "Buffer: ");
	const char *cpu = strstr(data->bytes, "CPU: ");

	if (!cpu)
		return 0;
	s = reallocarray(c->stats, c->n_stats + 1, sizeof(*s));
	if (!s)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for CPU statistics");
	c->stats = s;
	s = &c->stats[c->n_stats];
	if (named && named < cpu)
		s->buffer = strndup(named + 8, strcspn(named + 8, "\n"));
	else
		s->buffer = strdup(c->n_stats ? c->stats[c->n_stats - 1].buffer : "");
	s->cpu = (int32_t)strtol(cpu + 5, NULL, 10);
	s->text = strdup(cpu);
	c->n_stats++;
	if (!s->buffer || !s->text)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for CPU statistics");
	return 0;
}

int container_option(struct container *c, uint16_t id, const struct text *data,
		     struct schedtrace_error *err)
{
	switch (id) {
	case OPTION_CPUSTAT:
		return add_cpustat(c, data, err);
	case OPTION_UNAME:
		free(c->uname);
		c->uname = strdup(data->bytes);
		if (!c->uname)
			return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for uname");
		return 0;
	case OPTION_VERSION:
		free(c->writer);
		c->writer = strdup(data->bytes);
		if (!c->writer)
			return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a version");
		return 0;
	case OPTION_TSC2NSEC:
		if (data->n < 16)
			return error_set(err, SCHEDTRACE_E_FORMAT,
					 "option TSC2NSEC has %zu bytes, needs 16", data->n);
		memcpy(&c->tsc.mult, data->bytes, 4);
		memcpy(&c->tsc.shift, data->bytes + 4, 4);
		memcpy(&c->tsc.offset, data->bytes + 8, 8);
		c->has_tsc = true;
		return 0;
	}
	return 0;
}

struct file_instance *container_add_instance(struct container *c, const char *name, size_t n_cpus)
{
	struct file_instance *in;

	if (c->n_instances == LIMIT_INSTANCES)
		return NULL;
	in = reallocarray(c->instances, c->n_instances + 1, sizeof(*in));
	if (!in)
		return NULL;
	c->instances = in;
	in += c->n_instances;
	*in = (struct file_instance){
		.name = strdup(name),
		.page_size = c->page_size,
		.cpus = calloc(n_cpus + 1, sizeof(*in->cpus)),
		.cpustat = calloc(n_cpus + 1, sizeof(*in->cpustat)),
		.n_cpus = n_cpus,
		.n_own = n_cpus,
	};
	c->n_instances++;
	return in->name && in->cpus && in->cpustat ? in : NULL;
}

static int parse(struct container *c, const uint8_t *begin, size_t n, struct schedtrace_error *err)
{
	struct cursor cur = { .c = c, .end = c->size };
	auto_free char *version = NULL;
	uint8_t order = 0, long_size = 0;
	int r;

	if (n < sizeof(magic) || memcmp(begin, magic, sizeof(magic))) {
		if (n && !memcmp(begin, magic, n < sizeof(magic) ? n : sizeof(magic)))
			return error_set(err, SCHEDTRACE_E_FORMAT,
					 "the file ends at byte %zu, within its first words: file "
					 "is cut",
					 n);
		return error_set(err, SCHEDTRACE_E_FORMAT, "no trace.dat: %s",
				 looks_like(begin, n));
	}
	cur.at = sizeof(magic);
	r = cursor_string(&cur, &version, 15, "version", err);
	if (r == 0)
		r = cursor_bytes(&cur, &order, 1, "byte order", err);
	if (r == 0)
		r = cursor_bytes(&cur, &long_size, 1, "size of long", err);
	if (r == 0)
		r = cursor_u32(&cur, &c->page_size, "page size", err);
	if (r < 0)
		return r;
	if (strcmp(version, "6") && strcmp(version, "7"))
		return error_set(err, SCHEDTRACE_E_UNSUPPORTED,
				 "trace.dat version \"%s\"; we read 6 and 7", version);
	c->version = version[0] == '6' ? 6 : 7;
	if (order == 1)
		return error_set(err, SCHEDTRACE_E_UNSUPPORTED,
				 "recorded on a big-endian machine; we read little-endian files");
	if (order)
		return error_set(err, SCHEDTRACE_E_FORMAT,
				 "byte order %u at byte %" PRIu64 ", expected 0 or 1", order,
				 cur.at - 6);
	if (long_size != 4 && long_size != 8)
		return error_set(err, SCHEDTRACE_E_FORMAT,
				 "long of %u bytes at byte %" PRIu64 ", expected 4 or 8", long_size,
				 cur.at - 5);
	c->layout = (struct page_layout){ c->page_size, 8 };
	return c->version == 6 ? container_parse_v6(c, &cur, err)
			       : container_parse_v7(c, &cur, err);
}

int container_open(struct container *c, const char *path, struct schedtrace_error *err)
{
	uint8_t begin[512];
	struct stat st;
	ssize_t n;

	c->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (c->fd < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "cannot open it");
	if (fstat(c->fd, &st) < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "cannot look at it");
	if (!S_ISREG(st.st_mode))
		return error_set(err, SCHEDTRACE_E_IO, "is %s, not a file that can be read twice",
				 S_ISDIR(st.st_mode)	? "a directory"
				 : S_ISFIFO(st.st_mode) ? "a pipe"
							: "a device or socket");
	c->size = (uint64_t)st.st_size;
	n = pread(c->fd, begin, sizeof(begin), 0);
	if (n < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "cannot read it");
	return parse(c, begin, (size_t)n, err);
}

void container_close(struct container *c)
{
	size_t i;

	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	for (i = 0; i < c->n_formats; i++) {
		free(c->formats[i].system);
		free(c->formats[i].text.bytes);
	}
	for (i = 0; i < c->n_instances; i++) {
		free(c->instances[i].name);
		free(c->instances[i].clock);
		free(c->instances[i].cpus);
		free(c->instances[i].cpustat);
	}
	for (i = 0; i < c->n_stats; i++) {
		free(c->stats[i].buffer);
		free(c->stats[i].text);
	}
	free(c->stats);
	free(c->formats);
	free(c->instances);
	free(c->header_page.bytes);
	free(c->cmdlines.bytes);
	free(c->kallsyms.bytes);
	free(c->uname);
	free(c->writer);
	free(c->damage);
	for (i = 0; i < sizeof(c->remarks) / sizeof(*c->remarks); i++)
		free(c->remarks[i]);
}
