/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the requests of a page share. */
#ifndef VIEW_PAGE_PAGE_STATE_H
#define VIEW_PAGE_PAGE_STATE_H

#include "view/page/assets.h"
#include "view/page/figure_cache.h"
#include "view/page/instruction_store.h"
#include "view/page/page.h"
#include "view/page/page_access.h"
#include "view/page/recording_list.h"
#include "view/page/work.h"

struct page {
	const struct page_options *options;
	struct access access;
	struct assets assets;
	struct recording_list recordings;
	struct instruction_store instructions;
	struct figure_cache figures;
	struct works works;
	struct server *server;
	struct server_sockets sockets;
	char *redirect; /* path of the file that sent a browser here, or NULL */
};

/* What there is to ask for; each is a work_run(). */
work_run recordings_request, recording_request;
work_run instructions_request, instruction_file_request, instruction_upload_request;
work_run figure_request, figure_pixels_request, figure_rows_request, figure_file_request;
work_run statistics_request;
work_run analyses_request, table_request, table_file_request, table_picture_request;
work_run lanes_request, lane_shares_request, lane_span_request, lane_runs_request;
work_run rows_request;

#endif
