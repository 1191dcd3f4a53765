# SPDX-License-Identifier: LGPL-2.1-or-later
"""The flight recorder: what it saves when asked, and that it writes nothing before."""
import json
import os
import re
import signal
import subprocess
import time
from recorder import *

need_kernel()
LOOP = ("sh", "-c", "while :; do /bin/true; done")


def written(pid):
    return sum(os.stat(n).st_blocks for n in leftovers())


def overrun(pid):
    """Records that newer ones have overwritten."""
    return stat_sum([open(f"{TRACEFS}/instances/{name}/per_cpu/cpu{cpu}/stats").read()
                     for name in instances_of(pid) for cpu in range(os.cpu_count())], "overrun")


with Folder():
    p = start("--flight", "1", "-b", "32768", "-o", "f.dat", "--", *LOOP)
    wait_for(lambda: command_runs(p.pid, "sh"))
    blocks = written(p.pid)
    time.sleep(2.5)
    claim(written(p.pid) == blocks and not os.path.exists("f.1.dat"),
          "before it is asked to it writes nothing", leftovers())
    asked = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    p.send_signal(signal.SIGUSR1)
    claim(wait_for(lambda: os.path.exists("f.1.dat")), "SIGUSR1 makes it save a file")
    times, parts = events("f.1.dat")
    first, last = min(t[0] for t in times.values()), max(t[-1] for t in times.values())
    claim(last >= asked and last - first == 10**9 and
          all(t[0] >= first and t == sorted(t) for t in times.values()),
          "the file holds the last second before the signal, to the nanosecond",
          first, last, asked)
    read = stat_sum(header("f.1.dat")[1], "read events")
    claim(read == report_lines("f.1.dat") and read > 100 and
          stat_sum(header("f.1.dat")[1], "overrun") == 0,
          "its counts are those of the file, and nothing in it is lost", read)
    begin, end = json.loads(parts[1]), json.loads(parts[2])
    wall = begin["wall_ns"] - end["wall_ns"] - begin["trace_ns"] + end["trace_ns"]
    claim(begin["trace_ns"] == first and begin["command"] == list(LOOP) and
          end["reason"] == "signal" and abs(wall) < 5 * 10**8,
          "it begins with a marker of the window's first moment", begin, end)
    tasks = {int.from_bytes(parts[3][i:i + 4], "little"): parts[3][i + 16:i + 17] + parts[3][i + 24:i + 40]
             for i in range(0, len(parts[3]), 80)}
    claim(1 in tasks and os.getpid() in tasks and not any(map(any, tasks.values())),
          "who the tasks were is told, what they did and were called when the window began is not")

    ctl = subprocess.run([SCHEDREC, "ctl", "save", "--recorder", str(p.pid)], capture_output=True,
                         text=True)
    claim(ctl.returncode == 0 and re.match(r"f\.2\.dat: \d+ events of the last \d", ctl.stdout),
          "schedrec ctl save makes it save another and tells what is in it", ctl)
    times2, _ = events("f.2.dat")
    claim(all(t >= last for cpu in times2 for t in times2[cpu]),
          "a second file begins where the first ended at the earliest")
    p.send_signal(signal.SIGINT)
    err = p.communicate(timeout=LONG)[1]
    claim(p.returncode == 130 and "saved 2 files" in err and not leftovers() and
          not instances_of(p.pid) and sorted(os.listdir(".")) == ["f.1.dat", "f.2.dat"],
          "its end leaves only what was saved", err, os.listdir("."))

    p = start("--flight", "60", "-b", "64", "-o", "s.dat", "--", *LOOP)
    wait_for(lambda: command_runs(p.pid, "sh") and overrun(p.pid) > 0)
    p.send_signal(signal.SIGUSR1)
    wait_for(lambda: os.path.exists("s.1.dat"))
    p.send_signal(signal.SIGINT)
    err = p.communicate(timeout=LONG)[1]
    told = re.search(r"events of the last ([\d.]+) s, at signal: the buffers held no more", err)
    times, _ = events("s.1.dat")
    span = max(t[-1] for t in times.values()) - min(t[0] for t in times.values())
    claim(told and abs(float(told[1]) * 10**9 - span) < 10**6,
          "buffers that are too small are told, with the time that they held", err, span)

    def saved(name, rule, *command):
        """What is told of a run with the rule, and whether it saved NAME.1.dat."""
        r = run("--flight", "5", "--save-when", rule, "-o", f"{name}.dat", "--", "sh", "-c",
                *command)
        return r, os.path.exists(f"{name}.1.dat")

    shell = os.path.realpath("/bin/sh")
    for name in ("hog", "napper", "toucher"):
        os.symlink("/usr/bin/python3" if name == "toucher" else shell, name)
    hog = "./hog -c 'n=0; while [ $n -lt 1000000 ]; do n=$((n+1)); done; :'; sleep 0.3"
    r, there = saved("run", "run(comm=hog) > 50ms", hog)
    claim(there and re.search(r"at run\(comm=hog\) > 50ms: hog \d+ ran without sleep for \d", r.stderr)
          and report_lines("run.1.dat") == stat_sum(header("run.1.dat")[1], "read events"),
          "a task that runs longer than a rule allows makes it save", r.stderr)
    r, there = saved("run2", "run(comm=hog) > 1000s", hog)
    claim(not there and r.returncode == 0, "one that does not, does not", r.stderr)
    # Some kernels in virtual machines do not emit switches out of idle, so no CPU is idle here.
    naps = f"for k in $(seq {2 * os.cpu_count()}); do timeout 1 sh -c 'while :; do :; done' & done; " \
           "i=0; while [ $i -lt 40 ]; do sleep 0.02; i=$((i+1)); done; sleep 0.2"
    r, there = saved("wait", "latency(comm=sl?e*) > 1ns", naps)
    claim(there and re.search(r": sleep \d+ waited (at least )?\d", r.stderr),
          "a task that waits longer than a rule allows makes it save, by a pattern of its name", r.stderr)
    r, there = saved("wait2", "latency(comm=nobody) > 1ns", naps)
    claim(not there, "tasks of other names are not meant", r.stderr)
    r, there = saved("faults", "faults(comm=to?c*) > 2000/s",
                     "./toucher -c 'x = bytearray(40 << 20)'; sleep 0.3")
    claim(there and "2001 faults in a second" in r.stderr,
          "more page faults in a second than a rule allows make it save, by a pattern likewise", r.stderr)
    r, there = saved("exit", "exit != 0", "exit 3")
    _, parts = events("exit.1.dat") if there else (None, {2: b"{}"})
    end = json.loads(parts[2])
    claim(there and r.returncode == 3 and end.get("exit_status") == 3 << 8,
          "a status of the command that a rule names makes it save at the end", r.stderr, end)
    r, there = saved("exit2", "exit != 0", "exit 0")
    claim(not there and r.returncode == 0, "another status does not", r.stderr)
    r = run("--save-when", "exit != 0", "--", "true")
    claim(r.returncode == 125 and "give --flight SECONDS" in r.stderr,
          "a rule without a flight recorder is refused", r.stderr)
    r = run("--flight", "1", "--save-when", "latency > 5", "--", "true")
    claim(r.returncode == 125 and "a time with its unit" in r.stderr,
          "a rule that is none is refused before the command runs", r.stderr)
    claim(not leftovers() and not instances_of(p.pid), "nothing is left of any of them")

    # A name of any bytes: what is printed is one line, and what a program reads is JSON.
    p = start("--flight", "5", "-o", b"a\xff\x1b\n\\.dat", "--", "sleep", "60")
    ctl = ["--recorder", str(p.pid)]
    wait_for(lambda: subprocess.run([SCHEDREC, "ctl", *ctl, "status"], capture_output=True).returncode == 0)
    text = subprocess.run([SCHEDREC, "ctl", *ctl, "save"], capture_output=True).stdout
    told = subprocess.run([SCHEDREC, "ctl", *ctl, "save", "--json"], capture_output=True).stdout
    p.send_signal(signal.SIGTERM)
    p.wait(timeout=60)
    claim(text.startswith(b"a\\xff\\x1b\\x0a\\x5c.1.dat: ") and text.count(b"\n") == 1 and
          json.loads(told)["file"] == "a\\xff\x1b\n\\x5c.2.dat",
          "a file whose name does not print is named all the same", text, told)

    r = run("--flight", "1", "-C", "x86-tsc", "--", "true")
    claim(r.returncode == 125 and "--flight needs a clock that counts ns" in r.stderr,
          "a clock that does not count ns is refused", r.stderr)
    r = run("--flight", "1", "--rotate", "1M", "--", "true")
    claim(r.returncode == 125 and "do not go with it" in r.stderr,
          "rotation of a flight recorder is refused", r.stderr)
done()
