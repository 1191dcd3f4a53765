/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/assert/assert_rules.h"
#include "base/error.h"
#include "base/mem.h"

#define MAX_FILE (1 << 20)

/* The text ends with a NUL, which is part of nothing, so that one may look at *at. */
struct parser {
	const char *name; /* of the file */
	const char *at, *end, *line_begin;
	size_t line;
	struct assert_rule *rule;
	struct schedtrace_error *err;
};

static const struct {
	const char *name;
	enum assert_function function;
	double percent;
} functions[] = {
	{ "sum", ASSERT_SUM },	 { "min", ASSERT_MIN },	    { "max", ASSERT_MAX },
	{ "mean", ASSERT_MEAN }, { "count", ASSERT_COUNT }, { "median", ASSERT_PERCENTILE, 50 },
};

/* "FILE:LINE:COLUMN", columns in characters. */
static void where(const struct parser *p, const char *at, char out[256])
{
	size_t column = 1;

	for (const char *c = p->line_begin; c < at; c++)
		column += ((unsigned char)*c & 0xc0) != 0x80;
	snprintf(out, 256, "%.200s:%zu:%zu", p->name, p->line, column);
}

static int refuse(const struct parser *p, const char *at, const char *fmt, ...)
	SCHEDTRACE_PRINTF(3, 4);

static int refuse(const struct parser *p, const char *at, const char *fmt, ...)
{
	char place[256], what[512];
	va_list args;

	where(p, at, place);
	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	return error_set(p->err, SCHEDTRACE_E_USAGE, "%s: %s", place, what);
}

static int no_memory(const struct parser *p)
{
	return error_set(p->err, SCHEDTRACE_E_NOMEM, "no memory for rules");
}

static void skip_space(struct parser *p)
{
	while (*p->at == ' ' || *p->at == '\t' || *p->at == '\r')
		p->at++;
}

static bool rule_ends(const struct parser *p)
{
	return p->at == p->end || *p->at == '\n' || *p->at == ';' || *p->at == '#';
}

/* What stands at a place, for messages. */
static const char *found(const struct parser *p, char out[64])
{
	size_t n = 0;

	if (rule_ends(p))
		return "the end of the rule";
	while (p->at + n < p->end && n < 20 && !isspace((unsigned char)p->at[n]) &&
	       !strchr("(),;#", p->at[n]))
		n++;
	snprintf(out, 64, "\"%.*s\"", (int)(n ? n : 1), p->at);
	return out;
}

/* A name with dots; NULL without one. The caller frees. */
static int parse_name(struct parser *p, char **out, const char *what)
{
	const char *begin;
	char text[64];

	skip_space(p);
	begin = p->at;
	while (isalnum((unsigned char)*p->at) || *p->at == '_' || *p->at == '.')
		p->at++;
	if (p->at == begin)
		return refuse(p, begin, "%s is missing before %s", what, found(p, text));
	*out = strndup(begin, (size_t)(p->at - begin));
	return *out ? 0 : no_memory(p);
}

static bool find_function(struct assert_rule *rule, const char *name)
{
	char *end;

	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++)
		if (!strcmp(functions[i].name, name)) {
			rule->function = functions[i].function;
			rule->percent = functions[i].percent;
			return true;
		}
	if (name[0] != 'p' || !isdigit((unsigned char)name[1]) ||
	    strspn(name + 1, "0123456789.") != strlen(name + 1))
		return false;
	rule->function = ASSERT_PERCENTILE;
	rule->percent = strtod(name + 1, &end);
	return !*end;
}

static int add_filter(struct parser *p, const char *at, const char *column, bool equal,
		      const char *value)
{
	struct assert_rule *rule = p->rule;
	struct assert_filter *filter, *larger;
	char *end;

	larger = reallocarray(rule->filters, rule->n_filters + 1, sizeof(*larger));
	if (!larger)
		return no_memory(p);
	rule->filters = larger;
	filter = &larger[rule->n_filters];
	*filter = (struct assert_filter){ .equal = equal, .value = strdup(value) };
	if (!filter->value)
		return no_memory(p);
	rule->n_filters++;
	for (size_t s = 0; s < rule->n_sources; s++) {
		struct assert_source *source = &rule->sources[s], named;
		const struct schedtrace_column_info *info;
		auto_free char *name = NULL;

		if (asprintf(&name, "%s.%s", source->table->name, column) < 0)
			return no_memory(p);
		if (!assert_source_find(&named, name)) {
			char place[256];

			where(p, at, place);
			return assert_name_unknown(name, place, p->err);
		}
		if (source->table->choices & SCHEDTRACE_FIRST_ONLY)
			return refuse(p, at,
				      "%s holds only the first of many rows, so none can be chosen "
				      "by %s",
				      source->table->name, column);
		filter->column[s] = named.column;
		info = source->table->columns[named.column];
		if (info->type == SCHEDTRACE_REAL)
			return refuse(p, at, "%s is a figure; rows can be chosen by names and ids",
				      column);
		errno = 0;
		filter->number = strtoll(value, &end, 10);
		if (info->type == SCHEDTRACE_INT && (errno || end == value || *end))
			return refuse(p, at, "%s is a number, and \"%s\" is none", column, value);
	}
	return 0;
}

