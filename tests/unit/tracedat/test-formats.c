/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sched_switch of several kernels. Its texts differ in the size of long, in how the states are
 * written and in which bits they have; the first texts here are composed from those facts, the
 * others are what kernels printed (tests/data/formats).
 */
#include <fcntl.h>
#include <glob.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tracedat/formats.h"

static char notes[2048];

static void collect(void *user, const char *text)
{
	snprintf(notes + strlen(notes), sizeof(notes) - strlen(notes), "%s\n", text);
}

static const struct notes to_notes = { collect, NULL };

/* Kernels until 4.13 write TASK_STATE_MAX as a number, later ones TASK_REPORT as its bits. */
#define REPORT(zero, bits) "((((" zero bits ") + 1) << 1) - 1)"
#define BITS4		   " | 0x0001 | 0x0002 | 0x0004 | 0x0008 | 0x0010 | 0x0020 | 0x0040"
#define BITS8                                                                                      \
	" | 0x00000001 | 0x00000002 | 0x00000004 | 0x00000008 | 0x00000010 | 0x00000020 | "        \
	"0x00000040"

static const struct release {
	const char *name;
	int long_size;
	int extra_common; /* bytes after common_pid that every event has */
	const char *mask; /* "" where the whole value is looked up */
	const char *table;
	const char *preempted; /* NULL: no "+" */
	/* what must come out */
	uint64_t mask_value, preempted_value;
	const char *codes; /* of bits 0, 1, ... */
} releases[] = {
	{ "2.6.38", 8, 4, "",
	  "{ 1, \"S\"} , { 2, \"D\" }, { 4, \"T\" }, { 8, \"t\" }, "
	  "{ 16, \"Z\" }, { 32, \"X\" }, { 64, \"x\" }, { 128, \"W\" }",
	  NULL, UINT64_MAX, 0, "SDTtZXxW" },
	{ "3.4, 32 bits", 4, 4, "(512-1)",
	  "{ 1, \"S\"} , { 2, \"D\" }, { 4, \"T\" }, { 8, \"t\" }, { 16, \"Z\" }, "
	  "{ 32, \"X\" }, { 64, \"x\" }, { 128, \"W\" }",
	  "512", 511, 512, "SDTtZXxW" },
	{ "3.10", 8, 0, "(1024-1)",
	  "{ 1, \"S\"} , { 2, \"D\" }, { 4, \"T\" }, { 8, \"t\" }, { 16, \"Z\" }, "
	  "{ 32, \"X\" }, { 64, \"x\" }, { 128, \"K\" }, { 256, \"W\" }, { 512, \"P\" }",
	  "1024", 1023, 1024, "SDTtZXxKWP" },
	{ "4.4", 8, 0, "(2048-1)",
	  "{ 1, \"S\"} , { 2, \"D\" }, { 4, \"T\" }, { 8, \"t\" }, { 16, \"Z\" }, "
	  "{ 32, \"X\" }, { 64, \"x\" }, { 128, \"K\" }, { 256, \"W\" }, { 512, \"P\" }, "
	  "{ 1024, \"N\" }",
	  "2048", 2047, 2048, "SDTtZXxKWPN" },
	{ "4.9", 8, 0, "(4096-1)",
	  "{ 1, \"S\"} , { 2, \"D\" }, { 4, \"T\" }, { 8, \"t\" }, { 16, \"Z\" }, "
	  "{ 32, \"X\" }, { 64, \"x\" }, { 128, \"K\" }, { 256, \"W\" }, { 512, \"P\" }, "
	  "{ 1024, \"N\" }",
	  "4096", 4095, 4096, "SDTtZXxKWPN" },
	{ "4.14", 8, 0, REPORT("0x0000", BITS4),
	  "{ 0x01, \"S\" }, { 0x02, \"D\" }, { 0x04, \"T\" }, { 0x08, \"t\" }, "
	  "{ 0x10, \"X\" }, { 0x20, \"Z\" }, { 0x40, \"P\" }, { 0x80, \"I\" }",
	  "(((0x0000" BITS4 ") + 1) << 1)", 255, 256, "SDTtXZPI" },
	{ "5.10", 8, 0, REPORT("0x0000", BITS4),
	  "{ 0x0001, \"S\" }, { 0x0002, \"D\" }, { 0x0004, \"T\" }, { 0x0008, \"t\" }, "
	  "{ 0x0010, \"X\" }, { 0x0020, \"Z\" }, { 0x0040, \"P\" }, { 0x0080, \"I\" }",
	  "(((0x0000" BITS4 ") + 1) << 1)", 255, 256, "SDTtXZPI" },
	{ "6.1", 8, 0, REPORT("0x00000000", BITS8),
	  "{ 0x00000001, \"S\" }, { 0x00000002, \"D\" }, { 0x00000004, \"T\" }, "
	  "{ 0x00000008, \"t\" }, { 0x00000010, \"X\" }, { 0x00000020, \"Z\" }, "
	  "{ 0x00000040, \"P\" }, { 0x00000080, \"I\" }",
	  "(((0x00000000" BITS8 ") + 1) << 1)", 255, 256, "SDTtXZPI" },
};

