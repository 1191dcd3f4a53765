/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/workfile/finish.h"

#include <sys/eventfd.h>

#include "base/mem.h"

struct copying {
	struct workfile *output, second;
};

static int open_second(void *self, int *fd, struct schedtrace_error *err)
{
	struct copying *c = self;
	int result = workfile_second(c->output, &c->second, err);

	*fd = c->second.fd;
	return result;
}

int finish_now(struct finish *f)
{
	struct copying copying = { &f->output, { .directory_fd = -1, .fd = -1 } };
	struct tracedat_second second = { open_second, &copying };

	f->result =
		tracedat_writer_finish(&f->writer, f->cmdlines ? f->cmdlines : f->first_cmdlines,
				       f->first_cmdlines, f->stats, &second, &f->shape, &f->err);
	if (f->result == 0 && f->shape == TRACEDAT_COPIED)
		workfile_replace(&f->output, &copying.second);
	else if (copying.second.fd >= 0)
		workfile_drop(&copying.second);
	if (f->result == 0)
		f->result = workfile_commit(&f->output, &f->err);
	return f->result;
}

static void *run(void *arg)
{
	struct finish *f = arg;

	pthread_setname_np(pthread_self(), "schedrec/finish");
	finish_now(f);
	eventfd_write(f->done_fd, 1);
	return NULL;
}

void finish_start(struct finish *f)
{
	f->running = pthread_create(&f->thread, NULL, run, f) == 0;
	if (f->running)
		return;
	finish_now(f);
	eventfd_write(f->done_fd, 1);
}

int finish_wait(struct finish *f)
{
	if (f->running)
		pthread_join(f->thread, NULL);
	f->running = false;
	return f->result;
}
