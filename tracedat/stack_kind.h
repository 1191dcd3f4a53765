/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records that are call stacks and belong to the record before them on their CPU. */
#ifndef TRACEDAT_STACK_KIND_H
#define TRACEDAT_STACK_KIND_H

#include "tracedat/event_format.h"

enum stack_kind { STACK_NONE, STACK_KERNEL, STACK_USER };

enum stack_kind stack_kind_of(const struct format *format);

#endif
