/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Answers queries about columns, all of them lines of stdin: "int NAME VALUE…", "real NAME VALUE…",
 * "text NAME VALUE…" (- is an unknown text), then "query EXPRESSION" as often as wanted. Prints a
 * line a query: the numbers of its rows, or "refused: " and why.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query/query.h"

#define MAX 64

static char *names[MAX];
static enum query_type types[MAX];
static struct query_column columns[MAX];
static int n_columns;
static size_t n_rows;

static int find(void *user, const char *name, size_t n, enum query_type *type)
{
	for (int i = 0; i < n_columns; i++) {
		if (strlen(names[i]) == n && memcmp(names[i], name, n) == 0) {
			*type = types[i];
			return i;
		}
	}
	return -1;
}

static void add_column(enum query_type type, char *line)
{
	int64_t *ints = calloc(MAX, sizeof(*ints));
	double *reals = calloc(MAX, sizeof(*reals));
	const char **texts = calloc(MAX, sizeof(*texts));
	char *word;

	if (!ints || !reals || !texts || n_columns == MAX)
		exit(1);
	names[n_columns] = strdup(strtok(line, " "));
	types[n_columns] = type;
	for (n_rows = 0; (word = strtok(NULL, " ")) && n_rows < MAX; n_rows++) {
		ints[n_rows] = strtoll(word, NULL, 10);
		reals[n_rows] = strtod(word, NULL);
		texts[n_rows] = strcmp(word, "-") ? strdup(word) : NULL;
	}
	columns[n_columns++] = (struct query_column){
		.ints = ints,
		.reals = reals,
		.texts = texts,
	};
}

static void answer(const char *text)
{
	const struct query_names all = { .find = find };
	struct schedtrace_error err;
	bool keep[MAX] = { false };
	struct query *query;

	if (query_compile(&query, text, &all, &err) < 0 ||
	    query_rows(query, columns, n_rows, keep, &err) < 0) {
		printf("refused: %s\n", err.text);
		return;
	}
	for (size_t i = 0; i < n_rows; i++)
		if (keep[i])
			printf("%zu ", i);
	printf("\n");
	query_free(query);
}

int main(void)
{
	char line[4096];

	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, "int ", 4))
			add_column(QUERY_INT, line + 4);
		else if (!strncmp(line, "real ", 5))
			add_column(QUERY_REAL, line + 5);
		else if (!strncmp(line, "text ", 5))
			add_column(QUERY_TEXT, line + 5);
		else if (!strncmp(line, "query ", 6))
			answer(line + 6);
	}
	return 0;
}
