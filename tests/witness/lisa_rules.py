#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Task states by LISA's rules, computed by numpy from the rows, against schedreport's tables.

usage: lisa_rules.py SCHEDREPORT SCHEDCONV TRACE...

In LISA a task is W (awake) from each sched_wakeup or sched_wakeup_new on, A (active) from the switch
to it, and in the state that sched_switch names from the switch away from it; each state lasts until
the task's next such record. Where its figure is another than ours, the difference is computed from
the rows as docs/analyses.md names it, so that the sums must agree to the nanosecond.
"""
import collections
import sys

import numpy as np

from rows import DOUBTFUL, Switch, Tap, by_pid, tables, traces

report, schedconv, *paths = sys.argv[1:]
tap = Tap()


def states_of(trace):
    """{pid: arrays of time, state, CPU}"""
    lists = collections.defaultdict(list)
    for r in trace.records("WAKEUP", "WAKEUP_NEW"):
        if isinstance(r, Switch):
            lists[r.prev].append((r.t, r.state, r.cpu))
            lists[r.next].append((r.t, "A", r.cpu))
        else:
            lists[r.pid].append((r.t, "W", -1))
    lists.pop(0, None)
    return {pid: [np.array(column) for column in zip(*rows)] for pid, rows in lists.items()}


def lisa(trace):
    """{figure: {pid: theirs}}, and {figure: {pid: what ours has beyond it}}"""
    figures = collections.defaultdict(collections.Counter)
    beyond = collections.defaultdict(collections.Counter)
    found = trace.found_at_start()
    for pid, (t, state, cpu) in states_of(trace).items():
        delta, following = np.diff(t), state[1:]
        state_then, before = state[:-1], np.concatenate([[""], state[:-2]])[:len(delta)]
        active, awake = state_then == "A", state_then == "W"
        preempted = np.isin(state_then, ("R", "R+"))
        figures["run"][pid] = delta[active].sum()
        for c in set(cpu[:-1][active]):
            figures["residency"][pid, int(c)] = delta[active & (cpu[:-1] == c)].sum()
        wakeups = awake & (following == "A")
        preemptions = preempted & (following == "A")
        for name, chosen in (("wakeup", wakeups), ("preempt", preemptions)):
            figures[name + " count"][pid] = chosen.sum()
            figures[name][pid] = delta[chosen].sum()
        # Woken while it runs: LISA ends the run at the wakeup.
        running = False
        for i in range(len(delta)):
            if awake[i] and running:
                beyond["run"][pid] += delta[i]
                beyond["residency"][pid, int(cpu[:i][cpu[:i] >= 0][-1])] += delta[i]
                if following[i] == "A":
                    beyond["wakeup"][pid] -= delta[i]
                    beyond["wakeup count"][pid] -= 1
            running = active[i] or (awake[i] and running)
        # Woken after it was preempted in the kernel: for LISA that ends the preemption.
        split = wakeups & (before == "R+")
        beyond["wakeup"][pid] -= delta[split].sum()
        beyond["wakeup count"][pid] -= split.sum()
        beyond["preempt count"][pid] += split.sum()
        beyond["preempt"][pid] += delta[split].sum() + delta[np.roll(split, -1)].sum()
        # Found running at the begin, which LISA does not know of.
        if pid in found and state[0] not in "A":
            since, where = found[pid]
            beyond["run"][pid] += t[0] - since
            beyond["residency"][pid, where] += t[0] - since
    return figures, beyond


for name, trace in traces(schedconv, paths):
    figures, beyond = lisa(trace)
    found = tables(report, trace.path, "tasks", "cpus", "latency", "-t", "tasks,cpu_tasks,latency")
    kinds = {"wakeup": ("wakeup", "new"), "preempt": ("preempt",)}
    ours = {"run": by_pid(found["tasks"], "on_cpu_ns"),
            "residency": {(r["pid"], r["cpu"]): r["on_cpu_ns"] for r in found["cpu_tasks"]}}
    for kind, names in kinds.items():
        rows = [r for r in found["latency"] if r["kind"] in names and r["count"]]
        ours[kind] = by_pid(rows, "total_ns")
        ours[kind + " count"] = by_pid(rows, "count")
    doubtful = trace.doubtful_pids()
    for figure, sentence in (
            ("run", "LISA's run time of every task"),
            ("residency", "LISA's residency of every task on every CPU"),
            ("wakeup count", "how many wakeup latencies LISA finds"),
            ("wakeup", "the sum of LISA's wakeup latencies"),
            ("preempt count", "how many preemption latencies LISA finds"),
            ("preempt", "the sum of LISA's preemption latencies")):
        keys = {k for k in set(figures[figure]) | set(ours[figure])
                if (k[0] if isinstance(k, tuple) else k) not in doubtful}
        far = [(k, ours[figure].get(k, 0), figures[figure][k], beyond[figure][k]) for k in keys
               if ours[figure].get(k, 0) != figures[figure][k] + beyond[figure][k]]
        explained = sum(1 for k in keys if beyond[figure][k])
        tap.ok(len(keys) >= 5 and len(far) <= DOUBTFUL * len(keys), f"{name}: {sentence} is ours, with the differences "
               f"named ({len(keys)} compared, {explained} differ so)", f"{len(far)}: {far[:3]}")
tap.end()
