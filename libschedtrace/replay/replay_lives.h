/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which life the pid of a row means, and what rows say of how lives begin, end and are called: for
 * replay_follow.c, which has what they do in between. */
#ifndef LIBSCHEDTRACE_REPLAY_REPLAY_LIVES_H
#define LIBSCHEDTRACE_REPLAY_REPLAY_LIVES_H

#include "libschedtrace/replay/replay_state.h"

/* LIFE_UNKNOWN: a letter that means no state, or that of a task which can run. */
enum life_state replay_state_of_char(int64_t c);

/* LIFE_NONE where the pid is none's, or there is no memory, which is noted. */

/* The life that a pid means in a row that also may come after its death. */
uint32_t replay_named(struct replay *replay, int32_t pid);

/* The same in a row that a dead task cannot cause: its pid must be in use again. */
uint32_t replay_alive(struct replay *replay, int32_t pid);

/* The same in a row that may be the first of a task, as it is moved to its first CPU. */
uint32_t replay_moved(struct replay *replay, int32_t pid);

/* NEWTASK, FORK and WAKEUP_NEW of one task come in this order; any of them may be missing. @sign is
 * the flag of the row's kind. */
uint32_t replay_born(struct replay *replay, int32_t pid, uint16_t sign);
void replay_fork(struct replay *replay, int32_t child, int64_t parent);
void replay_newtask(struct replay *replay, int32_t pid, int64_t flags, int64_t tgid);

void replay_die(struct replay *replay, uint32_t id, int64_t at);

/* It is not dead after all: it goes on from now on, in a state to be set. */
void replay_revive(struct replay *replay, uint32_t id);

/* RENAME: a name in two words. */
void replay_renamed(struct replay *replay, uint32_t id, int64_t bytes0, int64_t bytes8);

/* EXEC: SchedLog's holds only 8 bytes of the name, but its tarballs need not have better. */
void replay_exec_name(struct replay *replay, const struct schedtrace_events *ev, size_t i,
		      uint32_t id);

#endif
