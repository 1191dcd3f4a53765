/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VIEW_REQUESTS_REQUEST_IMPORT_H
#define VIEW_REQUESTS_REQUEST_IMPORT_H

#include "input/input.h"
#include "view/requests/request_store.h"

/*
 * Adds the requests of a recording. Those of the same recording that were added before, from
 * whatever file, are not added again; where a run of live has put them there, none is. *rows is how
 * many it has, *added how many were added.
 */
int request_import(struct request_store *store, struct input *input, uint64_t *rows,
		   uint64_t *added, struct schedtrace_error *err);

#endif
