#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Our time on CPU against perf sched timehist's; charged time and waits against the run time and the
run delay of /proc/PID/schedstat.

usage: perf-timehist.py SCHEDREC SCHEDCONV SCHEDREPORT

perf and schedrec record the same workload at once, on the same clock. perf takes its stamps a moment
apart from ours: less than a microsecond on a quiet machine, and as long as a host likes where it
takes the CPU away in between. How far apart they are is in the records: every switch is in both
recordings, with both stamps. perf prints microseconds besides.
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
ROUNDING = 1000  # ns an interval: perf prints microseconds
CLOCKS = 4000  # ns a wait: the kernel reads its run queue's clock, the tracepoint its own later
CTX_SWITCH, STATE, STAT_RUNTIME = 11, 20, 22
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


def switches_of_perf(path):
    """{(CPU, from, to): its stamps}, and the tids in switches whose chain is broken in perf's own
    file: perf's figures are off there."""
    out = subprocess.run(["perf", "script", "-i", path, "--ns", "-F", "time,cpu,event,trace"],
                         capture_output=True, text=True, errors="replace").stdout
    line = re.compile(r"\[(\d+)\] +(\d+)\.(\d{9}): .*sched_switch: .*prev_pid=(\d+) .*next_pid=(\d+) ")
    running, tids, stamps = {}, set(), collections.defaultdict(list)
    for text in out.splitlines():
        match = line.search(text)
        if not match:
            continue
        cpu, prev, following = (int(match[i]) for i in (1, 4, 5))
        stamps[cpu, prev, following].append(int(match[2]) * 10 ** 9 + int(match[3]))
        if running.get(cpu, prev) != prev:
            tids |= {prev, running[cpu]}
        running[cpu] = following
    return stamps, tids


def distances(theirs, ours):
    """{tid: ns that its switches are apart in both recordings, all together; None where they are
    not the same switches}."""
    found = {}
    for key in theirs.keys() | ours.keys():
        a, b = theirs.get(key, []), ours.get(key, [])
        apart = sum(abs(x - y) for x, y in zip(a, b)) if len(a) == len(b) else None
        for tid in key[1:]:
            before = found.get(tid, 0)
            found[tid] = None if apart is None or before is None else before + apart
    return found


def steal():
    """ns that hosts have taken from all CPUs."""
    with open("/proc/stat") as f:
        fields = f.readline().split()
    return int(fields[8]) * 10 ** 9 // os.sysconf("SC_CLK_TCK")


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
        stolen = steal()
        run = subprocess.run(
            ["perf", "sched", "record", "-k", "CLOCK_MONOTONIC", "-o", perf, "--", schedrec, "-q",
             "-o", dat, "--", "sh", "-c", WORKLOAD], capture_output=True, text=True)
        stolen = steal() - stolen
        if not os.path.exists(dat) or not os.path.exists(perf):
            skip("perf sched record does not work here: " + run.stderr.strip()[-200:])
        subprocess.run([schedconv, "-q", dat, tar], check=True)
        pid, printed, delay = map(int, run.stdout.split()[-3:])
        times = timehist(perf)
        theirs, perf_broken = switches_of_perf(perf)
        rows = report(tar)
        stamp, cpus, event, pids, arg0 = (
            column(tar, name) for name in ("timestamp", "cpu", "event", "pid", "arg0"))
        charged = numpy.cumsum(arg0[(event == STAT_RUNTIME) & (pids == pid)])
        gone = set(pids[(event == STATE) & numpy.isin(arg0, [ord("X"), ord("Z")])])
        ours = collections.defaultdict(list)
        for i in numpy.flatnonzero(event == CTX_SWITCH):
            ours[int(cpus[i]), int(pids[i]), int(arg0[i])].append(int(stamp[i]))
        apart = distances(theirs, ours)
        left = collections.Counter()
        for (_, prev, _), stamps in theirs.items():
            left[prev] += len(stamps)

    lives = collections.Counter(r["pid"] for r in rows)
    whole = equal = 0
    outside, differ = [], []
    for r in rows:
        tid = int(r["pid"])
        # perf records a little more than schedrec: only lives that began and ended in between.
        # timehist leaves out some of tasks that exit.
        if not r["start_ns"] or tid not in gone or lives[r["pid"]] > 1 or tid not in times or \
                tid in perf_broken or times[tid][1] != left[tid] or apart.get(tid) is None:
            continue
        ns, intervals = times[tid]
        slack = ROUNDING * intervals + apart[tid]
        low, high = int(r["on_cpu_ns"]), int(r["on_cpu_hi_ns"])
        whole += 1
        if not low - slack <= ns <= high + slack:
            outside.append("%s %s: perf %d, ours %d to %d, give or take %d, %d intervals" %
                           (tid, r["comm"], ns, low, high, slack, intervals))
        if low == high:
            equal += 1
            if abs(ns - low) > slack:
                differ.append("%s %s: perf %d, ours %d, give or take %d, %d intervals" %
                              (tid, r["comm"], ns, low, slack, intervals))
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
    # Besides two clocks one after the other, a host may take the CPU away in between.
    slack = CLOCKS * (int(mine["switches_voluntary"]) + int(mine["switches_involuntary"])) + \
        stolen + delay // 50
    claim(delay > 10 ** 6 and low - slack <= delay <= high + slack,
          "its run delay in /proc/self/schedstat is what its waits add up to",
          f"{delay} is not within {low} and {high}, give or take {slack}")
    print("1..%d" % count)
    return 0 if good else 1


sys.exit(main())
