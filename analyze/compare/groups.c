/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analyze/compare/groups.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/mem.h"

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for the names of recordings");
}

/* Fit for the head of a column in text, CSV and JSON. */
static char *clean_name(const char *name, size_t n)
{
	auto_free char *copy = strndup(name, n);
	char *clean = copy ? escape_visible(copy) : NULL;

	for (char *c = clean; c && *c; c++)
		if (strchr(" ,\"'", *c))
			*c = '_';
	return clean;
}

static const struct group *find_name(const struct groups *groups, const char *name)
{
	for (size_t i = 0; i < groups->n; i++)
		if (!strcmp(groups->groups[i].name, name))
			return &groups->groups[i];
	return NULL;
}

/* Takes @name over, also on failure; one that is taken gets a number: NAME#2. */
static int add_group(struct groups *groups, char *name, const char *identity,
		     struct schedtrace_error *err)
{
	auto_free char *wanted = name, *unique = name ? strdup(name) : NULL;
	struct group *group;

	for (int i = 2; unique && find_name(groups, unique); i++) {
		free(unique);
		if (asprintf(&unique, "%s#%d", wanted, i) < 0)
			unique = NULL;
	}
	if (!unique || !array_room(groups->groups, groups->n, groups->max))
		return no_memory(err);
	group = &groups->groups[groups->n++];
	*group = (struct group){ .name = steal_ptr(unique), .first = groups->n_files };
	if (!identity)
		return 0;
	group->identity = strdup(identity);
	return group->identity ? 0 : no_memory(err);
}

/* Adds a file to a group; those of later groups move up. */
static int add_file(struct groups *groups, size_t to, const char *path,
		    struct schedtrace_error *err)
{
	struct group *group = &groups->groups[to];
	size_t at = group->first + group->n;
	char *copy = strdup(path);

	if (!copy || !array_room(groups->files, groups->n_files, groups->max_files)) {
		free(copy);
		return no_memory(err);
	}
	memmove(groups->files + at + 1, groups->files + at,
		(groups->n_files - at) * sizeof(*groups->files));
	groups->files[at] = copy;
	groups->n_files++;
	group->n++;
	for (size_t i = to + 1; i < groups->n; i++)
		groups->groups[i].first++;
	return 0;
}

/* A file of that name, or all that a pattern matches. */
static int add_matching(struct groups *groups, const char *pattern, struct schedtrace_error *err)
{
	glob_t found = { 0 };
	int r = 0;

	if (!access(pattern, F_OK))
		return add_file(groups, groups->n - 1, pattern, err);
	if (glob(pattern, 0, NULL, &found))
		r = error_set(err, SCHEDTRACE_E_IO, "--group: there is no file %s", pattern);
	for (size_t i = 0; i < found.gl_pathc && !r; i++)
		r = add_file(groups, groups->n - 1, found.gl_pathv[i], err);
	globfree(&found);
	return r;
}

static int add_named(struct groups *groups, const char *text, struct schedtrace_error *err)
{
	const char *equals = strchr(text, '='), *at;
	auto_free char *name = NULL;
	int r;

	if (!equals || equals == text || !equals[1])
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "--group: %s is not NAME=FILE,…, such as old=run1.tar,run2.tar",
				 text);
	name = clean_name(text, (size_t)(equals - text));
	if (name && find_name(groups, name))
		return error_set(err, SCHEDTRACE_E_USAGE, "--group: two groups are named %s", name);
	r = add_group(groups, steal_ptr(name), NULL, err);
	for (at = equals + 1; *at && !r; at += strcspn(at, ",")) {
		auto_free char *pattern = NULL;

		at += *at == ',';
		pattern = strndup(at, strcspn(at, ","));
		if (!pattern)
			return no_memory(err);
		if (*pattern)
			r = add_matching(groups, pattern, err);
	}
	if (!r && !groups->groups[groups->n - 1].n)
		r = error_set(err, SCHEDTRACE_E_USAGE, "--group: %s names no file", text);
	return r;
}

/* The last part of a path, without .tar or .dat. */
static const char *base_name(const char *path, size_t *n)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	*n = strlen(name);
	if (*n > 4 && (!strcmp(name + *n - 4, ".tar") || !strcmp(name + *n - 4, ".dat")))
		*n -= 4;
	return name;
}

static char *by_directory(const char *path, char **name)
{
	const char *slash = strrchr(path, '/'), *begin = slash;

	if (!slash) {
		*name = strdup(".");
		return strdup(".");
	}
	while (begin > path && begin[-1] != '/')
		begin--;
	*name = clean_name(begin, (size_t)(slash - begin));
	return strndup(path, (size_t)(slash - path));
}

