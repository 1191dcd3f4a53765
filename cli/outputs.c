/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/outputs.h"

#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/working_file.h"

/* A file that is there, or the name that a new one will have in its directory. */
struct identity_of {
	dev_t device;
	ino_t inode;
	const char *name; /* "" of a file that is there; lent by the path */
};

static bool identify(const char *path, struct identity_of *out)
{
	const char *slash = strrchr(path, '/');
	auto_free char *directory = NULL;
	struct stat st;
	bool there = stat(path, &st) == 0;

	out->name = there ? "" : slash ? slash + 1 : path;
	if (!there) {
		directory = slash ? strndup(path, (size_t)(slash - path + 1)) : strdup(".");
		if (!directory || stat(directory, &st) < 0)
			return false; /* whoever opens it says why */
	}
	out->device = st.st_dev;
	out->inode = st.st_ino;
	return true;
}

static bool same(const struct identity_of *a, const struct identity_of *b)
{
	return a->device == b->device && a->inode == b->inode && strcmp(a->name, b->name) == 0;
}

static int refuse_input(const struct program_output *output, const char *input,
			struct schedtrace_error *err)
{
	const char *option = output->option ? output->option : "the output";

	if (strcmp(output->path, input) == 0)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "%s %s is read too: give the output another name", option, input);
	return error_set(
		err, SCHEDTRACE_E_USAGE,
		"%s %s is the same file as %s, which is read: give the output another name", option,
		output->path, input);
}

static int check_standard_output(const char *const *inputs, size_t n, struct schedtrace_error *err)
{
	struct identity_of output = { .name = "" }, input;
	struct stat st;

	if (fstat(STDOUT_FILENO, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	output.device = st.st_dev;
	output.inode = st.st_ino;
	for (size_t i = 0; i < n; i++)
		if (inputs[i] && identify(inputs[i], &input) && same(&output, &input))
			return error_set(err, SCHEDTRACE_E_USAGE,
					 "the standard output is %s, which is read: write to "
					 "another file",
					 inputs[i]);
	return 0;
}

int outputs_check(const struct program_output *outputs, size_t n, const char *const *inputs,
		  size_t n_inputs, struct schedtrace_error *err)
{
	for (size_t o = 0; o < n; o++) {
		struct identity_of output, other;

		if (!outputs[o].path || !identify(outputs[o].path, &output))
			continue;
		for (size_t i = 0; i < n_inputs; i++)
			if (inputs[i] && identify(inputs[i], &other) && same(&output, &other))
				return refuse_input(&outputs[o], inputs[i], err);
		for (size_t i = 0; i < o; i++)
			if (outputs[i].path && identify(outputs[i].path, &other) &&
			    same(&output, &other))
				return error_set(err, SCHEDTRACE_E_USAGE,
						 "%s and %s would write one file, %s: give each "
						 "its own",
						 outputs[i].option, outputs[o].option,
						 outputs[o].path);
	}
	return check_standard_output(inputs, n_inputs, err);
}

static pid_t our_pid;

static void remove_and_end(int signal)
{
	/* A child that has not become another program yet has files of its parent in the list. */
	if (getpid() == our_pid)
		working_files_remove();
	raise(signal); /* whose action is the usual one again */
}

void outputs_remove_at_signals(void)
{
	static const int ending[] = { SIGINT,  SIGTERM,	  SIGHUP,  SIGQUIT, SIGXCPU,
				      SIGALRM, SIGVTALRM, SIGPROF, SIGUSR1, SIGUSR2 };

	our_pid = getpid();
	for (size_t i = 0; i < sizeof(ending) / sizeof(*ending); i++) {
		struct sigaction ours = { .sa_handler = remove_and_end,
					  .sa_flags = (int)SA_RESETHAND };
		struct sigaction before;

		if (sigaction(ending[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL)
			sigaction(ending[i], &ours, NULL);
	}
}
