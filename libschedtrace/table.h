/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Typed result columns: how an analysis makes its tables. */
#ifndef TABLE_H
#define TABLE_H

#include <schedtrace/tables.h>

#endif
