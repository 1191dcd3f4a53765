#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A trace.dat of many events, converted and analysed in a small address space.

usage: bounded_memory.py REPLICATE SCHEDCONV SCHEDREPORT TRACE.DAT

The trace is repeated; sums over its tasks and CPUs must be as many times those of one.
"""
import collections
import json
import os
import resource
import subprocess
import sys
import tempfile

from rows import Tap

replicate, schedconv, schedreport, trace = sys.argv[1:]
TIMES, ADDRESS_SPACE = 300, 384 << 20
tap = Tap()


def limit():
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])   # each thread takes its own
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          preexec_fn=limit)


def sums(path):
    r = run(schedreport, "-q", "-f", "json", "--top", "0", "tasks", "cpus", "migrations", "-t",
            "tasks,cpus", path)
    if r.returncode:
        return r.stderr
    found, tables = collections.Counter(), json.loads(r.stdout)
    for row in tables["tasks"]["rows"]:
        for column in ("charged_ns", "switches_voluntary", "switches_involuntary", "migrations"):
            found[row["pid"], column] += row[column] or 0
    for row in tables["cpus"]["rows"]:
        found["CPU", row["cpu"]] = row["switches"]
    return found


with tempfile.TemporaryDirectory() as folder:
    large, tar = folder + "/large.dat", folder + "/large.tar"
    subprocess.run([sys.executable, replicate, trace, str(TIMES), large], check=True)
    r = run(schedconv, "-q", large, tar)
    size = os.path.getsize(large)
    tap.ok(r.returncode == 0, f"{size >> 20} MiB are converted in {ADDRESS_SPACE >> 20} MiB",
           r.stderr)
    true = {key: TIMES * n for key, n in sums(trace).items()}
    for path, what in ((tar, "tarball"), (large, "trace.dat")):
        found = sums(path)
        far = isinstance(found, str) or [(k, found[k], n) for k, n in true.items() if found[k] != n]
        tap.ok(len(true) > 50 and not far, f"and the {what} analysed: each of {len(true)} sums is "
               f"{TIMES} times that of a part", str(far)[:500])
tap.end()
