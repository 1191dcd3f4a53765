/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/workload/workload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "cli/process.h"
#include "record/proc/proc_sample.h"

#define FOUND 0 /* the child's report before the gate; otherwise an errno */

void workload_take_signals(struct signal_state *saved, sigset_t *blocked)
{
	/* The timer of an alarm and the limit on CPU time are inherited. */
	static const int wanted[] = { SIGINT,  SIGTERM, SIGHUP,	 SIGQUIT,
				      SIGTSTP, SIGCONT, SIGALRM, SIGXCPU };

	sigemptyset(blocked);
	sigaddset(blocked, SIGCHLD);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		struct sigaction old;

		if (sigaction(wanted[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaddset(blocked, wanted[i]);
	}
	sigprocmask(SIG_BLOCK, blocked, &saved->mask);
	if (getrlimit(RLIMIT_NOFILE, &saved->files) == 0)
		setrlimit(RLIMIT_NOFILE,
			  &(struct rlimit){ saved->files.rlim_max, saved->files.rlim_max });
}

/* 0 if this file can be run, or an errno. */
static int check_program(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return errno;
	if (!S_ISREG(st.st_mode))
		return EACCES;
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

/* What execvp() would say of this program; asked before anything is recorded. */
static int find_program(const char *program)
{
	const char *path = getenv("PATH");
	int result = ENOENT;

	if (!*program)
		return ENOENT;
	if (strchr(program, '/'))
		return check_program(program);
	if (!path)
		path = "/bin:/usr/bin";
	for (;;) {
		size_t n = strcspn(path, ":");
		auto_free char *file = NULL;
		int errnum;

		if (asprintf(&file, "%.*s%s%s", (int)n, path, n ? "/" : "", program) < 0)
			return ENOMEM;
		errnum = check_program(file);
		if (errnum == 0)
			return 0;
		if (errnum == EACCES)
			result = EACCES; /* as execvp(): go on looking, but remember */
		if (!path[n])
			return result;
		path += n + 1;
	}
}

static void tell(int fd, int errnum)
{
	if (write(fd, &errnum, sizeof(errnum)) != (ssize_t)sizeof(errnum))
		_exit(125); /* nobody listens any more */
}

/* The child: never returns. */
static void run_child(char *const *argv, const struct workload_options *o, int gate_fd,
		      int report_fd)
{
	int errnum;
	char go;

	process_give_back();
	setrlimit(RLIMIT_NOFILE, &o->signals->files);
	errnum = -identity_become(o->identity);
	for (int i = 0; o->outputs && i < 2 && !errnum; i++)
		if (dup2(o->outputs[i], STDOUT_FILENO + i) < 0)
			errnum = errno;
	if (errnum == 0)
		errnum = find_program(argv[0]);
	tell(report_fd, errnum ? errnum : FOUND);
	/* Not before: a signal that has come by now would end the child without its report. */
	sigprocmask(SIG_SETMASK, &o->signals->mask, NULL);
	if (errnum || read(gate_fd, &go, 1) != 1)
		_exit(125);
	execvp(argv[0], argv);
	tell(report_fd, errno);
	_exit(errno == ENOENT ? 127 : 126);
}

static int refuse_program(const char *program, int errnum, int *exit_status,
			  struct schedtrace_error *err)
{
	*exit_status = errnum == ENOENT || errnum == ENOTDIR ? 127 : 126;
	if (errnum == ENOENT)
		return error_set(err, SCHEDTRACE_E_USAGE, "%s: command not found", program);
	return error_errno(err, SCHEDTRACE_E_USAGE, errnum, "%s: cannot be run", program);
}

/* Reads the child's report; 0 bytes is the end of file. */
static ssize_t read_report(int fd, int *errnum)
{
	ssize_t n;

	do {
		n = read(fd, errnum, sizeof(*errnum));
	} while (n < 0 && errno == EINTR);
	return n;
}

/* Makes us the parent of descendants that lose theirs, daemons too. */
static int adopt_orphans(struct schedtrace_error *err)
{
	siginfo_t info;

	if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0)
		return error_set(
			err, SCHEDTRACE_E_USAGE,
			"--follow-all: what was this process before it became schedrec "
			"left children, which would be waited for too: start schedrec as a "
			"process of its own");
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
		return error_errno(err, SCHEDTRACE_E_UNSUPPORTED, errno, "--follow-all");
	return 0;
}

int workload_prepare(struct workload *w, char *const *argv, const struct workload_options *options,
		     int *exit_status, struct schedtrace_error *err)
{
	int gate[2] = { -1, -1 }, report[2] = { -1, -1 };
	int errnum = 0, result = options->follow_all ? adopt_orphans(err) : 0;

	*w = (struct workload){ .gate_fd = -1,
				.report_fd = -1,
				.follow_all = options->follow_all };
	*exit_status = 125;
	if (result < 0)
		return result;
	if (pipe2(gate, O_CLOEXEC) != 0 || pipe2(report, O_CLOEXEC) != 0 || (w->pid = fork()) < 0) {
		errnum = errno;
		w->pid = 0;
		mem_close_p(&gate[0]);
		mem_close_p(&gate[1]);
		mem_close_p(&report[0]);
		mem_close_p(&report[1]);
		return error_errno(err, SCHEDTRACE_E_IO, errnum, "starting a process for %s",
				   argv[0]);
	}
	if (w->pid == 0) {
		close(gate[1]); /* so that the gate ends when the recorder does */
		run_child(argv, options, gate[0], report[1]);
	}
	close(gate[0]);
	close(report[1]);
	w->gate_fd = gate[1];
	w->report_fd = report[0];
	if (read_report(w->report_fd, &errnum) != (ssize_t)sizeof(errnum)) {
		workload_release(w);
		return error_set(err, SCHEDTRACE_E_IO, "the process for %s died before it began",
				 argv[0]);
	}
	if (errnum == FOUND)
		return 0;
	workload_release(w);
	return refuse_program(argv[0], errnum, exit_status, err);
}

int workload_start(struct workload *w, const char *program, int *exit_status,
		   struct schedtrace_error *err)
{
	int errnum = 0;
	ssize_t n;

	*exit_status = 125;
	/* If a signal has killed the child at the gate, that is how the command ended. */
	n = write(w->gate_fd, "", 1);
	close(w->gate_fd);
	w->gate_fd = -1;
	n = n == 1 ? read_report(w->report_fd, &errnum) : 0;
	close(w->report_fd);
	w->report_fd = -1;
	if (n != (ssize_t)sizeof(errnum))
		return 0;
	w->ended = waitpid(w->pid, &w->wait_status, 0) == w->pid;
	if (errnum != ENOENT)
		return refuse_program(program, errnum, exit_status, err);
	*exit_status = 127; /* the program was there a moment ago */
	return error_set(err, SCHEDTRACE_E_USAGE,
			 "%s: cannot be run: the interpreter it names does not exist", program);
}

/* Waits for the command if it has ended, or for all our children that have. */
static void reap(struct workload *w)
{
	idtype_t which = w->follow_all ? P_ALL : P_PID;

	while (w->follow_all ? !w->none_is_left : !w->ended) {
		siginfo_t info = { 0 };
		int status;

		if (waitid(which, (id_t)w->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0)
			w->none_is_left = errno == ECHILD;
		if (!info.si_pid)
			return;
		if (w->last_look)
			w->last_look(w->look_self, info.si_pid);
		if (waitpid(info.si_pid, &status, WNOHANG) != info.si_pid)
			return;
		if (info.si_pid == w->pid) {
			w->wait_status = status;
			w->ended = true;
		}
	}
}

bool workload_has_ended(struct workload *w)
{
	if (w->pid)
		reap(w);
	return w->ended;
}

bool workload_is_over(struct workload *w)
{
	return workload_has_ended(w) && (!w->follow_all || w->none_is_left);
}

static int count(void *self, pid_t pid)
{
	struct proc_sample p;
	int *n = self;

	if (proc_sample_open(&p, pid) < 0)
		return 0; /* it has ended */
	*n += p.figures.state != 'Z' || p.threads > 1;
	proc_sample_children(&p, count, n);
	proc_sample_close(&p);
	return 0;
}

int workload_descendants(void)
{
	struct proc_sample self;
	int n = 0;

	if (proc_sample_open(&self, getpid()) < 0)
		return 0;
	proc_sample_children(&self, count, &n);
	proc_sample_close(&self);
	return n;
}

int workload_exit_status(const struct workload *w)
{
	if (WIFSIGNALED(w->wait_status))
		return 128 + WTERMSIG(w->wait_status);
	return WEXITSTATUS(w->wait_status);
}

void workload_release(struct workload *w)
{
	bool at_gate = w->gate_fd >= 0;

	mem_close_p(&w->gate_fd);
	mem_close_p(&w->report_fd);
	w->gate_fd = -1;
	w->report_fd = -1;
	/* A child that reads the end of the gate exits at once. */
	if (w->pid && !w->ended && at_gate)
		w->ended = waitpid(w->pid, &w->wait_status, 0) == w->pid;
}
