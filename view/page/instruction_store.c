/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/page/instruction_store.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "view/figure/find_instructions.h"
#include "view/figure/instructions.h"
#include "view/page/small_file.h"

#define KEPT_NS	       (3600 * INT64_C(1000000000))
#define MOST_IN_FOLDER 1000

void instruction_store_open(struct instruction_store *store, const char *folder)
{
	*store = (struct instruction_store){ .folder = folder };
	pthread_mutex_init(&store->lock, NULL);
}

static void drop(struct upload *upload)
{
	free(upload->name);
	free(upload->text);
	*upload = (struct upload){ .name = NULL };
}

void instruction_store_close(struct instruction_store *store)
{
	for (size_t i = 0; i < STORE_MOST_UPLOADS; i++)
		drop(&store->uploads[i]);
	pthread_mutex_destroy(&store->lock);
}

/* Under the lock. */
static void drop_old(struct instruction_store *store)
{
	for (size_t i = 0; i < STORE_MOST_UPLOADS; i++)
		if (store->uploads[i].name && now_ns() - store->uploads[i].time_ns > KEPT_NS)
			drop(&store->uploads[i]);
}

static void list(json_t *all, const char *name, const char *from)
{
	json_array_append_new(all, json_pack("{s:s, s:s}", "name", name, "from", from));
}

static bool has_name(const json_t *all, const char *name)
{
	size_t i;
	const json_t *one;

	json_array_foreach(all, i, one) if (!strcmp(json_string_value(json_object_get(one, "name")),
						    name)) return true;
	return false;
}

/* Names that a request can give: without a dot before them, and without the ending. */
static bool is_instruction_file(const char *file_name, char name[256])
{
	size_t n = strlen(file_name);

	if (*file_name == '.' || n <= 5 || n > 255 || strcmp(file_name + n - 5, ".json") != 0)
		return false;
	snprintf(name, 256, "%.*s", (int)(n - 5), file_name);
	return true;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void list_folder(const char *folder, json_t *all)
{
	struct dirent **entries;
	int n = scandir(folder, &entries, NULL, by_name);
	char name[256];

	for (int i = 0; i < n; i++) {
		if (i < MOST_IN_FOLDER && is_instruction_file(entries[i]->d_name, name))
			list(all, name, "folder");
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

json_t *instruction_store_list(struct instruction_store *store)
{
	json_t *all = json_array();

	pthread_mutex_lock(&store->lock);
	drop_old(store);
	for (size_t i = 0; i < STORE_MOST_UPLOADS; i++)
		if (store->uploads[i].name)
			list(all, store->uploads[i].name, "upload");
	pthread_mutex_unlock(&store->lock);
	if (store->folder)
		list_folder(store->folder, all);
	for (size_t i = 0; installed_instructions(i); i++)
		if (!has_name(all, installed_instructions(i)))
			list(all, installed_instructions(i), "installed");
	return all;
}

static bool find_upload(struct instruction_store *store, const char *name, char **text, size_t *n)
{
	bool found = false;

	pthread_mutex_lock(&store->lock);
	drop_old(store);
	for (size_t i = 0; i < STORE_MOST_UPLOADS && !found; i++) {
		const struct upload *upload = &store->uploads[i];

		if (!upload->name || strcmp(upload->name, name))
			continue;
		found = true;
		*n = upload->n;
		*text = malloc(upload->n + 1);
		if (*text)
			memcpy(*text, upload->text, upload->n + 1);
	}
	pthread_mutex_unlock(&store->lock);
	return found;
}

/* false: the folder has none of that name. */
static bool find_in_folder(const struct instruction_store *store, const char *name, char **text,
			   size_t *n, int *status, struct schedtrace_error *err)
{
	auto_close int folder = -1;
	char file_name[300], back[256];

	snprintf(file_name, sizeof(file_name), "%s.json", name);
	if (!store->folder || strchr(name, '/') || !is_instruction_file(file_name, back))
		return false;
	folder = open(store->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0 || faccessat(folder, file_name, F_OK, 0) < 0)
		return false;
	*status = small_file_read(folder, file_name, INSTRUCTIONS_MAX_BYTES, text, n, err);
	return true;
}

int instruction_store_text(struct instruction_store *store, const char *name, char **text,
			   size_t *n, struct schedtrace_error *err)
{
	auto_free char *path = NULL;
	int r = 0;

	*text = NULL;
	if (!name || !*name)
		return error_set(err, SCHEDTRACE_E_USAGE, "instructions: no file is named");
	if (find_upload(store, name, text, n))
		return *text ? 0 : error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a file");
	if (find_in_folder(store, name, text, n, &r, err))
		return r;
	for (size_t i = 0; installed_instructions(i); i++)
		if (!strcmp(installed_instructions(i), name)) {
			r = find_instructions(name, &path, err);
			return r < 0 ? r
				     : small_file_read(AT_FDCWD, path, INSTRUCTIONS_MAX_BYTES, text,
						       n, err);
		}
	return error_set(
		err, SCHEDTRACE_E_NOT_FOUND,
		"there is no instruction file %s: files that were sent are kept for an hour", name);
}

/* Any name is an event's, as long as no recording says which there are. */
static int32_t any_event(void *user, const char *name)
{
	return 0;
}

static int check(const char *text, size_t n, struct schedtrace_error *err)
{
	const struct event_names events = { any_event, NULL, NULL };
	struct instructions instructions;
	int r = instructions_parse(&instructions, text, n, &events, err);

	if (r < 0)
		return r;
	instructions_free(&instructions);
	return 0;
}

static void make_name(const char *file_name, char name[64])
{
	size_t n = 0;

	for (; *file_name && strcmp(file_name, ".json") != 0 && n < 40; file_name++)
		name[n++] = isalnum((unsigned char)*file_name) || strchr("._-", *file_name)
				    ? *file_name
				    : '-';
	name[n] = '\0';
	if (!n)
		strcpy(name, "sent");
}

/* A free place, or that of the oldest. Under the lock. */
static struct upload *find_place(struct instruction_store *store)
{
	struct upload *oldest = &store->uploads[0];

	for (size_t i = 0; i < STORE_MOST_UPLOADS; i++) {
		if (!store->uploads[i].name)
			return &store->uploads[i];
		if (store->uploads[i].time_ns < oldest->time_ns)
			oldest = &store->uploads[i];
	}
	return oldest;
}

int instruction_store_add(struct instruction_store *store, const char *file_name, const char *text,
			  size_t n, char name[64], struct schedtrace_error *err)
{
	struct upload upload = { .n = n, .time_ns = now_ns() }, *place;
	int r = check(text, n, err);

	if (r < 0)
		return r;
	make_name(file_name, name);
	upload.text = malloc(n + 1);
	if (!upload.text)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for an instruction file");
	memcpy(upload.text, text, n);
	upload.text[n] = '\0';
	pthread_mutex_lock(&store->lock);
	/* Each has a name of its own, so that a link to one never shows another. */
	snprintf(name + strlen(name), 24, "~%llu", (unsigned long long)++store->n_uploaded);
	upload.name = strdup(name);
	if (upload.name) {
		place = find_place(store);
		drop(place);
		*place = upload;
	}
	pthread_mutex_unlock(&store->lock);
	if (!upload.name) {
		free(upload.text);
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for an instruction file");
	}
	return 0;
}