#define N_RELEASES (sizeof(releases) / sizeof(*releases))

/* Where a member of @size bytes goes that may begin at *at, and what follows it. */
static int place(int *at, int size, int align)
{
	int offset = (*at + align - 1) / align * align;

	*at = offset + size;
	return offset;
}

static void field(char **out, const char *what, int *at, int size, int align, int is_signed)
{
	*out += sprintf(*out, "\tfield:%s;\toffset:%d;\tsize:%d;\tsigned:%d;\n", what,
			place(at, size, align), size, is_signed);
}

static char *compose(const struct release *r)
{
	char *text = malloc(8192), *p = text;
	int at = 0;

	p += sprintf(p, "name: sched_switch\nID: 47\nformat:\n");
	field(&p, "unsigned short common_type", &at, 2, 2, 0);
	field(&p, "unsigned char common_flags", &at, 1, 1, 0);
	field(&p, "unsigned char common_preempt_count", &at, 1, 1, 0);
	field(&p, "int common_pid", &at, 4, 4, 1);
	if (r->extra_common)
		field(&p, "int common_padding", &at, r->extra_common, 4, 1);
	*p++ = '\n';
	field(&p, "char prev_comm[16]", &at, 16, 1, 1);
	field(&p, "pid_t prev_pid", &at, 4, 4, 1);
	field(&p, "int prev_prio", &at, 4, 4, 1);
	field(&p, "long prev_state", &at, r->long_size, r->long_size, 1);
	field(&p, "char next_comm[16]", &at, 16, 1, 1);
	field(&p, "pid_t next_pid", &at, 4, 4, 1);
	field(&p, "int next_prio", &at, 4, 4, 1);
	p += sprintf(p,
		     "\nprint fmt: \"prev_comm=%%s prev_state=%%s%%s next_pid=%%d\", "
		     "REC->prev_comm, REC->prev_state%s%s ? __print_flags(REC->prev_state%s%s, "
		     "\"|\", %s) : \"R\"",
		     *r->mask ? " & " : "", r->mask, *r->mask ? " & " : "", r->mask, r->table);
	if (r->preempted)
		p += sprintf(p, ", REC->prev_state & %s ? \"+\" : \"\"", r->preempted);
	sprintf(p, ", REC->next_pid\n");
	return text;
}

static const struct format_field *find(const struct format *f, const char *name)
{
	size_t i;

	for (i = 0; i < f->n_fields; i++)
		if (!strcmp(f->fields[i].name, name))
			return &f->fields[i];
	fail_msg("no field %s", name);
	return NULL;
}

static void assert_states(const struct format *f, const char *codes, uint64_t mask, uint64_t plus)
{
	size_t i;

	assert_int_equal(f->states.n, strlen(codes));
	for (i = 0; codes[i]; i++) {
		assert_int_equal(f->states.flags[i].bit, 1ull << i);
		assert_int_equal(f->states.flags[i].code, codes[i]);
	}
	assert_true(f->states.mask == mask);
	assert_true(f->states.preempted == plus);
}

