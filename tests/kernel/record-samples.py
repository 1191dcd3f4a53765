# SPDX-License-Identifier: LGPL-2.1-or-later
"""Samples and page faults, against the kernel's accounting; orders while a recording runs."""
import json
import os
import shutil
import socket
import stat
from recorder import *

need_kernel()
SCHEDREPORT, KNOWN, THREADS, SWAP = (os.path.abspath(p) for p in sys.argv[3:7])
MINOR, MAJOR = 20000, 300


KIDS = """
import os, time
for i in range(10):
    if os.fork() == 0:
        time.sleep(0.5)
        memory = bytearray(4 << 20)
        os._exit(0)
for i in range(10):
    pid, status, usage = os.wait3(0)
    print(pid, usage.ru_minflt)
"""


class Swap:
    """A compressed device in memory to swap to, from which every page that is swapped in is a major
    fault; self.refused says why there is none."""

    def __enter__(self):
        self.number, self.refused = None, None
        try:
            with open("/sys/class/zram-control/hot_add") as f:
                self.number = f.read().strip()
            with open(f"/sys/block/zram{self.number}/disksize", "w") as f:
                f.write("64M")
        except OSError as e:
            self.refused = f"no zram device: {e}"
            return self
        for tool in ("mkswap", "swapon"):
            tool = shutil.which(tool, path="/usr/sbin:/sbin:/usr/bin:/bin")
            r = tool and subprocess.run([tool, f"/dev/zram{self.number}"], capture_output=True,
                                        text=True)
            if not r or r.returncode:
                self.refused = r.stderr.strip() if r else "mkswap and swapon are not there"
                break
        return self

    def __exit__(self, *_):
        if self.number is None:
            return
        if not self.refused:
            subprocess.run(["swapoff", f"/dev/zram{self.number}"])
        for path, text in ((f"/sys/block/zram{self.number}/reset", "1"),
                           ("/sys/class/zram-control/hot_remove", self.number)):
            try:
                with open(path, "w") as f:
                    f.write(text)
            except OSError:
                pass


def ctl(*args, prefix=()):
    return subprocess.run([*prefix, SCHEDREC, "ctl", *args], capture_output=True, text=True)


def faults_of(trace, *args):
    """Table faults by pid, and the rows of its curve."""
    out = subprocess.run([SCHEDREPORT, "faults", "-q", "-f", "json", *args, trace],
                         capture_output=True, text=True)
    tables = json.loads(out.stdout)
    return {row["pid"]: row for row in tables["faults"]["rows"]}, tables["faults_total"]["rows"]


def near(value, exact):
    return value is not None and abs(value - exact) <= 0.005 * exact


def known(**kw):
    return subprocess.Popen([KNOWN, str(MINOR), str(MAJOR), "cold"], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, text=True, **kw)


def go(p):
    p.stdin.write("\n")
    p.stdin.flush()
    return [int(w) for w in p.stdout.readline().split()]


