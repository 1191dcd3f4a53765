#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Records that no row is made of cost no other record, and are counted. Usage: left-out.py SCHEDCONV"""
import os
import struct
import subprocess
import sys
import tempfile

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "witness"))
import rows
import tracedat

schedconv, = sys.argv[1:]
tap = rows.Tap()
A = (41, "one")


def switches(n, also):
    """n times one runs for a ms; also(trace, i, ns) adds records in the midst of its i-th run."""
    t = tracedat.Trace()
    for i in range(n):
        t.switch(0, 2000000 * i, tracedat.IDLE, "R", A)
        also(t, i, 2000000 * i + 500)
        t.switch(0, 2000000 * i + 1000000, A, "S", tracedat.IDLE)
    return t


def unknown(number, pid=41):
    """A record of an event that has no format in the file."""
    return struct.pack("<HBBiQQ", number, 0, 0, pid, 1, 2)


with tempfile.TemporaryDirectory() as folder:
    def convert(trace, *options):
        """Status, what was said, and the rows of the tarball."""
        dat, tar = os.path.join(folder, "t.dat"), os.path.join(folder, "t.tar")
        trace.write(dat)
        r = subprocess.run([schedconv, *options, dat, tar], capture_output=True, text=True,
                           check=False)
        found = rows.Trace(tar) if r.returncode in (0, 4) else None
        return r.returncode, r.stderr, found

    def same_rows(a, b):
        return all(np.array_equal(getattr(a, c), getattr(b, c))
                   for c in ("timestamp", "cpu", "pid", "event", "arg0", "arg1"))

    status, said, plain = convert(switches(1000, lambda t, i, ns: None))
    tap.ok(status == 0 and "left out" not in said, "a file with all formats leaves nothing out", said)

    status, said, got = convert(switches(
        1000, lambda t, i, ns: i % 10 == 5 and t.cpus[0].add(ns, unknown(2345))))
    tap.ok(status == 0 and "100 records are left out: their event id is 2345" in said,
           "records of an event without a format are counted, and that is no damage", status, said)
    tap.ok(got and same_rows(got, plain), "all other records become rows as if they were not there")

    status, said, got = convert(switches(
        12, lambda t, i, ns: [t.cpus[0].add(ns + k, unknown(3000 + i)) for k in range(i + 1)]))
    tap.ok("1 records are left out: their event id is 3000" in said and
           "5 records are left out: their event id is 3004" in said and "id is 3005" not in said and
           "63 records of 7 more such ids are left out" in said,
           "of many such events the first five are named and the others counted", said)

    status, said, got = convert(switches(
        3, lambda t, i, ns: i == 1 and t.cpus[0].add(ns, unknown(2345, -7))))
    tap.ok(status == 3 and "event id is 2345" in said and "no task has its pid" in said,
           "a record without a format whose pid no task can have is damage", status, said)
tap.end()
