/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Gives a fuzz target each file of its corpus, without libFuzzer: crashers stay tests in every
 * build. usage: fuzz-NAME CORPUS-DIRECTORY-OR-FILE...
 */
#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int count;

static int compare(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int replay_file(const char *path, const char *name)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = NULL;
	struct stat st;
	size_t n = 0;

	if (f && fstat(fileno(f), &st) == 0)
		data = malloc((size_t)st.st_size); /* exactly, so that reading beyond is seen */
	if (data || (f && st.st_size == 0))
		n = fread(data, 1, (size_t)st.st_size, f);
	if (!f || n != (size_t)st.st_size) {
		printf("not ok %d - %s cannot be read\n", ++count, path);
		return 1;
	}
	fclose(f);
	LLVMFuzzerTestOneInput(data, n);
	free(data);
	printf("ok %d - %s is taken or refused\n", ++count, name);
	return 0;
}

static int replay(const char *path)
{
	struct dirent **entries;
	int failed = 0, n = scandir(path, &entries, NULL, compare);

	if (n < 0)
		return replay_file(path, path);
	for (int i = 0; i < n; i++) {
		char file[PATH_MAX];

		if (entries[i]->d_name[0] != '.') {
			snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);
			failed |= replay_file(file, entries[i]->d_name);
		}
		free(entries[i]);
	}
	free(entries);
	return failed;
}

int main(int argc, char **argv)
{
	int failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i < argc; i++)
		failed |= replay(argv[i]);
	printf("1..%d\n", count);
	return failed || count == 0;
}