/* A word, or text between quotes. */
static int parse_value(struct parser *p, char **out)
{
	const char *begin = p->at, *end;
	char text[64];

	if (*begin == '\'' || *begin == '"') {
		begin++;
		end = memchr(begin, *p->at, (size_t)(p->end - begin));
		if (!end || memchr(begin, '\n', (size_t)(end - begin)))
			return refuse(p, p->at, "the %c at the end of the value is missing",
				      *p->at);
		p->at = end + 1;
	} else {
		while (p->at < p->end && !isspace((unsigned char)*p->at) &&
		       !strchr(",();#'\"", *p->at))
			p->at++;
		end = p->at;
		if (end == begin)
			return refuse(p, begin, "a value is missing before %s", found(p, text));
	}
	if (memchr(begin, '\0', (size_t)(end - begin)))
		return refuse(p, begin, "a value cannot hold a NUL byte");
	*out = strndup(begin, (size_t)(end - begin));
	return *out ? 0 : no_memory(p);
}

static int parse_filter(struct parser *p)
{
	auto_free char *column = NULL;
	auto_free char *value = NULL;
	const char *at;
	bool equal;
	char text[64];
	int r;

	skip_space(p);
	at = p->at;
	r = parse_name(p, &column, "a column to choose rows by, such as comm=make,");
	if (r)
		return r;
	skip_space(p);
	equal = *p->at == '=';
	if (!equal && (p->at[0] != '!' || p->at[1] != '='))
		return refuse(p, p->at, "= or != is missing before %s", found(p, text));
	p->at += equal ? 1 : 2;
	skip_space(p);
	r = parse_value(p, &value);
	return r ? r : add_filter(p, at, column, equal, value);
}

/* Up to the closing bracket; the opening one, or what was before the first comma, is behind. */
static int parse_filters(struct parser *p, bool first)
{
	char text[64];

	for (;; first = false) {
		int r;

		skip_space(p);
		if (*p->at == ')' && !first) {
			p->at++;
			return 0;
		}
		if (!first && *p->at != ',')
			return refuse(p, p->at, "a comma or a ) is missing before %s",
				      found(p, text));
		p->at += !first;
		r = parse_filter(p);
		if (r)
			return r;
	}
}

/* A measure, TABLE.COLUMN, or TABLE where rows are counted. */
static int resolve(struct parser *p, const char *at, const char *name, bool has_function)
{
	struct assert_rule *rule = p->rule;
	const struct assert_measure *measure = assert_measure_find(name);
	char place[256];

	if (measure) {
		for (; rule->n_sources < 2 && measure->columns[rule->n_sources]; rule->n_sources++)
			if (!assert_source_find(&rule->sources[rule->n_sources],
						measure->columns[rule->n_sources]))
				return refuse(p, at, "no column %s",
					      measure->columns[rule->n_sources]);
		if (!has_function && measure->function < 0)
			return refuse(p, at, "%s needs a function: max(%s), p99(%s), mean(%s)",
				      name, name, name, name);
		if (!has_function)
			rule->function = (enum assert_function)measure->function;
		return measure->filter ? add_filter(p, at, measure->filter, true, measure->value)
				       : 0;
	}
	rule->n_sources = 1;
	if (!assert_source_find(&rule->sources[0], name) ||
	    (rule->sources[0].column == SIZE_MAX &&
	     (!has_function || rule->function != ASSERT_COUNT))) {
		where(p, at, place);
		return assert_name_unknown(name, place, p->err);
	}
	if (!has_function)
		return refuse(p, at, "%s has many rows: say sum(%s), max(%s), mean(%s) or the like",
			      name, name, name, name);
	return 0;
}

