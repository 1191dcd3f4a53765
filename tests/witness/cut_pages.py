# SPDX-License-Identifier: LGPL-2.1-or-later
"""Recordings of which records are cut out of the ring-buffer pages themselves: single ones leave
padding, as if they had never been there; whole pages leave the kernel's mark of lost records on the
next page. The first and the last page of a CPU stay, so that both recordings are about the same time.
"""
import re
import struct

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


WAYS = (single_switches, switches_out_of_idle, wakeups, one_range, several_ranges, a_whole_cpu,
        late_begin, clock_set_back)
