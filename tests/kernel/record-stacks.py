#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Call stacks from the kernel to the report: record-stacks.py SCHEDREC SCHEDCONV SCHEDREPORT PINGPONG PROGRAM"""
import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import tarfile
import xml.dom.minidom

import numpy as np

SCHEDCONV, SCHEDREPORT, PINGPONG, PROGRAM = (os.path.abspath(p) for p in sys.argv[2:6])
sys.argv[2:] = []
from recorder import (TRACEFS, Folder, children_of, claim, done, instances_of, need_kernel, run,
                      start, wait_for)

TRACER = re.compile(r"(do_)?trace_event_raw_event_|__traceiter_|perf_trace_")


class Tarball:
    def __init__(self, path):
        tar = tarfile.open(path, "r:")
        self.names = tar.getnames()

        def array(name):
            loaded = np.load(io.BytesIO(tar.extractfile(name).read()))
            return loaded[name[:-4]] if name.endswith(".npz") else loaded
        self.column = {n: array(n + ".npz") for n in ("timestamp", "pid", "event", "cpu", "stack")}
        self.frames, self.start = array("stack_frames.npy"), array("stack_offsets.npy")
        self.kernel, self.space = array("stack_kernel_frames.npy"), array("stack_spaces.npy")
        self.symbols = json.load(tar.extractfile("symbols.json"))
        self.meta = json.load(tar.extractfile("meta.json"))

    def addresses(self, stack):
        """The kernel's and the program's."""
        first, end = self.start[stack], self.start[stack + 1]
        middle = first + self.kernel[stack]
        return ([int(a) for a in self.frames[first:middle]],
                [int(a) for a in self.frames[middle:end]])

    def functions(self, stack):
        kernel, user = self.addresses(stack)
        return ([self.symbols.get(hex(a)) for a in kernel],
                [self.symbols.get(f"{self.space[stack]}:{a:#x}") for a in user])


def convert(name):
    r = subprocess.run([SCHEDCONV, f"{name}.dat", f"{name}.tar"], capture_output=True, text=True)
    if r.returncode:
        claim(False, "schedconv converts the recording", r.stderr)
        done()
    return Tarball(f"{name}.tar")


def report(*args):
    return subprocess.run([SCHEDREPORT, "-q", *args], capture_output=True, text=True)


def by_trace_cmd(path):
    """By trace-cmd's text: (CPU, ns, pid) of every switch, and the frames that follow each; and
    the number of stacks. Tracing can begin between a CPU's first switch and its stack: such a
    stack is not counted."""
    r = subprocess.run(["trace-cmd", "report", "-t", path], capture_output=True, text=True,
                       errors="replace")
    switches, last, frames = [], {}, None
    n_stacks, begun = 0, set()
    for line in r.stdout.splitlines():
        frame = re.match(r"=> (.*) \(([0-9a-f]+)\)$", line)
        if frame:
            frames.append((frame[1], int(frame[2], 16)))
            continue
        event = re.match(r"\s*(\S.*)-(\d+)\s+\[(\d+)\]\s+(\d+)\.(\d{9}): (\w+):", line)
        if not event:
            continue
        cpu = int(event[3])
        if event[6] == "kernel_stack":
            n_stacks += cpu in begun
            frames = []
            if cpu in last and last[cpu][2] == int(event[2]):
                last[cpu][3].extend([frames])
        else:
            last.pop(cpu, None)
        begun.add(cpu)
        if event[6] == "sched_switch":
            last[cpu] = (cpu, int(event[4]) * 10**9 + int(event[5]), int(event[2]), [])
            switches.append(last[cpu])
    return switches, n_stacks


def without_tracer(frames):
    while frames and TRACER.match(frames[0][0]):
        frames = frames[1:]
    return frames


