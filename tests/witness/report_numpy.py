#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What numpy computes from the columns of real tarballs is what schedreport prints, from the tarball
and from the trace.dat. Usage: report_numpy.py SCHEDREPORT SCHEDCONV TRACE.dat.xz..."""
import io
import json
import lzma
import os
import subprocess
import sys
import tarfile
import tempfile

import numpy as np

SCHEDREPORT, SCHEDCONV, TRACES = sys.argv[1], sys.argv[2], sys.argv[3:]
failed = number = 0


def check(name, found, expected):
    global failed, number
    number += 1
    if found == expected:
        print("ok %d - %s" % (number, name))
        return
    failed = 1
    print("not ok %d - %s" % (number, name))
    keys = sorted(set(found) | set(expected), key=str)
    for key in [k for k in keys if found.get(k) != expected.get(k)][:10]:
        print("# %s: found %s, expected %s" % (key, found.get(key), expected.get(key)))


def load(path):
    columns = {}
    with tarfile.open(path, "r:") as tar:
        for member in tar.getmembers():
            if member.name.endswith(".npz"):
                with np.load(io.BytesIO(tar.extractfile(member).read())) as z:
                    columns.update({key: z[key] for key in z.files})
        start = tar.extractfile("sched_log_traced_events.start").read().decode()
    ids = {name: int(i) for i, name in (line.split(" ") for line in start.splitlines())}
    return columns, ids


def sums(keys, values):
    """{key: exact sum of its values}"""
    result = {}
    for key, value in zip(keys.tolist(), values.tolist()):
        result[key] = result.get(key, 0) + value
    return result


def of_report(report, table, key, value):
    """The same from a table; unknown values count as 0, and a pid may have several rows."""
    result = {}
    for row in report[table]["rows"]:
        k = tuple(row[c] for c in key) if isinstance(key, tuple) else row[key]
        result[k] = result.get(k, 0) + (row[value] or 0)
    return {k: v for k, v in result.items() if v}


def tables(path):
    out = subprocess.run([SCHEDREPORT, "tasks", "cpus", "migrations", "memory", "losses", "-q", "-f",
                          "json", path], stdout=subprocess.PIPE, check=True).stdout
    return json.loads(out)


def cells(report):
    return {(table, number, column): value for table, content in report.items()
            for number, row in enumerate(content["rows"]) for column, value in row.items()
            # Which process a task or its parent belongs to can come out later than its rows.
            if column not in ("tgid", "ppid")}


def compare(name, trace, path):
    c, ids = load(path)
    report = tables(path)

    check("%s: a trace.dat gives the same tables as the tarball made of it" % name,
          cells(tables(trace)), cells(report))

    rows = c["event"] == ids["STAT_RUNTIME"]
    check("%s: charged time of each pid is the sum of its STAT_RUNTIME rows" % name,
          of_report(report, "tasks", "pid", "charged_ns"),
          sums(c["pid"][rows & (c["pid"] > 0)], c["arg0"][rows & (c["pid"] > 0)]))

    rows = c["event"] == ids["CTX_SWITCH"]
    ones = np.ones(len(c["event"]), np.int64)
    check("%s: switches of each CPU are its CTX_SWITCH rows" % name,
          of_report(report, "cpus", "cpu", "switches"), sums(c["cpu"][rows], ones[rows]))
    check("%s: switches of each pid are its CTX_SWITCH rows, voluntary and not together" % name,
          {pid: n + of_report(report, "tasks", "pid", "switches_involuntary").get(pid, 0)
           for pid, n in of_report(report, "tasks", "pid", "switches_voluntary").items()}
          | {pid: n for pid, n in of_report(report, "tasks", "pid", "switches_involuntary").items()
             if pid not in of_report(report, "tasks", "pid", "switches_voluntary")},
          sums(c["pid"][rows & (c["pid"] > 0)], ones[rows & (c["pid"] > 0)]))

    rows = c["event"] == ids["BLOCK"]
    check("%s: voluntary switches of each pid are its BLOCK rows" % name,
          of_report(report, "tasks", "pid", "switches_voluntary"), sums(c["pid"][rows], ones[rows]))

    rows = (c["event"] == ids["MIGRATE"]) & (c["pid"] > 0)
    for table in ("tasks", "migrations"):
        check("%s: migrations of each pid in table %s are its MIGRATE rows" % (name, table),
              of_report(report, table, "pid", "migrations"), sums(c["pid"][rows], ones[rows]))
    pairs = {}
    for pair in zip(c["arg0"][rows].tolist(), c["arg1"][rows].tolist()):
        pairs[pair] = pairs.get(pair, 0) + 1
    check("%s: the matrix counts the MIGRATE rows from each CPU to each other" % name,
          of_report(report, "migration_matrix", ("from", "to"), "migrations"), pairs)

    seen = set(c["pid"][c["pid"] > 0].tolist())
    for event in ("CTX_SWITCH", "WAKING", "FORK"):   # the other task that a row names
        seen |= set(c["arg0"][(c["event"] == ids[event]) & (c["arg0"] > 0)].tolist())
    found = {row["pid"] for row in report["tasks"]["rows"]}
    check("%s: every task that a row names has a row" % name, {pid: 1 for pid in found & seen},
          {pid: 1 for pid in seen})

    # Faults are booked to the process: to the tgid that NEWTASK, or the list at the start, gives.
    with tarfile.open(path, "r:") as tar:
        tgids = {}
        for life in json.load(tar.extractfile("tasks.json")):
            tgids.setdefault(life["pid"], set()).add(life.get("tgid", life["pid"]))
    if all(len(t) == 1 for t in tgids.values()):
        rows = (c["event"] == ids["PAGE_FAULT_USER"]) & (c["pid"] > 0)
        process = np.array([next(iter(tgids[pid])) for pid in c["pid"][rows].tolist()], np.int64)
        check("%s: user faults of each process are the PAGE_FAULT_USER rows of its threads" % name,
              of_report(report, "memory", "pid", "faults_user"), sums(process, ones[rows]))


for packed in TRACES:
    with tempfile.TemporaryDirectory() as directory:
        trace, tarball = directory + "/trace.dat", directory + "/trace.tar"
        with lzma.open(packed) as f, open(trace, "wb") as out:
            out.write(f.read())
        subprocess.run([SCHEDCONV, "-q", trace, tarball], check=True)
        compare(os.path.basename(packed), trace, tarball)
print("1..%d" % number)
sys.exit(failed)
