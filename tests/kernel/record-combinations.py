# SPDX-License-Identifier: LGPL-2.1-or-later
"""Options of schedrec together: what goes together loses nothing, what does not is refused."""
import collections
import json
import os
import re
import signal
import subprocess
import tarfile
from recorder import *

need_kernel()
SCHEDCONV = os.path.abspath(sys.argv[3])
SAMPLES = 6
PAGES = 16000
# Prints its pid and where its pages are, touches each once, slowly, between two spells of work.
TOUCH = f"""
import ctypes, mmap, os, time
m = mmap.mmap(-1, {PAGES} * 4096)
m.madvise(mmap.MADV_NOHUGEPAGE)
print(os.getpid(), ctypes.addressof(ctypes.c_char.from_buffer(m)), flush=True)
for i in range({PAGES}):
    m[i * 4096] = 1
    if i % 2000 == 0:
        time.sleep(0.05)
"""
TOUCHER = ("/usr/bin/python3", "-c", TOUCH)
MM = ("-q", "-b", "32768", "-e", "sched,mm")


class Report:
    """A file as trace-cmd prints it."""

    def __init__(self, path):
        text = subprocess.run(["trace-cmd", "report", "-R", "-t", path], capture_output=True,
                              text=True, errors="replace").stdout
        self.n, self.cpus, self.faults = 0, set(), collections.Counter()
        self.samples = collections.defaultdict(list) # flags by pid
        for m in re.finditer(r"^\s*(schedrec\.only:)?\s*\S.*-(\d+)\s+\[(\d+)\]\s+[\d.]+:\s+(\S+?):(.*)",
                             text, re.M):
            self.n += 1
            self.cpus.add(int(m[3]))
            if m[4] == "page_fault_user":
                self.faults[int(m[2]), int(re.search(r"address=(0x[0-9a-f]+)", m[5])[1],
                                             16) // 4096] += 1
        for line in subprocess.run(["trace-cmd", "report", path], capture_output=True, text=True,
                                   errors="replace").stdout.splitlines():
            if "# 44455253 " in line:
                raw = bytes.fromhex(line.split("# 44455253 ")[1].replace(" ", ""))
                if int.from_bytes(raw[0:2], "little") == SAMPLES:
                    for at in range(12, 12 + int.from_bytes(raw[2:4], "little"), 104):
                        self.samples[int.from_bytes(raw[at:at + 4], "little")].append(raw[at + 5])


def numbered(name):
    return sorted(n for n in os.listdir(".") if re.fullmatch(name + r"\.\d+\.dat", n))


def whole(path, report):
    """Is every event that the kernel counted there, and can the file be converted?"""
    read = stat_sum(header(path)[1], "read events")
    r = subprocess.run([SCHEDCONV, "-q", path, "out.tar"], capture_output=True, text=True)
    return report.n == read and r.returncode == 0 and not r.stderr, (report.n, read, r.stderr)


def touched_once(reports, output):
    """Is every page of the program in one and only one of the files, once?"""
    pid, address = (int(w) for w in output.split())
    seen = collections.Counter()
    for r in reports:
        for (who, page), n in r.faults.items():
            if who == pid and 0 <= page - address // 4096 < PAGES:
                seen[page] += n
    return len(seen) == PAGES and set(seen.values()) == {1}, (len(seen), set(seen.values()))


def ctl(*args):
    return subprocess.run([SCHEDREC, "ctl", *args], capture_output=True, text=True)


def samples_of(pid, to):
    """How many samples the recorder has taken of the process."""
    processes = json.loads(ctl("status", "--json", *to).stdout)["sampler"]["processes"]
    return sum(q["samples"] for q in processes if q["pid"] == pid)


with Folder():
    # ---- into several files
    for more in ((), ("--only",), ("--sample=100",), ("--sample=100", "--only"), ("-d", "1000"),
                 ("-e", "stacks"), ("--only", "--user-stacks", "-C", "x86-tsc"),
                 ("--subbuf", "16", "--only")):
        r = run(*MM, "--rotate", "1M", *more, "-o", "r.dat", "--", *TOUCHER)
        files = numbered("r")
        reports = [Report(n) for n in files]
        good = [whole(n, report) for n, report in zip(files, reports)]
        once = touched_once(reports, r.stdout)
        claim(r.returncode == 0 and not r.stderr and all(ok for ok, _ in good) and once[0],
              f"{' '.join(('--rotate',) + more)}: every page that the program touched is in one file, once",
              r.stderr, good, once)
        if "--sample=100" in more:
            pid = int(r.stdout.split()[0])
            flags = [f & 2 for report in reports for f in report.samples.get(pid, [])]
            claim(len(files) > 1 and sum(bool(report.samples) for report in reports) > 1 and
                  len(flags) > 5 and flags[-1] == 2 and flags == sorted(flags),
                  f"{' '.join(('--rotate',) + more)}: samples go on to the last one, at its end", flags)
        for name in files:
            os.unlink(name)

    # ---- the last seconds
    for more in ((), ("--only",), ("-e", "stacks"), ("-d", "1000", "--max-files", "1"),
                 ("--subbuf", "16", "--only", "--sample=100")):
        r = run(*MM, "--flight", "1000", "--save-when", "exit == 0", *more, "-o", "f.dat", "--", *TOUCHER)
        files = numbered("f")
        report = Report(files[0])
        good, once = whole(files[0], report), touched_once([report], r.stdout)
        claim(r.returncode == 0 and not r.stderr and len(files) == 1 and good[0] and once[0],
              f"{' '.join(('--flight',) + more)}: the file has every page that the program touched, once",
              r.stderr, good, once)
        if "--sample=100" in more:
            flags = report.samples.get(int(r.stdout.split()[0]), [])
            claim(len(flags) > 5, f"{' '.join(('--flight',) + more)}: and its samples", flags)
        os.unlink(files[0])

    # ---- one CPU only
    last = os.cpu_count() - 1
    for more in (("--rotate", "1M"), ("--flight", "1000", "--save-when", "exit == 0"), 
                 ("--only", "--user-stacks"), ("--sample", "-C", "x86-tsc", "--max-size", "1G")):
        r = run(*MM, "--cpus", str(last), *more, "-o", "c.dat", "--", *TOUCHER)
        files = numbered("c") or ["c.dat"]
        reports = [Report(n) for n in files]
        good = [whole(n, report) for n, report in zip(files, reports)]
        claim(r.returncode == 0 and not r.stderr and all(ok for ok, _ in good) and
              set.union(*(report.cpus for report in reports)) == {last},
              f"--cpus {last} {' '.join(more)}: only that CPU is recorded", r.stderr, good)
        for name in files:
            os.unlink(name)

    # ---- a size that ends it
    for more in (("--only", "--sample"), ("-C", "x86-tsc", "-e", "stacks"), ("-d", "1000")):
        r = run(*MM, "--max-size", "200K", *more, "-o", "m.dat", "--", *TOUCHER)
        report = Report("m.dat")
        good = whole("m.dat", report)
        claim(r.returncode == 0 and not r.stderr and good[0] and
              0 < report.n and touched_once([report], r.stdout)[1][0] < PAGES,
              f"--max-size {' '.join(more)}: the file is complete up to its size", r.stderr, good)

    # ---- orders while it runs
    sleeper = subprocess.Popen(["sleep", "1000"])
    for more in (("--rotate", "1M"), ("--flight", "1000"), ("--only", "--sample", "-C", "x86-tsc")):
        p = start(*MM, *more, "-o", "o.dat", "--", "sh", "-c", "while :; do /bin/true; done")
        to = ("--recorder", str(p.pid))
        wait_begun(p)
        told = [ctl("register", str(sleeper.pid), *to)]
        wait_for(lambda: samples_of(sleeper.pid, to) > 2)
        told.append(ctl("unregister", str(sleeper.pid), *to))
        if more[0] == "--flight":
            told.append(ctl("save", *to))
        p.send_signal(signal.SIGINT)
        err = but_starvation(p.communicate(timeout=LONG)[1])
        files = numbered("o") or ["o.dat"]
        reports = [Report(n) for n in files]
        good = [whole(n, report) for n, report in zip(files, reports)]
        flags = [f for report in reports for f in report.samples.get(sleeper.pid, [])]
        claim(p.returncode == 130 and not err and not any(t.returncode for t in told) and
              all(ok for ok, _ in good),
              f"{' '.join(more)}: takes orders about samples, and its files are complete", err, told, good)
        claim(len(flags) > 2 and all(f & 1 for f in flags) and
              [f & 2 for f in flags] == [0] * (len(flags) - 1) + [2],
              f"{' '.join(more)}: has the samples from one order to the other", flags)
        for name in files:
            os.unlink(name)
    sleeper.kill()
    sleeper.wait()

    # ---- until it is told to end
    for more, files in (("--rotate", "1M"), True), (("--flight", "1000"), False):
        p = start("-q", *more, "-o", "u.dat")
        wait_begun(p)
        p.send_signal(signal.SIGINT)
        err = but_starvation(p.communicate(timeout=LONG)[1])
        # What came before the signal may have filled more than one file.
        claim(p.returncode == 130 and not err and bool(numbered("u")) == files,
              f"{' '.join(more)} without a command records until Ctrl-C", err, numbered("u"))
        for name in numbered("u"):
            os.unlink(name)

    # ---- a daemon over several files: in the later ones the command is gone
    run(*MM, "--rotate", "1M", "--follow-all", "-o", "d.dat", "--", "sh", "-c",
        "setsid sh -c 'echo $$ >daemon; while [ ! -e d.0003.dat ]; do /bin/true; done' & exit 0")
    with open("daemon") as f:
        pid = int(f.read())
    for name in numbered("d"):
        subprocess.run([SCHEDCONV, "-q", name, "out.tar"])
        with tarfile.open("out.tar") as tar:
            tasks = json.load(tar.extractfile("tasks.json"))
        claim(any(t["pid"] == pid and t.get("command_tree") == 1 for t in tasks) and
              not any(t["pid"] in (1, os.getpid()) and t.get("command_tree") for t in tasks),
              f"{name}: a daemon of the command belongs to its tree", tasks)
        os.unlink(name)
    os.unlink("daemon")

    # ---- what does not go together
    for args, words in (
            (("--flight", "1", "--rotate", "1M"), "--rotate and --max-size do not go with it"),
            (("--flight", "1", "--max-size", "1M"), "--rotate and --max-size do not go with it"),
            (("--flight", "1", "--user-stacks"), "--user-stacks"),
            (("--flight", "1", "-C", "x86-tsc"), "a clock that counts ns"),
            (("--rotate", "1M", "--max-size", "8M"), "give --max-files"),
            (("--max-files", "3"), "give --rotate SIZE or --flight SECONDS"),
            (("--save-when", "run > 1s"), "give --flight SECONDS"),
            (("--only", "-e", "sched"), "add -e mm")):
        r = run("-o", "no.dat", *args, "--", "touch", "ran")
        claim(r.returncode == 125 and len(r.stderr.splitlines()) == 1 and words in r.stderr and
              not os.path.exists("ran") and not leftovers(),
              f"{' '.join(args)} is refused before the command runs", r.stderr)
    for args, words in (((), "give a COMMAND"), (("--only", "-d", "1"), "--only needs a COMMAND"),
                        (("--flight", "1", "--save-when", "exit != 0"), "about the COMMAND")):
        r = run("-o", "no.dat", *args)
        claim(r.returncode == 125 and len(r.stderr.splitlines()) == 1 and words in r.stderr,
              f"{' '.join(args) or 'no option'} without a command is refused", r.stderr)
    claim(sorted(os.listdir(".")) == ["m.dat", "out.tar"], "nothing else is left", os.listdir("."))
done()