static void every_kernel_s_table_of_states_is_read_from_its_own_text(void **state)
{
	struct format_text texts[N_RELEASES];
	struct formats f = { 0 };
	size_t i;

	for (i = 0; i < N_RELEASES; i++) {
		char *text = compose(&releases[i]);

		texts[i] = (struct format_text){ (char *)"sched", { text, strlen(text) } };
	}
	assert_int_equal(formats_parse(&f, texts, N_RELEASES, NULL, NULL), 0);
	assert_int_equal(f.n, N_RELEASES);
	for (i = 0; i < N_RELEASES; i++) {
		const struct release *r = &releases[i];
		int shift = r->extra_common;

		assert_string_equal(f.list[i].name, "sched_switch");
		assert_string_equal(f.list[i].system, "sched");
		assert_int_equal(f.list[i].id, 47);
		assert_states(&f.list[i], r->codes, r->mask_value, r->preempted_value);
		assert_int_equal(find(&f.list[i], "prev_state")->size, r->long_size);
		assert_true(find(&f.list[i], "prev_state")->is_signed);
		assert_int_equal(find(&f.list[i], "prev_comm")->offset, 8 + shift);
		assert_int_equal(find(&f.list[i], "prev_comm")->size, 16);
		assert_true(find(&f.list[i], "prev_comm")->is_string);
		assert_false(find(&f.list[i], "prev_comm")->is_data_loc);
		assert_int_equal(find(&f.list[i], "common_pid")->offset, 4);
		assert_int_equal(f.list[i].min_size, find(&f.list[i], "next_prio")->offset + 4);
		free(texts[i].text.bytes);
	}
	formats_free(&f);
}

static char *read_path(const char *path)
{
	char *text = calloc(1, 16384);
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	assert_true(fread(text, 1, 16383, file) > 0);
	fclose(file);
	return text;
}

static char *read_format(const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/tests/data/formats/6.18/%s", SOURCE_ROOT, name);
	return read_path(path);
}

static void texts_that_a_kernel_printed_are_read(void **state)
{
	char *texts_of[2] = { read_format("sched_switch"), read_format("sched_migrate_task") };
	struct format_text texts[2] = {
		{ (char *)"sched", { texts_of[0], strlen(texts_of[0]) } },
		{ (char *)"sched", { texts_of[1], strlen(texts_of[1]) } },
	};
	struct formats f = { 0 };

	assert_int_equal(formats_parse(&f, texts, 2, NULL, NULL), 0);
	assert_states(&f.list[0], "SDTtXZPI", 255, 256);
	assert_int_equal(f.by_id[372], 1);
	assert_int_equal(f.by_id[371], 2);
	assert_int_equal(f.by_id[1], 0);
	/* Its comm moved out of the record, as a data_loc. */
	assert_true(find(&f.list[1], "comm")->is_data_loc);
	assert_true(find(&f.list[1], "comm")->is_string);
	assert_int_equal(find(&f.list[1], "comm")->size, 4);
	assert_int_equal(find(&f.list[1], "dest_cpu")->offset, 24);
	formats_free(&f);
	free(texts_of[0]);
	free(texts_of[1]);
}

/* What the kernels that printed tests/data/formats have in their headers. */
static const struct printed {
	const char *release, *codes;
	uint64_t preempted;
} printed[] = {
	{ "5.10", "SDTtXZPI", 256 },
	{ "6.1", "SDTtXZPI", 256 },
	{ "6.12", "SDTtXZPI", 256 },
	{ "7.0", "SDTtXZPI", 256 },
};

/* Every line "field:TYPE NAME[N];	offset:O;	size:S;	signed:B;" has its field. */
static void assert_fields(const struct format *f, const char *text)
{
	const char *line = text;
	size_t n = 0;

	while ((line = strstr(line, "\tfield:"))) {
		char declaration[256], *name, *bracket;
		int offset, size, is_signed;
		const struct format_field *field;

		assert_int_equal(sscanf(line, "\tfield:%255[^;];\toffset:%d;\tsize:%d;\tsigned:%d;",
					declaration, &offset, &size, &is_signed),
				 4);
		line += strlen("\tfield:");
		bracket = strchr(declaration, '[');
		if (bracket && bracket[1] != ']')
			*bracket = '\0';
		name = strrchr(declaration, ' ') + 1;
		field = find(f, name);
		assert_int_equal(field->offset, offset);
		assert_int_equal(field->size, size);
		if (!field->is_string)
			assert_int_equal(field->is_signed, is_signed);
		n++;
	}
	assert_int_equal(f->n_fields, n);
	assert_true(n > 4);
}

