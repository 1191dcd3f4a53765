# SPDX-License-Identifier: LGPL-2.1-or-later
"""Losses, full disks, failing calls, and other tracers at the same time."""
import glob
import os
import shutil
from recorder import *

need_kernel()
STORM = losing("i=0; while [ $i -lt 200 ]; do /bin/true; i=$((i+1)); done")


def settings(folder):
    """Texts of what another tracer's user may have set."""
    found = {}
    names = ["tracing_on", "current_tracer", "trace_clock", "set_event", "buffer_size_kb",
             "tracing_cpumask", "trace_options", "set_event_pid", "buffer_percent",
             "saved_cmdlines_size"]
    for name in names:
        try:
            with open(f"{folder}/{name}") as f:
                found[name] = f.read()
        except OSError:
            pass
    return found


with Folder():
    r = run("-b", "16", "-e", "sched,mm", "-o", "lost.dat", "--", *STORM)
    _, stats = header("lost.dat")
    lost = sum(stat_sum(stats, n) for n in ("overrun", "commit overrun", "dropped events"))
    told = re.search(r"lost ([\d,]+) events", r.stderr)
    claim(lost > 0 and told and int(told[1].replace(",", "")) == lost and r.returncode == 0,
          "losses are told as the kernel counts them, with status 0", lost, r.stderr)
    size = re.search(r"-b (\d+) would have held", r.stderr)
    claim(bool(size) and int(size[1]) > 16, "a buffer size that would have held is told", r.stderr)
    claim(report_lines("lost.dat") == stat_sum(stats, "read events"),
          "a file with losses has every event that was read")
    r = run("-b", "16", "-e", "sched,mm", "--strict", "-o", "lost.dat", "--", *STORM)
    claim(r.returncode == 125 and "status 0" in r.stderr and os.path.exists("lost.dat"),
          "--strict makes losses a failure, and keeps the file", r.stderr)

    other = f"{TRACEFS}/instances/other-{os.getpid()}"
    os.mkdir(other)
    try:
        for name, text in (("buffer_size_kb", "100"), ("trace_clock", "global"),
                           ("set_event", "irq:softirq_entry"), ("tracing_on", "1")):
            with open(f"{other}/{name}", "w") as f:
                f.write(text)
        before = settings(TRACEFS), settings(other)
        a = start("-o", "one.dat", "--", *BUSY)
        b = start("-o", "two.dat", "-C", "boot", "--", *BUSY)
        claim(a.wait(LONG) == 0 and b.wait(LONG) == 0, "two recordings run at once",
              a.stderr.read(), b.stderr.read())
        claim((settings(TRACEFS), settings(other)) == before,
              "other instances and the top level keep their settings")
        counts = [int(re.search(r"entries: (\d+)", f.read())[1]) for f in
                  map(open, glob.glob(f"{other}/per_cpu/cpu*/stats"))]
        claim(sum(counts) > 0, "another tracer goes on", counts)
    finally:
        os.rmdir(other)
    for name in ("one.dat", "two.dat"):
        _, stats = header(name)
        claim(report_lines(name) == stat_sum(stats, "read events") > 0,
              f"{name} of two at once is whole")

    os.mkdir("small")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", "small"]).returncode
    if mounted == 0:
        try:
            r = run("-e", "sched,mm,pages", "-o", "small/full.dat", "--", "sh", "-c",
                    "i=0; while [ $i -lt 2000 ]; do /bin/true; i=$((i+1)); done; echo done >finished")
            claim(r.returncode == 125 and "No space left" in r.stderr and "bytes of events" in r.stderr,
                  "a disk that fills up is told with the time and the bytes", r.stderr)
            claim(os.path.exists("finished") and "status 0" in r.stderr,
                  "the command runs to its end on a full disk", r.stderr)
            lines = report_lines("small/full.dat") if os.path.exists("small/full.dat") else 0
            claim(lines and lines > 5000 and not leftovers("small"),
                  "what fits on the disk is a whole file", lines, r.stderr)
            r = run("--repair", "small/full.dat", "-o", "elsewhere.dat")
            claim(r.returncode == 0 and report_lines("elsewhere.dat") == lines and
                  os.stat("elsewhere.dat").st_size < 1 << 30, "--repair -o takes its holes out", r.stderr)
            os.unlink("small/full.dat")
            with open("small/filler", "wb") as f:
                try:
                    while True:
                        f.write(b"x" * 65536)
                        f.flush()
                except OSError:
                    pass
            r = run("-o", "small/none.dat", "--", "touch", "ran")
            claim(r.returncode == 125 and not os.path.exists("ran") and
                  os.listdir("small") == ["filler"],
                  "a disk that is full from the start is refused", r.stderr, os.listdir("small"))
            os.unlink("small/filler")
            r = run("-o", "small/fits.dat", "--", "true")
            _, stats = header("small/fits.dat")
            claim(r.returncode == 0 and os.stat("small/fits.dat").st_size < 1 << 30 and
                  report_lines("small/fits.dat") == stat_sum(stats, "read events"),
                  "a file system that cannot collapse gets a compact copy", r.stderr)
        finally:
            subprocess.run(["umount", "small"])
    else:
        skip("a disk that fills up", "no tmpfs can be mounted")

    r = run("-o", "nofile.dat", "--", "true", prefix=("prlimit", "--nofile=9"))
    claim(r.returncode == 125 and "Too many open files" in r.stderr and not leftovers() and
          not os.path.exists("nofile.dat"), "too few descriptors are told, and nothing is left",
          r.stderr)

    if shutil.which("strace"):
        faults = (("mkdir", "error=ENOMEM", 1), ("mkdir", "error=EEXIST", 1), ("fsync", "error=EIO", 1),
                  ("renameat", "error=EROFS", 1), ("fallocate", "error=ENOSPC", 1),
                  ("ftruncate", "error=EIO", 1))
        for call, fault, nth in faults:
            r = run("-o", f"{call}.dat", "--", "true",
                    prefix=("strace", "-f", "-o", "strace.txt", "-e", f"trace={call}", "-e",
                            f"inject={call}:{fault}:when={nth}"))
            left = leftovers()
            kept = "--repair" in r.stderr
            claim(r.returncode == 125 and not os.path.exists(f"{call}.dat") and
                  (len(left) == 1) == kept,
                  f"{call} failing with {fault[6:]} is told, and no half file has the final name",
                  r.returncode, r.stderr, left)
            for name in left:
                claim(bool(report_lines(name)), f"after {call} failed the working file is readable")
                os.unlink(name)
        r = run("-o", "collapse.dat", "--", *FEW, prefix=(
            "strace", "-f", "-o", "strace.txt", "-e", "trace=fallocate", "-e",
            "inject=fallocate:error=EOPNOTSUPP:when=3+"))
        _, stats = header("collapse.dat")
        claim(r.returncode == 0 and os.stat("collapse.dat").st_size < 1 << 30 and not leftovers() and
              report_lines("collapse.dat") == stat_sum(stats, "read events"),
              "without collapsing the file is copied", r.stderr)
        r = run("-o", "splice.dat", "--", "sleep", "0.7", prefix=(
            "strace", "-f", "-o", "strace.txt", "-e", "trace=splice", "-e",
            "inject=splice:error=EIO:when=1"))
        claim(r.returncode == 125 and "could not be read" in r.stderr and
              os.path.exists("splice.dat") and report_lines("splice.dat") is not None,
              "CPUs that cannot be read are told, with the time", r.stderr)
    else:
        skip("failing calls", "no strace")
    claim(not [n for n in os.listdir(f"{TRACEFS}/instances") if n.startswith("schedrec.") and
               not os.path.exists(f"/proc/{n.split('.')[1]}")], "no instance of a dead recorder is left")
done()
