/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/tracefs/event_sets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/nearest.h"

struct event_set {
	const char *name;
	const char *about;
	int64_t buffer_kb;
	const char *const *events;
	bool stacks; /* with the kernel's call stack */
};

/* How tasks are called, from when to when: else those of a set keep the name that they began
 * with. */
#define NAMES_OF_TASKS                                                                             \
	"sched:sched_process_fork", "sched:sched_process_exec", "sched:sched_process_exit",        \
		"task:task_rename", "task:task_newtask"

static const struct event_set sets[] = {
	{ "sched", "what runs where: switches, wakeups, migrations, lives, names of tasks", 8192,
	  (const char *const[]){ "sched:sched_switch", "sched:sched_waking", "sched:sched_wakeup",
				 "sched:sched_wakeup_new", "sched:sched_migrate_task",
				 "sched:sched_stat_runtime", NAMES_OF_TASKS, NULL } },
	{ "mm", "page faults, resident memory, mappings, reads into the page cache", 16384,
	  (const char *const[]){
		  "exceptions:page_fault_user", "exceptions:page_fault_kernel", "kmem:rss_stat",
		  "syscalls:sys_enter_mmap", "syscalls:sys_exit_mmap", "syscalls:sys_enter_munmap",
		  "syscalls:sys_exit_munmap", "syscalls:sys_enter_mremap",
		  "syscalls:sys_exit_mremap", "syscalls:sys_enter_brk", "syscalls:sys_exit_brk",
		  "mmap:exit_mmap", "mmap:vm_unmapped_area", "filemap:mm_filemap_fault",
		  "filemap:mm_filemap_add_to_page_cache", NAMES_OF_TASKS, NULL } },
	{ "pages", "allocation and freeing of pages", 16384,
	  (const char *const[]){ "kmem:mm_page_alloc", "kmem:mm_page_free", NAMES_OF_TASKS,
				 NULL } },
	{ "power", "frequency and idle states of CPUs", 8192,
	  (const char *const[]){ "power:cpu_frequency", "power:cpu_idle", NULL } },
	{ "futex", "the futex system call", 8192,
	  (const char *const[]){ "syscalls:sys_enter_futex", "syscalls:sys_exit_futex",
				 NAMES_OF_TASKS, NULL } },
	{ "irq", "interrupts and softirqs", 8192,
	  (const char *const[]){ "irq:irq_handler_entry", "irq:irq_handler_exit",
				 "irq:softirq_raise", "irq:softirq_entry", "irq:softirq_exit",
				 NAMES_OF_TASKS, NULL } },
	{ "stacks", "switches with the kernel's call stack", 16384,
	  (const char *const[]){ "sched:sched_switch", NAMES_OF_TASKS, NULL }, true },
};

#define N_SETS (sizeof(sets) / sizeof(sets[0]))

static const struct event_set *find_set(const char *name)
{
	for (size_t i = 0; i < N_SETS; i++)
		if (strcmp(sets[i].name, name) == 0)
			return &sets[i];
	return NULL;
}

const char *event_sets_name(size_t i)
{
	return i < N_SETS ? sets[i].name : NULL;
}

const char *event_sets_about(size_t i)
{
	return i < N_SETS ? sets[i].about : NULL;
}

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* Adds SYSTEM:EVENT or EVENT, or changes the entry that is there. */
static int add_event(struct event_list *list, const char *item, const char *filter, bool by_name,
		     struct schedtrace_error *err)
{
	const char *colon = strchr(item, ':');
	struct chosen_event e = { .by_name = by_name };
	struct chosen_event *items;

	if (colon)
		e.system = strndup(item, (size_t)(colon - item));
	e.name = strdup(colon ? colon + 1 : item);
	e.filter = filter ? strdup(filter) : NULL;
	if ((colon && !e.system) || !e.name || (filter && !e.filter))
		goto nomem;
	for (size_t i = 0; i < list->n; i++) {
		struct chosen_event *old = &list->items[i];

		if (strcmp(old->name, e.name) != 0 ||
		    (e.system && old->system && !same(old->system, e.system)))
			continue;
		free(e.name);
		free(e.system);
		old->by_name |= by_name;
		if (by_name) {
			free(old->filter);
			old->filter = e.filter;
		}
		return 0;
	}
	items = reallocarray(list->items, list->n + 1, sizeof(*items));
	if (!items)
		goto nomem;
	list->items = items;
	items[list->n++] = e;
	return 0;

nomem:
	free(e.system);
	free(e.name);
	free(e.filter);
	return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
}

