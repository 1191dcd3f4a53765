/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/schedrec/repair_command.h"

#include <inttypes.h>

#include "cli/outputs.h"
#include "cli/report_error.h"
#include "record/workfile/repair.h"

int repair_command(const char *program, const char *path, const char *output, bool as_root)
{
	const struct notes notes = report_notes(program);
	struct schedtrace_error err;
	struct repaired done;
	int r = outputs_check(&(struct program_output){ "-o", output }, 1, &path, 1, &err);

	outputs_remove_at_signals();
	if (r == 0)
		r = repair_file(path, output, as_root, &notes, &done, &err);
	if (r < 0)
		return report_error(program, &err);
	report(program, "%s: %" PRIu64 " bytes of events, %" PRIu64 " of them not yet in its table",
	       output ? output : path, done.bytes, done.more);
	return 0;
}
