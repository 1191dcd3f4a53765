#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""numpy and Python's tarfile as witnesses of the tarball, in both directions.

usage: numpy-columns.py COLUMNS-PROGRAM
"""
import io
import json
import os
import random
import subprocess
import sys
import tarfile
import tempfile
import zipfile

try:
    import numpy as np
except ImportError:
    print("1..0 # SKIP no numpy for", sys.executable)
    sys.exit(0)

program = sys.argv[1]
directory = tempfile.TemporaryDirectory()
names = "EXEC EXIT WAKEUP WAKEUP_NEW BLOCK BLOCK_IO WAIT_FUTEX WAKE_FUTEX WAKER_FUTEX FORK TICK " \
    "CTX_SWITCH MIGRATE RQ_SIZE IDL_BLN_FAIR_BEG IDL_BLN_FAIR_END PER_BLN_FAIR_BEG " \
    "PER_BLN_FAIR_END".split()
columns = ["timestamp", "pid", "event", "cpu", "arg0", "arg1"]
count = 0
good = True


def ok(true, sentence):
    global count, good
    count += 1
    good = good and bool(true)
    print("ok" if true else "not ok", count, "-", sentence, flush=True)


def path(name):
    return os.path.join(directory.name, name)


def run(*args, text=None, env=None):
    return subprocess.run([program, *map(str, args)], input=text, capture_output=True, text=True,
                          env={**os.environ, **(env or {})})


def make_rows(n):
    rng = random.Random(7)
    rows = []
    t = 10 ** 15
    for _ in range(n):
        t += rng.choice([0, 1, 17, 2500])
        rows.append((t, rng.randrange(-1, 4194304), rng.randrange(18), rng.randrange(8),
                     rng.randrange(-2 ** 63, 2 ** 63), rng.randrange(5)))
    return rows


def text_of(rows):
    return "".join("%d %d %d %d %d %d task%d\n" % (*r, r[1] % 7) for r in rows)


def expected(rows, comm=True):
    return "".join("%d %d %s %d %d %d %s\n" % (r[0], r[1], names[r[2]], r[3], r[4], r[5],
                                               "task%d" % (r[1] % 7) if comm else "-")
                   for r in rows)


def members(file):
    with tarfile.open(file, "r:") as tar:
        return [(m, tar.extractfile(m).read()) for m in tar.getmembers()]


def check_ours(rows, *options):
    """What we write, as numpy reads it."""
    kind = "stored" if "store" in options else "deflated"
    file = path("ours.tar")
    r = run("write", file, *options, text=text_of(rows))
    ok(r.returncode == 0 and not r.stderr, "a %s tarball of %d rows is written" % (kind, len(rows)))
    found = {m.name: (m, data) for m, data in members(file)}
    first = members(file)[0]
    ok(first[0].name == "sched_log_traced_events.start", "its first member names the events")
    lines = first[1].decode().rstrip("\n").split("\n")
    ok(lines[:18] == ["%d %s" % p for p in enumerate(names)] and all(lines),
       "which begin with SchedLog's 18, one a line without a blank one")
    types = dict(zip(columns + ["comm"], ["<i8", "<i4", "<i4", "<i4", "<i8", "<i8", "<i4"]))
    same = True
    for i, (name, dtype) in enumerate(types.items()):
        array = np.load(io.BytesIO(found[name + ".npz"][1]))
        same = same and array.files == [name] and array[name].dtype.str == dtype
        if name != "comm":
            same = same and array[name].tolist() == [row[i] for row in rows]
        else:
            ids = json.loads(found["comm.json"][1])
            same = same and array[name].tolist() == [ids["task%d" % (row[1] % 7)] for row in rows]
    ok(same, "numpy reads every column with the values and types written")
    ok({n for n in found if n.endswith(".npz")} == {n + ".npz" for n in types},
       "no other member ends in .npz")
    if kind == "stored":
        aligned = True
        for name in types:
            m, data = found[name + ".npz"]
            info = zipfile.ZipFile(io.BytesIO(data)).infolist()[0]
            begin = data.index(b"\x93NUMPY")
            header = 10 + int.from_bytes(data[begin + 8:begin + 10], "little")
            aligned = aligned and info.compress_type == 0 and \
                (m.offset_data + begin + header) % 64 == 0
        ok(aligned, "the data of every column is aligned to 64 bytes in the file")
    ok(run("read", file).stdout == expected(rows), "our reader gives the rows back")
    ok(run("load", file).stdout == expected(rows), "whole columns are the same rows")
    windows = [(0, 1), (max(0, len(rows) // 2 - 3), len(rows) // 2 + 3), (len(rows) - 1, len(rows) + 5),
               (5, 5)]
    ok(all(run("read", file, b, e).stdout == expected(rows[b:e]) for b, e in windows),
       "any range of rows can be read by itself")
    return file


def make_tar(rows, types, save, prefix="", start=True):
    file = path("theirs.tar")
    with tarfile.open(file, "w:") as tar:
        def add(name, data):
            info = tarfile.TarInfo(prefix + name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        for i, (name, dtype) in enumerate(zip(columns, types)):
            out = io.BytesIO()
            values = np.array([r[i] for r in rows], dtype=object).astype(np.int64)
            save(out, **{name: values.astype(np.dtype(dtype))})
            add(name + ".npz", out.getvalue())
        if start:
            add("sched_log_traced_events.start",
                "\n".join("%d %s" % p for p in enumerate(names)).encode())
    return file


for options in [(), (100,), ("store",), ("store", 100)]:
    check_ours(make_rows(1000), *options)
check_ours(make_rows(1))
check_ours(make_rows(40000), 12345)

r = run("write", path("empty.tar"), text="")
ok(r.returncode == 0 and np.load(io.BytesIO(dict(
    (m.name, d) for m, d in members(path("empty.tar")))["timestamp.npz"]))["timestamp"].shape == (0,)
    and run("read", path("empty.tar")).returncode == 0, "a tarball without rows is one")

rows = make_rows(3000)
small = [(r[0] - rows[0][0], r[1] % 100, r[2], r[3], r[4] % 100, r[5]) for r in rows]
for save in (np.savez, np.savez_compressed):
    file = make_tar(rows, ["<i8", "<i4", "<i4", "<i4", "<i8", "<i8"], save, prefix="a/b/")
    ok(run("read", file).stdout == expected(rows, False) and
       run("load", file).stdout == expected(rows, False),
       "rows that numpy.%s wrote, below a directory, are read" % save.__name__)
    for types in (["<u8", "<u4", "u1", "<u2", "<u8", "u1"], [">i8", ">i4", "i1", ">i2", ">i8", ">u4"],
                  ["<u4", "<i8", "<i8", "<u8", "<i2", ">u8"], ["<i8", ">i8", ">u2", ">u8", "<i4", ">i2"]):
        file = make_tar(small, types, save)
        ok(run("read", file).stdout == expected(small, False) and
           run("load", file).stdout == expected(small, False),
           "numpy.%s with types %s" % (save.__name__, " ".join(types)))
file = make_tar(rows, ["<i8", "<i4", "<i4", "<i4", "<i8", "<i8"], np.savez, start=False)
ok(run("read", file).returncode == 1 and "sched_log_traced_events.start" in run("read", file).stderr,
   "without a member that names the events it is refused")
ok(run("read", file, env={"DEFAULT_IDS": "1"}).stdout == expected(rows, False),
   "unless SchedLog's own ids are allowed")

r = run("table", path("t.npz"))
table = np.load(path("t.npz"))
ok(table.files == ["pid", "share", "name"] and table["pid"].tolist() == [-5, -2 ** 63, 2 ** 62] and
   table["share"].tolist()[0::2] == [0.25, 1e300] and np.isnan(table["share"][1]) and
   table["name"].tolist() == [b"make", b"", b"\xff longer"], "numpy reads a table, an array a column")

big = make_rows(200000)
file = check_ours(big)
theirs = make_tar(big, ["<i8", "<i4", "<i4", "<i4", "<i8", "<i8"], np.savez_compressed)
ours = sum(m.size for m, _ in members(file) if m.name[:-4] in columns)
ok(ours <= 1.2 * os.path.getsize(theirs),
   "our columns take at most 1.2 times the bytes of numpy's savez_compressed")
print("# %d bytes, numpy %d" % (ours, os.path.getsize(theirs)))
print("1..%d" % count)
sys.exit(0 if good else 1)
