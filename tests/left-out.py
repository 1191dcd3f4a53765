#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Records that no row is made of cost no other record, and are counted. Usage: left-out.py
SCHEDCONV SCHEDLOG-FORMAT.md"""
import io
import json
import os
import re
import struct
import subprocess
import sys
import tarfile
import tempfile

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "witness"))
import rows
import tracedat

schedconv, docs = sys.argv[1:]
schedconv = os.path.abspath(schedconv)
tap = rows.Tap()
A = (41, "one")
SYS_ENTER = f"""name: sys_enter
ID: 400
format:
{tracedat.COMMON}\tfield:long id;\toffset:8;\tsize:8;\tsigned:1;
\tfield:unsigned long args[6];\toffset:16;\tsize:48;\tsigned:0;

print fmt: "NR %ld", REC->id
"""
OPENED = f"""name: opened
ID: 401
format:
{tracedat.COMMON}\tfield:__data_loc char[] path;\toffset:8;\tsize:4;\tsigned:1;
\tfield:int fd;\toffset:12;\tsize:4;\tsigned:1;

print fmt: "%s", __get_str(path)
"""


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
        found = rows.Trace(tar) if r.returncode in (0, 4) and trace.events else None
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

    # Events that have no rows.
    def call(t, i, ns):
        t.events.setdefault("sys_enter", tracedat.Event("raw_syscalls", SYS_ENTER))
        t.events.setdefault("opened", tracedat.Event("probes", OPENED))
        if i < 20:
            t.event(0, ns, "sys_enter", 41, id=-i, args=struct.pack("<6q", *range(i, i + 6)))
        if i % 5 == 0:
            t.event(0, ns + 1, "opened", 41, path=f"/tmp/{i}", fd=i)
        if i == 7:
            t.cpus[0].add(ns + 2, unknown(2345))
        if i == 8:
            t.event(0, ns + 3, "raw_data", 41, id=0x1234)

    status, said, got = convert(switches(30000, call))
    tap.ok(status == 0 and "6021 records of events that have no rows are left out: 6000 of "
           "probes:opened, 20 of raw_syscalls:sys_enter, 1 of ftrace:raw_data; schedconv "
           "--all-events keeps them" in said, "records of events without rows are counted by event",
           said)
    status, said, also = convert(switches(30000, call), "--all-events")
    tap.ok(status == 0 and "6021 records of events that have no rows are kept without rows" in said
           and "1 records are kept without rows: their event id is 2345" in said,
           "with --all-events they are kept", said)
    tap.ok(same_rows(got, also), "the rows are the same")
    member = {}
    with tarfile.open(os.path.join(folder, "t.tar")) as tar:
        for m in tar.getmembers():
            if m.name.startswith("other_"):
                content = tar.extractfile(m).read()
                with open(os.path.join(folder, m.name), "wb") as f:
                    f.write(content)
                if m.name.endswith(".npy"):
                    member[m.name[6:-4]] = np.load(io.BytesIO(content))
    with open(os.path.join(folder, "other_events.json"), encoding="utf-8") as f:
        events = json.load(f)
    tap.ok([(e.get("system"), e.get("name"), e["id"], e["records"]) for e in events] ==
           [("raw_syscalls", "sys_enter", 400, 20), ("probes", "opened", 401, 6000),
            (None, None, 2345, 1), ("ftrace", "raw_data", 16, 1)] and "fields" not in events[2],
           "their events are listed as they are met", events)
    tap.ok([f["name"] for f in events[0]["fields"]][-2:] == ["id", "args"] and
           events[1]["fields"][-2:] == [
               {"name": "path", "offset": 8, "size": 4, "signed": True, "text": True,
                "place": "record"},
               {"name": "fd", "offset": 12, "size": 4, "signed": True}],
           "fields are described as the format texts do", events[:2])
    expected = sorted([(2000000 * i + 500, 0) for i in range(20)] +
                      [(2000000 * i + 501, 1) for i in range(0, 30000, 5)] +
                      [(14000502, 2), (16000503, 3)])
    tap.ok([*zip(member["timestamp"], member["event"])] == expected and
           (member["cpu"] == 0).all() and (member["pid"] == 41).all() and
           [member[c].dtype.str for c in ("timestamp", "event", "cpu", "pid", "offsets", "data")]
           == ["<i8", "<i4", "<i4", "<i4", "<i8", "|u1"],
           "they stand in time order with their CPU and task", member)
    offsets, data = member["offsets"], member["data"]
    tap.ok(len(offsets) == 6023 and offsets[0] == 0 and offsets[-1] == len(data) and
           (np.diff(offsets) > 0).all(), "each has its bytes", offsets)
    paths = [bytes(data[offsets[i]:offsets[i + 1]]) for i in np.flatnonzero(member["event"] == 1)]
    tap.ok(all(p[16:].rstrip(b"\0") == b"/tmp/%d" % (5 * i) for i, p in enumerate(paths)),
           "texts of records of different lengths are there", paths[:3])
    status, said, part = convert(switches(30000, call), "--all-events", "--window", "10:20.0005")
    cut = {}
    with tarfile.open(os.path.join(folder, "t.tar")) as tar:
        for c in member:
            cut[c] = np.load(io.BytesIO(tar.extractfile(f"other_{c}.npy").read()))
    lies = np.flatnonzero((member["timestamp"] >= 10 * 10**9) &
                          (member["timestamp"] < 20 * 10**9 + 500000))
    tap.ok(status == 0 and len(lies) == 1001 and
           all((cut[c] == member[c][lies]).all() for c in ("timestamp", "event", "cpu", "pid")) and
           (cut["offsets"] == offsets[lies[0]:lies[-1] + 2] - offsets[lies[0]]).all() and
           (cut["data"] == data[offsets[lies[0]]:offsets[lies[-1] + 1]]).all(),
           "with --window those that lie in it are kept", said, len(lies), len(cut["timestamp"]))
    with open(docs, encoding="utf-8") as f:
        example = re.search(r"```python\n(def field.*?)```", f.read(), re.S).group(1)
    os.chdir(folder)
    found = {"np": np, "json": json, "print": lambda *values: None}
    exec(example, found)  # pylint: disable=exec-used
    tap.ok((found["field"](found["calls"], "id") == -np.arange(20)).all(),
           "the format's page shows how a field is read")
    status, said, got = convert(switches(0, call), "--all-events")
    with tarfile.open(os.path.join(folder, "t.tar")) as tar:
        empty = {m.name: tar.extractfile(m).read() for m in tar.getmembers()}
    tap.ok(status == 0 and all(np.load(io.BytesIO(empty[f"other_{c}.npy"])).size == (c == "offsets")
                               for c in member), "a trace without records has empty members", said)

    status, said, got = convert(switches(
        3, lambda t, i, ns: i == 1 and t.cpus[0].add(ns, unknown(2345, -7))))
    tap.ok(status == 3 and "event id is 2345" in said and "no task has its pid" in said,
           "a record without a format whose pid no task can have is damage", status, said)
tap.end()
