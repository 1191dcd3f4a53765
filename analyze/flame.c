/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analyze/flame.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/flame_script.h"
#include "base/error.h"
#include "base/escape.h"
#include "base/intern.h"
#include "base/mem.h"
#include "cli/results.h"

#define WIDTH	   1200
#define MARGIN	   10
#define ROW	   17
#define TOP	   64
#define BOTTOM	   30 /* for what the mouse points at */
#define CHAR_WIDTH 6.7 /* of the font at its size */
#define THINNEST   0.15

struct column_ids {
	size_t comm, value, kernel, frames;
};

static size_t column_of(const struct view *view, const char *name)
{
	for (size_t i = 0; i < view->info->n_columns; i++)
		if (!strcmp(view->info->columns[i]->name, name))
			return i;
	return 0;
}

static struct column_ids columns_of(const struct view *view, bool by_switches)
{
	return (struct column_ids){ column_of(view, "comm"),
				    column_of(view, by_switches ? "switches" : "on_cpu_ns"),
				    column_of(view, "kernel_frames"), column_of(view, "frames") };
}

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a flame graph");
}

/* A stack taken apart: functions from the innermost on, in @text, which is changed. */
struct functions {
	char *text;
	char **names;
	size_t n;
};

static void functions_free(struct functions *s)
{
	free(s->text);
	free(s->names);
}

static int functions_of(struct functions *s, const char *frames, struct schedtrace_error *err)
{
	size_t n = 1;

	*s = (struct functions){ .text = escape_visible(frames ? frames : "[no stack]") };
	for (const char *p = s->text; p && *p; p++)
		n += *p == ';';
	s->names = calloc(n, sizeof(*s->names));
	if (!s->text || !s->names) {
		functions_free(s);
		return no_memory(err);
	}
	for (char *name = s->text; name; s->n++) {
		char *end = strchr(name, ';');

		s->names[s->n] = name;
		if (end)
			*end++ = '\0';
		name = end;
	}
	return 0;
}

/* Blanks and semicolons have a meaning in folded lines. */
static void put_word(FILE *f, const char *word)
{
	for (; *word; word++)
		fputc(*word == ';' ? ':' : *word == ' ' ? '_' : *word, f);
}

static union schedtrace_value value_at(const struct view *view, size_t row, size_t column)
{
	return schedtrace_table_value(view->table, view->rows[row], column);
}

int flame_fold(FILE *f, const struct view *view, bool by_switches, struct schedtrace_error *err)
{
	struct column_ids c = columns_of(view, by_switches);

	for (size_t row = 0; row < view->n_rows; row++) {
		const char *comm = value_at(view, row, c.comm).s;
		auto_free char *visible = escape_visible(comm && *comm ? comm : "?");
		struct functions stack;
		int r = functions_of(&stack, value_at(view, row, c.frames).s, err);

		if (r)
			return r;
		if (!visible) {
			functions_free(&stack);
			return no_memory(err);
		}
		put_word(f, visible);
		for (size_t i = stack.n; i-- > 0;) {
			fputc(';', f);
			put_word(f, stack.names[i]);
		}
		fprintf(f, " %" PRId64 "\n", value_at(view, row, c.value).i);
		functions_free(&stack);
	}
	return 0;
}

/* ---- the picture ---------------------------------------------------------------------- */

enum tint { ROOT, TASK, KERNEL, PROGRAM };

struct node {
	const char *name;
	enum tint tint;
	int64_t value;
	struct node *children, *next;
};

struct tree {
	struct arena memory;
	struct node root;
	size_t depth; /* of the deepest node */
};

/* The child of that name, made now if there is none; children are kept by name. */
static struct node *child_of(struct tree *tree, struct node *parent, const char *name,
			     enum tint tint)
{
	struct node **at = &parent->children, *node;
	size_t n = strlen(name) + 1;
	char *copy;
	int order = 1;

	for (; *at; at = &(*at)->next) {
		order = strcmp((*at)->name, name);
		if (order == 0)
			order = (int)(*at)->tint - (int)tint;
		if (order >= 0)
			break;
	}
	if (*at && order == 0)
		return *at;
	node = arena_alloc(&tree->memory, sizeof(*node));
	copy = arena_alloc(&tree->memory, n);
	if (!node || !copy)
		return NULL;
	memcpy(copy, name, n);
	*node = (struct node){ .name = copy, .tint = tint, .next = *at };
	*at = node;
	return node;
}

