# SPDX-License-Identifier: LGPL-2.1-or-later
"""schedconv of a tarball, and of a window, by numpy.

usage: tarball-to-tarball.py SCHEDCONV SCHEDREPORT TRACES"""
import io
import os
import subprocess
import sys
import tarfile
import tempfile

import numpy

from tap import claim, done

CONV, REPORT, TRACES = (os.path.abspath(a) for a in sys.argv[1:4])
COLUMNS = ("timestamp", "pid", "event", "cpu", "arg0", "arg1", "comm")


def conv(*args):
    return subprocess.run([CONV, "-q", *args], capture_output=True, text=True)


def members(path):
    """{name: bytes} of a tarball; arrays of an npz are what numpy reads."""
    with tarfile.open(path) as tar:
        data = {m.name: tar.extractfile(m).read() for m in tar.getmembers() if m.isfile()}
    for name in data:
        if name.endswith(".npz"):
            data[name] = numpy.load(io.BytesIO(data[name]))[name[:-4]]
    return data


def same(a, b, names):
    return all(n in a and n in b and
               (a[n].tobytes() == b[n].tobytes() if n.endswith(".npz") else a[n] == b[n])
               for n in names)


def tables(path):
    return [subprocess.run([REPORT, analysis, "--format", "json", path], capture_output=True,
                           text=True).stdout for analysis in ("tasks", "memory", "latency")]


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    conv(os.path.join(TRACES, "build.dat"), "a.tar")
    with open("own.json", "w") as f:
        f.write('{"somebody": "else"}')
    with tarfile.open("a.tar", "a") as tar:
        tar.add("own.json")
    a = members("a.tar")

    r = conv("a.tar", "b.tar")
    b = members("b.tar")
    claim(r.returncode == 0 and a.keys() == b.keys() and same(a, b, a.keys() - {"index.json"}),
          "a tarball of a tarball holds the same", r.stderr, a.keys() ^ b.keys())
    claim(tables("a.tar") == tables("b.tar") and all(tables("a.tar")), "and says the same")

    conv("--store", "a.tar", "s.tar")
    claim(os.path.getsize("s.tar") > os.path.getsize("a.tar") and
          same(a, members("s.tar"), a.keys() - {"index.json"}), "it can be stored")
    conv("--derive", "a.tar", "d.tar")
    conv("--derive", os.path.join(TRACES, "build.dat"), "e.tar")
    d, e = members("d.tar"), members("e.tar")
    derived = d.keys() - a.keys()
    claim(len(derived) == 3 and same(d, e, derived), "columns can be derived later", derived)
    conv("--derive", "d.tar", "d2.tar")
    claim(same(d, members("d2.tar"), d.keys() - {"index.json"}), "and once more")

    begin, end = 0.02, 0.05
    t = a["timestamp.npz"]
    for source, name in (("a.tar", "w.tar"), (os.path.join(TRACES, "build.dat"), "x.tar")):
        r = conv("--window", f"{begin}:{end}", source, name)
        w = members(name)
        full = conv("--window", ":", source, "all.tar")
        origin = None
        for line in subprocess.run([REPORT, "tasks", "--window", "900:", "a.tar"],
                                   capture_output=True, text=True).stderr.splitlines():
            seconds, at = line.split("ends at ")[1].split(" s (@")
            origin = int(at.rstrip(")")) - round(float(seconds) * 1e9)
        # The sentence has the length to a microsecond: so much is open at each edge.
        inside = [(t >= origin + begin * 1e9 + s) & (t < origin + end * 1e9 - s)
                  for s in (1000, -1000)]
        n = [int(i.sum()) for i in inside]
        first = int(numpy.searchsorted(t, w["timestamp.npz"][0]))
        rows = slice(first, first + len(w["timestamp.npz"]))
        claim(r.returncode == 0 and n[0] <= len(w["timestamp.npz"]) <= n[1] and n[0] > 1000 and
              all(numpy.array_equal(w[c + ".npz"], a[c + ".npz"][rows]) for c in COLUMNS[:-1]),
              f"a window of {os.path.basename(source)} has the rows in it", r.stderr, n,
              len(w["timestamp.npz"]))
        claim(full.returncode == 0 and same(a, members("all.tar"), [c + ".npz" for c in COLUMNS]),
              f"without edges it has all of {os.path.basename(source)}")
        claim(subprocess.run([REPORT, "--validate", "tasks", name], capture_output=True).returncode
              == 0, "and is sound")
    r = subprocess.run([CONV, "--window", "0.01:0.02", "d.tar", "dw.tar"], capture_output=True,
                       text=True)
    claim(r.returncode == 0 and not derived & members("dw.tar").keys() and
          all(f"{name} is left out" in r.stderr for name in derived) and
          "own.json" in members("dw.tar"), "what has a value a row is left out of a window", r.stderr)

    for args, words in ((("--salvage", "a.tar", "no.tar"), "--salvage is for a trace.dat"),
                        (("--all-events", "a.tar", "no.tar"), "--all-events is for a trace.dat"),
                        (("--max-memory", "64M", "a.tar", "no.tar"), "--max-memory is for a"),
                        (("--instance", "x", "a.tar", "no.tar"), "--instance is for a trace.dat"),
                        (("a.tar",), "is a tarball: name the one to make"),
                        (("a.tar", "a.tar"), "is read too"),
                        (("--window", "900:901", "a.tar", "no.tar"), "begins after the recording"),
                        (("--window", "3", "a.tar", "no.tar"), "has no colon")):
        r = conv(*args)
        claim(r.returncode == 2 and words in r.stderr and not os.path.exists("no.tar"),
              f"refused: schedconv {' '.join(args)}", r.returncode, r.stderr)
done()
