/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which recordings belong together: repeated runs of the same thing are a group. */
#ifndef ANALYZE_COMPARE_GROUPS_H
#define ANALYZE_COMPARE_GROUPS_H

#include "cli/options.h"
#include "input/input.h"

struct group {
	char *name;	 /* printable, without blanks, commas and quotes; no other has it */
	size_t first, n; /* files of struct groups */
	char *identity;	 /* what its files have in common; NULL: they were named together */
};

struct groups {
	char **files; /* paths; those of a group stand together */
	size_t n_files, max_files;
	struct group *groups;
	size_t n, max;
};

/*
 * Groups from --group NAME=FILE,… and from @paths: each of these is a group of its own, or goes
 * by @by: "directory", "name" (of the file, without the number at its end), "release", "command"
 * or "host" of the recording; NULL: alone. In the order in which they are first named.
 */
int groups_make(struct groups *groups, const struct option_list *named, const char *by,
		char *const *paths, size_t n_paths, const struct input_options *input,
		struct schedtrace_error *err);
void groups_release(struct groups *groups);

/* The number in the name of a group, such as 11 in "copies-11"; INT64_MIN: none, or several. */
int64_t group_number(const struct group *group);

#endif
