/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Locals that clean up after themselves. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void mem_free_p(void *p)
{
	free(*(void **)p);
}

static inline void mem_close_p(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void mem_fclose_p(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define auto_free   __attribute__((cleanup(mem_free_p)))
#define auto_close  __attribute__((cleanup(mem_close_p))) /* of an int that holds a descriptor */
#define auto_fclose __attribute__((cleanup(mem_fclose_p)))

/* Takes a pointer out of a variable that would free it. */
#define steal_ptr(p)                                                                               \
	({                                                                                         \
		__typeof__(p) stolen_ = (p);                                                       \
		(p) = NULL;                                                                        \
		stolen_;                                                                           \
	})

/*
 * Whether @array, with @n of @max elements in use, can take another; grows it where it is full.
 * False is no memory, and then nothing has changed.
 */
#define array_room(array, n, max)                                                                  \
	({                                                                                         \
		bool room_ = (n) < (max);                                                          \
                                                                                                   \
		if (!room_) {                                                                      \
			__typeof__(max) more_ = (max) ? 2 * (max) : 64;                            \
			void *grown_ = reallocarray((array), more_, sizeof(*(array)));             \
                                                                                                   \
			if (grown_) {                                                              \
				(array) = grown_;                                                  \
				(max) = more_;                                                     \
				room_ = true;                                                      \
			}                                                                          \
		}                                                                                  \
		room_;                                                                             \
	})

static inline int steal_fd(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}

#endif
