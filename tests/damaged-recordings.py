#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Cut and changed recordings: what schedconv --salvage makes of them is a tarball that every reader
takes, and without it nothing is lost in silence.

usage: damaged-recordings.py SCHEDCONV SCHEDREPORT SECONDS [TRACE.dat.xz...]

Cuts at places that matter are tried all; then bytes are changed at random for SECONDS. The seed is
printed, and SEED in the environment repeats it.
"""
import collections
import json
import lzma
import os
import random
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "witness"))
import rows
import tracedat

schedconv, schedreport, seconds, *paths = sys.argv[1:]
tap = rows.Tap()
seed = int(os.environ.get("SEED", time.time_ns() % 1000000))
print(f"# SEED={seed}")
random.seed(seed)
PAGE = 512


def small_recording():
    """Three CPUs of several pages each; the second begins later, and the third loses records."""
    t = tracedat.Trace(cpus=3, page_size=PAGE, cmdlines="41 one\n42 two\n43 three\n")
    tasks = [(41, "one"), (42, "two"), (43, "three")]
    for i in range(30):
        for cpu, task in enumerate(tasks):
            ns = 1000000 + 100000 * i + 1000 * cpu
            if cpu == 1 and i < 5:
                continue
            if cpu == 2 and i == 12:
                t.cpus[2].end_page()
                t.cpus[2].lost = 3
            t.wakeup(cpu, ns, 0, task, cpu, "sched_waking")
            t.wakeup(cpu, ns + 200, 0, task, cpu)
            t.switch(cpu, ns + 300, (0, f"swapper/{cpu}"), "R", task)
            t.switch(cpu, ns + 50000, task, "SDR"[i % 3], (0, f"swapper/{cpu}"))
    return t.bytes()


class File:
    """Where the pages of a plain recording are."""

    def __init__(self, name, data):
        self.name, self.data = name, data
        self.page_size, = struct.unpack_from("<I", data, 14)
        options = data.find(b"options  \0")
        self.table = data.find(b"flyrecord\0", options) + 10
        self.cpus, = struct.unpack_from("<I", data, options - 4)
        self.places = [struct.unpack_from("<QQ", data, self.table + 16 * cpu)
                       for cpu in range(self.cpus)]
        self.begin = min(at for at, size in self.places if size)

    def cuts(self):
        """In the first page of each CPU, between CPUs, and in their last page."""
        for at, size in self.places:
            for place in (at, at + 8, at + 16, at + 40, at + self.page_size - 1,
                          at + self.page_size, at + size // 2, at + size - self.page_size + 17):
                if at <= place < len(self.data):
                    yield place

    def without(self, cpu, pages):
        """Some pages of a CPU, given as a slice of them, made unreadable."""
        at, size = self.places[cpu]
        data = bytearray(self.data)
        for page in range(at, at + size, self.page_size)[pages]:
            data[page + 9] = 0xff  # more data than a page holds
        return bytes(data)

    def changed_format(self):
        """A byte of the event formats changed."""
        begin = self.data.index(b"header_event\0")
        end = self.data.index(b"options  \0", begin)
        at = begin + 40 + random.randrange(end - begin - 40)
        data = bytearray(self.data)
        data[at] ^= random.choice((1 << random.randrange(8), random.randrange(1, 256)))
        line = bytes(data[data.rfind(b"\n", 0, at) + 1:at + 20].split(b"\n")[0])
        return f"{self.name} with {self.data[at]:#x} changed in {line}", bytes(data)

    def changed(self):
        """A few bytes changed: in the heads of pages, in pages, before them."""
        data = bytearray(self.data)
        where = random.choice(("head", "page", "page", "before"))
        for _ in range(random.choice((1, 1, 1, 2, 4))):
            if where == "before":
                at = random.randrange(self.begin)
            else:
                at, size = random.choice([p for p in self.places if p[1]])
                at += random.randrange(size)
                if where == "head":
                    at = at - at % self.page_size + random.randrange(24)
            data[at] ^= random.choice((1 << random.randrange(8), random.randrange(1, 256)))
        return bytes(data)


class Trial:
    """What the programs say of one recording."""

    def __init__(self, folder, data):
        self.folder = folder
        with open(self.path("t.dat"), "wb") as f:
            f.write(data)

    def path(self, name):
        return os.path.join(self.folder, name)

    def run(self, *command):
        return subprocess.run(command, capture_output=True, text=True, errors="replace",
                              timeout=100, check=False)

    def convert(self, *options):
        if os.path.exists(self.path("t.tar")):
            os.unlink(self.path("t.tar"))
        return self.run(schedconv, *options, self.path("t.dat"), self.path("t.tar"))

    def fault(self, cut):
        """What is wrong in how it was dealt with, or None."""
        plain = self.convert()
        if plain.returncode not in (0, 3) or "runtime error" in plain.stderr:
            return f"schedconv ends with {plain.returncode}: {plain.stderr}"
        if cut and plain.returncode != 3:
            return f"a cut file is taken for whole: {plain.stderr}"
        found = self.convert("--salvage")
        if found.returncode not in (0, 3, 4) or "runtime error" in found.stderr:
            return f"schedconv --salvage ends with {found.returncode}: {found.stderr}"
        if (found.returncode == 0) != (plain.returncode == 0):
            return f"status {plain.returncode}, with --salvage {found.returncode}"
        counts[found.returncode] += 1
        if found.returncode == 3:
            return None
        report = self.run(schedreport, "losses", "--validate", "-f", "json", "-q",
                          self.path("t.tar"))
        if report.returncode != 0 or "runtime error" in report.stderr:
            return f"schedreport --validate ends with {report.returncode}: {report.stderr}"
        if cut and not json.loads(report.stdout):
            return "no table of losses"
        return None


    def silence(self, whole):
        """Whether rows are missing that the whole file has, and nothing is said of it."""
        r = self.convert()
        if r.returncode not in (0, 3) or "runtime error" in r.stderr:
            return f"schedconv ends with {r.returncode}: {r.stderr}"
        formats[r.returncode, said(r) == whole[1]] += 1
        if r.returncode == 3 or said(r) != whole[1]:
            return None
        found = len(rows.Trace(self.path("t.tar")).timestamp)
        return None if found >= whole[0] else f"{found} rows instead of {whole[0]}: {r.stderr}"


def said(r):
    return [line for line in r.stderr.splitlines() if "note:" in line]


counts, formats = collections.Counter(), collections.Counter()


def claim(sentence, trials, judge, until=None):
    """The first file that is not dealt with well is kept."""
    bad, n = None, 0
    for what, data in trials:
        if bad or (until and n >= 10 and time.monotonic() > until):
            break
        n += 1
        bad = judge(Trial(folder, data))
        if bad:
            kept = os.path.abspath(f"damaged-{seed}.dat")
            with open(kept, "wb") as f:
                f.write(data)
            bad = f"{what}, kept as {kept}: {bad}"
    tap.ok(not bad, sentence.format(n), bad)


def random_changes(files):
    while True:
        file = random.choice(files)
        yield file.name, file.changed()


def random_formats(file):
    while True:
        yield file.changed_format()


files = [File("made", small_recording())]
for path in paths:
    with lzma.open(path) as packed:
        files.append(File(os.path.basename(path), packed.read()))
with tempfile.TemporaryDirectory() as folder:
    intact = Trial(folder, files[0].data)
    tap.ok(intact.convert().returncode == 0 and not intact.fault(False), "the whole file is read")
    other = Trial(folder, files[0].data[:7] + b"?" + files[0].data[8:])
    tap.ok([other.convert(*o).returncode for o in ((), ("--salvage",), ("--all-events",))] ==
           [3, 3, 3], "what no longer begins as one is something else, whatever the options")
    claim("{} cut recordings are refused, and what is left of them is a tarball",
          ((f"{files[0].name} cut at {at}", files[0].data[:at]) for at in files[0].cuts()),
          lambda trial: trial.fault(True))
    claim("{} recordings whose first, last or all pages of a CPU are damaged give a tarball",
          ((f"{files[0].name} CPU {cpu} {pages}", files[0].without(cpu, pages))
           for cpu in range(3) for pages in (slice(1), slice(-1, None), slice(None))),
          lambda trial: trial.fault(False))
    first = Trial(folder, files[0].without(1, slice(1)))
    first.convert("--salvage")
    found = rows.Trace(first.path("t.tar"))
    lost = next(row for row in found.rows("LOST") if row.cpu == 1)
    following = next(row for row in found.rows("WAKING", "WAKEUP", "CTX_SWITCH") if row.cpu == 1)
    tap.ok((lost.arg0, lost.arg1, lost.t) == (-1, found.begin, following.t),
           "a CPU's damaged begin is a gap from the first known time to its first record", lost,
           following)
    last = Trial(folder, files[0].without(0, slice(-1, None)))
    last.convert("--salvage")
    found = rows.Trace(last.path("t.tar"))
    lost, = (row for row in found.rows("LOST") if row.cpu == 0)
    gap, = (row for row in found.rows("GAP") if row.cpu == 0)
    tap.ok((lost.arg0, lost.arg1, lost.t) == (-1, gap.t, found.end) and gap.t < found.end,
           "a CPU's damaged end is a gap from its last record to the end", lost, gap)
    claim("{} recordings with changed bytes give a tarball or are refused", random_changes(files),
          lambda trial: trial.fault(False), time.monotonic() + float(seconds) / 2)
    print(f"# {counts[0]} whole as far as can be seen, {counts[4]} salvaged, {counts[3]} refused")
    for file in files:
        intact = Trial(folder, file.data)
        r = intact.convert()
        whole = len(rows.Trace(intact.path("t.tar")).timestamp), said(r)
        claim(f"{{}} bytes changed in the format texts of {file.name} cost no row without a word",
              random_formats(file), lambda trial, w=whole: trial.silence(w),
              time.monotonic() + float(seconds) / 2 / len(files))
    print(f"# {formats[3, True] + formats[3, False]} refused, {formats[0, False]} told, "
          f"{formats[0, True]} the same")
tap.end()