static void every_event_of_eight_kernels_is_read_as_they_printed_it(void **state)
{
	size_t i, j;

	for (i = 0; i < sizeof(printed) / sizeof(*printed); i++) {
		char pattern[512];
		glob_t files;
		struct format_text texts[64];
		struct formats f = { 0 };
		const struct format *sched_switch = NULL;

		snprintf(pattern, sizeof(pattern), "%s/tests/data/formats/%s/*/*/format",
			 SOURCE_ROOT, printed[i].release);
		assert_int_equal(glob(pattern, 0, NULL, &files), 0);
		assert_in_range(files.gl_pathc, 30, 64);
		for (j = 0; j < files.gl_pathc; j++) {
			char *text = read_path(files.gl_pathv[j]);

			texts[j] = (struct format_text){ (char *)"any", { text, strlen(text) } };
		}
		*notes = '\0';
		assert_int_equal(formats_parse(&f, texts, files.gl_pathc, &to_notes, NULL), 0);
		assert_string_equal(notes, "");
		assert_int_equal(f.n, files.gl_pathc);
		for (j = 0; j < f.n; j++) {
			assert_fields(&f.list[j], texts[j].text.bytes);
			if (!strcmp(f.list[j].name, "sched_switch"))
				sched_switch = &f.list[j];
		}
		assert_non_null(sched_switch);
		assert_states(sched_switch, printed[i].codes, printed[i].preempted - 1,
			      printed[i].preempted);
		for (j = 0; j < f.n; j++)
			free(texts[j].text.bytes);
		formats_free(&f);
		globfree(&files);
	}
}

static void text_that_is_no_format_leaves_its_event_without_fields(void **state)
{
	static char good[] = "name: b\nID: 5\nformat:\n"
			     "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
			     "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
			     "\tfield:int x;\toffset:8;\tsize:4;\tsigned:1;\n\n"
			     "print fmt: \"%d\", REC->x\n";
	static char bad[] = "name: a\nID: 4\nformat:\n\tnonsense";
	struct format_text texts[3] = {
		{ (char *)"s", { bad, strlen(bad) } },
		{ (char *)"s", { (char *)"", 0 } },
		{ (char *)"s", { good, strlen(good) } },
	};
	struct formats f = { 0 };

	*notes = '\0';
	assert_int_equal(formats_parse(&f, texts, 3, &to_notes, NULL), 0);
	assert_int_equal(f.list[0].n_fields, 0);
	assert_string_equal(f.list[0].name, "a");
	assert_int_equal(f.list[0].id, 4);
	assert_int_equal(f.list[2].n_fields, 3);
	assert_int_equal(f.list[2].min_size, 12);
	assert_int_equal(f.list[0].bad_line, 4);
	assert_int_equal(f.list[1].bad_line, 1);
	assert_int_equal(f.list[2].bad_line, 0);
	assert_non_null(strstr(notes, "the format text of s:a is damaged: line 4 of it"));
	formats_free(&f);
}

