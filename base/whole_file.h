/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file that appears whole or not at all, and the spools its parts wait in. */
#ifndef BASE_WHOLE_FILE_H
#define BASE_WHOLE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <schedtrace/error.h>

struct whole_file {
	int fd;
	int directory;
	char *name;	   /* of the target in the directory */
	char *working;	   /* likewise, while it has a name but not its own; mostly NULL */
	int working_place; /* working_file_remember() */
	bool has_rights;   /* that it gets in the end */
	struct stat rights;
	uint64_t offset;
};

#define OUTPUT_NONE ((struct whole_file){ .fd = -1, .directory = -1, .working_place = -1 })

/*
 * Refuses a target that is there and is no regular file; follows a link to one. Until the file is
 * whole it has no name, or where the file system has no such files that of a working file. @like: a
 * file that it is made from; who may read that may read the new one, and nobody else. NULL: as the
 * target was before, or what the umask leaves. Nothing is to be released after a failure.
 */
int whole_file_open(struct whole_file *out, const char *path, const char *like,
		    struct schedtrace_error *err);

int whole_file_write(struct whole_file *out, const void *data, size_t n,
		     struct schedtrace_error *err);
int whole_file_zeros(struct whole_file *out, size_t n, struct schedtrace_error *err);

/* Appends the first n bytes of a file. */
int whole_file_copy(struct whole_file *out, int fd, uint64_t n, struct schedtrace_error *err);

/* Whether the file system can make a file of that size, of holes mostly, and cut stretches out of
 * its middle (ext4 and XFS can). The file must be empty so far. */
bool whole_file_collapses(const struct whole_file *out, uint64_t size);

/* Both ends of a stretch that is cut out must be multiples of this, and it must not reach the end
 * of the file. */
#define OUTPUT_COLLAPSE_ALIGNMENT 4096

int whole_file_collapse(struct whole_file *out, uint64_t begin, uint64_t end,
			struct schedtrace_error *err);

/* Puts the file in its place. whole_file_close() is still to be called. */
int whole_file_commit(struct whole_file *out, struct schedtrace_error *err);

/* Releases; what was not committed is removed. */
void whole_file_close(struct whole_file *out);

/* An empty file without a name beside the target. */
int whole_file_spool(const struct whole_file *out, int *fd, struct schedtrace_error *err);

/* All n bytes at an offset, or an errno. */
int whole_file_pwrite(int fd, const void *data, size_t n, uint64_t offset);

/* Has the kernel begin bringing these bytes to the disk, so that less is left for the end. */
void whole_file_begin_writing(int fd, uint64_t offset, size_t n);

#endif
