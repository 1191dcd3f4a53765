# SPDX-License-Identifier: LGPL-2.1-or-later
"""numpy as a witness of the analyses latency and runqueue, and sums that must agree between
analyses, on real traces.

usage: analyses_numpy.py SCHEDREPORT TARBALL... [TRACE.dat.xz...]

Of a compressed trace.dat, which may lack records, only the sums are checked.
"""
import collections
import lzma
import math
import os
import sys
import tempfile

import numpy as np

from rows import Tap, Trace, waits_of
from rows import tables as tables_of

report, *tarballs = sys.argv[1:]
tap = Tap()
ok = tap.ok


def tables(path, *arguments):
    return tables_of(report, path, *arguments)


def check_latency(name, trace, rows):
    waits, ours, far = waits_of(trace), collections.defaultdict(list), []
    for row in rows["latency"]:
        if row["count"]:
            ours[row["pid"], row["kind"]].append(row)
    for key in set(waits) | set(ours):
        got = ours.get(key, [])
        if key[0] and (sum(r["count"] for r in got), sum(r["total_ns"] for r in got)) != \
                (len(waits[key]), sum(waits[key])):
            far.append((key, len(waits[key]), sum(waits[key]), got))
        if len(got) == 1:
            for column, share in (("p50_ns", 50), ("p90_ns", 90), ("p99_ns", 99), ("max_ns", 100)):
                values = np.sort(waits[key])
                true = int(values[max(math.ceil(share / 100 * len(values)), 1) - 1])
                if abs(got[0][column] - true) > max(8, true / 32):
                    far.append((key, column, true, got[0][column]))
    ok(sum(map(len, waits.values())) > 20, f"{name}: there are waits")
    ok(not far, f"{name}: count, sum and percentiles of every task's waits are numpy's",
       f"{len(far)} differ, first {far[:1]}")
    everything = np.sort(np.concatenate([values for key, values in waits.items()
                                         if key[1] == "wakeup"]))
    low = {row["from_ns"]: row["wakeup"] for row in rows["latency_histogram"]}
    edges = [0 if edge == 0 else edge for edge in sorted(low)]
    true = [int(np.sum((everything >= e) & (everything < (2 * e or 16)))) for e in edges]
    ok(true == [low[e] for e in edges], f"{name}: the histogram of wakeups is numpy's")


def check_runqueue(name, trace, rows):
    """I, O and W after every row, and their integrals."""
    current, queue, states = {}, {}, []
    blocked = set()
    for t, cpu, pid, event, arg, to in trace.rows("CTX_SWITCH", "BLOCK", "WAKEUP", "WAKEUP_NEW",
                                                  "RUNS", "MIGRATE", "CPU_IDLE"):
        if event == "BLOCK":
            blocked.add(pid)
        elif event in ("WAKEUP", "WAKEUP_NEW"):
            if pid not in current.values() and pid not in queue:
                queue[pid] = cpu
        elif event == "CTX_SWITCH":
            queue.pop(arg, None)
            current[cpu] = arg
            if pid and pid not in blocked:
                queue[pid] = cpu
            blocked.discard(pid)
        elif event == "RUNS":
            queue.pop(pid, None)
            current[cpu] = pid
        elif event == "CPU_IDLE":
            current[cpu] = 0
        elif pid in queue:
            queue[pid] = to
        lengths = collections.Counter(queue.values())
        idle = sum(1 for c, p in current.items() if p == 0 and not lengths[c])
        over = sum(1 for c, p in current.items() if p > 0 and lengths[c])
        behind = sum(lengths[c] for c, p in current.items() if p > 0)
        states.append((t, idle, over, behind))
    t, idle, over, behind = np.array(states).T
    ns = np.diff(np.append(t, trace.timestamp[-1]))
    true = {"any_wall_ns": np.sum(ns * ((idle > 0) & (over > 0))),
            "any_per_cpu_ns": np.sum(ns * np.minimum(idle, over)),
            "any_per_thread_ns": np.sum(ns * np.minimum(idle, behind))}
    work = rows["work_conservation"][0]
    # Where a switch is missing, the time before it is taken out of the figures.
    slack = work["unfollowed_ns"]
    ok(all(abs(int(true[c]) - work[c]) <= slack * 2 for c in true),
       f"{name}: work conservation is numpy's, but for the {slack} ns that are not followed",
       f"{true} {work}")
    ok(all(work[c[len("any_"):]] <= work[c] for c in true),
       f"{name}: affinity never adds to what work conservation misses", f"{work}")
    lengths, known = collections.Counter(), {}
    for t, cpu, pid, event, arg, _ in trace.rows("RQ_SIZE"):
        if cpu in known:
            lengths[cpu, known[cpu][0]] += t - known[cpu][1]
        known[cpu] = arg, t
    for cpu, (length, since) in known.items():
        lengths[cpu, length] += int(trace.timestamp[-1]) - since
    ours = {(row["cpu"], row["length"]): row["ns"] for row in rows["runqueue_lengths"]}
    ok({key: ns for key, ns in lengths.items() if ns} == ours and ours,
       f"{name}: time at each length of the run queues is numpy's")


def total(rows, *columns):
    return sum(row[column] for row in rows for column in columns)


