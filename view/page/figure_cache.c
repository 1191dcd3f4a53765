/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/page/figure_cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/mem.h"
#include "view/page/page_state.h"

#define WAIT_NS 100000000 /* between two looks whether somebody still waits */
#define GRACE_S 3	  /* for who asks for something else of the same recording */

void figure_cache_open(struct figure_cache *cache)
{
	*cache = (struct figure_cache){ .uses = 0 };
	pthread_mutex_init(&cache->lock, NULL);
	pthread_cond_init(&cache->changed, NULL);
}

static void drop_figure(struct cached_figure *f)
{
	figure_free(&f->figure);
	free(f->text);
	f->recording->users--;
	*f = (struct cached_figure){ .state = CACHE_FREE };
}

static void drop_recording(struct cached_recording *r)
{
	if (r->timeline_state == CACHE_READY)
		timeline_free(&r->timeline);
	trace_columns_close(&r->columns);
	recording_file_close(&r->file);
	*r = (struct cached_recording){ .state = CACHE_FREE };
}

void figure_cache_close(struct figure_cache *cache)
{
	for (size_t i = 0; i < CACHE_FIGURES; i++)
		if (cache->figures[i].state == CACHE_READY)
			drop_figure(&cache->figures[i]);
	for (size_t i = 0; i < CACHE_RECORDINGS; i++)
		if (cache->recordings[i].state == CACHE_READY)
			drop_recording(&cache->recordings[i]);
	pthread_cond_destroy(&cache->changed);
	pthread_mutex_destroy(&cache->lock);
}

/* Waits for a change, or for the time to look again. Under the lock, as what follows is. */
static int wait_for_change(struct figure_cache *cache, struct work *work, const char *what,
			   uint64_t done, uint64_t total, struct schedtrace_error *err)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += WAIT_NS;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_cond_timedwait(&cache->changed, &cache->lock, &until);
	return work_step(work, what, done, total, err);
}

static struct cached_recording *find_recording(struct figure_cache *cache,
					       const struct recording_file *file, bool sample)
{
	for (size_t i = 0; i < CACHE_RECORDINGS; i++) {
		struct cached_recording *r = &cache->recordings[i];

		if (r->state != CACHE_FREE && r->sample == sample && r->file.id == file->id &&
		    !memcmp(&r->file.version, &file->version, sizeof(file->version)))
			return r;
	}
	return NULL;
}

static struct cached_figure *find_figure(struct figure_cache *cache,
					 const struct cached_recording *recording, const char *text)
{
	for (size_t i = 0; i < CACHE_FIGURES; i++) {
		struct cached_figure *f = &cache->figures[i];

		if (f->state != CACHE_FREE && f->recording == recording && !strcmp(f->text, text))
			return f;
	}
	return NULL;
}

static struct cached_figure *free_figure(struct figure_cache *cache)
{
	struct cached_figure *oldest = NULL;

	for (size_t i = 0; i < CACHE_FIGURES; i++) {
		struct cached_figure *f = &cache->figures[i];

		if (f->state == CACHE_FREE)
			return f;
		if (f->state == CACHE_READY && !f->users &&
		    (!oldest || f->last_use < oldest->last_use))
			oldest = f;
	}
	if (oldest)
		drop_figure(oldest);
	return oldest;
}

/* Figures that nobody looks at do not keep a recording. */
static bool is_unused(struct figure_cache *cache, const struct cached_recording *recording)
{
	int users = recording->users;

	for (size_t i = 0; i < CACHE_FIGURES; i++) {
		const struct cached_figure *f = &cache->figures[i];

		users -= f->state == CACHE_READY && f->recording == recording && !f->users;
	}
	return recording->state == CACHE_READY && !users;
}

static struct cached_recording *free_recording(struct figure_cache *cache)
{
	struct cached_recording *oldest = NULL;

	for (size_t i = 0; i < CACHE_RECORDINGS; i++) {
		struct cached_recording *r = &cache->recordings[i];

		if (r->state == CACHE_FREE)
			return r;
		if (is_unused(cache, r) && (!oldest || r->last_use < oldest->last_use))
			oldest = r;
	}
	for (size_t i = 0; oldest && i < CACHE_FIGURES; i++)
		if (cache->figures[i].state == CACHE_READY && cache->figures[i].recording == oldest)
			drop_figure(&cache->figures[i]);
	if (oldest)
		drop_recording(oldest);
	return oldest;
}