def kernel_stacks():
    r = run("-e", "sched,stacks", "-o", "a.dat", "--", PINGPONG, "-n", "2000")
    claim(r.returncode == 0, "switches are recorded with their stacks", r.stderr)
    t = convert("a")
    switch = t.column["event"] == 11
    stack = t.column["stack"]
    claim((stack[~switch] == -1).all(), "only CTX_SWITCH rows have a stack")
    claim((stack[switch] >= 0).mean() >= 0.99 and switch.sum() >= 4000,
          "at least 99 of 100 switches have one",
          f"{(stack[switch] >= 0).sum()} of {switch.sum()}")
    names = {s: t.functions(s)[0] for s in np.unique(stack[stack >= 0])}
    share = np.mean([None not in names[s] and
                     bool({"schedule", "__schedule"} & set(names[s])) for s in stack[stack >= 0]])
    claim(share >= 0.99, "all their functions have names, schedule() among them", share)
    claim(not any(TRACER.match(n or "") for s in names.values() for n in s),
          "the tracer's own functions are left out")
    claim(len(names) == len(t.start) - 1 and len(names) < switch.sum() / 10,
          "each different stack is kept once", len(names), len(t.start))
    claim(any("anon_pipe_read" in n or "pipe_read" in n for n in names.values()),
          "readers of a pipe are seen to sleep in its read function")
    hz = t.meta.get("tsc_hz")
    claim(os.uname().machine != "x86_64" or (hz and 5e8 < hz < 1e10),
          "the rate of the time-stamp counter is known", hz)
    return t


def witness(t):
    switches, n_stacks = by_trace_cmd("a.dat")
    stack = t.column["stack"]
    claim(n_stacks == (stack >= 0).sum(), "trace-cmd counts as many kernel_stack records",
          f"{n_stacks} by trace-cmd, {(stack >= 0).sum()} rows")
    rows = {}
    for i in np.flatnonzero(t.column["event"] == 11):
        rows.setdefault((int(t.column["cpu"][i]), int(t.column["timestamp"][i]),
                         int(t.column["pid"][i])), []).append(int(stack[i]))
    wrong, other_names, compared = [], set(), 0
    for cpu, ns, pid, stacks in switches:
        ours = rows.get((cpu, ns, pid), [None]).pop(0)
        if not stacks:
            if ours != -1:
                wrong.append((cpu, ns, pid, "none by trace-cmd", ours))
            continue
        theirs = without_tracer(stacks[0])
        compared += 1
        if ours is None or ours < 0 or t.addresses(ours)[0] != [a for _, a in theirs]:
            wrong.append((cpu, ns, pid, theirs, ours))
            continue
        for (name, address), own in zip(theirs, t.functions(ours)[0]):
            if name != own and not (own or "").startswith(name + " ["):
                other_names.add((name, own, hex(address)))
    claim(not wrong and compared == n_stacks,
          "every stack has the addresses that trace-cmd prints behind its switch",
          f"{compared} compared", *wrong[:3])
    # trace-cmd looks up the return address itself, which can be the next function's first byte
    # or an alias's; there are few of those.
    claim(len(other_names) <= 3, "and but for few the names that it prints", other_names)


def reports():
    r = report("stacks", "-f", "csv", "a.tar")
    rows = list(csv.DictReader(io.StringIO(r.stdout)))
    tasks = list(csv.DictReader(io.StringIO(report("tasks", "-f", "csv", "a.tar").stdout)))
    claim(rows and int(rows[0]["rank"]) == 1 and
          sum(int(x["switches"]) for x in rows) ==
          sum(int(x["switches_voluntary"]) + int(x["switches_involuntary"]) for x in tasks),
          "the switches of all stacks are those of all tasks")
    booked = sum(int(x["on_cpu_ns"]) for x in rows)
    ran = sum(int(x["on_cpu_ns"]) for x in tasks)
    claim(0.9 * ran <= booked <= ran, "and so is the time, but for what no switch ended",
          booked, ran)
    text = report("stacks", "a.tar", "--depth", "2", "--top", "1").stdout
    claim(re.search(r"\n +1  [0-9a-f]{8} .*\n        \S+\n        \S+\n        … \d+ more\n", text),
          "text shows as many functions as --depth says", text)
    folded = report("--folded", "--by", "switches", "a.tar").stdout.splitlines()
    claim(sum(int(l.rsplit(" ", 1)[1]) for l in folded) == sum(int(x["switches"]) for x in rows)
          and any(l.startswith("pingpong;") and ";schedule;__schedule " in l for l in folded),
          "folded stacks begin at the task and end in schedule()", *folded[:3])
    mine = report("--folded", "--by", "switches", "--command", "a.tar").stdout.splitlines()
    names = {l.split(";")[0] for l in mine}
    claim("pingpong" in names and names <= {"pingpong", "schedrec"} and set(mine) <= set(folded),
          "with --command they are those of the command", names)
    r = report("--flame", "a.svg", "a.tar")
    svg = xml.dom.minidom.parse("a.svg")
    titles = [x.firstChild.data for x in svg.getElementsByTagName("title")]
    claim(r.returncode == 0 and any(x.startswith("pingpong: ") for x in titles) and
          not re.search(r"\b(href|src)=", open("a.svg").read()),
          "the flame graph is an SVG that says what is what and needs no other file",
          r.stderr, *titles[:5])
    dat = report("stacks", "-f", "csv", "a.dat").stdout
    claim(dat == report("stacks", "-f", "csv", "a.tar").stdout,
          "the trace.dat and the tarball give the same table")


