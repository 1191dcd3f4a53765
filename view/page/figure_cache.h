/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Recordings that were opened, and figures and timelines made of them, kept for the next request: a
 * zoom reads nothing again. The few last ones stay.
 */
#ifndef VIEW_PAGE_FIGURE_CACHE_H
#define VIEW_PAGE_FIGURE_CACHE_H

#include <pthread.h>

#include <jansson.h>

#include "view/figure/figure.h"
#include "view/page/recording_list.h"
#include "view/page/work.h"
#include "view/timeline/timeline.h"

#define CACHE_RECORDINGS 4
#define CACHE_FIGURES	 12

enum cache_state { CACHE_FREE, CACHE_OPENING, CACHE_READY };

struct cached_recording {
	enum cache_state state;
	struct recording_file file;
	bool sample; /* a first look, for requests with the argument "coarse" */
	struct trace_columns columns;
	enum cache_state timeline_state; /* made when it is first asked for */
	struct timeline timeline;
	int users;	      /* requests, and figures */
	int waiting;	      /* requests that wait until it is opened, or has a timeline, */
	uint64_t done, total; /* and how far that is */
	uint64_t last_use;
};

struct cached_figure {
	enum cache_state state;
	struct cached_recording *recording;
	char *text; /* of its instructions */
	struct drawn_figure figure;
	int users;
	uint64_t last_use;
};

struct figure_cache {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct cached_recording recordings[CACHE_RECORDINGS];
	struct cached_figure figures[CACHE_FIGURES];
	uint64_t uses;
};

void figure_cache_open(struct figure_cache *cache);
void figure_cache_close(struct figure_cache *cache);

/*
 * The figure that a request's arguments "recording" and "instructions" name, of a sample of the
 * rows if it has "coarse"; to be given back by figure_cache_release().
 */
int figure_cache_get(struct work *work, struct cached_figure **out, struct schedtrace_error *err);
void figure_cache_release(struct figure_cache *cache, struct cached_figure *figure);

/* The recording that the argument "recording" names, with its timeline if that is wanted; to be
 * given back by figure_cache_release_recording(). */
int figure_cache_get_recording(struct work *work, bool timeline, struct cached_recording **out,
			       struct schedtrace_error *err);
void figure_cache_release_recording(struct figure_cache *cache, struct cached_recording *recording);

#endif
