/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CONVERT_STREAM_OPTIONS_H
#define CONVERT_STREAM_OPTIONS_H

#include <stdbool.h>

#include "base/note.h"

struct stream_options {
	bool salvage; /* of an event whose format is damaged the records are left out */
	bool others;  /* keep records that no row is made of, see record_stream_others() */
	bool in_part; /* with those also records that rows keep only in part */
	struct notes notes;
};

#endif
