#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whole recordings, cut in many ways: the figures of the uncut one must lie within the bounds that
schedreport gives for what is left, and no analysis may be certain of what another doubts.

usage: cut_traces.py SCHEDREPORT SEEDS TRACE.dat.xz...

Records are cut out of the ring-buffer pages of the trace.dat itself: single ones leave padding, as
if they had never been there; whole pages leave the kernel's mark of lost records on the next page.
The first and the last page of a CPU stay, so that both recordings are about the same time.
"""
import collections
import json
import lzma
import random
import re
import struct
import subprocess
import sys
import tempfile

from rows import Tap

report, seeds, *paths = sys.argv[1:]
tap = Tap()
MISSED = 1 << 31
PADDING, STAMP = 29, 31     # types of what is no record
STAMP_MASK = (1 << 59) - 1              # an absolute stamp has no higher bits


def items(page):
    """(offset, length, type, delta, time) of what a page holds."""
    time, commit = struct.unpack_from("<QQ", page, 0)
    at, end = 16, 16 + (commit & 0xfffff)
    while at + 4 <= end:
        word, = struct.unpack_from("<I", page, at)
        kind, delta = word & 31, word >> 5
        if kind == PADDING and not delta:
            return
        length = 8 if kind > PADDING else 4 + 4 * kind
        if kind in (0, PADDING):
            length = 4 + struct.unpack_from("<I", page, at + 4)[0]
        if kind > PADDING:
            delta += struct.unpack_from("<I", page, at + 4)[0] << 27
        time = time & ~STAMP_MASK | delta if kind == STAMP else time + delta
        yield at, length, kind, delta, time
        at += length


class File:
    """A plain trace.dat of version 6: the pages of each CPU, and what stands before them."""

    def __init__(self, data):
        options = data.find(b"options  \0")
        table = data.find(b"flyrecord\0", options) + 10
        cpus, = struct.unpack_from("<I", data, options - 4)
        self.page_size, = struct.unpack_from("<I", data, 14)
        places = [struct.unpack_from("<QQ", data, table + 16 * cpu) for cpu in range(cpus)]
        self.head, self.table = data[:min(place for place, size in places if size)], table
        self.pages = [[bytearray(data[at:at + self.page_size])
                       for at in range(place, place + size, self.page_size)]
                      for place, size in places]
        self.ids = {name.decode(): int(number) for name, number in
                    re.findall(rb"name: (\w+)\nID: (\d+)\n", self.head)}

    def bytes(self):
        head, at = bytearray(self.head), len(self.head) + -len(self.head) % self.page_size
        body = bytearray(at - len(head))
        for cpu, pages in enumerate(self.pages):
            struct.pack_into("<QQ", head, self.table + 16 * cpu, at, len(pages) * self.page_size)
            for page in pages:
                body += page
            at += len(pages) * self.page_size
        return bytes(head + body)

    def records(self, page):
        """(offset, length, id) of those that can become padding."""
        for at, length, kind, delta, _ in items(page):
            if kind < PADDING and delta:
                data = at + 4 if kind else at + 8
                yield at, length, struct.unpack_from("<H", page, data)[0]

    @staticmethod
    def remove(page, at, length):
        word, = struct.unpack_from("<I", page, at)
        struct.pack_into("<II", page, at, word & ~31 | PADDING, length - 4)


# --- ways to cut: each is told the random numbers and the file ------------------------------

def inner(pages):
    return pages[1:-1]


def single_switches(rng, file):
    rate = rng.choice((0.02, 0.1, 0.3))
    for pages in file.pages:
        gone = False
        for page in inner(pages):
            for at, length, event in list(file.records(page)):
                if event == file.ids["sched_switch"]:
                    gone = not gone and rng.random() < rate     # never two in a row
                    if gone:
                        file.remove(page, at, length)


def switches_out_of_idle(rng, file):
    for pages in file.pages:
        for page in inner(pages):
            for at, length, event in list(file.records(page)):
                prev_pid = page[at + 28:at + 32]    # behind the header and prev_comm
                if event == file.ids["sched_switch"] and not any(prev_pid) and rng.random() < 0.2:
                    file.remove(page, at, length)


def wakeups(rng, file):
    """Of one kind, here and there; or all of both."""
    names = rng.choice((["sched_waking"], ["sched_wakeup"], ["sched_waking", "sched_wakeup"]))
    ids, rate = {file.ids[n] for n in names}, 1 if len(names) > 1 else rng.choice((0.1, 0.5, 1))
    for pages in file.pages:
        for page in inner(pages):
            for at, length, event in list(file.records(page)):
                if event in ids and rng.random() < rate:
                    file.remove(page, at, length)


def lose(file, cpu, first, n):
    pages = file.pages[cpu]
    del pages[first:first + n]
    commit, = struct.unpack_from("<Q", pages[first], 8)
    struct.pack_into("<Q", pages[first], 8, commit | MISSED)


def one_range(rng, file):
    cpu = rng.choice([c for c, pages in enumerate(file.pages) if len(pages) > 3])
    n = len(file.pages[cpu])
    first = rng.randrange(1, n - 1)
    lose(file, cpu, first, rng.randrange(1, n - first))


def several_ranges(rng, file):
    for _ in range(rng.randrange(2, 8)):
        cpu = rng.choice([c for c, pages in enumerate(file.pages) if len(pages) > 3])
        first = rng.randrange(1, len(file.pages[cpu]) - 1)
        lose(file, cpu, first, 1)


def a_whole_cpu(rng, file):
    cpu = rng.choice([c for c, pages in enumerate(file.pages) if len(pages) > 3])
    lose(file, cpu, 1, len(file.pages[cpu]) - 2)


def late_begin(rng, file):
    """As where old records were written over, but without the kernel's mark: no bounds hold."""
    cpu = rng.choice([c for c, pages in enumerate(file.pages) if len(pages) > 3])
    del file.pages[cpu][:rng.randrange(1, len(file.pages[cpu]) - 1)]


