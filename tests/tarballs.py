# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tarballs of rows that a test makes, as schedconv writes them."""
import io
import json
import tarfile

import numpy as np

# SchedLog's, by which rows have their numbers where a test names no others.
SCHEDLOG = """EXEC EXIT WAKEUP WAKEUP_NEW BLOCK BLOCK_IO WAIT_FUTEX WAKE_FUTEX WAKER_FUTEX FORK TICK
    CTX_SWITCH MIGRATE RQ_SIZE IDL_BLN_FAIR_BEG IDL_BLN_FAIR_END PER_BLN_FAIR_BEG
    PER_BLN_FAIR_END""".split()
COLUMNS = {"timestamp": "<i8", "pid": "<i4", "event": "<i4", "cpu": "<i4", "arg0": "<i8",
           "arg1": "<i8", "comm": "<i4"}


def make_tarball(path, rows, comms, events=SCHEDLOG, meta=None, tasks=None):
    """@rows: by time, with a value for each of COLUMNS, of which the last may be left out; @comms:
    numbers of names; @meta, @tasks: what meta.json has beside its version, and tasks.json; None: the
    tarball has no such member."""
    columns = {name: [row[i] if i < len(row) else 0 for row in rows] for i, name in enumerate(COLUMNS)}
    write_tarball(path, columns, comms, events, meta, tasks)


def write_tarball(path, columns, comms, events=SCHEDLOG, meta=None, tasks=None,
                  save=np.savez_compressed):
    """The same of whole columns."""
    with tarfile.open(path, "w") as tar:
        def add(name, data):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))

        add("sched_log_traced_events.start",
            "".join("%d %s\n" % pair for pair in enumerate(events)).encode())
        if meta is not None:
            add("meta.json", json.dumps({"format_version": 1, **meta}).encode())
        if tasks is not None:
            add("tasks.json", json.dumps(tasks).encode())
        add("comm.json", json.dumps(comms).encode())
        for name, values in columns.items():
            f = io.BytesIO()
            save(f, **{name: np.asarray(values, COLUMNS[name])})
            add(name + ".npz", f.getvalue())


def large_tarball(path):
    """As many rows as a first look is given of: RQ_SIZE rows of 4 CPUs in turns, a µs apart, stored."""
    n = np.arange((4 << 20) + 1000)
    write_tarball(path, {"timestamp": 5_000_000 + 1000 * n, "pid": n % 1000, "event": n * 0 + 13,
                         "cpu": n % 4, "arg0": n * 0, "arg1": n * 0, "comm": n * 0},
                  {"idle": 0}, save=np.savez)
    return len(n)
