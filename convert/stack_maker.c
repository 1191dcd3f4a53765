/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "convert/stack_maker.h"

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "convert/user_symbols.h"

static uint8_t offset_of(const struct format *format, const char *name)
{
	for (size_t i = 0; i < format->n_fields; i++)
		if (strcmp(format->fields[i].name, name) == 0 && format->fields[i].offset < 256)
			return (uint8_t)format->fields[i].offset;
	return 0;
}

int stack_maker_open(struct stack_maker *m, const struct tracedat_head *head,
		     struct schedtrace_context *ctx, struct row_maker *maker,
		     const struct stream_options *options, struct schedtrace_error *err)
{
	const struct format *formats = head->formats;
	size_t n = head->n_formats;
	int r;

	*m = (struct stack_maker){ .ctx = ctx, .options = options, .sched_switch = -1 };
	m->kinds = calloc(n + 1, 1);
	m->sizes_at = calloc(n + 1, 1);
	m->callers_at = calloc(n + 1, 1);
	m->tgids_at = calloc(n + 1, 1);
	m->column = reallocarray(NULL, ROWS_MAX, sizeof(*m->column));
	m->tasks = row_maker_tasks(maker);
	if (spaces_init(&m->spaces) < 0)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for address spaces");
	if (!m->kinds || !m->sizes_at || !m->callers_at || !m->tgids_at || !m->column)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for call stacks");
	for (size_t i = 0; i < n; i++) {
		m->kinds[i] = (uint8_t)stack_kind_of(&formats[i]);
		if (strcmp(formats[i].system, "sched") == 0 &&
		    strcmp(formats[i].name, "sched_switch") == 0)
			m->sched_switch = (int)i;
		if (m->kinds[i] == STACK_NONE)
			continue;
		m->sizes_at[i] = offset_of(&formats[i], "size");
		m->callers_at[i] = offset_of(&formats[i], "caller");
		m->tgids_at[i] = offset_of(&formats[i], "tgid");
	}
	r = kallsyms_parse(&m->kallsyms, head->kallsyms, head->kallsyms_bytes, err);
	if (r == 0 && m->kallsyms.n == 0)
		note(&options->notes,
		     "it holds no addresses of kernel functions, as they were hidden "
		     "(kptr_restrict) or not saved: kernel stacks are numbers");
	return r;
}

void stack_maker_close(struct stack_maker *m)
{
	kallsyms_free(&m->kallsyms);
	spaces_free(&m->spaces);
	free(m->kinds);
	free(m->sizes_at);
	free(m->callers_at);
	free(m->tgids_at);
	free(m->column);
}

static int32_t int32_at(const struct record *r, uint8_t offset)
{
	int32_t value;

	memcpy(&value, r->data + offset, sizeof(value));
	return value;
}

/* As many frames as the record holds: the array in the format text is longer or shorter. */
static void take_frames(struct stack_maker *m, struct stack_part *part, const struct record *r)
{
	uint8_t size_at = m->sizes_at[r->format], at = m->callers_at[r->format];
	uint32_t most = at && r->size > at ? (r->size - at) / 8 : 0;

	if (size_at && r->size >= size_at + 4u) {
		int32_t size = int32_at(r, size_at);

		if (size >= 0 && (uint32_t)size < most)
			most = (uint32_t)size;
	}
	part->present = true;
	part->n = 0;
	for (uint32_t i = 0; i < most && part->n < STACK_FRAMES; i++) {
		uint64_t frame;

		memcpy(&frame, r->data + at + 8 * i, sizeof(frame));
		if (frame == 0 || frame == UINT64_MAX) /* how older kernels end it */
			break;
		if (part == &m->kernel && part->n == 0) {
			const struct kernel_symbol *s = kallsyms_find(&m->kallsyms, frame);

			if (s && s->tracer)
				continue;
		}
		part->frames[part->n++] = frame;
	}
}

bool stack_maker_stack(struct stack_maker *m, const struct record *r)
{
	struct stack_part *part = m->kinds[r->format] == STACK_KERNEL ? &m->kernel : &m->user;
	uint8_t tgid_at = m->tgids_at[r->format];

	if (!m->pending || r->cpu != m->cpu || r->pid != m->pid || part->present)
		return false;
	m->attached++;
	take_frames(m, part, r);
	if (part == &m->user)
		m->tgid = tgid_at && r->size >= tgid_at + 4u ? int32_at(r, tgid_at) : 0;
	return true;
}

static int no_memory_for_spaces(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for address spaces");
}

int stack_maker_flush(struct stack_maker *m, struct schedtrace_error *err)
{
	uint64_t frames[2 * STACK_FRAMES];
	struct schedtrace_stack stack = { .frames = frames };
	int32_t id;

	if (!m->pending)
		return 0;
	m->pending = false;
	if (m->kernel.present)
		stack.n_kernel = m->kernel.n;
	memcpy(frames, m->kernel.frames, stack.n_kernel * sizeof(*frames));
	stack.n = stack.n_kernel;
	if (m->user.present && m->user.n) {
		memcpy(frames + stack.n, m->user.frames, m->user.n * sizeof(*frames));
		stack.n += m->user.n;
		stack.space = spaces_now(&m->spaces, m->tgid, m->time);
		if (stack.space < 0)
			return no_memory_for_spaces(err);
	}
	m->kernel.present = m->user.present = false;
	if (stack.n == 0)
		return 0;
	id = schedtrace_context_add_stack(m->ctx, &stack, err);
	if (id < 0)
		return id;
	m->column[m->row] = id;
	return 0;
}

