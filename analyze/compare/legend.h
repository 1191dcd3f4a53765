/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ANALYZE_COMPARE_LEGEND_H
#define ANALYZE_COMPARE_LEGEND_H

#include <stdio.h>

#include "analyze/compare/compare.h"
#include "analyze/compare/groups.h"

/* What the columns of a comparison say, and what they leave open: a line for each thing. */
void legend_write(FILE *f, const struct groups *groups, const struct compare_settings *compare);

#endif