static int add_set(struct event_list *list, const struct event_set *set,
		   struct schedtrace_error *err)
{
	if (list->buffer_kb < set->buffer_kb)
		list->buffer_kb = set->buffer_kb;
	list->stacks |= set->stacks;
	for (const char *const *e = set->events; *e; e++) {
		int r = add_event(list, *e, NULL, false, err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* Bytes of the first item: to a comma that is not within quotes, braces or parentheses. */
static size_t item_length(const char *text)
{
	char quote = 0;
	int depth = 0;
	size_t n = 0;

	for (; text[n]; n++) {
		char c = text[n];

		if (quote) {
			if (c == quote)
				quote = 0;
		} else if (c == '"' || c == '\'') {
			quote = c;
		} else if (c == '(' || c == '{') {
			depth++;
		} else if (c == ')' || c == '}') {
			depth--;
		} else if (c == ',' && depth <= 0) {
			break;
		}
	}
	return n;
}

static char *trim(char *text)
{
	size_t n;

	while (*text == ' ' || *text == '\t')
		text++;
	n = strlen(text);
	while (n && (text[n - 1] == ' ' || text[n - 1] == '\t'))
		text[--n] = '\0';
	return text;
}

static int add_item(struct event_list *list, char *item, struct schedtrace_error *err)
{
	char *filter = strstr(item, " if ");
	const struct event_set *set;

	if (filter) {
		*filter = '\0';
		filter = trim(filter + strlen(" if "));
	}
	item = trim(item);
	/* A slash would lead out of the folder of events. */
	if (!*item || strpbrk(item, "/ \t") || *item == ':' || item[strlen(item) - 1] == ':' ||
	    (filter && !*filter))
		return error_set(
			err, SCHEDTRACE_E_USAGE,
			"-e: '%s' is not a set, SYSTEM:EVENT, EVENT, or one of the last two "
			"with ' if FILTER'",
			item);
	set = find_set(item);
	if (!set)
		return add_event(list, item, filter, true, err);
	if (filter)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "-e: a filter needs one event, and '%s' is a set of them", item);
	return add_set(list, set, err);
}

int event_sets_parse(struct event_list *out, const char *const *arguments, size_t n,
		     struct schedtrace_error *err)
{
	struct event_list list = { .buffer_kb = 8192 };
	int r = 0;

	if (n == 0)
		r = add_set(&list, &sets[0], err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		const char *rest = arguments[i];

		do {
			size_t length = item_length(rest);
			auto_free char *item = strndup(rest, length);

			r = item ? add_item(&list, item, err)
				 : error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
			rest += length;
		} while (r == 0 && *rest++ == ',');
	}
	if (r < 0) {
		event_sets_free(&list);
		return r;
	}
	*out = list;
	return 0;
}

static bool kernel_has(const char *root, const struct chosen_event *e)
{
	auto_free char *path = NULL;

	return asprintf(&path, "%s/events/%s/%s/format", root, e->system, e->name) >= 0 &&
	       faccessat(AT_FDCWD, path, F_OK, AT_EACCESS) == 0;
}

/* All events of the kernel, and the sets, as words to compare with. */
struct known {
	char *text;
	const char **words;
	size_t n;
};

static void known_free(struct known *k)
{
	free(k->text);
	free(k->words);
}

static int known_read(struct known *k, const char *root, struct schedtrace_error *err)
{
	auto_free char *path = NULL;
	auto_fclose FILE *f = NULL;
	size_t size = 0;
	char *rest = NULL;

	if (asprintf(&path, "%s/available_events", root) < 0)
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	f = fopen(path, "re");
	if (!f || getdelim(&k->text, &size, '\0', f) < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "%s", path);
	for (char *w = strtok_r(k->text, "\n", &rest); w; w = strtok_r(NULL, "\n", &rest)) {
		if (k->n % 1024 == 0) {
			const char **words =
				reallocarray(k->words, k->n + 1024 + N_SETS, sizeof(*words));

			if (!words)
				return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
			k->words = words;
		}
		k->words[k->n++] = w;
	}
	for (size_t i = 0; k->words && i < N_SETS; i++)
		k->words[k->n++] = sets[i].name;
	return 0;
}

/* The names most like the one that was asked for, with or without its system. */
static int refuse_event(const struct chosen_event *e, const struct known *known,
			struct schedtrace_error *err)
{
	auto_free const char **short_names = calloc(known->n + 1, sizeof(*short_names));
	auto_free char *asked = NULL;
	const char *nearest = NULL, *full = NULL;

	if (!short_names || asprintf(&asked, "%s%s%s", e->system ? e->system : "",
				     e->system ? ":" : "", e->name) < 0)
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	for (size_t i = 0; i < known->n; i++) {
		const char *colon = strchr(known->words[i], ':');

		short_names[i] = colon ? colon + 1 : known->words[i];
	}
	full = e->system ? nearest_word(asked, known->words, known->n) : NULL;
	nearest = nearest_word(e->name, short_names, known->n);
	for (size_t i = 0; !full && nearest && i < known->n; i++)
		if (short_names[i] == nearest)
			full = known->words[i];
	if (full)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "this kernel has no event '%s': did you mean %s?", asked, full);
	return error_set(
		err, SCHEDTRACE_E_USAGE,
		"this kernel has no event '%s': available_events in tracefs lists them all", asked);
}

/* The system of an event that was named without: it must be one only. */
static int find_system(struct chosen_event *e, const struct known *known,
		       struct schedtrace_error *err)
{
	for (size_t i = 0; i < known->n; i++) {
		const char *colon = strchr(known->words[i], ':');
		auto_free char *system = NULL;

		if (!colon || strcmp(colon + 1, e->name) != 0)
			continue;
		system = strndup(known->words[i], (size_t)(colon - known->words[i]));
		if (!system)
			return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
		if (e->system)
			return error_set(err, SCHEDTRACE_E_USAGE,
					 "'%s' is an event of %s and of %s: say which", e->name,
					 e->system, system);
		e->system = steal_ptr(system);
	}
	return 0;
}

static void event_free(struct chosen_event *e)
{
	free(e->system);
	free(e->name);
	free(e->filter);
}

static int note_missing(struct event_list *list, const struct chosen_event *e,
			struct schedtrace_error *err)
{
	char **missing = reallocarray(list->missing, list->n_missing + 1, sizeof(*missing));

