/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/figure/beside_program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *beside_program(const char *name)
{
	static const char *const folders[] = { "", "../share/schedtrace/" };
	char program[4096], *slash, *path;
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);

	if (n <= 0)
		return NULL;
	program[n] = '\0';
	slash = strrchr(program, '/');
	if (!slash)
		return NULL;
	slash[1] = '\0';
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		if (asprintf(&path, "%s%s%s", program, folders[i], name) < 0)
			return NULL;
		if (access(path, R_OK) == 0)
			return path;
		free(path);
	}
	return NULL;
}
