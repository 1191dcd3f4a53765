/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/live/live_frames.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"

#define RESTART_NS ((int64_t)5000000000) /* between two faults, at least */

#define MOST_BYTES ((uint64_t)64 << 20) /* of one frame */

int live_frame_send(int fd, const struct live_frame *frame, const void *bytes,
		    struct schedtrace_error *err)
{
	struct iovec part[2] = { { (void *)frame, sizeof(*frame) },
				 { (void *)bytes, frame->bytes } };
	struct iovec *at = part;
	int left = frame->bytes ? 2 : 1;

	while (left) {
		ssize_t n = writev(fd, at, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EPIPE)
			return error_set(err, SCHEDTRACE_E_CANCELLED, "nobody looks any more");
		if (n < 0)
			return error_errno(err, SCHEDTRACE_E_IO, errno,
					   "cannot hand over what was recorded");
		while (left && (size_t)n >= at->iov_len) {
			n -= (ssize_t)at->iov_len;
			at++;
			left--;
		}
		if (left) {
			at->iov_base = (char *)at->iov_base + n;
			at->iov_len -= (size_t)n;
		}
	}
	return 0;
}

/* Whether all of it came; false at the end of the pipe. */
static bool read_whole(int fd, void *out, size_t n)
{
	char *at = out;

	while (n) {
		ssize_t got = read(fd, at, n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		at += got;
		n -= (size_t)got;
	}
	return true;
}

int live_frame_receive(int fd, struct live_frame *frame, void **bytes, size_t *room,
		       struct schedtrace_error *err)
{
	if (!read_whole(fd, frame, sizeof(*frame)))
		return 0;
	if (frame->bytes > MOST_BYTES)
		return error_set(err, SCHEDTRACE_E_LIMIT, "%llu bytes at once from the recorder",
				 (unsigned long long)frame->bytes);
	if (frame->bytes > *room) {
		void *more = realloc(*bytes, frame->bytes);

		if (!more)
			return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %llu bytes",
					 (unsigned long long)frame->bytes);
		*bytes = more;
		*room = frame->bytes;
	}
	return read_whole(fd, *bytes, frame->bytes) ? 1 : 0;
}

int live_order_restart(int orders, int64_t *restarted_ns, const struct schedtrace_error *why,
		       struct schedtrace_error *err)
{
	static const struct live_order both[] = { { LIVE_STOP, 0 }, { LIVE_START, 0 } };
	int64_t now = now_ns();

	if (*restarted_ns && now - *restarted_ns < RESTART_NS) {
		*err = *why;
		return err->status;
	}
	*restarted_ns = now;
	if (write(orders, both, sizeof(both)) != sizeof(both))
		return error_set(err, SCHEDTRACE_E_IO, "the recorder takes no orders");
	return 0;
}
