/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is told on standard error at the end of a recording. */
#ifndef RECORD_SCHEDREC_RECORDING_SUMMARY_H
#define RECORD_SCHEDREC_RECORDING_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

#include "record/capture.h"
#include "record/workfile/numbered.h"
#include "record/workfile/workfile.h"
#include "tracedat/tracedat_writer.h"

struct recording_summary {
	const char *program;
	const struct workfile *output;
	const struct capture *capture;
	const struct tracedat_writer *writer;
	const struct readers *readers;
	const struct buffer_counts *counts;
	const struct numbered *numbered; /* NULL: one file */
};

/* Events, time, bytes and the recorder's own cost. */
void recording_summary_print(const struct recording_summary *s);

/* Where the file or a reader failed, and what was left unread; was there a failure? */
bool recording_summary_failures(const struct recording_summary *s);

/* Losses by CPU, and a buffer size that would have held them; were there any? */
bool recording_summary_losses(const struct recording_summary *s);

#endif