def split(page, moment):
    """The page up to the moment, and the page of what comes then, if both have records."""
    later = [item for item in items(page) if item[4] >= moment]
    records = [item for item in later if item[2] < PADDING]
    begin, commit = struct.unpack_from("<QQ", page)
    if not records or begin >= moment:
        return [page]
    (end, *_), (at, _, kind, _, stamp) = later[0], records[0]
    after = page[at:16 + (commit & 0xfffff)]
    struct.pack_into("<I", after, 0, kind)      # no time since the page's stamp
    after = bytearray(struct.pack("<QQ", stamp, len(after))) + after
    before = page[:end]
    struct.pack_into("<Q", before, 8, commit & ~0xfffff | end - 16)
    return [part.ljust(len(page), b"\0") for part in (before, after)]


def move(page, ns):
    stamp, = struct.unpack_from("<Q", page)
    for at, _, kind, absolute, _ in items(page):
        if kind == STAMP:
            absolute = absolute + ns & STAMP_MASK
            struct.pack_into("<II", page, at, (absolute & (1 << 27) - 1) << 5 | STAMP,
                             absolute >> 27)
    struct.pack_into("<Q", page, 0, stamp + ns)


def clock_set_back(rng, file):
    """By longer than any CPU is silent, between two records of each."""
    stamps = [struct.unpack_from("<Q", page)[0] for pages in file.pages for page in pages]
    moment = min(stamps) + int(rng.uniform(0.1, 0.9) * (max(stamps) - min(stamps)))
    back = min(rng.choice((30, 3600)) * 10**9, min(stamps))     # since the machine began
    for pages in file.pages:
        pages[:] = [part for page in pages for part in split(page, moment)]
        for page in pages:
            if struct.unpack_from("<Q", page)[0] >= moment:
                move(page, -back)


# --- figures ---------------------------------------------------------------------------------

def tables(path, window=":"):
    r = subprocess.run([report, "-q", "-f", "json", "--top", "0", "-w", window, "tasks", "cpus",
                        "states", "utilization", "latency", "waits", "runqueue", path],
                       capture_output=True, text=True, check=True)
    return {name: table["rows"] for name, table in json.loads(r.stdout).items()}


def lives(rows):
    """By pid: a cut may hide where one life ends and the next begins."""
    sums = collections.defaultdict(collections.Counter)
    for row in rows:
        for column, value in row.items():
            if isinstance(value, (int, float)):
                sums[row["pid"]][column] += value
    return sums


NO_LIMIT = float("inf")
WAITS = "wait_wakeup_ns", "wait_preempt_ns", "wait_new_ns"
Bound = collections.namedtuple("Bound", "what low high")


def bounds(found):
    """Bounds of every figure that has them."""
    for pid, t in lives(found["tasks"]).items():
        yield Bound(("on_cpu", pid), t["on_cpu_ns"], t["on_cpu_hi_ns"])
        yield Bound(("waits", pid), sum(t[c] for c in WAITS), t["wait_hi_ns"])
        # Counts and sums of records can only be too small, and so can certain times.
        yield Bound(("switches", pid), t["switches_voluntary"] + t["switches_involuntary"], NO_LIMIT)
        for column in ("charged_ns", "migrations", "sleep_ns", "idle_ns", "blocked_ns"):
            yield Bound((column, pid), t[column], NO_LIMIT)
    for c in found["cpus"]:
        for column in ("busy_ns", "idle_ns"):
            yield Bound((column, c["cpu"]), c[column], c[column] + c["unknown_ns"])
    for u in found["utilization"]:
        yield Bound(("busy", u["begin_ns"]), u["busy_ns"], u["busy_ns"] + u["unknown_ns"])
        yield Bound(("idle", u["begin_ns"]), u["idle_ns"], u["idle_ns"] + u["unknown_ns"])
    for s in found["states"]:
        yield Bound((s["state"],), s["certain_ns"], NO_LIMIT)
    for pid, w in lives(found["waits"]).items():
        yield Bound(("waits: on_cpu", pid), w["on_cpu_ns"], w["on_cpu_ns"] + w["unknown_ns"] +
                    w["lasting_ns"])
    kinds = collections.defaultdict(collections.Counter)
    for row in found["latency"]:
        for column in ("count", "total_ns"):
            kinds[row["pid"], row["kind"]][column] += row[column] or 0
    for (pid, kind), k in kinds.items():
        for column in k:
            yield Bound((f"latency {column}", pid, kind), k[column], NO_LIMIT)
    work = found["work_conservation"][0]
    for column in ("any_wall_ns", "any_per_cpu_ns", "any_per_thread_ns"):
        yield Bound((column,), work[column], work[column] + len(found["cpus"]) *
                    work["unfollowed_ns"])


