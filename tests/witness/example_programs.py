# SPDX-License-Identifier: LGPL-2.1-or-later
"""The programs of examples/ on the saved traces: their answers as numpy finds them in the rows.

usage: example_programs.py PROGRAMS-FOLDER TRACES-FOLDER SCHEDREPORT
"""
import collections
import json
import os
import re
import subprocess
import sys
import tarfile

import numpy as np

from rows import Switch, Tap, Trace, waits_of

PROGRAMS, FOLDER, SCHEDREPORT = sys.argv[1:4]
tap = Tap()
traces = {}


def trace_of(name):
    if name not in traces:
        traces[name] = Trace(os.path.join(FOLDER, name + ".tar"))
        with tarfile.open(traces[name].path) as tar:
            names = json.load(tar.extractfile("comm.json"))
        traces[name].comms = {number: text for text, number in names.items()}
    return traces[name]


def run(program, *arguments):
    arguments = [os.path.join(FOLDER, a) if a.endswith(".tar") else a for a in arguments]
    p = subprocess.run([os.path.join(PROGRAMS, program), *arguments], capture_output=True, text=True)
    return p.stdout


def runs_of(trace):
    """(cpu, pid, begin, end, row of the end) of every run between two switches that agree."""
    last = {}
    for i in np.flatnonzero(trace.event == trace.ids["CTX_SWITCH"]):
        cpu, pid = int(trace.cpu[i]), int(trace.pid[i])
        since, who = last.get(cpu, (None, None))
        if who == pid:
            yield cpu, pid, since, int(trace.timestamp[i]), i
        last[cpu] = int(trace.timestamp[i]), int(trace.arg0[i])


def who_ran(trace, cpu, begin, end):
    ran = collections.Counter()
    for c, pid, since, until, _ in runs_of(trace):
        if c == cpu and pid and min(until, end) > max(since, begin):
            ran[pid] += min(until, end) - max(since, begin)
    return ran


def migrations():
    out, trace = run("migrations", "build.tar"), trace_of("build")
    found = [tuple(map(int, m)) for m in re.findall(r"\((\d+)\) from CPU (\d+) to CPU (\d+)", out)]
    rows = [(r.pid, r.arg0, r.arg1) for r in trace.rows("MIGRATE")]
    tap.ok(found == rows and rows, "migrations prints every move in order", found, rows)


def cpus():
    out, trace = run("cpus", "pingpong.tar"), trace_of("pingpong")
    (busy, pid, share), = re.findall(r"CPU 0 was busy for ([\d.]+) %, .*\((\d+)\): ([\d.]+) %", out)
    ran = who_ran(trace, 0, 0, 1 << 62)
    all_of_it = trace.end - trace.begin
    most, ns = ran.most_common(1)[0]
    tap.ok(abs(float(busy) - 100 * sum(ran.values()) / all_of_it) < 0.5 and int(pid) == most and
           abs(float(share) - 100 * ns / all_of_it) < 0.5,
           "cpus names the task that used CPU 0 most", out, ran)


def recording():
    """The same task as numpy finds in the tarball of the recording."""
    path = os.path.join(PROGRAMS, "recording")
    if not os.path.exists(path):
        return tap.skip("recording names the busiest task", "the converter is not built")
    p = subprocess.run([path, os.path.join(FOLDER, "pingpong.dat")], capture_output=True, text=True)
    ran = collections.Counter()
    for _, pid, since, until, _ in runs_of(trace_of("pingpong")):
        if pid:
            ran[pid] += until - since
    found = re.fullmatch(r".* \((\d+)\) ran for ([\d.]+) ms\n", p.stdout)
    most, ns = ran.most_common(1)[0]
    tap.ok(found and int(found[1]) == most and abs(float(found[2]) - ns / 1e6) < 0.05 * ns / 1e6,
           "recording names the busiest task of a trace.dat", p.stdout, p.stderr, most, ns)
    bad = subprocess.run([path, os.path.join(FOLDER, "pingpong.tar")], capture_output=True, text=True)
    tap.ok(bad.returncode == 1 and "pingpong.tar" in bad.stderr and not bad.stdout,
           "recording says what a file that is no trace.dat is", bad.stderr)


def longest_wait():
    out, trace = run("longest_wait", "build.tar"), trace_of("build")
    found = [(float(us), int(pid)) for us, pid in re.findall(r"([\d.]+) us .*\((\d+)\)", out)]
    cpu = int(re.search(r"waited for CPU (\d+)", out)[1])
    waits = [(ns, pid) for (pid, kind), values in waits_of(trace).items() if kind != "waking"
             for ns in values]
    ns, pid = max(waits)
    begin = next(since - ns for c, p, since, _, _ in runs_of(trace)
                 if p == pid and c == cpu and any(
                     abs(s - (since - ns)) == 0 for s in trace.timestamp[trace.pid == pid]))
    ran = who_ran(trace, cpu, begin, begin + ns)
    tap.ok(found[0] == (round(ns / 1e3, 1), pid) and
           found[1:] == [(round(n / 1e3, 1), p) for p, n in ran.most_common()],
           "longest_wait finds the longest wait, and who had the CPU meanwhile", out, ns, pid, ran)