static int add_stack(struct tree *tree, const char *comm, const struct functions *stack,
		     size_t n_kernel, int64_t value)
{
	struct node *node = child_of(tree, &tree->root, comm, TASK);

	tree->root.value += value;
	for (size_t i = stack->n; node;
	     node = child_of(tree, node, stack->names[i], i < n_kernel ? KERNEL : PROGRAM)) {
		node->value += value;
		if (i-- == 0)
			break;
	}
	if (tree->depth < stack->n + 1)
		tree->depth = stack->n + 1;
	return node ? 0 : -1;
}

static int make_tree(struct tree *tree, const struct view *view, bool by_switches,
		     struct schedtrace_error *err)
{
	struct column_ids c = columns_of(view, by_switches);

	tree->root.name = "all";
	for (size_t row = 0; row < view->n_rows; row++) {
		const char *comm = value_at(view, row, c.comm).s;
		auto_free char *visible = escape_visible(comm && *comm ? comm : "?");
		int64_t n_kernel = value_at(view, row, c.kernel).i;
		int64_t value = value_at(view, row, c.value).i;
		struct functions stack;
		int r;

		if (value <= 0)
			continue;
		r = functions_of(&stack, value_at(view, row, c.frames).s, err);
		if (r)
			return r;
		if (!visible || add_stack(tree, visible, &stack,
					  n_kernel > 0 ? (size_t)n_kernel : 0, value) < 0)
			r = no_memory(err);
		functions_free(&stack);
		if (r)
			return r;
	}
	return 0;
}

static void put_value(FILE *f, int64_t value, bool by_switches)
{
	if (by_switches)
		fprintf(f, "%" PRId64 " switches", value);
	else if (value >= 1000000000)
		fprintf(f, "%.3f s", (double)value / 1e9);
	else if (value >= 1000000)
		fprintf(f, "%.3f ms", (double)value / 1e6);
	else
		fprintf(f, "%.3f us", (double)value / 1e3);
}

/* The same name has the same colour everywhere: warm in the kernel, cool in programs. */
static void put_colour(FILE *f, const struct node *node)
{
	uint32_t h = 2166136261u;

	for (const char *p = node->name; *p; p++)
		h = (h ^ (unsigned char)*p) * 16777619u;
	h ^= h >> 15;
	if (node->tint == KERNEL)
		fprintf(f, "rgb(%u,%u,%u)", 225 + h % 30, 125 + h / 32 % 85, 70 + h / 4096 % 40);
	else if (node->tint == PROGRAM)
		fprintf(f, "rgb(%u,%u,%u)", 95 + h % 60, 165 + h / 32 % 60, 195 + h / 4096 % 50);
	else
		fputs(node->tint == TASK ? "#cfcfcf" : "#e6e6e6", f);
}

struct drawing {
	FILE *f;
	const struct tree *tree;
	bool by_switches;
	double scale; /* pixels a unit */
	size_t height;
};

static void draw(const struct drawing *d, const struct node *node, double x, size_t depth)
{
	double width = (double)node->value * d->scale;
	double y = (double)d->height - BOTTOM - (double)(depth + 1) * ROW;
	size_t fits = width > 2 * CHAR_WIDTH ? (size_t)((width - 4) / CHAR_WIDTH) : 0;
	size_t n = escape_width(node->name);

	if (width < THINNEST)
		return;
	fprintf(d->f, "<g><title>");
	escape_xml(d->f, node->name, SIZE_MAX);
	fputs(": ", d->f);
	put_value(d->f, node->value, d->by_switches);
	fprintf(d->f,
		", %.2f %%</title><rect x=\"%.2f\" y=\"%.0f\" width=\"%.2f\" height=\"%d\" "
		"rx=\"2\" fill=\"",
		100.0 * (double)node->value / (double)d->tree->root.value, x, y, width, ROW - 1);
	put_colour(d->f, node);
	fputs("\"/>", d->f);
	if (fits >= 3) {
		size_t bytes = n <= fits ? SIZE_MAX : escape_fit(node->name, fits - 1);

		fprintf(d->f, "<text x=\"%.2f\" y=\"%.0f\">", x + 2.5, y + ROW - 5);
		escape_xml(d->f, node->name, bytes);
		fprintf(d->f, "%s</text>", n <= fits ? "" : "…");
	}
	fputs("</g>\n", d->f);
	for (const struct node *child = node->children; child; child = child->next) {
		draw(d, child, x, depth + 1);
		x += (double)child->value * d->scale;
	}
}

