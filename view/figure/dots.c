/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/figure/dots.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"

struct filled_pixel {
	uint32_t column, row; /* from the lowest */
	struct mix mix;
};

void dots_begin(struct dots *out, const struct raster_window *window, int spread, uint32_t *dots)
{
	*out = (struct dots){ .window = window, .spread = spread, .dots = dots };
	pthread_mutex_init(&out->lock, NULL);
}

void dots_free(struct dots *d)
{
	pthread_mutex_destroy(&d->lock);
	free(d->filled);
	d->filled = NULL;
}

/* A quotient of whole numbers up to 255; in doubles it is exact, and several times as fast. */
static uint32_t mean(uint64_t sum, uint64_t n)
{
	return (uint32_t)((double)(int64_t)(sum + n / 2) / (double)(int64_t)n);
}

static uint32_t colour_of(const struct mix *mix)
{
	uint32_t red = mean(mix->red, mix->n), green = mean(mix->green, mix->n);
	uint32_t blue = mean(mix->blue, mix->n);

	return UINT32_C(0xff000000) | red << 16 | green << 8 | blue;
}

/* How many pixels may have rows if these are still to spread. */
static size_t most_filled(const struct dots *d)
{
	size_t n = (size_t)d->window->width * d->window->height;

	return d->spread == DOTS_SPREAD ? n / 50 : d->spread > 0 ? n : 0;
}

/* Where hardly a pixel has a row, one alone would not be seen. */
static size_t spread_of(const struct dots *d)
{
	size_t n = (size_t)d->window->width * d->window->height;

	if (d->spread != DOTS_SPREAD)
		return (size_t)d->spread;
	return d->n_filled > n / 50 ? 0 : d->n_filled > n / 5000 ? 1 : 3;
}

static uint32_t *dot_of(const struct dots *d, size_t column, size_t row)
{
	return &d->dots[(d->window->height - 1 - row) * d->window->width + column];
}

static void note_filled(struct dots *d, const struct raster *strip, size_t column)
{
	size_t height = d->window->height;

	for (size_t i = 0; i < strip->n_rows && !d->failed; i++) {
		uint32_t row = strip->rows[i];
		const struct mix *mix = &strip->counts[column * height + row];

		if (!strip->touched[column] || !mix->n)
			continue;
		if (!array_room(d->filled, d->n, d->max))
			d->failed = true;
		else
			d->filled[d->n++] =
				(struct filled_pixel){ (uint32_t)(strip->first + column), row,
						       *mix };
	}
}

/* Row by row, since so they lie in the picture; columns are in the cache. */
static size_t put_colours(const struct dots *d, const struct raster *strip)
{
	size_t height = d->window->height, filled = 0;
	const uint8_t *touched = strip->touched;

	for (size_t i = 0; i < strip->n_rows; i++) {
		uint32_t row = strip->rows[i], *dot = dot_of(d, strip->first, row);

		for (size_t column = 0; column < strip->columns; column++) {
			const struct mix *mix = &strip->counts[column * height + row];

			if (!touched[column] || !mix->n)
				continue;
			dot[column] = colour_of(mix);
			filled++;
		}
	}
	return filled;
}

void dots_put(void *user, const struct raster *strip)
{
	struct dots *d = user;
	size_t filled = put_colours(d, strip);

	pthread_mutex_lock(&d->lock);
	d->n_filled += filled;
	if (filled && d->n_filled <= most_filled(d))
		for (size_t column = 0; column < strip->columns; column++)
			note_filled(d, strip, column);
	pthread_mutex_unlock(&d->lock);
}

/* Calls for each pixel up to @by beside a filled one. */
static void around(const struct dots *d, size_t by, struct mix *mixes,
		   void (*each)(const struct dots *d, struct mix *mix, const struct mix *from,
				size_t column, size_t row))
{
	size_t width = d->window->width, height = d->window->height;

	for (size_t i = 0; i < d->n; i++) {
		size_t column = d->filled[i].column, row = d->filled[i].row;
		size_t top = row + by < height ? row + by : height - 1;
		size_t right = column + by < width ? column + by : width - 1;

		for (size_t y = row > by ? row - by : 0; y <= top; y++)
			for (size_t x = column > by ? column - by : 0; x <= right; x++)
				each(d, &mixes[y * width + x], &d->filled[i].mix, x, y);
	}
}

static void add_mix(const struct dots *d, struct mix *mix, const struct mix *from, size_t column,
		    size_t row)
{
	mix->n += from->n;
	mix->red += from->red;
	mix->green += from->green;
	mix->blue += from->blue;
}

static void put_mix(const struct dots *d, struct mix *mix, const struct mix *from, size_t column,
		    size_t row)
{
	*dot_of(d, column, row) = colour_of(mix);
}

int dots_finish(struct dots *d, struct schedtrace_error *err)
{
	size_t by = spread_of(d), n = (size_t)d->window->width * d->window->height;
	auto_free struct mix *mixes = NULL;

	if (!by || !d->n_filled)
		return 0;
	if (!d->failed)
		mixes = calloc(n, sizeof(*mixes));
	if (!mixes)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory to spread pixels");
	around(d, by, mixes, add_mix);
	around(d, by, mixes, put_mix);
	for (size_t i = 0; i < d->n; i++) /* they keep their own */
		*dot_of(d, d->filled[i].column, d->filled[i].row) = colour_of(&d->filled[i].mix);
	return 0;
}
