# SPDX-License-Identifier: LGPL-2.1-or-later
"""A rotated recording: every file is complete on its own, and all together hold every event."""
import json
import os
import re
import signal
import subprocess
from recorder import *

need_kernel()
LOAD = ("sh", "-c", "i=0; while [ $i -lt 1500 ]; do ./rotated; i=$((i+1)); done")


def report(path):
    return subprocess.run(["trace-cmd", "report", "-R", path], capture_output=True, text=True,
                          errors="replace").stdout.splitlines()


with Folder():
    os.symlink("/bin/true", "rotated") # others may run /bin/true meanwhile
    r = run("-b", "32768", "-e", "sched,mm", "--rotate", "2M", "-o", "r.dat", "--", *LOAD)
    files = sorted(n for n in os.listdir(".") if n.endswith(".dat"))
    claim(r.returncode == 0 and len(files) >= 3 and
          files == [f"r.{i:04d}.dat" for i in range(1, len(files) + 1)],
          "the files have numbers from 0001 on", r.stderr, files)
    counted, printed, execs = 0, 0, 0
    before = {}
    for name in files:
        table, stats = header(name)
        read, lines = stat_sum(stats, "read events"), report(name)
        n = report_lines(name)
        claim(n == read and read > 0, f"{name} has as many events as the kernel counted for it",
              f"kernel {read}, trace-cmd {n}")
        counted, printed = counted + read, printed + (n or 0)
        execs += sum("filename=./rotated" in l for l in lines)
        times, parts = events(name)
        begin, end = json.loads(parts[1]), json.loads(parts[2])
        first, last = min(min(t) for t in times.values()), max(max(t) for t in times.values())
        claim(begin["command"] == list(LOAD) and len(parts[3]) > 80 and len(parts[3]) % 80 == 0 and
              end["reason"] == ("exit" if name == files[-1] else "rotation") and
              begin["trace_ns"] < end["trace_ns"],
              f"{name} has its own begin, tasks and end", begin, end)
        claim(all(times[cpu][0] >= before[cpu] for cpu in times if cpu in before),
              f"on every CPU {name} begins where the file before it ended")
        before = {cpu: t[-1] for cpu, t in times.items()}
    told = int(re.search(r"([\d,]+) events in", r.stderr)[1].replace(",", ""))
    claim(counted == told and printed == told and told > 3000,
          "all files together have every event once", f"{counted} {printed} told {told}")
    claim(execs == 1500, "none of the 1500 programs is missing or doubled", execs)
    claim(not leftovers(), "no working file is left", leftovers())
    sizes = [sum(s for o, s in header(n)[0]) for n in files[:-1]]
    claim(all(2 << 20 <= s for s in sizes), "a file ends when it has as many bytes as was asked for",
          sizes)

    with open("q.0001.dat.txt", "w") as f:
        f.write("not ours")
    r = run("-b", "32768", "-e", "sched,mm", "--rotate", "1M", "--max-files", "2", "-o", "q.dat", "--", *LOAD)
    files = sorted(n for n in os.listdir(".") if re.fullmatch(r"q\.\d+\.dat", n))
    last = re.search(r"(q\.\d+\.dat) to (q\.\d+\.dat): ", r.stderr)
    claim(r.returncode == 0 and len(files) == 2 and last and [last[1], last[2]] == files and
          files[0] != "q.0001.dat", "of many files the two newest are kept", r.stderr, files)
    claim(all(report_lines(n) for n in files), "those that are kept are complete")

    os.chmod(".", 0o777)
    r = run("-q", "-b", "32768", "-e", "sched,mm", "--rotate", "1M", "--max-files", "2", "--sample", "-o",
            "u.dat", "--", *LOAD,
            env={"SUDO_UID": "65534", "SUDO_GID": "65534", "SUDO_USER": "nobody"})
    files = sorted(n for n in os.listdir(".") if re.fullmatch(r"u\.\d+\.dat", n))
    claim(r.returncode == 0 and not r.stderr and len(files) == 2 and files[0] != "u.0001.dat" and
          {os.stat(n).st_uid for n in files} == {65534} and all(report_lines(n) for n in files),
          "under sudo the user's files come and go while root's threads read on", r.stderr, files)

    r = run("--rotate", "900K", "--", "true")
    claim(r.returncode == 125 and "--rotate needs at least 1M" in r.stderr,
          "a size that no header would fit is refused", r.stderr)

    # The table of the file that is written, seen again and again until the one before has its name.
    slow = ("strace", "-f", "--seccomp-bpf", "-qq", "-e", "signal=none", "-o", "/dev/null", "-e", "trace=fsync",
            "-e", "inject=fsync:delay_enter=3s:when=1")
    p = start("-q", "-b", "32768", "-e", "sched,mm", "--rotate", "1M", "-o", "s.dat", "--", "sh", "-c",
              "while [ ! -e s.0001.dat ]; do /bin/true; done", prefix=slow,
              env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
    sizes = []
    while not os.path.exists("s.0001.dat") and p.poll() is None:
        for name in leftovers():
            # The file is that large once its header is written.
            if name.startswith(".s.0002.") and os.stat(name).st_size > 1 << 29:
                sizes.append(sum(size for _, size in header(name)[0]))
        time.sleep(0.1)
    err = p.communicate(timeout=LONG)[1]
    claim(p.returncode == 0 and len(set(sizes)) >= 3 and sizes == sorted(sizes),
          "while a disk is slow to take a finished file, the table of the next goes on", err, sizes)
    files = sorted(n for n in os.listdir(".") if re.fullmatch(r"s\.\d+\.dat", n))
    claim(len(files) >= 2 and
          all(report_lines(n) == stat_sum(header(n)[1], "read events") for n in files),
          "and both are complete", files)

    p = start("-q", "-b", "32768", "-e", "sched,mm", "--rotate", "1M", "-o", "k.dat", "--", "sh", "-c",
              "while :; do /bin/true; done")
    wait_for(lambda: os.path.exists("k.0003.dat"))
    one = start("-o", "other.dat", "--", *FEW)
    one.communicate(timeout=LONG)
    claim(one.returncode == 0 and report_lines("other.dat") ==
          stat_sum(header("other.dat")[1], "read events"),
          "a second recorder beside it has all its events")
    command = children_of(p.pid)
    p.send_signal(signal.SIGKILL)
    p.wait()
    for child in command:
        os.kill(child, signal.SIGKILL)
    claim(report_lines("k.0002.dat") == stat_sum(header("k.0002.dat")[1], "read events"),
          "the finished files of a killed recorder are whole")
done()
