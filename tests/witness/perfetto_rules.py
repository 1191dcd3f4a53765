#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Thread states by Perfetto's rules, computed from the rows, against schedreport's tables.

usage: perfetto_rules.py SCHEDREPORT SCHEDCONV TRACE...

In Perfetto's table thread_state a thread is Running from the switch to it, in the state that
sched_switch names from the switch away from it, and R from a sched_waking (not sched_wakeup) that
finds it in any state but R and Running, or from task_newtask. A state without its end, and a run
whose switch-out comes in another state, have no duration. The latency of a run is the duration of
the last R or R+ row before it. Where its figure is another than ours, the difference is computed
from the rows as docs/analyses.md names it, so that the sums must agree to the nanosecond.
"""
import collections
import sys

from perfetto_states import thread_states
from rows import DOUBTFUL, Switch, Tap, by_pid, tables, traces

report, schedconv, *paths = sys.argv[1:]
tap = Tap()


def perfetto(trace):
    """{figure: {pid: theirs}}, and {figure: {pid: what ours has beyond it}}"""
    figures = collections.defaultdict(collections.Counter)
    beyond = collections.defaultdict(collections.Counter)
    states, ignored = thread_states(trace)
    found, woken, new, out = trace.found_at_start(), *({} for _ in range(3))
    for r in trace.records("WAKEUP", "WAKEUP_NEW"):
        if isinstance(r, Switch):
            out.setdefault(r.prev, []).append(r.t)
        else:
            (woken if r.event == "WAKEUP" else new).setdefault(r.pid, []).append(r.t)
    for pid, (since, _) in found.items():
        if pid in out and (pid not in states or states[pid][0].begin == out[pid][0]):
            beyond["run"][pid] += out[pid][0] - since
    # Asleep in the list of tasks made at the begin, which Perfetto does not have.
    listed = max((task.get("state_ns", 0) for task in trace.tasks), default=0)
    for task in trace.tasks:
        pid, state = task["pid"], task.get("state")
        if state in ("S", "D", "I") and pid in states and states[pid][0].name == "R" and \
                pid in woken and woken[pid][0] > listed and not task.get("start_ns"):
            beyond[state][pid] += woken[pid][0] - trace.begin
    for pid, rows in states.items():
        runnable = previous = None
        for s in rows:
            if s.end is None:
                # A run that lasts has no duration, and its latency is left out.
                if s.name == "Running" and previous and previous is runnable:
                    beyond["latency count"][pid] += 1
                    beyond["latency"][pid] += runnable.end - runnable.begin
                continue
            ns = s.end - s.begin
            if s.name == "Running":
                figures["run"][pid] += ns
                if runnable:
                    figures["latency count"][pid] += 1
                    figures["latency"][pid] += runnable.end - runnable.begin
                    # The last R row is not the state directly before when the waking was ignored.
                    if previous is not runnable:
                        beyond["latency count"][pid] -= 1
                        beyond["latency"][pid] -= runnable.end - runnable.begin
                if previous and previous.name not in ("R", "R+", "Running") and \
                        any(t <= previous.begin for t in ignored[pid]) and \
                        any(previous.begin <= t <= s.begin for t in woken.get(pid, ())):
                    beyond["latency count"][pid] += 1
                    beyond["latency"][pid] += s.begin - previous.begin
            elif s.name in ("S", "D", "I"):
                figures[s.name][pid] += ns
                # Ours lasts until the task is on a run queue, theirs until somebody begins to wake.
                wakeup = [t for t in woken.get(pid, ()) if t >= s.begin]
                if wakeup:
                    beyond[s.name][pid] += wakeup[0] - s.end
            elif s.name in ("R", "R+"):
                # Runnable from task_newtask on in Perfetto, from sched_wakeup_new on here.
                fresh = [t for t in new.get(pid, ()) if s.begin <= t <= s.end]
                if fresh:
                    beyond["latency"][pid] -= fresh[-1] - s.begin
                # A waking splits R+ there; here the wait goes on.
                if s.name == "R" and previous and previous.name == "R+":
                    beyond["latency"][pid] += previous.end - previous.begin
                runnable = s
            previous = s
    return figures, beyond


for name, trace in traces(schedconv, paths):
    figures, beyond = perfetto(trace)
    found = tables(report, trace.path, "tasks", "cpus", "latency", "-t", "tasks,cpu_tasks,latency")
    latency = [r for r in found["latency"] if r["kind"] in ("waking", "preempt", "new")]
    ours = {"run": by_pid(found["tasks"], "on_cpu_ns"), "S": by_pid(found["tasks"], "sleep_ns"),
            "D": by_pid(found["tasks"], "blocked_ns"), "I": by_pid(found["tasks"], "idle_ns"),
            "latency": by_pid(latency, "total_ns"),
            "latency count": by_pid(latency, "count")}
    doubtful = trace.doubtful_pids()
    for figure, sentence in (("run", "Perfetto's Running time of every thread"),
                             ("S", "Perfetto's time of every thread in S"),
                             ("D", "Perfetto's time of every thread in D"),
                             ("I", "Perfetto's time of every thread in I"),
                             ("latency count", "how many scheduling latencies Perfetto finds"),
                             ("latency", "the sum of Perfetto's scheduling latencies")):
        keys = (set(figures[figure]) | set(ours[figure])) - doubtful
        far = [(k, ours[figure][k], figures[figure][k], beyond[figure][k]) for k in keys
               if ours[figure][k] != figures[figure][k] + beyond[figure][k]]
        explained = sum(1 for k in keys if beyond[figure][k])
        tap.ok(len(keys) >= 5 and len(far) <= DOUBTFUL * len(keys), f"{name}: {sentence} is ours, with the differences "
               f"named ({len(keys)} compared, {explained} differ so)", f"{len(far)}: {far[:3]}")
tap.end()
