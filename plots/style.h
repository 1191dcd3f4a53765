/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Colours that colour-blind people tell apart, with hatches and dashes for print in grey. */
#ifndef PLOTS_STYLE_H
#define PLOTS_STYLE_H

#include <stddef.h>
#include <stdint.h>

enum plot_hatch {
	HATCH_NONE,
	HATCH_UP,    /* lines from lower left to upper right */
	HATCH_DOWN,  /* the other way */
	HATCH_CROSS, /* both */
	HATCH_FLAT,  /* horizontal */
	HATCH_DOTS,
};

struct plot_style {
	uint32_t fill; /* 0xrrggbb */
	uint32_t line; /* of curves */
	enum plot_hatch hatch;
	double dashes[4]; /* lengths on, off, on, off; 0 first: an unbroken line */
};

/* Styles from 0 on differ; after the last they begin again. */
const struct plot_style *plot_style(size_t index);

/* Of a state, or a part of time, that looks the same in every figure; else @index. */
size_t plot_style_of(const char *name, size_t index);

/* Of what is left over, of what is not known, and of the sum of all. */
#define STYLE_OTHERS  1000
#define STYLE_UNKNOWN 1001
#define STYLE_TOTAL   1002
/* Of what the filters leave out. */
#define STYLE_NOT_CHOSEN 1003

#endif
