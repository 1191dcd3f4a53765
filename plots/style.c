/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plots/style.h"

#include <string.h>

/* The palette of Okabe and Ito; a yellow line on white is hard to see, so black is one instead. */
static const struct plot_style cycle[] = {
	{ 0x0072b2, 0x0072b2, HATCH_NONE, { 0 } },
	{ 0xe69f00, 0xd55e00, HATCH_UP, { 5, 2 } },
	{ 0x009e73, 0x009e73, HATCH_DOWN, { 2, 1.5 } },
	{ 0xcc79a7, 0xcc79a7, HATCH_CROSS, { 7, 2, 1.5, 2 } },
	{ 0x56b4e9, 0x56b4e9, HATCH_NONE, { 10, 2.5 } },
	{ 0xd55e00, 0xe69f00, HATCH_FLAT, { 1, 1 } },
	{ 0xf0e442, 0x000000, HATCH_DOTS, { 3, 3 } },
	{ 0xa6a6a6, 0x7f7f7f, HATCH_DOWN, { 7, 1.5, 3, 1.5 } },
	{ 0x8fd0bd, 0x117733, HATCH_NONE, { 4, 1, 1, 1 } },
	{ 0xe8c3d8, 0x882255, HATCH_UP, { 8, 4 } },
	{ 0x003d63, 0x003d63, HATCH_FLAT, { 2, 4 } },
	{ 0xf7e0b0, 0x8f6300, HATCH_CROSS, { 12, 2, 2, 2 } },
};

#define N_CYCLE (sizeof(cycle) / sizeof(*cycle))