/* A recording that is read. */
struct reading {
	struct figure_cache *cache;
	struct work *work;
	struct cached_recording *recording;
	const char *what;
	time_t alone_since; /* 0: somebody waits */
};

/* How far it is. Who asked for it first may have gone while others wait for the same. */
static int tell_reading(void *user, uint64_t done, uint64_t total, struct schedtrace_error *err)
{
	struct reading *reading = user;
	struct timespec now;
	int r = work_step(reading->work, reading->what, done, total, err), waiting;

	pthread_mutex_lock(&reading->cache->lock);
	waiting = reading->recording->waiting;
	reading->recording->done = done;
	reading->recording->total = total;
	pthread_mutex_unlock(&reading->cache->lock);
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (r == 0 || waiting)
		reading->alone_since = 0;
	else if (!reading->alone_since)
		reading->alone_since = now.tv_sec;
	if (r == 0 || atomic_load(&reading->work->page->works.stopping))
		return r;
	return waiting || now.tv_sec - reading->alone_since < GRACE_S ? 0 : r;
}

/* Opens it, unlocked meanwhile. Takes over the file unless it fails. */
static int open_recording(struct figure_cache *cache, struct work *work, struct cached_recording *r,
			  const struct recording_file *file, bool sample, const char *what,
			  struct schedtrace_error *err)
{
	struct reading reading = { cache, work, r, what, 0 };
	const struct trace_columns_watch watch = { tell_reading, &reading };
	struct input_options options = work->page->options->input;
	int status;

	*r = (struct cached_recording){
		.state = CACHE_OPENING, .file = *file, .sample = sample, .users = 1
	};
	options.note = NULL; /* GET /api/recording tells them */
	pthread_mutex_unlock(&cache->lock);
	status = (sample ? trace_columns_sample : trace_columns_open)(&r->columns, file->path,
								      &options, &watch, err);
	if (status < 0)
		trace_columns_close(&r->columns);
	pthread_mutex_lock(&cache->lock);
	if (status < 0)
		*r = (struct cached_recording){ .state = CACHE_FREE };
	else
		r->state = CACHE_READY;
	pthread_cond_broadcast(&cache->changed);
	return status;
}

static int get_recording(struct figure_cache *cache, struct work *work, struct recording_file *file,
			 struct cached_recording **out, struct schedtrace_error *err)
{
	bool sample = request_arg(work->request, "coarse") != NULL;
	struct cached_recording *r;
	char what[300];
	int status = 0;

	snprintf(what, sizeof(what), "reading %s", file->name);
	while (status == 0) {
		r = find_recording(cache, file, sample);

		if (r && r->state == CACHE_READY) {
			recording_file_close(file);
			r->users++;
			r->last_use = ++cache->uses;
			*out = r;
			return 0;
		}
		if (!r && (*out = free_recording(cache))) {
			status = work_step(work, what, 0, 0, err);
			return status < 0
				       ? status
				       : open_recording(cache, work, *out, file, sample, what, err);
		}
		if (r)
			r->waiting++;
		status = wait_for_change(cache, work, what, r ? r->done : 0, r ? r->total : 0, err);
		r = find_recording(cache, file, sample); /* it may have been opened, or failed */
		if (r && r->waiting)
			r->waiting--;
	}
	return status;
}

static int make_figure(struct figure_cache *cache, struct cached_figure *f,
		       struct cached_recording *recording, char *text, struct schedtrace_error *err)
{
	int status;

	*f = (struct cached_figure){
		.state = CACHE_OPENING, .recording = recording, .text = text, .users = 1
	};
	pthread_mutex_unlock(&cache->lock);
	status = figure_make(&f->figure, &recording->columns, text, strlen(text), err);
	pthread_mutex_lock(&cache->lock);
	if (status < 0)
		*f = (struct cached_figure){ .state = CACHE_FREE };
	else
		f->state = CACHE_READY;
	pthread_cond_broadcast(&cache->changed);
	return status;
}

/* Takes over @text, and the use of @recording; both are given back if it fails. */
static int get_figure(struct figure_cache *cache, struct work *work,
		      struct cached_recording *recording, char *text, struct cached_figure **out,
		      struct schedtrace_error *err)
{
	int status = 0;