def check_sums(name, path):
    """Figures of one trace that several analyses give."""
    everything = ",".join(["tasks", "cpus", "latency", "states", "utilization",
                           "utilization_tasks", "utilization_intervals", "completion", "waits",
                           "wait_reasons", "antagonists", "latency_kinds"])
    rows = tables(path, "-t", everything, "tasks", "cpus", "latency", "states", "utilization",
                  "waits")
    parts = ("on_cpu_ns", "wait_wakeup_ns", "wait_preempt_ns", "wait_new_ns", "wait_old_ns", "sleep_ns",
             "idle_ns", "blocked_ns", "stopped_ns", "made_ns", "lasting_ns", "unknown_ns")
    far = [row for row in rows["waits"] if any(row[p] < 0 for p in parts) or
           sum(row[p] for p in parts) != row["wall_ns"]]
    ok(rows["waits"] and not far, f"{name}: the parts of every task's time add up to its wall time",
       f"{far[:1]}")
    key = ("pid", "on_cpu_ns", "wait_wakeup_ns", "wait_preempt_ns", "wait_new_ns", "wait_old_ns", "sleep_ns",
           "idle_ns", "blocked_ns", "stopped_ns")
    ok(sorted([row[k] for k in key] for row in rows["waits"]) ==
       sorted([row[k] for k in key] for row in rows["tasks"]),
       f"{name}: waits and tasks give each task the same times")
    on_cpu = total(rows["tasks"], "on_cpu_ns")
    ok(on_cpu == total(rows["cpus"], "busy_ns") == total(rows["utilization"], "busy_ns") ==
       total(rows["utilization_tasks"], "on_cpu_ns") ==
       total(rows["utilization_intervals"], "on_cpu_ns"),
       f"{name}: time on CPUs is the same by task, by CPU and by interval")
    state = {row["state"]: row["certain_ns"] for row in rows["states"]}
    ok(state["running"] == on_cpu and
       state.get("woken", 0) == total(rows["tasks"], "wait_wakeup_ns") and
       state.get("preempted", 0) == total(rows["tasks"], "wait_preempt_ns") and
       state.get("sleeping", 0) == total(rows["tasks"], "sleep_ns"),
       f"{name}: states add up what tasks has")
    kinds = {row["kind"]: row for row in rows["latency_kinds"] if row["placement"] == "all"}
    doubtful = sum(kinds[k]["uncertain"] + kinds[k]["cut"] for k in kinds)
    difference = total(rows["tasks"], "wait_wakeup_ns", "wait_preempt_ns", "wait_new_ns") - \
        sum(kinds[k]["total_ns"] for k in ("wakeup", "preempt", "new"))
    ok(difference == 0 if not doubtful else difference >= 0,
       f"{name}: latencies add up to the waits of tasks", f"{difference} {doubtful}")
    far = [row for row in rows["wait_reasons"]
           if row["behind_tasks_ns"] + row["behind_idle_ns"] > row["wait_ns"] or
           row["other_idle_ns"] > row["wait_ns"]]
    ok(not far, f"{name}: the reasons of waits are not longer than the waits", f"{far[:1]}")


def check_windows(name, path):
    """What lies in two windows that meet is what lies in both together."""
    whole = tables(path, "runqueue", "utilization", "-t",
                   "work_conservation,completion")
    end = whole["completion"][0]["end_ns"]
    middle = (whole["completion"][0]["start_ns"] + end) // 2
    halves = [tables(path, "-w", window, "runqueue", "utilization", "-t",
                     "work_conservation,completion") for window in
              (f":@{middle}", f"@{middle}:")]
    for table, columns in (("work_conservation", ("wall_ns", "per_cpu_ns", "per_thread_ns",
                                                  "any_wall_ns", "any_per_cpu_ns",
                                                  "any_per_thread_ns", "violation_ns",
                                                  "followed_ns")),
                           ("completion", ("on_cpu_ns",))):
        for column in columns:
            parts = sum(half[table][0][column] for half in halves)
            if parts != whole[table][0][column]:
                ok(False, f"{name}: two windows add up", f"{column} {parts} {whole[table][0]}")
                return
    ok(True, f"{name}: two windows that meet add up to the whole")


def check_latency_comms(name, trace, rows):
    """Percentiles of the tasks of a name together, from every single wait."""
    waits, names = waits_of(trace), collections.defaultdict(set)
    for row in rows["latency"]:
        names[row["pid"], row["kind"]].add(row["comm"])
    together = collections.defaultdict(list)
    for key, values in waits.items():
        for comm in names[key]:
            # Lives of one pid with two names cannot be told apart here.
            together[comm, key[1]] += values if len(names[key]) == 1 else [None]
    checked, far = 0, []
    for row in rows["latency_comms"]:
        values = together[row["comm"], row["kind"]]
        if not row["count"] or None in values:
            continue
        checked += 1
        if (len(values), sum(values), max(values)) != \
                (row["count"], row["total_ns"], row["max_ns"]):
            far.append((row, values))
        for percent, column in ((50, "p50_ns"), (90, "p90_ns"), (99, "p99_ns")):
            exact = np.percentile(values, percent, method="inverted_cdf")
            if abs(row[column] - exact) > max(8, exact / 32):
                far.append((row, column, exact))
    ok(checked > 5 and not far, f"{name}: waits of the tasks of a name together are numpy's",
       f"{checked} {far[:1]}")


for path in tarballs:
    name = os.path.basename(path)
    if name.endswith(".xz"):
        with tempfile.NamedTemporaryFile(suffix=".dat") as f:
            f.write(lzma.open(path).read())
            f.flush()
            check_sums(name, f.name)
            check_windows(name, f.name)
        continue
    trace = Trace(path)
    found = tables(path, "latency", "runqueue", "-t",
                   "latency,latency_comms,latency_histogram,work_conservation,"
                   "runqueue_lengths")
    check_latency(name, trace, found)
    check_latency_comms(name, trace, found)
    check_runqueue(name, trace, found)
    check_sums(name, path)
    check_windows(name, path)
tap.end()
