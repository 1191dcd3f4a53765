#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Our time on CPU against perf sched timehist's; charged time and waits against the run time and the
run delay of /proc/PID/schedstat.

usage: perf-timehist.py SCHEDREC SCHEDCONV SCHEDREPORT

perf and schedrec record the same workload at once, on the same clock. perf prints microseconds and
takes its stamps a moment apart from ours, so each of its intervals may differ by a few.
"""
import collections
import csv
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

import numpy

schedrec, schedconv, schedreport = sys.argv[1:4]
NS_AN_INTERVAL = 4000  # rounding to microseconds, and two tracepoint handlers one after the other
WAITS = "wait_wakeup_ns", "wait_preempt_ns", "wait_new_ns"
WORKLOAD = """for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
(head -c 400000 /dev/urandom | gzip | md5sum >/dev/null) & done
wait
spin='i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done'
sh -c "$spin" & sh -c "$spin" &
sh -c "$spin"'; sleep 0.01; read time delay rest < /proc/self/schedstat; echo $$ $time $delay'
wait"""
count = 0
good = True


def claim(true, sentence, got=""):
    global count, good
    count += 1
    good = good and bool(true)
    print("ok" if true else "not ok", count, "-", sentence, flush=True)
    if not true:
        print("#", str(got).replace("\n", "\n# "))


def skip(reason):
    print("1..0 # SKIP", reason)
    sys.exit(0)


def timehist(path):
    """tid: (sum of run times in ns, intervals) as perf sees them."""
    out = subprocess.run(["perf", "sched", "timehist", "-i", path], capture_output=True,
                         text=True, errors="replace").stdout
    line = re.compile(r"^ *\d+\.\d+ +\[\d+\] +.*?\[(\d+)(?:/\d+)?\] +[\d.]+ +[\d.]+ +([\d.]+) *$")
    times = collections.defaultdict(lambda: [0, 0])
    for text in out.splitlines():
        match = line.match(text)
        if match:
            times[int(match[1])][0] += round(float(match[2]) * 1e6)
            times[int(match[1])][1] += 1
    return times


def broken(path):
    """tids in switches whose chain is broken in perf's own file: perf's figures are off there.
    Beside them the switches away from each tid: timehist leaves out some of tasks that exit."""
    out = subprocess.run(["perf", "script", "-i", path, "--ns", "-F", "cpu,event,trace"],
                         capture_output=True, text=True, errors="replace").stdout
    line = re.compile(r"\[(\d+)\] .*sched_switch: .*prev_pid=(\d+) .*next_pid=(\d+) ")
    running, tids, left = {}, set(), collections.Counter()
    for text in out.splitlines():
        match = line.search(text)
        if not match:
            continue
        cpu, prev, following = match.groups()
        left[int(prev)] += 1
        if running.get(cpu, prev) != prev:
            tids |= {int(prev), int(running[cpu])}
        running[cpu] = following
    return tids, left


def report(tar):
    out = subprocess.run([schedreport, "tasks", "--format", "csv", "--exact", "--top", "0", tar],
                         capture_output=True, text=True, errors="replace")
    if out.returncode:
        sys.exit("schedreport: " + out.stderr)
    text = "".join(l for l in out.stdout.splitlines(True) if not l.startswith("#"))
    return list(csv.DictReader(io.StringIO(text)))


def column(tar, name):
    with tarfile.open(tar) as f:
        return numpy.load(io.BytesIO(f.extractfile(name + ".npz").read()))[name]


def main():
    if os.geteuid() != 0 or not os.access("/sys/kernel/tracing/instances", os.W_OK):
        skip("recording needs root and tracefs")
    if not shutil.which("perf"):
        skip("there is no perf")
    with tempfile.TemporaryDirectory() as folder:
        perf, dat, tar = (os.path.join(folder, n) for n in ("perf.data", "t.dat", "t.tar"))
        run = subprocess.run(
            ["perf", "sched", "record", "-k", "CLOCK_MONOTONIC", "-o", perf, "--", schedrec, "-q",
             "-o", dat, "--", "sh", "-c", WORKLOAD], capture_output=True, text=True)
        if not os.path.exists(dat) or not os.path.exists(perf):
            skip("perf sched record does not work here: " + run.stderr.strip()[-200:])
        subprocess.run([schedconv, "-q", dat, tar], check=True)
        pid, printed, delay = map(int, run.stdout.split()[-3:])
        times = timehist(perf)
        perf_broken, left = broken(perf)
        rows = report(tar)
        event, pids = column(tar, "event"), column(tar, "pid")
        charged = numpy.cumsum(column(tar, "arg0")[(event == 22) & (pids == pid)])
        gone = set(pids[(event == 20) & numpy.isin(column(tar, "arg0"), [ord("X"), ord("Z")])])

    lives = collections.Counter(r["pid"] for r in rows)
    whole = equal = 0
    outside, differ = [], []
    for r in rows:
        tid = int(r["pid"])
        # perf records a little more than schedrec: only lives that began and ended in between.
        if not r["start_ns"] or tid not in gone or lives[r["pid"]] > 1 or tid not in times or \
                tid in perf_broken or times[tid][1] != left[tid]:
            continue
        ns, intervals = times[tid]
        slack = NS_AN_INTERVAL * intervals
        low, high = int(r["on_cpu_ns"]), int(r["on_cpu_hi_ns"])
        whole += 1
        if not low - slack <= ns <= high + slack:
            outside.append("%s %s: perf %d, ours %d to %d, %d intervals" %
                           (tid, r["comm"], ns, low, high, intervals))
        if low == high:
            equal += 1
            if abs(ns - low) > slack:
                differ.append("%s %s: perf %d, ours %d, %d intervals" %
                              (tid, r["comm"], ns, low, intervals))
    claim(left.total() > 50, "perf's switches can be read", left.total())
    claim(whole >= 6, "at least six tasks lived and died in both recordings", whole)
    claim(not outside, "perf's run time of every task lies within our bounds",
          "\n".join(outside))
    claim(equal >= 1 and not differ,
          "perf's run time equals on_cpu_ns where the switch chains are whole",
          "%d tasks\n%s" % (equal, "\n".join(differ)))
    claim(printed in charged,
          "what the shell read from its /proc/self/schedstat is a sum of its STAT_RUNTIME rows",
          "%d is not among %s" % (printed, charged[-5:]))
    mine = [int(r["charged_ns"]) for r in rows if int(r["pid"]) == pid]
    claim(mine == [int(charged[-1])], "charged_ns is the sum of all of them", mine)
    mine = next(r for r in rows if int(r["pid"]) == pid)
    low, high = sum(int(mine[c]) for c in WAITS), int(mine["wait_hi_ns"])
    # The kernel reads the run queue's clock, and the tracepoint its own a moment later: longer
    # where the host takes the CPU away in between, hence 2 %.
    slack = NS_AN_INTERVAL * (int(mine["switches_voluntary"]) +
                              int(mine["switches_involuntary"])) + delay // 50
    claim(delay > 10 ** 6 and low - slack <= delay <= high + slack,
          "its run delay in /proc/self/schedstat is what its waits add up to",
          f"{delay} is not within {low} and {high}, give or take {slack}")
    print("1..%d" % count)
    return 0 if good else 1


sys.exit(main())