/* The unit, and whether the function makes sense. */
static int check_column(struct parser *p, const char *at)
{
	struct assert_rule *rule = p->rule;
	const struct assert_source *source = &rule->sources[0];
	const struct schedtrace_column_info *column;

	rule->unit = "1";
	if (rule->function == ASSERT_COUNT)
		return 0;
	column = source->table->columns[source->column];
	rule->unit = column->unit;
	if (column->type == SCHEDTRACE_TEXT)
		return refuse(p, at, "%s is text; only count() can be asked of it", column->name);
	if (rule->function == ASSERT_PERCENTILE && assert_below_zero(source))
		return refuse(p, at, "%s can be less than 0; percentiles are of what cannot",
			      column->name);
	if (!*column->unit && rule->function != ASSERT_MIN && rule->function != ASSERT_MAX)
		return refuse(p, at, "%s is no quantity; only count(), min() and max() make sense",
			      column->name);
	return 0;
}

static int parse_figure(struct parser *p)
{
	struct assert_rule *rule = p->rule;
	auto_free char *name = NULL;
	auto_free char *what = NULL;
	const char *at = p->at;
	int r = parse_name(p, &name, "a measure such as migrations, or a function,");

	if (r)
		return r;
	skip_space(p);
	if (find_function(rule, name)) {
		if (rule->function == ASSERT_PERCENTILE &&
		    !(rule->percent > 0 && rule->percent <= 100))
			return refuse(p, at, "%s is no percentile; there are p1 to p100, and p99.9",
				      name);
		if (*p->at != '(')
			return refuse(p, p->at, "%s needs brackets: %s(on_cpu)", name, name);
		p->at++;
		skip_space(p);
		at = p->at;
		r = parse_name(p, &what, "a measure or TABLE.COLUMN");
		if (!r)
			r = resolve(p, at, what, true);
		if (!r)
			r = check_column(p, at);
		return r ? r : parse_filters(p, false);
	}
	r = resolve(p, at, name, false);
	if (!r)
		r = check_column(p, at);
	if (r || *p->at != '(')
		return r;
	p->at++;
	return parse_filters(p, true);
}

static bool takes_unit(const char *unit)
{
	return *unit == '%' || strcmp(quantity_units_of(unit), unit);
}

/* Units, as the figure's own: a time needs one of time, a count none. */
static int parse_unit(struct parser *p, const char *number)
{
	struct assert_rule *rule = p->rule;
	bool adds_up = rule->function == ASSERT_SUM || rule->function == ASSERT_COUNT;
	const struct quantity_unit *unit;
	const char *at = p->at;
	size_t n;

	while (isalpha((unsigned char)*p->at) || *p->at == '%' || (unsigned char)*p->at >= 0x80)
		p->at++;
	n = (size_t)(p->at - at);
	unit = quantity_unit_find(at, n);
	if (n && !unit)
		return refuse(p, at, "no unit %.*s", (int)(n < 20 ? n : 20), at);
	if (unit && !strcmp(unit->base, "%") && !strcmp(rule->unit, "ns") && adds_up) {
		rule->of_time = true;
	} else if (unit && strcmp(unit->base, rule->unit)) {
		if (takes_unit(rule->unit))
			return refuse(p, at, "the figure is in %s, and the limit in %.*s",
				      quantity_units_of(rule->unit), (int)n, at);
		return refuse(p, at, "the figure is a number without a unit, and the limit in %.*s",
			      (int)n, at);
	} else if (!unit && rule->limit != 0 && takes_unit(rule->unit)) {
		return refuse(p, number, "the limit needs a unit: %s",
			      quantity_units_of(rule->unit));
	}
	rule->limit *= unit ? unit->factor : 1;
	skip_space(p);
	if (*p->at != '/')
		return 0;
	if (p->at[1] != 's' || isalnum((unsigned char)p->at[2]))
		return refuse(p, p->at, "only /s, a second of recorded time, can follow a limit");
	if (!adds_up || rule->of_time)
		return refuse(p, p->at,
			      "only a sum or a count can be divided by the time, with /s");
	rule->per_second = true;
	p->at += 2;
	return 0;
}

