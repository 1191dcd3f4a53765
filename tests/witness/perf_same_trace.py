#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""perf sched latency, timehist and map of a perf.data, as text, against schedreport on the same
records: those that perf script prints of it, made into rows by numpy.

usage: perf_same_trace.py SCHEDREPORT FOLDER-OF-DATA
"""
import collections
import io
import json
import lzma
import re
import subprocess
import sys
import tarfile
import tempfile

import numpy as np

from rows import Switch, Tap, Trace, by_pid, tables

report, data = sys.argv[1:]
tap = Tap()
SECONDS = r"(\d+)\.(\d{6})"


def text(name):
    return lzma.open(f"{data}/same-{name}.txt.xz", "rt", errors="replace").read().splitlines()


def micros(seconds, fraction):
    return int(seconds) * 10 ** 6 + int(fraction)


def make_rows(ids):
    """Rows by the rules of docs/events.md."""
    record = re.compile(r"^\s*.*?\s+-?\d+/(-?\d+)\s+\[(\d+)\]\s+(\d+)\.(\d{9}):\s+"
                        r"sched:(\w+): (.*)")
    rows, running = [], {}
    for line in text("script"):
        tid, cpu, seconds, ns, event, fields = record.match(line).groups()
        tid, cpu, t = int(tid), int(cpu), int(seconds) * 10 ** 9 + int(ns)
        value = dict(re.findall(r"(\w+)=(\S+)", fields))

        def row(pid, name, arg0=0, arg1=0, on=cpu):
            rows.append((t, int(pid), ids[name], int(on), int(arg0), int(arg1)))

        if running.get(cpu) != tid:
            row(tid, "RUNS", running.get(cpu, -1))
            running[cpu] = tid
        if event == "sched_switch":
            prev, state = value["prev_pid"], value["prev_state"]
            if not state.startswith("R"):
                row(prev, "BLOCK")
            if state == "D":
                row(prev, "BLOCK_IO")
            elif state not in ("R", "S"):
                row(prev, "STATE", ord(state[-1]))
            row(prev, "CTX_SWITCH", value["next_pid"])
            running[cpu] = int(value["next_pid"])
        elif event == "sched_waking":
            row(value["pid"], "WAKING", tid, value["target_cpu"])
        elif event in ("sched_wakeup", "sched_wakeup_new"):
            row(value["pid"], event[6:].upper(), on=value["target_cpu"])
        elif event == "sched_migrate_task":
            row(value["pid"], "MIGRATE", value["orig_cpu"], value["dest_cpu"])
        elif event == "sched_stat_runtime":
            row(value["pid"], "STAT_RUNTIME", value["runtime"])
        elif event == "sched_process_fork":
            row(value["child_pid"], "FORK", value["pid"])
        elif event == "sched_process_exit":
            row(value["pid"], "EXIT")
    return rows


def write(rows, ids, path):
    with tarfile.open(path, "w") as tar:
        def add(name, content):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))

        add("sched_log_traced_events.start",
            "".join(f"{number} {name}\n" for name, number in ids.items()).encode())
        for name, dtype, values in zip(("timestamp", "pid", "event", "cpu", "arg0", "arg1"),
                                       ("<i8", "<i4", "<i4", "<i4", "<i8", "<i8"), zip(*rows)):
            f = io.BytesIO()
            np.savez(f, **{name: np.array(values, dtype)})
            add(name + ".npz", f.getvalue())


def log(name, path):
    r = subprocess.run([report, "--log", name, "-f", "json", path], capture_output=True,
                       text=True, check=True)
    return [json.loads(line) for line in r.stdout.splitlines()]


def latency_rule(trace, perfs):
    """{pid: waits as (begin, end)} by perf's rule, or by that with its two differences to ours
    removed: R+ counts as asleep, and a task not seen before as having waited for 0 ns."""
    since, waits = {}, collections.defaultdict(list)
    for r in trace.records("WAKEUP", "WAKEUP_NEW"):
        if not isinstance(r, Switch):
            if since.get(r.pid, "asleep") == "asleep":
                since[r.pid] = r.t
            continue
        since[r.prev] = r.t if r.state == "R" or (r.state == "R+" and not perfs) else "asleep"
        begin = since.get(r.next, r.t if perfs else "asleep")
        if begin not in ("asleep", "in"):
            waits[r.next].append((begin, r.t))
        since[r.next] = "in"
    waits.pop(0, None)
    return waits


def check_latency(trace, rows):
    line = re.compile(r"\s*(.*):(-?\d+)\s*\|\s*([\d.]+) ms \|\s*(\d+) \| avg:\s*([\d.]+) ms \| "
                      rf"max:\s*([\d.]+) ms \| max start:\s*{SECONDS} s \| max end:\s*{SECONDS} s")
    perf = {int(m[2]): m for m in map(line.match, text("latency")) if m}
    tap.ok(len(perf) > 50, f"perf sched latency has {len(perf)} tasks")
    charged = by_pid(rows["tasks"], "charged_ns")
    far = [(pid, m[3], charged[pid]) for pid, m in perf.items()
           if abs(float(m[3]) * 1e6 - charged[pid]) > 501]
    tap.ok(not far, "Runtime is charged_ns", f"{far[:3]}")
    waits = latency_rule(trace, True)
    far = []
    for pid, m in perf.items():
        ns = [end - begin for begin, end in waits[pid]]
        longest = max(waits[pid], key=lambda w: w[1] - w[0])
        got = int(m[4]), float(m[5]) * 1e6, float(m[6]) * 1e6
        if got[0] != len(ns) or abs(got[1] - sum(ns) / len(ns)) > 501 or \
                abs(got[2] - max(ns)) > 501 or \
                (max(ns) and abs(micros(m[9], m[10]) - longest[1] / 1000) > 1):
            far.append((pid, m.groups(), len(ns), sum(ns) / len(ns), max(ns), longest))
    tap.ok(not far, "Switches, average, maximum and when are what the rule named in "
           "docs/analyses.md gives", f"{len(far)}: {far[:3]}")
    ours = [r for r in rows["latency"] if r["kind"] in ("wakeup", "preempt", "new")]
    count, total = by_pid(ours, "count"), by_pid(ours, "total_ns")
    waits = latency_rule(trace, False)
    pids = (set(waits) | set(count)) - trace.doubtful_pids()
    far = [(pid, count[pid], total[pid], waits[pid]) for pid in pids
           if (count[pid], total[pid]) != (len(waits[pid]), sum(e - b for b, e in waits[pid]))]
    tap.ok(len(pids) > 20 and not far, "by that rule without its two differences, the wakeup, "
           "preempt and new latencies of every task are ours", f"{len(far)}: {far[:2]}")


def check_timehist(path):
    line = re.compile(rf"\s*{SECONDS} \[(\d+)\]\s+(.*?)" + r"\s+([\d.]+)" * 3 + r"\s+(\S)\s*$")
    perf, ours = [m for m in map(line.match, text("timehist")) if m], log("timehist", path)
    left, unmatched, far, letters = collections.defaultdict(list), 0, [], set()
    for m in perf:
        tid = re.search(r"\[(-?\d+)(?:/-?\d+)?\]$", m[4])
        left[int(m[3]), int(tid[1]) if tid else 0, micros(m[1], m[2])].append(m)
    before, compared, no_delay = {}, 0, 0
    for row in ours:
        key = row["cpu"], row["pid"], row["time_ns"] // 1000
        m = left[key].pop(0) if left.get(key) else None
        last, before[row["pid"]] = before.get(row["pid"]), row["state"]
        if not m:
            unmatched += 1
            continue
        compared += 1
        letters.add((row["state"], m[8]))
        printed = [round(float(m[i]) * 1e6) for i in (7, 5, 6)]
        got = [row[c] or 0 for c in ("run_ns", "wait_ns", "delay_ns")]
        if last and last.startswith("R") and printed[2] == 0:
            no_delay += 1                       # perf 6.1 forgets it after a preemption
            got[2] = 0
        if row["pid"] and any(abs(a - b) > 1000 for a, b in zip(printed, got)):
            far.append((m.groups(), row))
    tap.ok(compared > 1000 and unmatched == len(ours) - compared and not any(left.values()),
           f"all {compared} rows of perf sched timehist are in ours ({unmatched} more)",
           f"{[k for k, v in left.items() if v][:3]}")
    tap.ok(not far, f"run time, wait time and sch delay of each are perf's to the printed digit, but "
           f"for the delay after {no_delay} preemptions", f"{len(far)}: {far[:2]}")
    letters.discard(("I", "I"))                 # the idle task
    tap.ok({p for _, p in letters} >= {"S", "D", "R"} and
           all(p == {"R+": "W", "I": "K", "Z": "X"}.get(s, s) for s, p in letters),
           "states are perf's, but for letters of older kernels", f"{letters}")


def check_summary(trace, rows):
    """The columns of perf sched timehist -s --state; perf 6.1 takes R+ for a sleep."""
    line = re.compile(r"^\s*(.*)\[(\d+)(?:/\d+)?\]\s+-?\d+\s+(\d+)" + r"\s+([\d.]+)" * 5)
    perf = {int(m[2]): m for m in map(line.match, text("summary")) if m}
    ours = {r["pid"]: r for r in rows["timehist"]}
    far = []
    for pid, m in perf.items():
        r = ours.get(pid)
        run, sleep, iowait, preempt = (float(m[i]) * 1e6 for i in range(4, 8))
        # perf counts a run of 0 where the begin is not known, and truncates each to 1 us.
        got = r and (r["sched_in"], r["run_ns"], r["sleep_ns"] + r["preempt_ns"], r["iowait_ns"])
        if not r or not 0 <= int(m[3]) - got[0] <= 2 or abs(run - got[1]) > 1000 or \
                abs(sleep + preempt - got[2]) > 2000 or abs(iowait - got[3]) > 1000:
            far.append((m.groups(), got))
    tap.ok(len(perf) > 50 and not far, "perf's summary of every task is table timehist, with R+ "
           "as a preemption", f"{len(far)} of {len(perf)}: {far[:3]}")


def check_map(path):
    line = re.compile(rf"  (.*?)\s*{SECONDS} secs ?(?:(\S+)\s+=> .*:(\d+))?\s*$")
    perf, ours = [m for m in map(line.match, text("map")) if m], log("map", path)
    far, named = [], set(["."])
    for m, row in zip(perf, ours):
        # perf names a letter again when the task has another name; these rows have no names.
        new = (m[4], m[5]) if m[4] and m[4] not in named else None
        named.add(m[4])
        told = row["new"] and (row["new"].split(" ")[0], row["new"].rpartition(":")[2])
        if m[1].rstrip() != row["cpus"].rstrip() or new != told or \
                micros(m[2], m[3]) != row["time_ns"] // 1000:
            far.append((m.groups(), row))
    tap.ok(len(perf) == len(ours) > 1000 and not far,
           f"all {len(perf)} rows of perf sched map are ours, letter by letter",
           f"{len(perf)} {len(ours)} {len(far)}: {far[:3]}")


with tempfile.TemporaryDirectory() as folder:
    ids = Trace(data + "/load.tar").ids
    path = folder + "/same.tar"
    write(make_rows(ids), ids, path)
    trace = Trace(path)
    rows = tables(report, path, "tasks", "latency", "timehist", "-t", "tasks,latency,timehist")
    check_latency(trace, rows)
    check_timehist(path)
    check_summary(trace, rows)
    check_map(path)
tap.end()