static char *by_name(const char *path, char **name)
{
	size_t n;
	const char *base = base_name(path, &n);
	size_t all = n;

	while (n && base[n - 1] >= '0' && base[n - 1] <= '9')
		n--;
	while (n && n < all && strchr("-_.", base[n - 1]))
		n--;
	if (!n)
		n = all;
	*name = clean_name(base, n);
	return strndup(base, n);
}

/* By a fact that the recording knows of itself. */
static int by_fact(const char *by, const char *path, const struct input_options *input,
		   char **identity, char **name, struct schedtrace_error *err)
{
	const struct schedtrace_info *info;
	const char *fact;
	struct input *infile;
	int r = input_open(&infile, path, input, err);

	if (r)
		return r;
	info = schedtrace_context_info(input_context(infile));
	fact = !strcmp(by, "release")	? info->release
	       : !strcmp(by, "command") ? info->command
					: info->host;
	if (fact) {
		*identity = strdup(fact);
		*name = clean_name(fact, strlen(fact));
	} else {
		r = error_set(err, SCHEDTRACE_E_FORMAT,
			      "%s: it does not say its %s, so --group-by %s cannot place it", path,
			      by, by);
	}
	input_close(infile);
	return r;
}

/* A file by itself goes by its name, or by its path where another has the same name. */
static int add_alone(struct groups *groups, const char *path, char *const *paths, size_t n_paths,
		     struct schedtrace_error *err)
{
	size_t n, m, same = 0;
	const char *base = base_name(path, &n);
	int r;

	for (size_t i = 0; i < n_paths; i++) {
		const char *other = base_name(paths[i], &m);

		same += n == m && !strncmp(base, other, n);
	}
	if (same > 1) {
		n += (size_t)(base - path);
		base = path;
	}
	r = add_group(groups, clean_name(base, n), NULL, err);
	return r ? r : add_file(groups, groups->n - 1, path, err);
}

static int add_path(struct groups *groups, const char *path, const char *by,
		    const struct input_options *input, struct schedtrace_error *err)
{
	auto_free char *identity = NULL, *name = NULL;
	int r = 0;

	if (!strcmp(by, "directory"))
		identity = by_directory(path, &name);
	else if (!strcmp(by, "name"))
		identity = by_name(path, &name);
	else
		r = by_fact(by, path, input, &identity, &name, err);
	if (r)
		return r;
	if (!identity || !name)
		return no_memory(err);
	for (size_t i = 0; i < groups->n; i++)
		if (groups->groups[i].identity && !strcmp(groups->groups[i].identity, identity))
			return add_file(groups, i, path, err);
	r = add_group(groups, steal_ptr(name), identity, err);
	return r ? r : add_file(groups, groups->n - 1, path, err);
}

static int check_by(const char *by, struct schedtrace_error *err)
{
	static const char *const all[] = { "directory", "name", "release", "command", "host" };

	for (size_t i = 0; by && i < sizeof(all) / sizeof(*all); i++)
		if (!strcmp(by, all[i]))
			return 0;
	return by ? error_set(err, SCHEDTRACE_E_USAGE,
			      "--group-by: %s is not directory, name, release, command or host", by)
		  : 0;
}

int groups_make(struct groups *groups, const struct option_list *named, const char *by,
		char *const *paths, size_t n_paths, const struct input_options *input,
		struct schedtrace_error *err)
{
	int r = check_by(by, err);

	memset(groups, 0, sizeof(*groups));
	for (size_t i = 0; i < named->n && !r; i++)
		r = add_named(groups, named->items[i], err);
	for (size_t i = 0; i < n_paths && !r; i++)
		r = by ? add_path(groups, paths[i], by, input, err)
		       : add_alone(groups, paths[i], paths, n_paths, err);
	return r;
}

void groups_release(struct groups *groups)
{
	for (size_t i = 0; i < groups->n; i++) {
		free(groups->groups[i].name);
		free(groups->groups[i].identity);
	}
	for (size_t i = 0; i < groups->n_files; i++)
		free(groups->files[i]);
	free(groups->groups);
	free(groups->files);
	memset(groups, 0, sizeof(*groups));
}

int64_t group_number(const struct group *group)
{
	const char *digits = strpbrk(group->name, "0123456789");
	size_t n = digits ? strspn(digits, "0123456789") : 0;

	if (!n || n > 18 || strpbrk(digits + n, "0123456789"))
		return INT64_MIN;
	return strtoll(digits, NULL, 10);
}