static int follow_space(struct stack_maker *m, const struct record *r, const struct rows *rows,
			size_t i, struct schedtrace_error *err)
{
	const struct task *parent;
	int status;

	if (rows->event[i] == SCHEDTRACE_EXEC) {
		status = spaces_exec(&m->spaces, rows->pid[i], r->timestamp);
	} else {
		parent = tasks_seen(m->tasks, (int32_t)rows->arg0[i]);
		status = spaces_fork(&m->spaces, rows->pid[i],
				     parent && parent->tgid > 0 ? parent->tgid
								: (int32_t)rows->arg0[i],
				     r->timestamp);
	}
	return status < 0 ? no_memory_for_spaces(err) : 0;
}

int stack_maker_mappings(struct stack_maker *m, const char *data, size_t bytes, int64_t told,
			 struct schedtrace_error *err)
{
	return spaces_mappings(&m->spaces, data, bytes, told) < 0 ? no_memory_for_spaces(err) : 0;
}

int stack_maker_record(struct stack_maker *m, const struct record *r, const struct rows *rows,
		       size_t first, struct schedtrace_error *err)
{
	int status = stack_maker_flush(m, err);

	for (size_t i = first; status == 0 && i < rows->n; i++)
		if (rows->event[i] == SCHEDTRACE_EXEC || rows->event[i] == SCHEDTRACE_FORK)
			status = follow_space(m, r, rows, i, err);
	memset(m->column + first, 0xff, (rows->n - first) * sizeof(*m->column));
	if (r->kind != RECORD_EVENT || r->format != m->sched_switch)
		return status;
	for (size_t i = rows->n; i-- > first;) {
		if (rows->event[i] != SCHEDTRACE_CTX_SWITCH)
			continue;
		m->pending = true;
		m->cpu = r->cpu;
		m->pid = r->pid;
		m->row = i;
		m->time = r->timestamp;
		break;
	}
	return status;
}

static int name_kernel_frame(struct stack_maker *m, uint64_t address, struct schedtrace_error *err)
{
	const struct kernel_symbol *s = kallsyms_find(&m->kallsyms, address);
	auto_free char *name = NULL;

	if (!s || schedtrace_context_symbol(m->ctx, 0, address))
		return 0;
	if (asprintf(&name, "%.*s%s%.*s", s->name_n, s->name, s->module ? " " : "", s->module_n,
		     s->module ? s->module : "") < 0)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a symbol");
	return schedtrace_context_set_symbol(m->ctx, 0, address, name, err);
}

static int name_user_frame(struct stack_maker *m, struct user_symbols *files, int32_t space,
			   uint64_t address, bool innermost, struct schedtrace_error *err)
{
	/* All but the innermost are where a call returns to. */
	uint64_t code = address - !innermost;
	const struct mapping *map = spaces_find(&m->spaces, space, code);
	auto_free char *name = NULL;

	if (!map || schedtrace_context_symbol(m->ctx, space, address))
		return 0;
	name = user_symbols_name(files, m->spaces.paths.names[map->path], map->build_id,
				 map->build_id_bytes, code - map->begin + map->offset);
	return name ? schedtrace_context_set_symbol(m->ctx, space, address, name, err) : 0;
}

static void note_files(const struct stack_maker *m, const struct user_symbols *files)
{
	auto_free char *missing = NULL, *changed = NULL;
	size_t n_missing = user_symbols_files_missing(files, &missing);
	size_t n_changed = user_symbols_files_changed(files, &changed);

	if (n_missing)
		note(&m->options->notes, "%s of user stacks %s: addresses in %s stay numbers: %s",
		     n_missing == 1 ? "a program file" : "program files",
		     !HAVE_LIBDW      ? "were not read, as this was built without libdw"
		     : n_missing == 1 ? "is not here, or is no ELF file"
				      : "are not here, or are no ELF files",
		     n_missing == 1 ? "it" : "them", missing ? missing : "?");
	if (n_changed)
		note(&m->options->notes,
		     "%s of user stacks %s recorded (build-id): addresses in %s stay numbers: %s",
		     n_changed == 1 ? "a program file" : "program files",
		     n_changed == 1 ? "is not the one that was" : "are not those that were",
		     n_changed == 1 ? "it" : "them", changed ? changed : "?");
}

int stack_maker_finish(struct stack_maker *m, struct schedtrace_error *err)
{
	struct user_symbols *files = user_symbols_new();
	int r = stack_maker_flush(m, err);
	int32_t n = schedtrace_context_stacks(m->ctx);

	if (!files)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for symbols");
	spaces_resolve(&m->spaces);
	for (int32_t id = 0; r == 0 && id < n; id++) {
		struct schedtrace_stack stack;

		r = schedtrace_context_stack(m->ctx, id, &stack, err);
		for (uint32_t i = 0; r == 0 && i < stack.n_kernel; i++)
			r = name_kernel_frame(m, stack.frames[i], err);
		for (uint32_t i = stack.n_kernel; r == 0 && i < stack.n; i++)
			r = name_user_frame(m, files, stack.space, stack.frames[i],
					    i == stack.n_kernel, err);
	}
	if (r == 0)
		note_files(m, files);
	user_symbols_free(files);
	return r;
}