def who_ran_then():
    out, trace = run("who_ran", "pingpong.tar", "0.01"), trace_of("pingpong")
    with tarfile.open(trace.path) as tar:
        at = json.load(tar.extractfile("meta.json"))["begin_ns"] + 10_000_000
    then = {r.cpu: r.arg0 for r in trace.rows("CTX_SWITCH") if r.t <= at}
    found = {int(cpu): int(pid) for cpu, pid in re.findall(r"CPU (\d+): .*\((\d+)\)", out)}
    tap.ok(found == then and len(then) == 2, "who_ran says who ran at a moment", out, then)


def short_runs():
    out, trace = run("short_runs", "build.tar"), trace_of("build")
    short, every = collections.Counter(), collections.Counter()
    for _, pid, since, until, i in runs_of(trace):
        name = trace.comms[int(trace.comm[i])]
        if pid:
            every[name] += 1
            short[name] += until - since < 100_000
    found = {name: (int(a), int(b)) for name, a, b in
             re.findall(r"^(.{16}) (\d+) of (\d+) runs$", out, re.M)}
    found = {name.rstrip(): n for name, n in found.items()}
    expected = {name: (n, every[name]) for name, n in short.items() if n}
    tap.ok(found == expected and len(found) > 5, "short_runs counts runs under 100 us by name",
           found, expected)


def asleep():
    out, trace = run("asleep", "build.tar"), trace_of("build")
    since, sleeps = {}, []
    for r in trace.records("WAKEUP"):
        if isinstance(r, Switch):
            since.pop(r.prev, None)
            if r.state == "D":
                since[r.prev] = r.t
        elif r.pid in since:
            sleeps.append((r.t - since.pop(r.pid), r.pid))
    ns, pid = max(sleeps)
    n, ms, found = re.search(r"(\d+) .* longest ([\d.]+) ms of .*\((\d+)\)", out).groups()
    tap.ok((int(n), ms, int(found)) == (len(sleeps), f"{ns / 1e6:.3f}", pid),
           "asleep finds the longest uninterruptible sleep", out, len(sleeps), ns, pid)


def overload():
    out, trace = run("overload", "build.tar"), trace_of("build")
    episodes = re.findall(r"([\d.]+) us from (\d+) ns: CPU (\d+) idle, waiting .*?:(\d+)@(\d+)", out)
    wrong = []
    for us, begin, idle, pid, cpu in episodes:
        middle = int(begin) + float(us) * 500
        then = {r.cpu: r.arg0 for r in trace.rows("CTX_SWITCH") if r.t <= middle}
        later = [r for r in trace.rows("CTX_SWITCH")
                 if r.t >= middle and int(pid) in (r.pid, r.arg0)]
        # The idle CPU runs nobody, the other one somebody else, and the task's next switch is in.
        if then[int(idle)] or then[int(cpu)] in (0, int(pid)) or later[0].arg0 != int(pid):
            wrong.append((us, begin, then, later[:1]))
    tap.ok(len(episodes) == 3 and not wrong and
           [float(e[0]) for e in episodes] == sorted((float(e[0]) for e in episodes), reverse=True),
           "overload finds stretches in which a CPU idles while a task waits for another", out, wrong)


