#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tasks scheduled by a small simulator that keeps its own accounts; schedreport must find the same
figures in the rows, which numpy itself puts into a tarball. Usage: simulated_schedule.py SCHEDREPORT"""
import collections
import io
import json
import random
import subprocess
import sys
import tarfile
import tempfile

import numpy as np

EXIT, WAKEUP, BLOCK, BLOCK_IO, CTX_SWITCH, MIGRATE, STAT_RUNTIME = 1, 2, 4, 5, 11, 12, 22
SCHEDLOG = ("EXEC EXIT WAKEUP WAKEUP_NEW BLOCK BLOCK_IO WAIT_FUTEX WAKE_FUTEX WAKER_FUTEX FORK TICK "
            "CTX_SWITCH MIGRATE RQ_SIZE IDL_BLN_FAIR_BEG IDL_BLN_FAIR_END PER_BLN_FAIR_BEG "
            "PER_BLN_FAIR_END").split()
CPUS, TASKS, STEPS = 4, 40, 20000
FIGURES = ("on_cpu_ns", "on_cpu_hi_ns", "charged_ns", "switches_voluntary", "switches_involuntary",
           "wait_wakeup_ns", "wait_preempt_ns", "sleep_ns", "blocked_ns", "migrations",
           "cpu_changes")


class Simulator:
    def __init__(self, seed, begin, end):
        self.random = random.Random(seed)
        self.window = begin, end
        self.rows = []
        self.now = 1_000_000_000_000
        self.accounts = collections.defaultdict(collections.Counter)
        self.current = [0] * CPUS
        self.queue = [[] for _ in range(CPUS)]
        self.asleep = set(range(100, 100 + TASKS))
        self.since = {}     # pid -> (what it does, since when)
        self.cpu = {}       # where it runs, or ran last
        self.last_cpu = {}  # the same of the last run that counts

    def row(self, cpu, pid, event, arg0=0, arg1=0):
        self.rows.append((self.now, pid, event, cpu, arg0, arg1))

    def in_window(self):
        return self.window[0] <= self.now < self.window[1]

    def count(self, pid, figure, n=1):
        if self.in_window():
            self.accounts[pid][figure] += n

    def become(self, pid, what):
        """Ends what the task did until now and books its part inside the window."""
        if pid in self.since:
            was, since = self.since[pid]
            begin, end = max(since, self.window[0]), min(self.now, self.window[1])
            if was and end > begin:
                self.accounts[pid][was] += end - begin
                if was == "on_cpu_ns":
                    self.accounts[pid]["on_cpu_hi_ns"] += end - begin
                    # Between runs that are, at least in part, inside the window.
                    if self.last_cpu.get(pid, self.cpu[pid]) != self.cpu[pid]:
                        self.accounts[pid]["cpu_changes"] += 1
                    self.last_cpu[pid] = self.cpu[pid]
        self.since[pid] = what, self.now

    def wake(self):
        if not self.asleep:
            return
        pid = self.random.choice(sorted(self.asleep))
        cpu = self.random.randrange(CPUS)
        self.asleep.remove(pid)
        self.queue[cpu].append(pid)
        self.become(pid, "wait_wakeup_ns")
        self.row(cpu, pid, WAKEUP)

    def switch(self):
        cpu = self.random.randrange(CPUS)
        prev = self.current[cpu]
        block = prev and self.random.random() < 0.5
        if not self.queue[cpu] and (not prev or not block):
            return
        if block:
            uninterruptible = self.random.random() < 0.3
            self.row(cpu, prev, BLOCK)
            if uninterruptible:
                self.row(cpu, prev, BLOCK_IO)
            self.become(prev, "blocked_ns" if uninterruptible else "sleep_ns")
            self.count(prev, "switches_voluntary")
            self.asleep.add(prev)
        next_pid = 0
        if self.queue[cpu]:
            next_pid = self.queue[cpu].pop(self.random.randrange(len(self.queue[cpu])))
        if prev and not block:
            self.become(prev, "wait_preempt_ns")
            self.count(prev, "switches_involuntary")
            self.queue[cpu].append(prev)
        if next_pid:
            self.become(next_pid, "on_cpu_ns")
            self.cpu[next_pid] = cpu
        self.row(cpu, prev, CTX_SWITCH, next_pid)
        self.current[cpu] = next_pid

    def migrate(self):
        source = self.random.randrange(CPUS)
        target = self.random.randrange(CPUS)
        if source == target or not self.queue[source]:
            return
        pid = self.queue[source].pop()
        self.queue[target].append(pid)
        self.count(pid, "migrations")
        self.row(self.random.randrange(CPUS), pid, MIGRATE, source, target)

    def charge(self):
        cpu = self.random.randrange(CPUS)
        if self.current[cpu]:
            ns = self.random.randrange(1, 10**7)
            self.count(self.current[cpu], "charged_ns", ns)
            self.row(cpu, self.current[cpu], STAT_RUNTIME, ns)

    def run(self):
        for cpu in range(CPUS):   # every CPU is known to be idle
            self.row(cpu, 1, CTX_SWITCH, 0)
        actions = [self.wake] * 4 + [self.switch] * 6 + [self.migrate, self.charge]
        for _ in range(STEPS):
            self.now += self.random.randrange(1, 5_000_000)
            self.random.choice(actions)()
        # Who still runs at the last row runs possibly until then.
        last = min(self.rows[-1][0], self.window[1])
        for pid, (what, since) in self.since.items():
            possible = last - max(since, self.window[0])
            if what == "on_cpu_ns" and possible > 0:
                self.accounts[pid]["on_cpu_hi_ns"] += possible
                if self.last_cpu.get(pid, self.cpu[pid]) != self.cpu[pid]:
                    self.accounts[pid]["cpu_changes"] += 1


def write(rows, path):
    columns = list(zip(*rows))
    with tarfile.open(path, "w") as tar:
        def add(name, data):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))

        lines = ["%d %s" % pair for pair in enumerate(SCHEDLOG)] + ["%d STAT_RUNTIME" % STAT_RUNTIME]
        add("sched_log_traced_events.start", ("\n".join(lines) + "\n").encode())
        for name, dtype, values in zip(("timestamp", "pid", "event", "cpu", "arg0", "arg1"),
                                       ("<i8", "<i4", "<i4", "<i4", "<i8", "<i8"), columns):
            f = io.BytesIO()
            np.savez_compressed(f, **{name: np.array(values, dtype)})
            add(name + ".npz", f.getvalue())


def report(schedreport, path, *options):
    out = subprocess.run([schedreport, "tasks", "-q", "-f", "json", *options, path],
                         stdout=subprocess.PIPE, check=True).stdout
    return {row["pid"]: row for row in json.loads(out)["tasks"]["rows"]}


def compare(accounts, rows):
    wrong = []
    for pid in range(100, 100 + TASKS):
        for figure in FIGURES:
            expected, found = accounts[pid][figure], rows.get(pid, {}).get(figure)
            if expected != found:
                wrong.append("task %d: %s is %s, expected %s" % (pid, figure, found, expected))
    return wrong


def main():
    tests = []
    with tempfile.TemporaryDirectory() as directory:
        path = directory + "/simulated.tar"
        for seed in (1, 2, 3):
            whole = Simulator(seed, 0, 2**62)
            whole.run()
            write(whole.rows, path)
            tests.append(("every figure of 40 simulated tasks is found, seed %d" % seed,
                          compare(whole.accounts, report(sys.argv[1], path))))
            begin, end = whole.rows[4000][0] + 1, whole.rows[9000][0] + 1
            part = Simulator(seed, begin, end)
            part.run()
            tests.append(("a window counts the part of every figure inside it, seed %d" % seed,
                          compare(part.accounts, report(sys.argv[1], path, "--window",
                                                        "@%d:@%d" % (begin, end)))))
    print("1..%d" % len(tests))
    for i, (name, wrong) in enumerate(tests, 1):
        print("%s %d - %s" % ("not ok" if wrong else "ok", i, name))
        for line in wrong[:20]:
            print("# " + line)
    return any(wrong for _, wrong in tests)


sys.exit(main())