with Folder():
    # The command itself: its last sample is taken when it has ended.
    r = subprocess.run([SCHEDREC, "-q", "--sample", "-e", "sched,mm", "-b", "65536", "--", KNOWN,
                        str(MINOR), str(MAJOR), "cold"], input="\n\n", capture_output=True,
                       text=True)
    pid, minor, major = (int(w) for w in r.stdout.split())
    claim(r.returncode == 0 and major >= MAJOR, "a program with known faults is recorded", r.stderr)
    table, total = faults_of("trace.dat")
    row = table[pid]
    claim(near(row["minor_total"], minor) and row["major_total"] == major,
          f"samples say what getrusage says: within 0.5 % of {minor} minor, exactly {major} major",
          row)
    claim(near(row["faults_user"] + row["faults_kernel"], minor + major),
          "fault events are as many within 0.5 %", row)
    claim(row["faults_major"] == major, "MAJOR_FAULT rows are exactly the major faults", row)
    claim(row["source"] == "samples" and row["samples"] >= 2 and
          total[-1]["minor"] >= 0.99 * MINOR and total[-1]["major"] >= MAJOR,
          "the sum over time ends with them", total[-1:])

    # Major faults that read no file: private memory and shared memory come back from swap.
    with Swap() as swap:
        sentence = "samples count what is swapped in, private and shared, as getrusage does"
        if swap.refused:
            skip(sentence, swap.refused)
        else:
            r = subprocess.run([SCHEDREC, "-q", "--sample", "-o", "swap.dat", "--", SWAP, "2000"],
                               input="\n\n", capture_output=True, text=True)
            words = r.stdout.split()
            table, _ = faults_of("swap.dat")
            out, (pid, minor, major) = words[1:3], (int(w) for w in words[3:])
            row = table.get(pid)
            claim(out == ["2000", "2000"] and major >= 3900 and row["major_total"] == major and
                  near(row["minor_total"], minor), sentence, r.stdout, r.stderr, row)

    # Children that are too short to be sampled are in their parent's counts.
    r = run("-q", "--sample", "-o", "short.dat", "--", "sh", "-c",
            "i=0; while [ $i -lt 100 ]; do /bin/true; i=$((i+1)); done; sleep 0.2")
    table, total = faults_of("short.dat")
    shell = [row for row in table.values() if row["comm"] == "sh" and row["samples"] > 2]
    claim(len(shell) == 1 and shell[0]["children_minor"] > 100 * 20,
          "faults of short-lived children are in their parent's counts", table)

    # However fast the parent waits, the last sample is there.
    r = run("-q", "--sample", "-o", "kids.dat", "--", "/usr/bin/python3", "-c", KIDS)
    table, _ = faults_of("kids.dat")
    kids = [[int(w) for w in line.split()] for line in r.stdout.splitlines()]
    claim(len(kids) == 10 and all(k in table and near(table[k]["minor_total"], n)
                                  for k, n in kids),
          "the last sample of a child has all its faults, though its parent waits for it",
          [(n, table.get(k)) for k, n in kids])

    # Of several threads, too, and of whatever order their ends come in, while the recorder has no CPU.
    p = subprocess.Popen([SCHEDREC, "-q", "--sample", "-o", "threads.dat", "--", THREADS, "6", "4",
                          "300"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    p.stdout.readline()

    def sampled():
        shown = json.loads(ctl("--recorder", str(p.pid), "status", "--json").stdout)["sampler"]
        return [q["samples"] for q in shown["processes"] if q["name"] == "known-threads"]
    wait_for(lambda: len(sampled()) == 7 and min(sampled()) >= 2)
    p.send_signal(signal.SIGSTOP)
    p.stdin.write("\n")
    p.stdin.flush()
    known_now = []
    while (line := p.stdout.readline().split()):
        known_now.append([int(w) for w in line])
    p.send_signal(signal.SIGCONT)
    p.stdin.close()
    p.wait()
    table, _ = faults_of("threads.dat")
    claim(len(known_now) == 6 and min(n for _, n in known_now) > 2700 and
          all(k in table and near(table[k]["minor_total"], n) for k, n in known_now),
          "faults of threads that the recorder did not see end are in their process's last sample",
          [(n, table.get(k)) for k, n in known_now])

    r = run("-q", "--sample", "-o", "few.dat", "--", "sh", "-c",
            "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do sleep 0.4 & done; wait",
            prefix=("prlimit", f"--nofile={60 + 4 * os.cpu_count()}"))
    claim(r.returncode == 0 and "could not be sampled: Too many open files" in r.stderr and
          "could not be read" not in r.stderr and (report_lines("few.dat") or 0) > 0,
          "where descriptors are few, samples leave enough for the events", r.stderr)

    # Registered and unregistered while it runs.
    p = known()
    rec = start("-o", "other.dat", "-d", "60")
    wait_for(lambda: ctl("--recorder", str(rec.pid), "status").returncode == 0)
    to = ("--recorder", str(rec.pid))
    r = ctl(*to, "register", str(p.pid))
    claim(r.returncode == 0 and not r.stdout, "a process is registered while a recording runs",
          r.stderr)
    _, minor, major = go(p)
    r = ctl(*to, "status", "--json")
    status = json.loads(r.stdout)["sampler"]
    shown = {q["pid"]: q for q in status["processes"]}
    claim(list(shown) == [p.pid] and shown[p.pid]["name"] == "known-faults" and
          shown[p.pid]["samples"] >= 1 and shown[p.pid]["user_ns"] >= 0 and
          shown[p.pid]["registered"] and status["hz"] == 20,
          "status lists it with name, user time and samples taken", r.stdout)
    text = ctl(*to, "status").stdout
    claim(f"recorder {rec.pid}" in text and f"{p.pid} known-faults" in text,
          "status is readable too", text)
    r = ctl(*to, "unregister", str(p.pid))
    claim(r.returncode == 0 and "no process" in ctl(*to, "status").stdout,
          "an unregistered process is no longer sampled", r.stderr)
    r = ctl(*to, "unregister", str(p.pid))
    claim(r.returncode == 1 and "not sampled" in r.stderr, "it cannot be unregistered twice", r)
    r = ctl(*to, "register", "999999999")
    claim(r.returncode == 1 and "No such process" in r.stderr, "a pid of nobody is refused", r)
    r = ctl(*to, "register", "x")
    claim(r.returncode == 2 and "pid" in r.stderr, "what is no pid is wrong usage", r)

    # Clients that do not behave.
    path = f"/run/schedrec/{rec.pid}.sock"
    silent = []
    for text in [b""] * 30 + [b"\n", b"x" * 5000, b"status", b"\0\xff\n", b"save me\n"]:
        s = socket.socket(socket.AF_UNIX)
        s.connect(path)
        s.sendall(text)
        silent.append(s)
    r = ctl(*to, "status")
    claim(r.returncode == 0 and "no process" in r.stdout,
          "clients that send nothing, too much or nonsense keep nobody from giving orders", r)
    for s in silent:
        s.close()

    # The socket.
    modes = stat.S_IMODE(os.stat(path).st_mode), stat.S_IMODE(os.stat("/run/schedrec").st_mode)
    claim(modes == (0o600, 0o700), "socket and folder are their owner's alone", modes)
    r = ctl("status", prefix=("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"))
    claim(r.returncode != 0 and not r.stdout, "another user cannot give orders", r)
    if may_unshare("-p", "-f"):
        r = ctl(*to, "status", prefix=("unshare", "-p", "-f"))
        claim(r.returncode == 1 and "namespace" in r.stderr,
              "orders from another pid namespace are refused", r)
    else:
        skip("orders from another pid namespace are refused", "unshare -p is refused here")
    second = start("-o", "second.dat", "-d", "60")
    wait_for(lambda: ctl("--recorder", str(second.pid), "status").returncode == 0)
    r = ctl("register", str(p.pid))
    claim(r.returncode == 2 and str(rec.pid) in r.stderr and str(second.pid) in r.stderr,
          "of several recorders one must be chosen", r)
    second.send_signal(signal.SIGINT)
    second.communicate(timeout=LONG)
    rec.send_signal(signal.SIGINT)
    _, err = rec.communicate(timeout=LONG)
    claim(not os.path.exists(path), "the socket goes with the recorder", err)
    killed, lives = start("-q", "-o", "killed.dat", "-d", "60"), start("-q", "-o", "lives.dat", "-d", "60")
    for one in killed, lives:
        wait_for(lambda: ctl("--recorder", str(one.pid), "status").returncode == 0)
    killed.kill()
    killed.communicate()
    unnamed = f"/run/schedrec/.{killed.pid}.sock" # of one that was killed a moment earlier
    open(unnamed, "w").close()
    r = ctl("--recorder", str(killed.pid), "status")
    claim(r.returncode == 2 and str(lives.pid) in r.stderr, "a killed recorder takes no orders", r)
    run("-q", "-o", "next.dat", "--", "true")
    left = os.listdir("/run/schedrec")
    claim(f"{killed.pid}.sock" not in left and os.path.basename(unnamed) not in left and
          f"{lives.pid}.sock" in left,
          "the next recorder removes its socket, and leaves those of the living alone", left)
    claim(ctl("--recorder", str(lives.pid), "status").returncode == 0, "which take orders still")
    lives.send_signal(signal.SIGINT)
    lives.communicate(timeout=LONG)
    table, _ = faults_of("other.dat")
    claim(near(table[p.pid]["minor_total"], minor) and table[p.pid]["major_total"] == major,
          "the last sample before it was unregistered has all its faults", table[p.pid], minor, major)
    p.stdin.close()
    p.wait()

    # -p, with what the process starts.
    # The child goes on until it has been sampled.
    p = subprocess.Popen(["sh", "-c", "read x; sleep 300 & echo $!; wait; exit 0"],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    rec = start("-q", "--sample=50", "-p", str(p.pid), "-o", "attached.dat")
    claim(wait_for(lambda: str(p.pid) in ctl("--recorder", str(rec.pid), "status").stdout),
          "the processes of -p are sampled")
    p.stdin.close()
    child = int(p.stdout.readline())
    wait_for(lambda: f"{child} sleep" in ctl("--recorder", str(rec.pid), "status").stdout, 60)
    os.kill(child, signal.SIGKILL)
    p.wait()
    rec.communicate(timeout=LONG)
    table, _ = faults_of("attached.dat")
    claim(p.pid in table and any(row["comm"] == "sleep" for row in table.values()),
          "and so are their children", table)

    # More processes than a thousand times a second can be read.
    rec = start("--sample=1000", "-o", "many.dat", "--", "sh", "-c",
                "i=0; while [ $i -lt 400 ]; do sleep 60 & i=$((i+1)); done; wait")

    def sampled():
        r = ctl("--recorder", str(rec.pid), "status", "--json")
        return json.loads(r.stdout)["sampler"] if r.returncode == 0 else {"processes": []}
    wait_for(lambda: len(sampled()["processes"]) > 400, 60)
    wait_for(lambda: sampled()["missed"] > 1000)
    status = sampled()
    for pid in [int(x["pid"]) for x in status["processes"] if x["name"] == "sleep"]:
        os.kill(pid, signal.SIGKILL)
    _, err = rec.communicate(timeout=LONG)
    told = re.search(r"samples: ([0-9.]+) a second were taken instead of 1000: once through (\d+) "
                     r"processes took [0-9.]+ ms", err)
    claim(told and float(told[1]) < 950 and int(told[2]) >= 401 and status["missed"] > 1000,
          "a rate that cannot be kept is told, with what it was and why", err, status["missed"])

    for rate in ("0", "1001", "x"):
        r = run(f"--sample={rate}", "--", "touch", "ran")
        claim(r.returncode == 125 and "rate" in r.stderr and not os.path.exists("ran"),
              f"--sample={rate} is refused", r.stderr)
done()
