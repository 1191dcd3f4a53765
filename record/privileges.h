/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Capabilities: those that a recording still needs once it has begun, and those it gives up. */
#ifndef RECORD_PRIVILEGES_H
#define RECORD_PRIVILEGES_H

#include <stdbool.h>
#include <stdint.h>

/* What is still to be done, besides reading and writing what is open. */
struct privileges_need {
	const char *tracefs;  /* root; instances in it are read, changed and removed */
	int output_fd;	      /* directory in which files are made, renamed and removed */
	bool output_of_other; /* with the rights of another user, into whom we change */
	bool has_command;     /* that gets our signals, whoever it has become */
	bool user_stacks;     /* programs' mappings are read */
	bool exit_counts;     /* the kernel may yet be asked to tell of exits */
};

#define PRIVILEGES_ALL UINT64_MAX

/* The capabilities for it, a bit each; found out by looking what is possible without them. */
uint64_t privileges_needed(const struct privileges_need *need);

/* Those of them that a thread needs which only reads tracefs. */
uint64_t privileges_of_reader(uint64_t needed);

/* The calling thread, and those that it makes, have no others any more. 0, or -errno. */
int privileges_keep(uint64_t needed);

/* Whether the calling thread may use it, a CAP_... of linux/capability.h. */
bool privileges_have(int capability);

#endif