def growth():
    out, trace = run("growth", "memory.tar"), trace_of("memory")
    found = [int(n) for n in re.findall(r"(\d+) page faults", out)]
    faults = np.cumsum(trace.event == trace.ids["PAGE_FAULT_USER"])
    expected = [int(faults[len(faults) * (i + 1) // 10 - 1]) for i in range(10)]
    tap.ok(found == expected, "growth counts page faults up to each tenth", found, expected)


def fault_storm():
    out, trace = run("fault_storm", "build.tar"), trace_of("build")
    at = np.flatnonzero(trace.event == trace.ids["PAGE_FAULT_USER"])
    t = trace.timestamp[at]
    counts = np.arange(1, len(t) + 1) - np.searchsorted(t, t - 10_000_000, side="right")
    last = int(np.argmax(counts))
    pids = trace.pid[at[last + 1 - counts[last]:last + 1]]
    most, end, own, pid = map(int, re.search(
        r"(\d+) page faults .* before (\d+) ns, (\d+) .*\((\d+)\)", out).groups())
    tap.ok((most, end, own, pid) == (counts[last], t[last], np.sum(pids == pids[-1]), pids[-1]),
           "fault_storm finds the 10 ms with most page faults", out, counts[last], t[last])


def why_left():
    out, trace = run("why_left", "stacks.tar"), trace_of("stacks")
    slept, counts = set(), collections.Counter()
    for i in np.flatnonzero(np.isin(trace.event, [trace.ids[n] for n in
                                                  ("BLOCK", "CTX_SWITCH", "STATE", "EXIT")])):
        name, pid = trace.names[int(trace.event[i])], int(trace.pid[i])
        if name == "BLOCK" or name == "STATE" and chr(trace.arg0[i]) != "+":
            slept.add(pid)
        elif name == "CTX_SWITCH" and pid in slept:
            slept.discard(pid)
            counts[int(trace.stack[i])] += 1
    found = [int(n) for n in re.findall(r"^ *(\d+) ", out, re.M)]
    expected = [n for _, n in counts.most_common(5)]
    tap.ok(found == expected and "anon_pipe_read" in out.splitlines()[0],
           "why_left counts sleeps by their call stack", found, expected)


def completion():
    out = run("completion", "build.tar", "memory.tar")
    wrong = []
    for line, name in zip(out.splitlines(), ("build", "memory")):
        trace = trace_of(name)
        tree = {task["pid"] for task in trace.tasks if task.get("command_tree") == 1}
        begin = next(r.t for r in trace.rows("EXEC") if r.pid in tree)
        end = max(r.t for r in trace.rows("CTX_SWITCH") if r.pid in tree)
        if abs(float(line.split()[0]) - (end - begin) / 1e6) > 0.05:
            wrong.append((line, begin, end))
    tap.ok(len(out.splitlines()) == 2 and not wrong,
           "completion tells the time from the command's exec to its last switch", out, wrong)


def trust():
    out = run("trust", "build.tar")
    broken = sum(1 for r in trace_of("build").rows("RUNS") if r.arg0 >= 0)
    found = len(re.findall(r"CPU \d+: broken", out))
    status = [subprocess.run([os.path.join(PROGRAMS, "trust"), os.path.join(FOLDER, name)],
                             capture_output=True).returncode for name in ("build.tar", "build.dat")]
    tap.ok(found == broken > 0 and f"{broken} stretches" in out and status == [1, 2],
           "trust lists what is doubtful and tells by its status", out, broken, status)


def who_delays():
    out, trace = run("who_delays", "pingpong.tar", "pingpong"), trace_of("pingpong")
    ours = {name: float(ms) for ms, name in re.findall(r"([\d.]+) ms .*preemptions  (.*)", out)}
    last_names = {int(p): trace.comms[int(c)] for p, c in zip(trace.pid, trace.comm) if c}
    runs, since, delays = list(runs_of(trace)), {}, collections.Counter()
    for r in trace.records("WAKEUP", "WAKEUP_NEW"):
        if not isinstance(r, Switch):
            since.setdefault(r.pid, r.t)
            continue
        begin = since.pop(r.next, None)
        if begin is not None and last_names.get(r.next) == "pingpong":
            for c, pid, a, b, _ in runs:
                if c == r.cpu and pid not in (0, r.next) and min(b, r.t) > max(a, begin):
                    delays[last_names[pid]] += min(b, r.t) - max(a, begin)
        since.pop(r.prev, None)
        if r.state in ("R", "R+") and r.prev:
            since[r.prev] = r.t
    name, ns = delays.most_common(1)[0]
    tap.ok(abs(ours.get(name, 0) - ns / 1e6) < 0.02 * ns / 1e6 and
           ours[name] == max(ours.values()),
           "who_delays finds who has the CPU while pingpong waits", out, delays)


def tables():
    """Every table of some analyses as numpy arrays against schedreport's JSON."""
    sys.path.insert(0, os.path.dirname(os.path.abspath(FOLDER)))
    import tables as by_ctypes
    path, wrong, compared = os.path.join(FOLDER, "build.tar"), [], 0
    trace = by_ctypes.Trace(path)
    analyses = "tasks", "cpus", "migrations", "latency", "runqueue", "memory", "utilization", "losses"
    found = trace.analyze(*analyses)
    p = subprocess.run([SCHEDREPORT, "-q", "-f", "json", "--top", "0", *analyses, path],
                       capture_output=True, text=True, check=True)
    for name, table in json.loads(p.stdout).items():
        arrays = found[name]
        for column in (c["name"] for c in table["columns"]):
            ours = arrays[column]
            views = ours.dtype == object or len(ours) == 0 or not ours.flags.owndata
            ours = [None if v is np.ma.masked or v is None or v != v else v
                    for v in (ours if ours.dtype == object else ours[:])]
            theirs = [row[column] for row in table["rows"]]
            compared += 1
            if not views or sorted(map(str, ours)) != sorted(map(str, theirs)):
                wrong.append((name, column, ours[:5], theirs[:5]))
    tap.ok(compared > 100 and not wrong, f"tables.py gives {compared} columns as schedreport does, "
           "without copies of numbers", *wrong[:5])
    rows, events = trace_of("build"), trace.events()
    del trace
    tap.ok(all(np.array_equal(events[c], getattr(rows, c)) for c in
               ("timestamp", "pid", "event", "cpu", "arg0", "arg1", "comm")),
           "and the rows as numpy reads them from the tarball, after the trace object is gone")


for check in (migrations, cpus, recording, longest_wait, who_ran_then, short_runs, asleep, overload, growth,
              fault_storm, why_left, completion, trust, who_delays, tables):
    try:
        check()
    except (AttributeError, KeyError, StopIteration, ValueError) as error:
        tap.ok(False, check.__name__.replace("_", " "), repr(error))
tap.end()