	if (!missing)
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	list->missing = missing;
	if (asprintf(&missing[list->n_missing], "%s:%s", e->system, e->name) < 0)
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	list->n_missing++;
	return 0;
}

int event_sets_resolve(struct event_list *list, const char *root, struct schedtrace_error *err)
{
	struct known known = { 0 };
	size_t kept = 0;
	int r = 0;

	for (size_t i = 0; i < list->n; i++) {
		struct chosen_event e = list->items[i];
		bool found;

		/* Read only when needed: the list is long. */
		if (r == 0 && !e.system && !known.text)
			r = known_read(&known, root, err);
		if (r == 0 && !e.system)
			r = find_system(&e, &known, err);
		found = r == 0 && e.system && kernel_has(root, &e);
		if (r == 0 && !found && !e.by_name)
			r = note_missing(list, &e, err);
		if (r == 0 && !found && e.by_name) {
			if (!known.text)
				r = known_read(&known, root, err);
			if (r == 0)
				r = refuse_event(&e, &known, err);
		}
		if (found || r < 0)
			list->items[kept++] = e; /* after a failure only to be freed */
		else
			event_free(&e);
	}
	list->n = kept;
	known_free(&known);
	if (r == 0 && kept == 0)
		r = error_set(err, SCHEDTRACE_E_USAGE,
			      "this kernel has none of the events that were asked for");
	return r;
}

size_t event_sets_choose_only(struct event_list *list)
{
	static const char *const of_all[] = { "sched",	     "task", "power", "irq",
					      "irq_vectors", "ipi",  "timer", "cpuhp" };
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++) {
		struct chosen_event *e = &list->items[i];

		e->only = true;
		for (size_t k = 0; k < sizeof(of_all) / sizeof(of_all[0]); k++)
			if (strcmp(e->system, of_all[k]) == 0)
				e->only = false;
		n += e->only;
	}
	return n;
}

void event_sets_free(struct event_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		event_free(&list->items[i]);
	for (size_t i = 0; i < list->n_missing; i++)
		free(list->missing[i]);
	free(list->items);
	free(list->missing);
	*list = (struct event_list){ 0 };
}
