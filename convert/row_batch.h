/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A batch of rows under construction, column by column. */
#ifndef CONVERT_ROW_BATCH_H
#define CONVERT_ROW_BATCH_H

#include <stdint.h>
#include <stddef.h>

#define ROWS_MAX    16384 /* small enough to stay in the CPU's cache until they are written */
#define ROWS_RECORD 160	  /* no record makes more rows; a marker of samples makes the most */

struct rows {
	size_t n;
	int64_t timestamp[ROWS_MAX];
	int64_t arg0[ROWS_MAX];
	int64_t arg1[ROWS_MAX];
	int32_t pid[ROWS_MAX];
	int32_t event[ROWS_MAX];
	int32_t cpu[ROWS_MAX];
	int32_t comm[ROWS_MAX];
};

static inline void rows_add(struct rows *rows, int64_t timestamp, int32_t cpu, int32_t pid,
			    int32_t comm, int32_t event, int64_t arg0, int64_t arg1)
{
	size_t i = rows->n++;

	rows->timestamp[i] = timestamp;
	rows->arg0[i] = arg0;
	rows->arg1[i] = arg1;
	rows->pid[i] = pid;
	rows->event[i] = event;
	rows->cpu[i] = cpu;
	rows->comm[i] = comm;
}

#endif