/* One change of a text of four fields, and the line where it shows; 0: nowhere. */
static void a_line_that_no_kernel_prints_is_found(void **state)
{
	static const char text[] =
		"name: b\nID: 5\nformat:\n"
		"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
		"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
		"\tfield:char a[16];\toffset:8;\tsize:16;\tsigned:0;\n"
		"\tfield:__data_loc char[] b;\toffset:24;\tsize:4;\tsigned:0;\n\n"
		"print fmt: \"%s\", REC->a\n";
	static const struct {
		const char *old, *new;
		uint32_t line;
	} changes[] = {
		{ "name:", "name:", 0 },
		{ ";\tsigned:0;\n\n", ";\n\n", 0 }, /* as Linux 2.6.31 */
		{ "name: b", "nbme: b", 1 },
		{ "ID: 5", "IE: 5", 2 },
		{ "format:", "formal:", 3 },
		{ "field:int", "fiele:int", 5 },
		{ "common_pid;", "common_pid:", 5 },
		{ "common_pid", "common\x01pid", 5 },
		{ "offset:4", "offset:$", 5 },
		{ "offset:4", "offset:1", 5 },	 /* within the field before it */
		{ "offset:24", "offset:84", 8 }, /* a hole where no field is */
		{ "size:16", "size:17", 8 },	 /* into the next field */
		{ "size:16", "size:", 7 },
		{ "signed:1", "signed:7", 5 },
		{ "\n\n\tfield:char", "\n\n?field:char", 7 },
		{ "print fmt", "print fmu", 10 },
		{ "print fmt: \"%s\", REC->a\n", "", 10 },
	};

	assert_int_equal(format_bad_line("", 0), 1);
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		const char *at = strstr(text, changes[i].old);
		char changed[sizeof(text) + 16];
		int n = snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - text), text,
				 changes[i].new, at + strlen(changes[i].old));

		if (format_bad_line(changed, (size_t)n) != changes[i].line)
			fail_msg("\"%s\" for \"%s\": line %u", changes[i].new, changes[i].old,
				 format_bad_line(changed, (size_t)n));
	}
}

/* Stands in for a text that crashes libtraceevent. Linked with --wrap. */
void __real_format_parse_text(const char *system, const char *text, size_t n,
			      struct format_head *head, struct format_wire_field *fields);
void __wrap_format_parse_text(const char *system, const char *text, size_t n,
			      struct format_head *head, struct format_wire_field *fields);

static bool starts(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid > 0;
}

/* What a text that took over the parser could do; each that works is named in @name. */
static void escape(char *name, size_t size)
{
	const struct {
		const char *name;
		bool works;
	} ways[] = {
		{ "open", open("/etc/passwd", O_RDONLY) >= 0 },
		{ "connect", socket(AF_UNIX, SOCK_STREAM, 0) >= 0 },
		{ "fork", starts() },
		{ "kill", kill(getppid(), 0) == 0 },
		{ "dup", dup(3) >= 0 },
		{ "gain privileges", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 },
	};

	snprintf(name, size, "can");
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		if (ways[i].works)
			snprintf(name + strlen(name), size - strlen(name), " %s", ways[i].name);
}

void __wrap_format_parse_text(const char *system, const char *text, size_t n,
			      struct format_head *head, struct format_wire_field *fields)
{
	if (strstr(text, "boom"))
		abort();
	if (strstr(text, "escape")) {
		head->id = 9;
		escape(head->name, sizeof(head->name));
		return;
	}
	__real_format_parse_text(system, text, n, head, fields);
}

static bool same_states(const struct format *a, const struct format *b)
{
	bool same = a->states.n == b->states.n && a->states.mask == b->states.mask &&
		    a->states.preempted == b->states.preempted;

	for (size_t i = 0; same && i < a->states.n; i++)
		same = a->states.flags[i].bit == b->states.flags[i].bit &&
		       a->states.flags[i].code == b->states.flags[i].code;
	return same;
}

static void count_tables(void *user, const char *text)
{
	*(size_t *)user += !!strstr(text, "table of states");
}

#define BATCH  7 /* fewer than the crashes of the parser that end the reading of a file */
#define STRIDE (11 * BATCH) /* a worker is started for each batch, and all would take a minute */

static void a_flipped_bit_that_changes_the_table_of_states_is_told(void **state)
{
	char *whole = read_format("sched_switch");
	size_t size = strlen(whole) + 1, begin = (size_t)(strstr(whole, "print fmt:") - whole);
	struct format_text texts[BATCH + 1];
	char *copies = malloc(size * (BATCH + 1));
	size_t told = 0, differ = 0;

	for (size_t bit = 8 * begin; bit + BATCH <= 8 * (size - 1); bit += STRIDE) {
		struct formats f = { 0 };

		for (size_t i = 0; i <= BATCH; i++) {
			char *copy = memcpy(copies + i * size, whole, size);

			texts[i] = (struct format_text){ (char *)"sched", { copy, size - 1 } };
			if (i < BATCH) /* the last one stays whole */
				copy[(bit + i) / 8] ^= (char)(1 << (bit + i) % 8);
		}
		assert_int_equal(formats_parse(&f, texts, BATCH + 1,
					       &(struct notes){ count_tables, &told }, NULL),
				 0);
		for (size_t i = 0; i < BATCH; i++)
			differ += f.list[i].n_fields && !same_states(&f.list[i], &f.list[BATCH]);
		formats_free(&f);
	}
	assert_true(differ > 100);
	assert_int_equal(told, differ);
	free(copies);
	free(whole);
}

