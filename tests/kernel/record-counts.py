# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every event that the kernel handed out is in the file, for other people's readers too."""
import json
import os
import shutil
import subprocess
from recorder import *

need_kernel()


def same_counts(path, what):
    table, stats = header(path)
    read = stat_sum(stats, "read events")
    lines = report_lines(path)
    claim(read > 0 and lines == read, f"trace-cmd prints as many events as were read: {what}",
          f"kernel {read}, trace-cmd {lines}")
    if WITNESS:
        n = iterate_count(path)
        claim(n == read, f"libtracecmd iterates over as many: {what}", f"kernel {read}, {n}")
    else:
        skip(f"libtracecmd iterates over as many: {what}", "libtracecmd is not there")


with Folder():
    shutil.copy("/bin/true", "only-ours")
    OWN = (*BUSY[:2], BUSY[2].replace("/bin/true", "./only-ours"))
    r = run("--", *OWN)
    claim(r.returncode == 0, "a command is recorded", r.stderr)
    same_counts("trace.dat", "scheduler events")
    table, stats = header("trace.dat")
    end = max(o + s for o, s in table)
    claim(end <= os.stat("trace.dat").st_size < end + 4096 and
          os.stat("trace.dat").st_size < 1 << 30,
          "the finished file has no holes and ends with its last page")
    claim(all(o % 4096 == 0 for o, s in table), "the data of every CPU begins at a whole page")
    claim(len(stats) == sum(1 for n in os.listdir(f"{TRACEFS}/per_cpu") if n.startswith("cpu")),
          "the file has the kernel's statistics of every CPU")
    claim(oct(os.stat("trace.dat").st_mode & 0o777) == "0o600", "only its owner may read the file")

    out = subprocess.run(["trace-cmd", "report", "-R", "trace.dat"], capture_output=True, text=True,
                         errors="replace").stdout
    true_execs = out.count("filename=./only-ours")
    claim(true_execs == 150, "not one of the 150 programs that the command ran is missing",
          f"{true_execs} found")

    text = subprocess.run(["trace-cmd", "report", "trace.dat"], capture_output=True, text=True,
                          errors="replace").stdout
    raw = [bytes.fromhex(l.split("# 44455253 ")[1].replace(" ", ""))
           for l in text.splitlines() if "# 44455253" in l]
    parts = {}
    for r_ in raw:
        kind, n = int.from_bytes(r_[0:2], "little"), int.from_bytes(r_[2:4], "little")
        parts.setdefault(kind, b"")
        parts[kind] += r_[12:12 + n]
    begin, end_ = json.loads(parts[1]), json.loads(parts[2])
    claim(begin["command"] == list(OWN) and begin["clock"] == "mono" and
          "sched:sched_switch" in begin["events"] and begin["release"] == os.uname().release,
          "the begin marker tells command, clock, events and kernel", begin)
    claim(end_["exit_status"] == 0 and end_["reason"] == "exit" and
          end_["trace_ns"] > begin["trace_ns"], "the end marker tells how the command ended", end_)
    tasks = {int.from_bytes(parts[3][i:i + 4], "little"): parts[3][i:i + 80]
             for i in range(0, len(parts[3]), 80)}
    claim(1 in tasks and os.getpid() in tasks and len(parts[3]) % 80 == 0,
          "the task markers list the threads of the system", len(tasks))
    me = tasks[os.getpid()]
    with open("/proc/self/stat") as f:
        start_ticks = int(f.read().rsplit(")", 1)[1].split()[19])
    claim(int.from_bytes(me[40:48], "little") == start_ticks and
          int.from_bytes(me[8:12], "little") == os.getppid(),
          "a task marker has the task's parent and start time")

    r = run("-e", "mm,sched", "-o", "mm.dat", "--", *BUSY)
    claim(r.returncode == 0, "memory and scheduler events are recorded together", r.stderr)
    same_counts("mm.dat", "memory and scheduler events")

    r = run("-C", "boot", "-d", "0.3", "-o", "boot.dat")
    claim(r.returncode == 0, "a duration needs no command", r.stderr)
    same_counts("boot.dat", "clock boot")

    r = run("-e", 'sched_switch if next_comm == "true"', "-o", "filter.dat", "--", *BUSY)
    out = subprocess.run(["trace-cmd", "report", "filter.dat"], capture_output=True, text=True,
                         errors="replace").stdout
    switches = [l for l in out.splitlines() if "sched_switch:" in l]
    claim(r.returncode == 0 and switches and all(l.rstrip().split("==>")[1].strip()
                                                  .startswith("true:") for l in switches),
          "a filter lets only the records through that it fits", switches[:2])

    names = subprocess.run(["trace-cmd", "report", "trace.dat"], capture_output=True, text=True,
                           errors="replace").stdout
    unknown = sum("<...>" in l for l in names.splitlines())
    claim(unknown * 100 <= len(names.splitlines()), "at most one line in a hundred has no name",
          unknown)
done()
