/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TRACEDAT_CONFINE_H
#define TRACEDAT_CONFINE_H

/*
 * Leaves this process, a worker, memory within limits, CPU time within limits, and one descriptor
 * to write to: @out, as number 3. It can open nothing, start nothing and reach no network.
 */
void confine(int out);

#endif
