#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""numpy as a witness of tables that put tasks together, where only some tasks are chosen: they must
be what the log rows of these tasks add up to.

usage: chosen_numpy.py SCHEDREPORT TARBALL...
"""
import collections
import csv
import io
import json
import math
import os
import subprocess
import sys

import numpy as np

from rows import Tap, Trace

report, *tarballs = sys.argv[1:]
tap = Tap()
ok = tap.ok
MIB = 1 << 20


def run(*arguments):
    return subprocess.run([report, "-q", *arguments], stdout=subprocess.PIPE, check=True).stdout


def tables(path, *arguments):
    return {name: table["rows"]
            for name, table in json.loads(run("-f", "json", "--top", "0", *arguments, path)).items()}


def log(path, name):
    text = run("-f", "csv", "--log", name, path).decode(errors="surrogateescape")
    return list(csv.DictReader(io.StringIO(text)))


def whole(row):
    """Waits of which both ends are certain."""
    return row["latency_hi_ns"] == row["latency_ns"]


def near(ours, values, share):
    true = int(np.sort(values)[max(math.ceil(share / 100 * len(values)), 1) - 1])
    return abs(ours - true) <= max(8, true / 32)


def check_latency(name, path, rows, chosen, arguments):
    """@rows: the whole log; @chosen: whether a row of it is chosen."""
    ours = tables(path, "latency", "--table=latency_kinds,latency_histogram,latency_worst", *arguments)
    waits, far = collections.defaultdict(list), []
    for row in filter(chosen, rows):
        if whole(row):
            waits[row["kind"]].append(int(row["latency_ns"]))
    for kind in ours["latency_kinds"]:
        if kind["placement"] != "all" or kind["kind"] == "unknown":
            continue
        values = np.array(waits[kind["kind"]], np.int64)
        good = kind["count"] in (None, len(values)) and kind["total_ns"] in (None, values.sum())
        if len(values) and kind["count"] is not None:
            good &= kind["max_ns"] == values.max() and abs(kind["mean_ns"] - values.mean()) < 1 and \
                all(near(kind["p%d_ns" % p], values, p) for p in (50, 90, 99))
        if not good:
            far.append((kind, len(values), values.sum()))
    ok(not far, f"{name}: the waits by kind are numpy's", far)
    far = [(bin_, kind) for bin_ in ours["latency_histogram"]
           for kind in ("wakeup", "waking", "preempt", "new")
           if bin_[kind] not in (None, sum(bin_["from_ns"] <= ns < bin_["below_ns"]
                                           for ns in waits[kind]))]
    ok(not far, f"{name}: the histogram of waits is numpy's", far)
    longest = sorted((ns for kind in ("wakeup", "preempt", "new") for ns in waits[kind]),
                     reverse=True)[:20]
    ok([row["latency_ns"] for row in ours["latency_worst"]] == longest,
       f"{name}: the worst cases are the 20 longest of the chosen", longest, ours["latency_worst"])


def length(rows):
    return sum(int(row["end_ns"]) - int(row["begin_ns"]) for row in rows)


def check_states(name, path, rows, chosen, arguments):
    ours = {row["state"]: row for row in tables(path, "states", "--table=states", *arguments)["states"]}
    true = collections.defaultdict(lambda: ([], []))
    for row in filter(chosen, rows):
        true[row["state"]][row["certain"] == "1"].append(row)
    far = [(state, length(sure), length(maybe), ours.get(state))
           for state, (maybe, sure) in true.items()
           if (ours[state]["certain_ns"], ours[state]["possible_ns"]) != (length(sure), length(maybe))]
    ok(true and not far, f"{name}: the time in each state is numpy's", far)


def check_utilization(name, path, rows, chosen, arguments):
    ours = tables(path, "utilization", "--table=utilization", *arguments)["utilization"]
    ran = np.array([(int(row["begin_ns"]), int(row["end_ns"])) for row in filter(chosen, rows)
                    if row["state"] == "running" and row["certain"] == "1"], np.int64).reshape(-1, 2)
    far = []
    for row in ours:
        begin = np.maximum(ran[:, 0], row["begin_ns"])
        end = np.minimum(ran[:, 1], row["end_ns"])
        if row["busy_ns"] != np.maximum(end - begin, 0).sum():
            far.append(row)
    ok(len(ours) > 50 and not far, f"{name}: how busy the chosen kept the CPUs over time is numpy's",
       far[:2])
    everyone = tables(path, "utilization", "--table=utilization")["utilization"]
    ok([(row["idle_ns"], row["unknown_ns"]) for row in ours] ==
       [(row["idle_ns"], row["unknown_ns"]) for row in everyone],
       f"{name}: idle and unknown time stay those of the CPUs")


def check_work(name, path, pids, arguments):
    """CPUs that idle while chosen tasks wait for others, after every row."""
    trace = Trace(path)
    current, queue, blocked, states = {}, {}, set(), []
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
        all_ = collections.Counter(queue.values())
        mine = collections.Counter(cpu for pid, cpu in queue.items() if pid in pids)
        states.append((t, sum(p == 0 and not all_[c] for c, p in current.items()),
                       sum(p > 0 and mine[c] > 0 for c, p in current.items()),
                       sum(mine[c] for c, p in current.items() if p > 0)))
    t, idle, over, behind = np.array(states).T
    ns = np.diff(np.append(t, trace.timestamp[-1]))
    true = {"wall_ns": int(np.sum(ns * ((idle > 0) & (over > 0)))),
            "per_cpu_ns": int(np.sum(ns * np.minimum(idle, over))),
            "per_thread_ns": int(np.sum(ns * np.minimum(idle, behind)))}
    work = tables(path, "runqueue", "--table=work_conservation", *arguments)["work_conservation"][0]
    slack = work["unfollowed_ns"]
    ok(all(abs(true[c] - work[c]) <= 2 * slack for c in true),
       f"{name}: work conservation towards the chosen is numpy's, but for the {slack} ns that are not "
       "followed", true, work)
    return true["wall_ns"]


def check_memory(name, path, rows):
    asked = collections.Counter()
    for row in rows:
        if row["call"] in ("mmap", "area") and int(row["size"]) > 0:
            asked[int(row["tgid"])] += int(row["size"])
    pids = [pid for pid, _ in asked.most_common()][1::2]
    every = {row["pid"]: row for row in tables(path, "memory", "--table=memory")["memory"]}
    ours = tables(path, "memory", "--table=memory_biggest,memory_system",
                  *("--pid=%d" % pid for pid in pids))
    biggest = sorted((every[pid]["requested_bytes"] for pid in pids if pid in every), reverse=True)
    found = [row["requested_bytes"] for row in ours["memory_biggest"] if row["comm"] != "others"]
    ok(found == biggest[:10] and len(found) > 1 and all(
        row["pid"] in pids and row["requested_bytes"] == asked[row["pid"]]
        for row in ours["memory_biggest"] if row["pid"] is not None),
       f"{name}: the biggest are the biggest of the chosen, by what the log says they asked for",
       found, biggest[:10])
    ok(ours["memory_system"][0]["requested_bytes"] == sum(biggest),
       f"{name}: all of the chosen together asked for what numpy adds up", ours["memory_system"])


def main():
    wasted = 0
    for path in tarballs:
        name = os.path.basename(path)
        waits, states, requests = (log(path, which) for which in
                                   ("latency_log", "states_log", "requests"))
        busiest = collections.Counter(row["comm"] for row in waits if whole(row)).most_common(3)
        pids = {row["pid"] for row in waits if row["comm"] == busiest[0][0]}
        some = set(sorted(pids, key=int)[::2])
        for what, chosen, arguments in (
                ("of a name", lambda row: row["comm"] == busiest[0][0], ["--comm=" + busiest[0][0]]),
                ("of two names", lambda row: row["comm"] in (busiest[0][0], busiest[1][0]),
                 ["--comm=" + busiest[0][0], "--comm=" + busiest[1][0]]),
                ("of some pids", lambda row: row["pid"] in some, ["--pid=" + ",".join(some)]),
                ("on CPU 1", lambda row: row["cpu"] == "1", ["--cpu=1"]),
                ("of a name on CPU 0", lambda row: row["comm"] == busiest[0][0] and row["cpu"] == "0",
                 ["--cpu=0", "--comm=" + busiest[0][0]])):
            check_latency(f"{name}, tasks {what}", path, waits, chosen, arguments)
            check_states(f"{name}, tasks {what}", path, states, chosen, arguments)
            if "--cpu" not in arguments[0]:
                check_utilization(f"{name}, tasks {what}", path, states, chosen, arguments)
        wasted += check_work(f"{name}, tasks of some pids", path, {int(pid) for pid in some},
                             ["--pid=" + ",".join(some)])
        if len({row["tgid"] for row in requests}) > 3:
            check_memory(name, path, requests)
    ok(wasted > 0, "somewhere a CPU idled while a chosen task waited")


main()
tap.end()
