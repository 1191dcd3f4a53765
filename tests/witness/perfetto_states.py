# SPDX-License-Identifier: LGPL-2.1-or-later
"""Perfetto's table thread_state, computed from the rows by its rules, see perfetto_rules.py."""
import collections

from rows import Switch

State = collections.namedtuple("State", "name begin end cpu")


def thread_states(trace):
    """{pid: its rows in order}, the last without an end, and {pid: times of ignored wakeups}"""
    states, open_state, ignored = collections.defaultdict(list), {}, collections.defaultdict(list)

    def change(pid, t, name, cpu=-1, lost=False):
        if pid in open_state and not lost:
            states[pid].append(open_state[pid]._replace(end=t))
        open_state[pid] = State(name, t, None, cpu)

    for r in trace.records("WAKING", "NEWTASK"):
        if isinstance(r, Switch):
            if r.prev:
                was = open_state.get(r.prev)
                change(r.prev, r.t, r.state, lost=was and was.name != "Running")
            if r.next:
                change(r.next, r.t, "Running", r.cpu)
        elif r.pid > 0 and r.pid in open_state and r.event == "WAKING" and \
                open_state[r.pid].name in ("R", "Running"):
            ignored[r.pid].append(r.t)
        elif r.pid > 0:
            change(r.pid, r.t, "R")
    for pid, last in open_state.items():
        states[pid].append(last)
    return states, ignored
