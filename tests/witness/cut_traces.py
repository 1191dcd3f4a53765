#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whole recordings, cut in many ways: the figures of the uncut one must lie within the bounds that
schedreport gives for what is left, and no analysis may be certain of what another doubts.

usage: cut_traces.py SCHEDREPORT SEEDS TRACE.dat.xz...
"""
import collections
import json
import lzma
import random
import re
import subprocess
import sys
import tempfile

from cut_pages import WAYS, File, clock_set_back, late_begin, single_switches, wakeups
from rows import Tap

report, seeds, *paths = sys.argv[1:]
tap = Tap()


def tables(path, window=":"):
    r = subprocess.run([report, "-q", "-f", "json", "--top", "0", "-w", window, "tasks", "cpus",
                        "states", "utilization", "latency", "waits", "runqueue", path],
                       capture_output=True, text=True, check=True)
    return {name: table["rows"] for name, table in json.loads(r.stdout).items()}


def lives(rows):
    """By pid: a cut may hide where one life ends and the next begins."""
    sums = collections.defaultdict(collections.Counter)
    for row in rows:
        for column, value in row.items():
            if isinstance(value, (int, float)):
                sums[row["pid"]][column] += value
    return sums


NO_LIMIT = float("inf")
WAITS = "wait_wakeup_ns", "wait_preempt_ns", "wait_new_ns"
Bound = collections.namedtuple("Bound", "what low high")


def bounds(found):
    """Bounds of every figure that has them."""
    for pid, t in lives(found["tasks"]).items():
        yield Bound(("on_cpu", pid), t["on_cpu_ns"], t["on_cpu_hi_ns"])
        yield Bound(("waits", pid), sum(t[c] for c in WAITS), t["wait_hi_ns"])
        # Counts and sums of records can only be too small, and so can certain times.
        yield Bound(("switches", pid), t["switches_voluntary"] + t["switches_involuntary"], NO_LIMIT)
        for column in ("charged_ns", "migrations", "sleep_ns", "idle_ns", "blocked_ns"):
            yield Bound((column, pid), t[column], NO_LIMIT)
    for c in found["cpus"]:
        for column in ("busy_ns", "idle_ns"):
            yield Bound((column, c["cpu"]), c[column], c[column] + c["unknown_ns"])
    for u in found["utilization"]:
        yield Bound(("busy", u["begin_ns"]), u["busy_ns"], u["busy_ns"] + u["unknown_ns"])
        yield Bound(("idle", u["begin_ns"]), u["idle_ns"], u["idle_ns"] + u["unknown_ns"])
    for s in found["states"]:
        yield Bound((s["state"],), s["certain_ns"], NO_LIMIT)
    for pid, w in lives(found["waits"]).items():
        yield Bound(("waits: on_cpu", pid), w["on_cpu_ns"], w["on_cpu_ns"] + w["unknown_ns"] +
                    w["lasting_ns"])
    kinds = collections.defaultdict(collections.Counter)
    for row in found["latency"]:
        for column in ("count", "total_ns"):
            kinds[row["pid"], row["kind"]][column] += row[column] or 0
    for (pid, kind), k in kinds.items():
        for column in k:
            yield Bound((f"latency {column}", pid, kind), k[column], NO_LIMIT)
    work = found["work_conservation"][0]
    for column in ("any_wall_ns", "any_per_cpu_ns", "any_per_thread_ns"):
        yield Bound((column,), work[column], work[column] + len(found["cpus"]) *
                    work["unfollowed_ns"])


def log(path, name):
    r = subprocess.run([report, "-q", "-f", "json", "--top", "0", "--log", name, path],
                       capture_output=True, text=True, check=True)
    return [json.loads(line) for line in r.stdout.splitlines()]


def contradictions(path):
    """What one analysis says for certain and another does not."""
    found = tables(path)
    both = {name: lives(found[name]) for name in ("tasks", "waits")}
    for pid, task in both["tasks"].items():
        for column in ("on_cpu_ns", "sleep_ns", "blocked_ns", "idle_ns", *WAITS):
            if task[column] != both["waits"][pid][column]:
                yield "tasks and waits", column, pid, task[column], both["waits"][pid][column]
    certain = {row["state"]: row["certain_ns"] for row in found["states"]}
    for state, column in (("running", "on_cpu_ns"), ("woken", "wait_wakeup_ns"),
                          ("preempted", "wait_preempt_ns"), ("new", "wait_new_ns")):
        total = sum(task[column] for task in both["tasks"].values())
        if certain.get(state, 0) != total:
            yield "tasks and states", column, total, certain.get(state, 0)
    episodes, work = log(path, "idle_while_waiting"), found["work_conservation"][0]
    sure = [e for e in episodes if e["certain"]]
    if (len(sure), len(episodes) - len(sure)) != (work["episodes"], work["doubtful"]):
        yield "episodes in the table and in the log", work, len(sure), len(episodes)
    if sum(e["end_ns"] - e["begin_ns"] for e in sure) > work["wall_ns"]:
        yield "episodes longer than their sum", work, sure
    waits = collections.defaultdict(list)
    for row in log(path, "states_log") + found["states_open"]:
        if row["state"] in ("woken", "preempted", "new"):
            waits[row["pid"]].append(row)
    for e in sure:
        for pid in map(int, re.findall(r":(\d+)@\d+(?= |$)", e["waiting"] or "")):
            if not any(w["begin_ns"] <= e["begin_ns"] < w["end_ns"] and
                       (w["certain"] or w in found["states_open"]) for w in waits[pid]):
                yield "idle_while_waiting and states", pid, e


def check(name, uncut, file, way):
    # Records without rows are at the end, where a mark of lost ones makes one.
    window = ":@%d" % next(row["end_ns"] for row in uncut["completion"])
    if way is clock_set_back:
        window = ":"
    figures = {b.what: b for b in bounds(uncut)}
    far, compared, narrower = collections.Counter(), 0, 0
    first, contradicted = {}, []
    for seed in range(int(seeds)):
        cut = File(file)
        way(random.Random(f"{way.__name__} {seed}"), cut)
        with tempfile.NamedTemporaryFile(suffix=".dat") as f:
            f.write(cut.bytes())
            f.flush()
            found = tables(f.name, window)
            contradicted += [(seed, *c) for c in contradictions(f.name)]
        for b in bounds(found) if way is not late_begin else ():
            true = figures.get(b.what)
            # A task whose wakeup or switch-in is missing seems not to wait, or to wait on: work
            # conservation has no bounds then.
            if not true or (way in (wakeups, single_switches) and b.what[0].startswith("any_")):
                continue
            if way is clock_set_back and b.what[0] in ("busy", "idle"):
                continue    # of stretches whose begin is another
            compared += 1
            if b.low > (true.high if b.high < NO_LIMIT else true.low) or b.high < true.low:
                far[b.what[0]] += 1
                first.setdefault(b.what[0], (seed, b, true))
    if way is not late_begin:
        tap.ok(compared > 250 * int(seeds) and not far, f"{name}, {way.__name__.replace('_', ' ')}: {compared} "
               f"figures of {seeds} cuts have the truth within their bounds", str(dict(far)),
               *map(str, first.values()))
    tap.ok(not contradicted, f"{name}, {way.__name__.replace('_', ' ')}: no two analyses contradict "
           "each other", *map(str, contradicted[:5]))


for path in paths:
    file = (lzma.open if path.endswith(".xz") else open)(path, "rb").read()
    with tempfile.NamedTemporaryFile(suffix=".dat") as f:
        f.write(File(file).bytes())
        f.flush()
        uncut = tables(f.name)
    for way in WAYS:
        check(path.rpartition("/")[2], uncut, file, way)
tap.end()
