/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/requests/request_spill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/whole_file.h"

struct request_spill {
	int fd;
	uint64_t most;
	pthread_mutex_t lock; /* of these three */
	uint64_t begin, end;  /* what is between was not taken yet */
	uint64_t n;
};

int request_spill_new(struct request_spill **out, const char *folder, uint64_t most_bytes,
		      struct schedtrace_error *err)
{
	struct request_spill *spill = calloc(1, sizeof(*spill));

	if (!spill)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for requests");
	spill->most = most_bytes;
	pthread_mutex_init(&spill->lock, NULL);
	spill->fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (spill->fd < 0) {
		request_spill_free(spill);
		return error_errno(err, SCHEDTRACE_E_IO, errno,
				   "%s: no file for requests that wait", folder);
	}
	*out = spill;
	return 0;
}

void request_spill_free(struct request_spill *spill)
{
	if (!spill)
		return;
	if (spill->fd >= 0)
		close(spill->fd);
	pthread_mutex_destroy(&spill->lock);
	free(spill);
}

/* Before each batch stands its size. */
static int write_batch(const struct request_spill *spill, const void *bytes, uint64_t size)
{
	return whole_file_pwrite(spill->fd, &size, sizeof(size), spill->end) == 0 &&
			       whole_file_pwrite(spill->fd, bytes, size,
						 spill->end + sizeof(size)) == 0
		       ? 0
		       : -1;
}

int request_spill_append(struct request_spill *spill, const struct request_batch *batch)
{
	size_t size;
	auto_free void *bytes = request_batch_pack(batch, &size);
	bool room;

	if (!bytes)
		return -1;
	pthread_mutex_lock(&spill->lock);
	if (spill->n == 0 && spill->end) {
		spill->begin = spill->end = 0;
		if (ftruncate(spill->fd, 0) < 0)
			errno = 0; /* then it is written over */
	}
	room = spill->end - spill->begin + sizeof(uint64_t) + size <= spill->most;
	pthread_mutex_unlock(&spill->lock);
	if (!room || write_batch(spill, bytes, size) < 0)
		return -1;
	pthread_mutex_lock(&spill->lock);
	spill->end += sizeof(uint64_t) + size;
	spill->n++;
	pthread_mutex_unlock(&spill->lock);
	return 0;
}

static bool read_all(int fd, void *to, size_t n, uint64_t offset)
{
	for (size_t done = 0; done < n;) {
		ssize_t got = pread(fd, (char *)to + done, n - done, (off_t)(offset + done));

		if (got <= 0 && !(got < 0 && errno == EINTR))
			return false;
		done += got > 0 ? (size_t)got : 0;
	}
	return true;
}

struct request_batch *request_spill_first(struct request_spill *spill)
{
	auto_free void *bytes = NULL;
	uint64_t size;

	if (!read_all(spill->fd, &size, sizeof(size), spill->begin))
		return NULL;
	bytes = malloc(size);
	if (!bytes || !read_all(spill->fd, bytes, size, spill->begin + sizeof(size)))
		return NULL;
	return request_batch_unpack(bytes, size);
}

/* What was taken gives its room back. */
void request_spill_drop(struct request_spill *spill)
{
	uint64_t size = 0;

	read_all(spill->fd, &size, sizeof(size), spill->begin);
	size += sizeof(size);
	fallocate(spill->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)spill->begin,
		  (off_t)size);
	pthread_mutex_lock(&spill->lock);
	spill->begin += size;
	spill->n--;
	pthread_mutex_unlock(&spill->lock);
}

uint64_t request_spill_batches(struct request_spill *spill)
{
	uint64_t n;

	pthread_mutex_lock(&spill->lock);
	n = spill->n;
	pthread_mutex_unlock(&spill->lock);
	return n;
}