static void a_table_of_states_that_cannot_be_read_is_told(void **state)
{
	static const struct {
		const char *old, *new, *note;
	} changes[] = {
		{ "REC->prev_state", "REC->prev_prio ", "has no table of states" },
		{ "\"I\"", "\"J\"", "that no kernel so far has had" },
	};

	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		char *text = read_format("sched_switch"), *at;
		struct format_text one = { (char *)"sched", { text, strlen(text) } };
		struct formats f = { 0 };

		while ((at = strstr(text, changes[i].old)))
			memcpy(at, changes[i].new, strlen(changes[i].new));
		*notes = '\0';
		assert_int_equal(formats_parse(&f, &one, 1, &to_notes, NULL), 0);
		assert_non_null(strstr(notes, changes[i].note));
		assert_int_equal(f.list[0].states.n, i == 0 ? 0 : 8);
		assert_non_null(find(&f.list[0], "prev_state"));
		formats_free(&f);
		free(text);
	}
}

static void the_parser_can_open_start_and_reach_nothing(void **state)
{
	static char escape[] = "name: escape\nID: 9\nformat:\n";
	struct format_text text = { (char *)"evil", { escape, strlen(escape) } };
	struct formats f = { 0 };

	assert_int_equal(formats_parse(&f, &text, 1, NULL, NULL), 0);
#if defined(__SANITIZE_ADDRESS__)
	/* What a sanitizer needs is left to it. */
	assert_null(strstr(f.list[0].name, "privileges"));
#else
	assert_string_equal(f.list[0].name, "can");
#endif
	formats_free(&f);
}

static void a_crash_of_the_parser_costs_only_its_event(void **state)
{
	static char boom[] = "name: boom\nID: 9\nformat:\n";
	char *good = read_format("sched_switch"), *other = read_format("sched_migrate_task");
	struct format_text texts[4] = {
		{ (char *)"sched", { good, strlen(good) } },
		{ (char *)"evil", { boom, strlen(boom) } },
		{ (char *)"sched", { other, strlen(other) } },
		{ (char *)"evil", { boom, strlen(boom) } },
	};
	struct formats f = { 0 };

	*notes = '\0';
	assert_int_equal(formats_parse(&f, texts, 4, &to_notes, NULL), 0);
	assert_string_equal(f.list[0].name, "sched_switch");
	assert_string_equal(f.list[1].name, "boom");
	assert_int_equal(f.list[1].id, 9);
	assert_int_equal(f.list[1].n_fields, 0);
	assert_string_equal(f.list[2].name, "sched_migrate_task");
	assert_int_equal(f.list[2].n_fields, 9);
	assert_non_null(strstr(notes, "format 1 of system evil crashes or hangs its parser"));
	assert_non_null(strstr(notes, "format 3 of system evil crashes or hangs its parser"));
	formats_free(&f);
	free(good);
	free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kernel_s_table_of_states_is_read_from_its_own_text),
		cmocka_unit_test(texts_that_a_kernel_printed_are_read),
		cmocka_unit_test(every_event_of_eight_kernels_is_read_as_they_printed_it),
		cmocka_unit_test(a_line_that_no_kernel_prints_is_found),
		cmocka_unit_test(text_that_is_no_format_leaves_its_event_without_fields),
		cmocka_unit_test(a_crash_of_the_parser_costs_only_its_event),
		cmocka_unit_test(a_flipped_bit_that_changes_the_table_of_states_is_told),
		cmocka_unit_test(a_table_of_states_that_cannot_be_read_is_told),
		cmocka_unit_test(the_parser_can_open_start_and_reach_nothing),
	};

	return cmocka_run_group_tests_name("formats", tests, NULL, NULL);
}
