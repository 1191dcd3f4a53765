/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/process.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/report_error.h"

static struct {
	int number;
	void (*handler)(int);
	struct sigaction before;
} signals[] = { { SIGPIPE, SIG_IGN }, { SIGXFSZ, SIG_IGN }, { SIGCHLD, SIG_DFL } };

#define N_SIGNALS (sizeof(signals) / sizeof(*signals))

/* A path alone is no file to read or write, needs no device, and is gone when a program begins. */
static void keep_place(int fd, const char *program, int failed)
{
	if (fcntl(fd, F_GETFD) >= 0 || open("/", O_PATH | O_CLOEXEC) == fd)
		return;
	report(program, "descriptor %d is missing, and none can be opened: %s", fd,
	       strerror(errno));
	exit(failed);
}

void process_begin(const char *program, int failed)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		keep_place(fd, program, failed);
	setlocale(LC_CTYPE, "C.UTF-8");
	for (size_t i = 0; i < N_SIGNALS; i++) {
		struct sigaction ours = { .sa_handler = signals[i].handler };

		sigaction(signals[i].number, &ours, &signals[i].before);
	}
}

void process_give_back(void)
{
	for (size_t i = 0; i < N_SIGNALS; i++)
		sigaction(signals[i].number, &signals[i].before, NULL);
}

int process_flush(FILE *f)
{
	int errnum = 0;

	if (ferror(f)) {
		/* An earlier write failed and its errno is gone: the next one fails likewise. */
		clearerr(f);
		errno = EIO;
		fputc('\n', f);
		fflush(f);
		errnum = errno;
	} else if (fflush(f) != 0) {
		errnum = errno;
	}
	if (errnum == EPIPE && f == stdout) {
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
	return errnum;
}