static void put_visible(FILE *f, const char *text, size_t most)
{
	auto_free char *visible = escape_visible(text);
	size_t fit = visible ? escape_fit(visible, most) : 0;

	escape_xml(f, visible ? visible : "", fit);
	if (visible && visible[fit])
		fputs("…", f);
}

static void put_heading(FILE *f, const struct flame_heading *heading, const struct tree *tree,
			bool by_switches)
{
	fprintf(f, "<text x=\"%d\" y=\"22\" font-size=\"15\" font-family=\"sans-serif\">", MARGIN);
	if (heading->title)
		put_visible(f, heading->title, 130);
	else
		fprintf(f, "%s, by call stack at the switch away",
			by_switches ? "Switches" : "Time on the CPU");
	fprintf(f, "</text>\n<text x=\"%d\" y=\"40\" font-family=\"sans-serif\">", MARGIN);
	if (heading->command) {
		put_visible(f, heading->command, 110);
		fputs(", ", f);
	}
	put_value(f, tree->root.value, by_switches);
	fputs(" in all</text>\n", f);
}

static void put_legend(FILE *f)
{
	static const struct {
		int x;
		const char *fill, *name;
	} keys[] = {
		{ 0, "#cfcfcf", "task" },
		{ 50, "rgb(240,165,85)", "kernel" },
		{ 110, "rgb(120,195,220)", "program" },
	};

	fputs("<g font-family=\"sans-serif\">", f);
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		fprintf(f,
			"<rect x=\"%d\" y=\"47\" width=\"10\" height=\"10\" fill=\"%s\"/>"
			"<text x=\"%d\" y=\"56\">%s</text>",
			MARGIN + keys[i].x, keys[i].fill, MARGIN + keys[i].x + 14, keys[i].name);
	fputs("</g>\n", f);
}

/* Texts that the script fills, or answers to; without it they are not seen. */
static void put_controls(FILE *f, size_t height)
{
	fprintf(f,
		"<g font-family=\"sans-serif\">"
		"<text id=\"reset\" x=\"%d\" y=\"56\" style=\"display:none;cursor:pointer\">"
		"Reset zoom</text>"
		"<text id=\"search\" x=\"%d\" y=\"22\" text-anchor=\"end\" "
		"style=\"display:none;cursor:pointer\">Search</text>"
		"<text id=\"case\" x=\"%d\" y=\"22\" text-anchor=\"end\" "
		"style=\"display:none;cursor:pointer;opacity:0.35\">"
		"<title>ignore upper and lower case</title>ic</text>"
		"<text id=\"details\" x=\"%d\" y=\"%zu\"></text>"
		"<text id=\"matched\" x=\"%d\" y=\"%zu\" text-anchor=\"end\"></text></g>\n",
		MARGIN + 200, WIDTH - MARGIN - 24, WIDTH - MARGIN, MARGIN, height - 10,
		WIDTH - MARGIN, height - 10);
}

static void put_svg(FILE *f, const struct tree *tree, bool by_switches,
		    const struct flame_heading *heading)
{
	struct drawing d = {
		.f = f,
		.tree = tree,
		.by_switches = by_switches,
		.scale = tree->root.value ? (double)(WIDTH - 2 * MARGIN) / (double)tree->root.value
					  : 0,
		.height = TOP + (tree->depth + 1) * ROW + BOTTOM,
	};

	fprintf(f,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%zu\" "
		"viewBox=\"0 0 %d %zu\" font-family=\"monospace\" font-size=\"11\">\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
		WIDTH, d.height, WIDTH, d.height);
	put_heading(f, heading, tree, by_switches);
	put_legend(f);
	put_controls(f, d.height);
	fputs("<g id=\"frames\">\n", f);
	if (tree->root.value)
		draw(&d, &tree->root, MARGIN, 0);
	fprintf(f, "</g>\n<script><![CDATA[\n%s]]></script>\n</svg>\n", flame_script);
}

int flame_draw(const char *path, const struct view *view, bool by_switches,
	       const struct flame_heading *heading, struct schedtrace_error *err)
{
	struct tree tree = { 0 };
	struct results file = { 0 };
	int r = make_tree(&tree, view, by_switches, err);

	if (!r)
		r = results_open(&file, path, err);
	if (!r) {
		put_svg(file.f, &tree, by_switches, heading);
		r = results_finish(&file, err);
		results_close(&file);
	}
	arena_free(&tree.memory);
	return r;
}
