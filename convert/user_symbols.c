/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "convert/user_symbols.h"

#include "config.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if HAVE_LIBDW
#include <elfutils/libdwfl.h>

#include "base/mem.h"
#endif

#define NAMED_FILES 8 /* in a note */

struct file {
	char *path;
	uint8_t build_id[20];
	size_t build_id_bytes;
	bool found, changed;
#if HAVE_LIBDW
	Dwfl *dwfl;
	Dwfl_Module *module;
	Elf *elf;
	GElf_Addr bias;
#endif
};

struct user_symbols {
	struct file *files;
	size_t n, max;
	size_t last;
};

struct user_symbols *user_symbols_new(void)
{
	return calloc(1, sizeof(struct user_symbols));
}

void user_symbols_free(struct user_symbols *u)
{
	for (size_t i = 0; u && i < u->n; i++) {
		free(u->files[i].path);
#if HAVE_LIBDW
		if (u->files[i].dwfl)
			dwfl_end(u->files[i].dwfl);
#endif
	}
	if (u)
		free(u->files);
	free(u);
}

#if HAVE_LIBDW
/* Debug files that are installed are used; nothing is fetched unless the environment asks for
 * it. */
static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_build_id_find_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
	.section_address = dwfl_offline_section_address,
};

static void open_file(struct file *f)
{
	/* The path is the recorded machine's word: whatever is there must not make us wait. */
	int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	const unsigned char *build_id;
	struct stat st;
	GElf_Addr at;
	int n;

	if (fd < 0)
		return;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return;
	}
	f->dwfl = dwfl_begin(&callbacks);
	if (f->dwfl) {
		dwfl_report_begin(f->dwfl);
		f->module = dwfl_report_elf(f->dwfl, f->path, f->path, fd, 0, false);
		dwfl_report_end(f->dwfl, NULL, NULL);
	}
	if (!f->module) {
		close(fd); /* a module takes it over */
		return;
	}
	f->elf = dwfl_module_getelf(f->module, &f->bias);
	n = dwfl_module_build_id(f->module, &build_id, &at);
	f->changed = f->build_id_bytes && (n != (int)f->build_id_bytes ||
					   memcmp(build_id, f->build_id, f->build_id_bytes) != 0);
	f->found = f->elf && !f->changed;
}

static const char *name_in(const struct file *f, uint64_t offset)
{
	size_t n = 0;

	if (elf_getphdrnum(f->elf, &n) != 0)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		GElf_Phdr p;

		if (!gelf_getphdr(f->elf, (int)i, &p) || p.p_type != PT_LOAD ||
		    offset < p.p_offset || offset - p.p_offset >= p.p_filesz)
			continue;
		return dwfl_module_addrname(f->module, offset - p.p_offset + p.p_vaddr + f->bias);
	}
	return NULL;
}
#else
static void open_file(struct file *f)
{
	f->found = false;
}

static const char *name_in(const struct file *f, uint64_t offset)
{
	return NULL;
}
#endif

static bool is_file(const struct file *f, const char *path, const uint8_t *build_id, size_t n)
{
	return f->build_id_bytes == n && memcmp(f->build_id, build_id, n) == 0 &&
	       strcmp(f->path, path) == 0;
}

static struct file *file_of(struct user_symbols *u, const char *path, const uint8_t *build_id,
			    size_t n)
{
	struct file *f;

	if (u->last < u->n && is_file(&u->files[u->last], path, build_id, n))
		return &u->files[u->last];
	for (u->last = 0; u->last < u->n; u->last++)
		if (is_file(&u->files[u->last], path, build_id, n))
			return &u->files[u->last];
	if (!array_room(u->files, u->n, u->max))
		return NULL;
	f = &u->files[u->n];
	*f = (struct file){ .path = strdup(path), .build_id_bytes = n };
	if (!f->path)
		return NULL;
	memcpy(f->build_id, build_id, n);
	u->n++;
	open_file(f);
	return f;
}

char *user_symbols_name(struct user_symbols *u, const char *path, const uint8_t *build_id,
			size_t build_id_bytes, uint64_t offset)
{
	const struct file *f = file_of(u, path, build_id, build_id_bytes);
	const char *name, *slash;
	char *text;

	if (!f || !f->found)
		return NULL;
	name = name_in(f, offset);
	if (name)
		return strdup(name);
	slash = strrchr(path, '/');
	if (asprintf(&text, "%s+0x%llx", slash ? slash + 1 : path, (unsigned long long)offset) < 0)
		return NULL;
	return text;
}

static size_t name_files(const struct user_symbols *u, bool changed, char **names)
{
	size_t n = 0, size;
	FILE *f;

	*names = NULL;
	f = open_memstream(names, &size);
	for (size_t i = 0; i < u->n; i++) {
		const struct file *file = &u->files[i];

		if (file->found || file->changed != changed)
			continue;
		if (f && n < NAMED_FILES)
			fprintf(f, "%s%s", n ? ", " : "", file->path);
		n++;
	}
	if (f && n > NAMED_FILES)
		fprintf(f, " and %zu more", n - NAMED_FILES);
	if (f)
		fclose(f);
	return n;
}

size_t user_symbols_files_missing(const struct user_symbols *u, char **names)
{
	return name_files(u, false, names);
}

size_t user_symbols_files_changed(const struct user_symbols *u, char **names)
{
	return name_files(u, true, names);
}
