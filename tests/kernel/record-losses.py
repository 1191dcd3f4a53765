# SPDX-License-Identifier: LGPL-2.1-or-later
"""Buffers that are too small: the loss told is the kernel's own in every run, and each gap has its
place in the rows."""
import io
import os
import re
import struct
import subprocess
import tarfile
import numpy
from recorder import *

need_kernel()
SCHEDCONV = os.path.abspath(sys.argv[3])
# Between losses that are sure there is time to read: several gaps.
STORM = losing("for k in 1 2 3 4; do (i=0; while [ $i -lt 12 ]; do /bin/true; i=$((i+1)); "
               "done) & done; wait")
STORM = (*STORM[:-1], f"for round in 1 2 3 4; do {STORM[-1]}; sleep 0.05; done")
RUNS = 5


def marked_pages(path):
    """The pages that the kernel marked as the first after a loss, as [(CPU, count or -1)]."""
    found = []
    with open(path, "rb") as f:
        for cpu, (offset, size) in enumerate(header(path)[0]):
            f.seek(offset)
            data = f.read(size)
            for at in range(0, size, 4096):
                word = struct.unpack_from("<I", data, at + 8)[0]
                behind = at + 16 + (word & 0x07ffffff)
                if word >> 31:
                    stored = word >> 30 & 1
                    found.append((cpu, struct.unpack_from("<Q", data, behind)[0] if stored else -1))
    return sorted(found)


def lost_rows(path):
    """The rows LOST that schedconv makes of the file, as [(CPU, count or -1)], read by numpy."""
    r = subprocess.run([SCHEDCONV, "-q", path, path + ".tar"], capture_output=True, text=True,
                       errors="replace")
    if r.returncode:
        return r.stderr
    with tarfile.open(path + ".tar") as tar:
        def column(name):
            return numpy.load(io.BytesIO(tar.extractfile(name + ".npz").read()))[name]
        names = tar.extractfile("sched_log_traced_events.start").read().decode()
        lost = column("event") == int(re.search(r"^(\d+) LOST$", names, re.M)[1])
        return sorted(zip(column("cpu")[lost].tolist(), column("arg0")[lost].tolist()))


with Folder():
    same = placed = lossy = 0
    why = []
    for run_number in range(RUNS):
        path = f"l{run_number}.dat"
        r = run("-b", "4", "-e", "sched,mm,pages", "-o", path, "--", *STORM)
        stats = header(path)[1]
        kernel = sum(stat_sum(stats, n) for n in ("overrun", "commit overrun", "dropped events"))
        told = re.search(r"lost ([\d,]+) events", r.stderr)
        lossy += kernel > 0
        same += (int(told[1].replace(",", "")) if told else 0) == kernel and \
            stat_sum(stats, "read events") == report_lines(path)
        marked, rows = marked_pages(path), lost_rows(path)
        placed += marked == rows
        why.append((kernel, told and told[1], marked, rows))
    claim(lossy == RUNS, f"buffers of a page or two lose events in {RUNS} runs of {RUNS}", *why)
    claim(same == RUNS, "the loss that is told is the kernel's, and the rest is in the file, in "
          "every run", *why)
    claim(placed == RUNS, "every page that the kernel marked as behind a loss has its gap in the "
          "rows, in every run", *why)
    os.mkdir("small")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", "small"]).returncode == 0:
        try:
            r = run("-e", "sched,mm,pages", "-o", "small/full.dat", "--", "sh", "-c",
                    "i=0; while [ $i -lt 2000 ]; do /bin/true; i=$((i+1)); done")
            subprocess.run(["cp", "--sparse=always", "small/full.dat", "full.dat"])
        finally:
            subprocess.run(["umount", "small"])
        stats = header("full.dat")[1]
        missing = {int(re.match(r"CPU: (\d+)", s)[1]): stat_sum([s], "unwritten events")
                   for s in stats if "reader failed: " in s}
        told = [int(number.replace(",", "")) for number in
                re.findall(r"([\d,]+) events (?:that the kernel had recorded|in )", r.stderr)]
        lines = report_lines("full.dat")
        claim(r.returncode == 125 and lines == stat_sum(stats, "read events") == told[-1] > 0,
              "on a disk that is full as many events are told as the file holds", lines, told,
              *stats, r.stderr)
        claim(missing and sum(missing.values()) == told[0] > 0,
              "those that were taken from the buffers and not written are told, too", missing, told,
              r.stderr)
        rows = lost_rows("full.dat")
        claim(rows == sorted(marked_pages("full.dat") + list(missing.items())),
              "and they are lost in the rows of their CPU, at its end", rows, missing)
    else:
        skip("a disk that fills up", "no tmpfs can be mounted")
    r = run("-b", "4", "--strict", "-e", "sched,mm,pages", "-o", "s.dat", "--", *STORM)
    claim(r.returncode == 125 and os.path.exists("s.dat"),
          "--strict makes a loss a failure, and the file is there", r.stderr)
done()