def user_stacks():
    r = run("-e", "sched,stacks", "--user-stacks", "-o", "u.dat", "--", PROGRAM)
    claim(r.returncode == 0, "user stacks are recorded", r.stderr)
    t = convert("u")
    stack = t.column["stack"]
    wanted = ["inner_wait", "middle_step", "outer_loop", "main"]
    named = sum(t.functions(s)[1][:4] == wanted and "__x64_sys_nanosleep" in t.functions(s)[0]
                for s in stack[stack >= 0]) if os.uname().machine == "x86_64" else 200
    claim(named >= 196, "a program's functions stand behind the kernel's, with their names",
          f"{named} of 200 sleeps", r.stderr)
    folded = report("--folded", "--by", "switches", "--comm", os.path.basename(PROGRAM)[:15],
                    "u.tar").stdout
    claim(re.search(r";main;outer_loop;middle_step;inner_wait;.*schedule;__schedule \d+\n", folded),
          "and are one chain of calls when folded", folded[:500])


def numbered_files():
    r = run("-e", "sched,stacks", "--user-stacks", "--rotate", "4M", "-o", "n.dat", "--", PINGPONG,
            "-n", "20000")
    names = sorted(n[:-4] for n in os.listdir(".") if re.match(r"n\.\d+\.dat$", n))
    claim(r.returncode == 0 and len(names) >= 2, "stacks are recorded into numbered files",
          r.stderr, names)
    # The command ran its program in the first; later files can begin after processes have ended.
    t = convert(names[0])
    known = []
    for stack in t.column["stack"][t.column["stack"] >= 0]:
        kernel, user = t.functions(stack)
        if user and {"anon_pipe_read", "pipe_read"} & set(kernel):
            known.append(user[0] is not None)
    claim(len(known) > 500 and np.mean(known) >= 0.9,
          "the first of which names the functions of programs by itself", len(known),
          np.mean(known), r.stderr)


def trigger():
    p = start("-e", "stacks", "-o", "t.dat", "--", "sleep", "30")
    found = []

    def is_set():
        found[:] = []
        for name in instances_of(p.pid):
            with open(f"{TRACEFS}/instances/{name}/events/sched/sched_switch/trigger") as f:
                found.append(f.read())
        return any("stacktrace" in x and not x.startswith("#") for x in found)
    claim(wait_for(is_set), "the trigger stands on sched_switch of our instance", found)
    with open(f"{TRACEFS}/events/sched/sched_switch/trigger") as f:
        claim("stacktrace" not in f.read().replace("# Available triggers:", "").split("#")[0],
              "and not on the system's own")
    command = children_of(p.pid)
    p.kill()
    p.wait()
    for pid in command:
        os.kill(pid, signal.SIGTERM)
    r = run("-e", "stacks", "-o", "t.dat", "--", "true")
    claim(r.returncode == 0 and not instances_of(p.pid),
          "what a killed recorder leaves, trigger and all, the next one removes", r.stderr)
    r = run("-e", "sched:sched_switch if prev_pid == 0,stacks", "-o", "f.dat", "--", "true")
    switches, n_stacks = by_trace_cmd("f.dat")
    claim(r.returncode == 0 and n_stacks == len(switches) and
          all(len(s[3]) == 1 and s[2] == 0 for s in switches),
          "with a filter only the switches that pass it have a stack", r.stderr, n_stacks,
          len(switches))


need_kernel()
with Folder():
    witness(kernel_stacks())
    reports()
    user_stacks()
    numbered_files()
    trigger()
done()