static int parse_limit(struct parser *p)
{
	const char *begin;
	char number[64], text[64], *end;
	size_t n;

	skip_space(p);
	begin = p->at;
	n = strspn(begin, "0123456789.+-");
	if (n && (begin[n] == 'e' || begin[n] == 'E') &&
	    (isdigit((unsigned char)begin[n + 1]) ||
	     strchr("+-", begin[n + 1] ? begin[n + 1] : 'x')))
		n += 1 + strspn(begin + n + 1, "0123456789+-");
	snprintf(number, sizeof(number), "%.*s", (int)(n < 63 ? n : 63), begin);
	p->rule->limit = strtod(number, &end);
	if (!n)
		return refuse(p, begin, "a number is missing before %s", found(p, text));
	if (*end || n > 62 || !isfinite(p->rule->limit))
		return refuse(p, begin, "%s is no number", number);
	p->at += n;
	skip_space(p);
	return parse_unit(p, begin);
}

static int parse_rule(struct parser *p)
{
	struct assert_rule *rule = p->rule;
	const char *begin = p->at;
	char text[64];
	size_t n;
	int r = parse_figure(p);

	if (r)
		return r;
	skip_space(p);
	n = compare_parse(p->at, &rule->compare);
	if (!n && *p->at == '=')
		return refuse(p, p->at, "= chooses rows; a comparison is ==");
	if (!n)
		return refuse(p, p->at,
			      "a comparison, <, <=, >, >=, == or !=, is missing before %s",
			      found(p, text));
	p->at += n;
	r = parse_limit(p);
	if (r)
		return r;
	n = (size_t)(p->at - begin);
	while (n && isspace((unsigned char)begin[n - 1]))
		n--;
	rule->text = strndup(begin, n);
	rule->line = p->line;
	skip_space(p);
	if (!rule_ends(p))
		return refuse(p, p->at,
			      "the rule ends before %s; put ; or a new line between rules",
			      found(p, text));
	return rule->text ? 0 : no_memory(p);
}

int assert_rules_parse(struct assert_rules *out, const char *name, const char *text, size_t size,
		       struct schedtrace_error *err)
{
	struct parser p = { .name = name,
			    .at = text,
			    .end = text + size,
			    .line_begin = text,
			    .line = 1,
			    .err = err };

	*out = (struct assert_rules){ 0 };
	while (p.at < p.end) {
		struct assert_rule *larger;
		int r;

		skip_space(&p);
		if (*p.at == '#')
			p.at += strcspn(p.at, "\n");
		if (p.at < p.end && (*p.at == '\n' || *p.at == ';')) {
			p.line += *p.at == '\n';
			p.line_begin = *p.at == '\n' ? p.at + 1 : p.line_begin;
			p.at++;
			continue;
		}
		if (p.at >= p.end)
			break;
		larger = reallocarray(out->list, out->n + 1, sizeof(*larger));
		if (!larger)
			return no_memory(&p);
		out->list = larger;
		p.rule = &larger[out->n++];
		*p.rule = (struct assert_rule){ 0 };
		r = parse_rule(&p);
		if (r)
			return r;
	}
	if (!out->n)
		return error_set(err, SCHEDTRACE_E_USAGE, "%s: there is no rule in it", name);
	return 0;
}

int assert_rules_read(struct assert_rules *out, const char *rules, struct schedtrace_error *err)
{
	auto_free char *text = NULL;
	auto_fclose FILE *f = NULL;
	size_t n;

	*out = (struct assert_rules){ 0 };
	if (rules[strcspn(rules, "<>=!")])
		return assert_rules_parse(out, "rule", rules, strlen(rules), err);
	f = fopen(rules, "re");
	if (!f)
		return error_errno(err, errno == ENOENT ? SCHEDTRACE_E_USAGE : SCHEDTRACE_E_IO,
				   errno, "%s: no rule, and as a file", rules);
	text = malloc(MAX_FILE + 1);
	if (!text)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for rules");
	n = fread(text, 1, MAX_FILE, f);
	if (ferror(f))
		return error_errno(err, SCHEDTRACE_E_IO, errno, "%s", rules);
	if (n == MAX_FILE)
		return error_set(err, SCHEDTRACE_E_LIMIT, "%s: no file of rules: longer than 1 MiB",
				 rules);
	text[n] = '\0';
	return assert_rules_parse(out, rules, text, n, err);
}

void assert_rules_free(struct assert_rules *rules)
{
	for (size_t i = 0; i < rules->n; i++) {
		for (size_t k = 0; k < rules->list[i].n_filters; k++)
			free(rules->list[i].filters[k].value);
		free(rules->list[i].filters);
		free(rules->list[i].text);
	}
	free(rules->list);
	*rules = (struct assert_rules){ 0 };
}
