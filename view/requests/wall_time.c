/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/requests/wall_time.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND_US 1000000

/* "90s": a number and a unit, and nothing else. */
static bool parse_age(const char *text, int64_t now_s, int64_t *us)
{
	static const struct {
		char letter;
		int64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	char *end;
	long n = strtol(text, &end, 10);

	if (!isdigit((unsigned char)*text) || n > 1000000000 || !*end || end[1])
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (units[i].letter == *end) {
			*us = (now_s - n * units[i].seconds) * SECOND_US;
			return true;
		}
	return false;
}

/* ".5" as microseconds; further digits are left out. */
static const char *parse_fraction(const char *text, int64_t *us)
{
	*us = 0;
	if (*text != '.' || !isdigit((unsigned char)text[1]))
		return text;
	text++;
	for (int64_t digit = SECOND_US / 10; isdigit((unsigned char)*text); text++, digit /= 10)
		*us += (*text - '0') * digit;
	return text;
}

/* "Z", "+01:00", "+0100"; *known is false where there is none. */
static const char *parse_zone(const char *text, bool *known, int64_t *seconds)
{
	struct tm zone = { 0 };
	const char *end;

	*known = true;
	*seconds = 0;
	if (*text == 'Z')
		return text + 1;
	*known = *text == '+' || *text == '-';
	if (!*known)
		return text;
	end = strptime(text + 1, text[1] && text[2] && text[3] == ':' ? "%H:%M" : "%H%M", &zone);
	*seconds = (zone.tm_hour * 3600 + zone.tm_min * 60) * (*text == '-' ? -1 : 1);
	return end ? end : text;
}

static const char *parse_clock(const char *text, struct tm *tm)
{
	const char *end = strptime(text, "%H:%M:%S", tm);

	return end ? end : strptime(text, "%H:%M", tm);
}

bool wall_time_parse(const char *text, int64_t now_s, int64_t *us)
{
	int64_t fraction = 0, zone_s = 0;
	time_t today = (time_t)now_s;
	const char *end, *clock;
	bool known = false;
	struct tm tm, date;

	if (parse_age(text, now_s, us))
		return true;
	if (!localtime_r(&today, &tm))
		return false;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	date = tm;
	end = strptime(text, "%Y-%m-%d", &date);
	if (end) /* else it has written the half that it took for a date */
		tm = date;
	clock = !end ? text : *end == ' ' || *end == 'T' ? end + 1 : NULL;
	if (clock)
		end = parse_clock(clock, &tm);
	if (end && clock) {
		end = parse_fraction(end, &fraction);
		end = parse_zone(end, &known, &zone_s);
	}
	if (!end || *end)
		return false;
	tm.tm_isdst = -1;
	*us = ((int64_t)(known ? timegm(&tm) - zone_s : mktime(&tm))) * SECOND_US + fraction;
	return true;
}