static const struct {
	const char *name;
	struct plot_style style;
} named[] = {
	{ "on CPU", { 0x0072b2, 0x0072b2, HATCH_NONE, { 0 } } },
	{ "running", { 0x0072b2, 0x0072b2, HATCH_NONE, { 0 } } },
	{ "busy", { 0x0072b2, 0x0072b2, HATCH_NONE, { 0 } } },
	{ "woken", { 0xe69f00, 0xe69f00, HATCH_UP, { 5, 2 } } },
	{ "waiting after a wakeup", { 0xe69f00, 0xe69f00, HATCH_UP, { 5, 2 } } },
	{ "waiting after a preemption", { 0xd55e00, 0xd55e00, HATCH_DOWN, { 2, 1.5 } } },
	{ "waiting when new", { 0xf0e442, 0x000000, HATCH_DOTS, { 3, 3 } } },
	{ "waiting since before the begin", { 0xf3cf8f, 0xe69f00, HATCH_FLAT, { 5, 2 } } },
	{ "idle kernel thread", { 0xeeeeee, 0x9a9a9a, HATCH_NONE, { 1, 1 } } },
	{ "new and not yet runnable", { 0x009e73, 0x009e73, HATCH_FLAT, { 7, 1.5, 3, 1.5 } } },
	{ "in the state that it ends in", { 0x8fd0bd, 0x009e73, HATCH_DOWN, { 2, 1.5 } } },
	{ "wait wakeup", { 0xe69f00, 0xe69f00, HATCH_UP, { 5, 2 } } },
	{ "preempted", { 0xd55e00, 0xd55e00, HATCH_DOWN, { 2, 1.5 } } },
	{ "new", { 0xf0e442, 0x000000, HATCH_DOTS, { 3, 3 } } },
	{ "wait preempt", { 0xd55e00, 0xd55e00, HATCH_DOWN, { 2, 1.5 } } },
	{ "wait new", { 0xf0e442, 0x000000, HATCH_DOTS, { 3, 3 } } },
	{ "wait old", { 0xf3cf8f, 0xe69f00, HATCH_FLAT, { 5, 2 } } },
	{ "runnable", { 0xf3cf8f, 0xe69f00, HATCH_FLAT, { 5, 2 } } },
	{ "sleep", { 0xcfe7f7, 0x56b4e9, HATCH_NONE, { 10, 2.5 } } },
	{ "sleeping", { 0xcfe7f7, 0x56b4e9, HATCH_NONE, { 10, 2.5 } } },
	{ "idle", { 0xeeeeee, 0x9a9a9a, HATCH_NONE, { 1, 1 } } },
	{ "blocked", { 0xcc79a7, 0xcc79a7, HATCH_CROSS, { 7, 2, 1.5, 2 } } },
	{ "stopped", { 0x000000, 0x000000, HATCH_NONE, { 3, 3 } } },
	{ "made", { 0x009e73, 0x009e73, HATCH_FLAT, { 7, 1.5, 3, 1.5 } } },
	{ "wake", { 0x0072b2, 0x0072b2, HATCH_NONE, { 0 } } },
	{ "at a wakeup", { 0x0072b2, 0x0072b2, HATCH_NONE, { 0 } } },
	{ "fork", { 0xe69f00, 0xe69f00, HATCH_UP, { 5, 2 } } },
	{ "at a fork", { 0xe69f00, 0xe69f00, HATCH_UP, { 5, 2 } } },
	{ "at an exec", { 0xcc79a7, 0xcc79a7, HATCH_CROSS, { 7, 2, 1.5, 2 } } },
	{ "balance", { 0x009e73, 0x009e73, HATCH_DOWN, { 2, 1.5 } } },
	{ "for balance", { 0x009e73, 0x009e73, HATCH_DOWN, { 2, 1.5 } } },
	{ "idle while others wait", { 0xfbd3c0, 0xd55e00, HATCH_UP, { 3, 1 } } },
	{ "records lost", { 0xf3d9d9, 0x882255, HATCH_CROSS, { 1, 2 } } },
	{ "the clock was set back", { 0xf3d9d9, 0x882255, HATCH_FLAT, { 1, 2 } } },
	{ "offline", { 0x7f7f7f, 0x7f7f7f, HATCH_NONE, { 1, 3 } } },
	{ "1 runnable", { 0xc6dbef, 0xc6dbef, HATCH_NONE, { 0 } } },
	{ "2 runnable", { 0x6baed6, 0x6baed6, HATCH_NONE, { 0 } } },
	{ "3 or 4 runnable", { 0x2171b5, 0x2171b5, HATCH_NONE, { 0 } } },
	{ "5 to 8 runnable", { 0x08306b, 0x08306b, HATCH_NONE, { 0 } } },
	{ "more runnable", { 0x000000, 0x000000, HATCH_NONE, { 0 } } },
	{ "lasting", { 0x8fd0bd, 0x009e73, HATCH_DOWN, { 2, 1.5 } } },
};

static const struct plot_style others = { 0xbdbdbd, 0x7f7f7f, HATCH_NONE, { 2, 2 } };
static const struct plot_style unknown = { 0xffffff, 0xa0a0a0, HATCH_CROSS, { 1, 2 } };

static const struct plot_style not_chosen = { 0xe4e4e4, 0xe4e4e4, HATCH_NONE, { 0 } };
static const struct plot_style total = { 0xbdbdbd, 0xbdbdbd, HATCH_NONE, { 0 } };

#define FIRST_NAMED 500

const struct plot_style *plot_style(size_t index)
{
	if (index == STYLE_OTHERS)
		return &others;
	if (index == STYLE_UNKNOWN)
		return &unknown;
	if (index == STYLE_TOTAL)
		return &total;
	if (index == STYLE_NOT_CHOSEN)
		return &not_chosen;
	if (index >= FIRST_NAMED && index - FIRST_NAMED < sizeof(named) / sizeof(*named))
		return &named[index - FIRST_NAMED].style;
	return &cycle[index % N_CYCLE];
}

size_t plot_style_of(const char *name, size_t index)
{
	for (size_t i = 0; i < sizeof(named) / sizeof(*named); i++)
		if (!strcmp(named[i].name, name))
			return FIRST_NAMED + i;
	if (!strncmp(name, "unknown", 7) || !strncmp(name, "possibly", 8))
		return STYLE_UNKNOWN;
	return !strncmp(name, "others", 6) ? STYLE_OTHERS : index;
}