	while (status == 0) {
		struct cached_figure *f = find_figure(cache, recording, text);

		if (f && f->state == CACHE_READY) {
			f->users++;
			f->last_use = ++cache->uses;
			recording->users--; /* that of the figure is there */
			free(text);
			*out = f;
			return 0;
		}
		if (!f && (*out = free_figure(cache))) {
			status = make_figure(cache, *out, recording, text, err);
			if (status == 0)
				return 0;
			break;
		}
		status = wait_for_change(cache, work, "making a figure", 0, 0, err);
	}
	recording->users--;
	free(text);
	return status;
}

/* ---- timelines ------------------------------------------------------------------------ */

static int make_timeline(struct figure_cache *cache, struct work *work, struct cached_recording *r,
			 const char *what, struct schedtrace_error *err)
{
	struct reading reading = { cache, work, r, what, 0 };
	int status;

	r->timeline_state = CACHE_OPENING;
	pthread_mutex_unlock(&cache->lock);
	status = timeline_new(&r->timeline, r->columns.context, true, err);
	if (status == 0)
		status = timeline_feed_all(&r->timeline, &r->columns.rows, tell_reading, &reading,
					   err);
	if (status == 0)
		status = timeline_finish(&r->timeline, err);
	if (status < 0)
		timeline_free(&r->timeline);
	pthread_mutex_lock(&cache->lock);
	r->timeline_state = status < 0 ? CACHE_FREE : CACHE_READY;
	pthread_cond_broadcast(&cache->changed);
	return status;
}

static int get_timeline(struct figure_cache *cache, struct work *work, struct cached_recording *r,
			struct schedtrace_error *err)
{
	char what[300];
	int status = 0;

	snprintf(what, sizeof(what), "lanes of %s", r->file.name);
	while (status == 0 && r->timeline_state != CACHE_READY) {
		if (r->timeline_state == CACHE_FREE) {
			status = make_timeline(cache, work, r, what, err);
			continue;
		}
		r->waiting++;
		status = wait_for_change(cache, work, what, r->done, r->total, err);
		r->waiting--;
	}
	return status;
}

int figure_cache_get_recording(struct work *work, bool timeline, struct cached_recording **out,
			       struct schedtrace_error *err)
{
	struct figure_cache *cache = &work->page->figures;
	struct recording_file file;
	int r;

	if (request_arg(work->request, "coarse"))
		return error_set(err, SCHEDTRACE_E_USAGE, "coarse: it is for figures alone");
	r = recording_list_find(&work->page->recordings, request_arg(work->request, "recording"),
				&file, err);
	if (r < 0)
		return r;
	pthread_mutex_lock(&cache->lock);
	r = get_recording(cache, work, &file, out, err);
	if (r < 0) {
		recording_file_error(&file, r, err);
		recording_file_close(&file);
	} else if (timeline) {
		r = get_timeline(cache, work, *out, err);
		if (r < 0)
			(*out)->users--;
	}
	pthread_mutex_unlock(&cache->lock);
	return r;
}

void figure_cache_release_recording(struct figure_cache *cache, struct cached_recording *recording)
{
	pthread_mutex_lock(&cache->lock);
	recording->users--;
	pthread_cond_broadcast(&cache->changed);
	pthread_mutex_unlock(&cache->lock);
}

/* ---- figures -------------------------------------------------------------------------- */

int figure_cache_get(struct work *work, struct cached_figure **out, struct schedtrace_error *err)
{
	const struct request *request = work->request;
	struct figure_cache *cache = &work->page->figures;
	struct cached_recording *recording;
	struct recording_file file;
	char *text;
	size_t n;
	int r = recording_list_find(&work->page->recordings, request_arg(request, "recording"),
				    &file, err);

	if (r < 0)
		return r;
	r = instruction_store_text(&work->page->instructions, request_arg(request, "instructions"),
				   &text, &n, err);
	if (r < 0) {
		recording_file_close(&file);
		return r;
	}
	pthread_mutex_lock(&cache->lock);
	r = get_recording(cache, work, &file, &recording, err);
	if (r < 0) {
		recording_file_error(&file, r, err);
		recording_file_close(&file);
		free(text);
	} else {
		r = get_figure(cache, work, recording, text, out, err);
	}
	pthread_mutex_unlock(&cache->lock);
	return r;
}

void figure_cache_release(struct figure_cache *cache, struct cached_figure *figure)
{
	pthread_mutex_lock(&cache->lock);
	figure->users--;
	pthread_cond_broadcast(&cache->changed);
	pthread_mutex_unlock(&cache->lock);
}