def log(path, name):
    r = subprocess.run([report, "-q", "-f", "json", "--top", "0", "--log", name, path],
                       capture_output=True, text=True, check=True)
    return [json.loads(line) for line in r.stdout.splitlines()]


def contradictions(path):
    """What one analysis says for certain and another does not."""
    found = tables(path)
    both = {name: lives(found[name]) for name in ("tasks", "waits")}
    for pid, task in both["tasks"].items():
        for column in ("on_cpu_ns", "sleep_ns", "blocked_ns", "idle_ns", *WAITS):
            if task[column] != both["waits"][pid][column]:
                yield "tasks and waits", column, pid, task[column], both["waits"][pid][column]
    certain = {row["state"]: row["certain_ns"] for row in found["states"]}
    for state, column in (("running", "on_cpu_ns"), ("woken", "wait_wakeup_ns"),
                          ("preempted", "wait_preempt_ns"), ("new", "wait_new_ns")):
        total = sum(task[column] for task in both["tasks"].values())
        if certain.get(state, 0) != total:
            yield "tasks and states", column, total, certain.get(state, 0)
    episodes, work = log(path, "idle_while_waiting"), found["work_conservation"][0]
    sure = [e for e in episodes if e["certain"]]
    if (len(sure), len(episodes) - len(sure)) != (work["episodes"], work["doubtful"]):
        yield "episodes in the table and in the log", work, len(sure), len(episodes)
    if sum(e["end_ns"] - e["begin_ns"] for e in sure) > work["wall_ns"]:
        yield "episodes longer than their sum", work, sure
    waits = collections.defaultdict(list)
    for row in log(path, "states_log") + found["states_open"]:
        if row["state"] in ("woken", "preempted", "new"):
            waits[row["pid"]].append(row)
    for e in sure:
        for pid in map(int, re.findall(r":(\d+)@\d+(?= |$)", e["waiting"] or "")):
            if not any(w["begin_ns"] <= e["begin_ns"] < w["end_ns"] and
                       (w["certain"] or w in found["states_open"]) for w in waits[pid]):
                yield "idle_while_waiting and states", pid, e


def check(name, uncut, file, way):
    # Records without rows are at the end, where a mark of lost ones makes one.
    window = ":@%d" % next(row["end_ns"] for row in uncut["completion"])
    if way is clock_set_back:
        window = ":"
    figures = {b.what: b for b in bounds(uncut)}
    far, compared, narrower = collections.Counter(), 0, 0
    first, contradicted = {}, []
    for seed in range(int(seeds)):
        cut = File(file)
        way(random.Random(f"{way.__name__} {seed}"), cut)
        with tempfile.NamedTemporaryFile(suffix=".dat") as f:
            f.write(cut.bytes())
            f.flush()
            found = tables(f.name, window)
            contradicted += [(seed, *c) for c in contradictions(f.name)]
        for b in bounds(found) if way is not late_begin else ():
            true = figures.get(b.what)
            # A task whose wakeup or switch-in is missing seems not to wait, or to wait on: work
            # conservation has no bounds then.
            if not true or (way in (wakeups, single_switches) and b.what[0].startswith("any_")):
                continue
            if way is clock_set_back and b.what[0] in ("busy", "idle"):
                continue    # of stretches whose begin is another
            compared += 1
            if b.low > (true.high if b.high < NO_LIMIT else true.low) or b.high < true.low:
                far[b.what[0]] += 1
                first.setdefault(b.what[0], (seed, b, true))
    if way is not late_begin:
        tap.ok(compared > 250 * int(seeds) and not far, f"{name}, {way.__name__.replace('_', ' ')}: {compared} "
               f"figures of {seeds} cuts have the truth within their bounds", str(dict(far)),
               *map(str, first.values()))
    tap.ok(not contradicted, f"{name}, {way.__name__.replace('_', ' ')}: no two analyses contradict "
           "each other", *map(str, contradicted[:5]))


for path in paths:
    file = (lzma.open if path.endswith(".xz") else open)(path, "rb").read()
    with tempfile.NamedTemporaryFile(suffix=".dat") as f:
        f.write(File(file).bytes())
        f.flush()
        uncut = tables(f.name)
    for way in (single_switches, switches_out_of_idle, wakeups, one_range, several_ranges,
                a_whole_cpu, late_begin, clock_set_back):
        check(path.rpartition("/")[2], uncut, file, way)
tap.end()
