# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of figures share: the rows of a tarball by numpy, tables of schedreport, and TAP."""
import collections
import io
import json
import lzma
import os
import subprocess
import sys
import tarfile
import tempfile

import numpy as np

Row = collections.namedtuple("Row", "t cpu pid event arg0 arg1")
Switch = collections.namedtuple("Switch", "t cpu prev state next")

# The share of the tasks of a recording made now that may differ: where the kernel leaves out two
# switches in a row, nothing tells that the task is doubtful. Saved recordings must agree in all.
DOUBTFUL = 0.05 if "RECORDED_NOW" in os.environ else 0


class Tap:
    count = 0
    good = True

    def ok(self, true, sentence, *explain):
        self.count += 1
        self.good = self.good and bool(true)
        print("ok" if true else "not ok", self.count, "-", sentence, flush=True)
        for line in explain if not true else ():
            print("#", line)

    def skip(self, sentence, reason):
        self.count += 1
        print(f"ok {self.count} - {sentence} # SKIP {reason}", flush=True)

    def end(self):
        print(f"1..{self.count}")
        sys.exit(not self.good)


class Trace:
    """The columns as numpy reads them, with events by name."""

    def __init__(self, path):
        self.path, self.tasks, begin = path, [], None
        with tarfile.open(path) as tar:
            for member in tar.getmembers():
                name = os.path.basename(member.name)
                if name.endswith(".start"):
                    self.ids = {name: int(number) for number, name in
                                (line.split(" ", 1) for line in
                                 tar.extractfile(member).read().decode().splitlines())}
                elif name == "tasks.json":
                    self.tasks = json.load(tar.extractfile(member))
                elif name == "meta.json":
                    begin = json.load(tar.extractfile(member)).get("begin_ns")
                elif name.endswith(".npz"):
                    with np.load(io.BytesIO(tar.extractfile(member).read())) as arrays:
                        if len(arrays.files) == 1:
                            setattr(self, name[:-4], arrays[arrays.files[0]].astype(np.int64))
        self.names = {number: name for name, number in self.ids.items()}
        self.begin, self.end = int(self.timestamp[0]), int(self.timestamp[-1])
        if begin is not None:
            self.begin = min(self.begin, begin)

    def rows(self, *names):
        wanted = np.isin(self.event, [self.ids[n] for n in names if n in self.ids])
        for i in np.flatnonzero(wanted):
            yield Row(int(self.timestamp[i]), int(self.cpu[i]), int(self.pid[i]),
                      self.names[int(self.event[i])], int(self.arg0[i]), int(self.arg1[i]))

    def records(self, *names):
        """Switch for each CTX_SWITCH, with prev_state as the kernel prints it, and Row for others."""
        state = {}
        for row in self.rows("CTX_SWITCH", "BLOCK", "BLOCK_IO", "STATE", *names):
            if row.event == "BLOCK":
                state[row.pid] = "S"
            elif row.event == "BLOCK_IO":
                state[row.pid] = "D"
            elif row.event == "STATE":
                state[row.pid] = "R+" if row.arg0 == ord("+") else chr(row.arg0)
            elif row.event == "CTX_SWITCH":
                yield Switch(row.t, row.cpu, row.pid, state.pop(row.pid, "R"), row.arg0)
            else:
                yield row

    def doubtful_pids(self):
        """Tasks next to a broken chain: what peers make of them depends on what is missing."""
        pids = set()
        for row in self.rows("RUNS"):
            if row.arg0 >= 0:
                pids |= {row.pid, row.arg0}
        return pids - {0}

    def found_at_start(self):
        """{pid: since when, and on which CPU it is known to run} of tasks that run at the start."""
        found = {}
        for row in self.rows("RUNS"):
            if row.arg0 == -1 and row.pid > 0:
                found.setdefault(row.pid, (row.t, row.cpu))
        return found


def waits_of(trace):
    """(pid, kind) -> waits: pairs of rows of a task that follow each other."""
    last, waking, blocked, current = {}, {}, set(), {}
    waits = collections.defaultdict(list)
    for t, cpu, pid, event, arg, _ in trace.rows(
            "CTX_SWITCH", "BLOCK", "WAKEUP", "WAKEUP_NEW", "WAKING", "RUNS", "EXIT"):
        if event == "BLOCK":
            blocked.add(pid)
        elif event == "WAKING":
            waking[pid] = t
        elif event == "WAKEUP":
            begun = waking.pop(pid, None)
            if last.get(pid, ("",))[0] == "lost":   # it may not have slept when the waker began
                begun = None
            if last.get(pid, ("out",))[0] not in ("in", "preempt"):
                last[pid] = "wakeup", t, begun
        elif event == "WAKEUP_NEW":
            last[pid] = "new", t, None
        elif event == "RUNS":
            if current.get(cpu, pid) != pid:    # that task left unseen
                last[current[cpu]] = "lost", t, None
            if last.get(pid, ("",))[0] != "in":
                last[pid] = "in", t, None
            current[cpu] = pid
        elif event == "CTX_SWITCH":
            current[cpu] = arg
            last[pid] = ("out" if pid in blocked else "preempt"), t, None
            blocked.discard(pid)
            if pid in waking:   # it was still running then
                waking[pid] = t
            what, since, begun = last.get(arg, ("out", 0, None))
            if arg and what in ("wakeup", "new", "preempt"):
                waits[arg, what].append(t - since)
                if begun is not None:
                    waits[arg, "waking"].append(t - begun)
            last[arg] = "in", t, None
    return waits


def tables(report, path, *arguments):
    r = subprocess.run([report, "-q", "-f", "json", "--top", "0", *arguments, path],
                       capture_output=True, text=True, check=True)
    return {name: table["rows"] for name, table in json.loads(r.stdout).items()}


def by_pid(rows, *columns):
    """{pid: sum of the columns over its rows}"""
    sums = collections.Counter()
    for row in rows:
        sums[row["pid"]] += sum(row[column] or 0 for column in columns)
    return sums


def traces(schedconv, paths):
    """(name, Trace) of tarballs, and of what @schedconv makes of each trace.dat, xz or not."""
    for path in paths:
        name = os.path.basename(path)
        if name.endswith(".tar"):
            yield name, Trace(path)
            continue
        with tempfile.TemporaryDirectory() as folder:
            dat, tar = folder + "/t.dat", folder + "/t.tar"
            with (lzma.open if name.endswith(".xz") else open)(path, "rb") as f:
                open(dat, "wb").write(f.read())
            subprocess.run([schedconv, "-q", dat, tar], check=True)
            yield name, Trace(tar)
