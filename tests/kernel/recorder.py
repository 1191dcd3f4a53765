# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of schedrec share: TAP, temporary folders, the kernel's and others' counts."""
import atexit
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from tap import claim, done, skip   # noqa: E402,F401 for the tests, which take all names of this file

TRACEFS = "/sys/kernel/tracing"
SCHEDREC = os.path.abspath(sys.argv[1])
WITNESS = os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 and sys.argv[2] else None

# Whatever started the tests, nohup for one: the signals that they send are not ignored.
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, signal.SIG_DFL)

# Seconds that nothing takes, however busy the machine: only what hangs waits so long.
LONG = 300


def events(path):
    """(times in ns by CPU, payloads of the recorder's markers by kind), as trace-cmd prints them."""
    times, parts = {}, {}
    for line in subprocess.run(["trace-cmd", "report", "-t", path], capture_output=True, text=True,
                               errors="replace").stdout.splitlines():
        m = re.match(r".*\[(\d+)\]\s+(\d+)\.(\d{9}):", line)
        if m:
            times.setdefault(int(m[1]), []).append(int(m[2]) * 10**9 + int(m[3]))
        if "# 44455253 " in line:
            raw = bytes.fromhex(line.split("# 44455253 ")[1].replace(" ", ""))
            kind, n = int.from_bytes(raw[0:2], "little"), int.from_bytes(raw[2:4], "little")
            parts[kind] = parts.get(kind, b"") + raw[12:12 + n]
    return times, parts


def need_kernel():
    """Ends the script as skipped where tracefs cannot be used."""
    if os.geteuid() != 0 or not os.access(f"{TRACEFS}/instances", os.W_OK):
        print("1..0 # SKIP needs root and tracefs")
        sys.exit(0)


class Folder:
    """A temporary folder that is the current one; on disk, not in memory."""

    def __init__(self, base="/var/tmp"):
        self.base = base

    def __enter__(self):
        self.old = os.getcwd()
        self.path = tempfile.mkdtemp(prefix="schedrec-test-", dir=self.base)
        os.chdir(self.path)
        return self.path

    def __exit__(self, *_):
        os.chdir(self.old)
        shutil.rmtree(self.path, ignore_errors=True)


def but_starvation(text):
    """What schedrec said, but for what is true of a machine without CPU time for it, whatever the
    test is about."""
    return re.sub(r".*( has not been read for .* gets no CPU time| the recorder had no CPU in time)\n",
                  "", text)


def run(*args, env=None, prefix=(), timeout=LONG, **kw):
    """schedrec with these arguments; its result has returncode, stdout and stderr texts."""
    e = dict(os.environ)
    for name in ("SUDO_UID", "SUDO_GID", "SUDO_USER"):
        e.pop(name, None)
    e.update(env or {})
    if "strace" in prefix: # the leak sanitizer cannot work below it
        e["ASAN_OPTIONS"] = e.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    r = subprocess.run([*prefix, SCHEDREC, *args], capture_output=True, text=True,
                       errors="replace", env=e, timeout=timeout, stdin=subprocess.DEVNULL, **kw)
    r.stderr = but_starvation(r.stderr)
    return r


def start(*args, prefix=(), **kw):
    return subprocess.Popen([*prefix, SCHEDREC, *args], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **kw)


def instances_of(pid):
    """Names of the instances of this recorder."""
    return [n for n in os.listdir(f"{TRACEFS}/instances") if n.startswith(f"schedrec.{pid}.")]


def may_unshare(*flags):
    """Are namespaces of one's own to be had here? In a chroot, mounts are not."""
    return bool(shutil.which("unshare")) and \
        subprocess.run(["unshare", *flags, "true"], capture_output=True).returncode == 0


def wait_for(condition, seconds=LONG):
    """Waits until the condition holds; says whether it does."""
    end = time.time() + seconds
    while time.time() < end:
        if condition():
            return True
        time.sleep(0.02)
    return bool(condition())


def traces(pid):
    """Is an instance of this recorder switched on?"""
    for name in instances_of(pid):
        try:
            with open(f"{TRACEFS}/instances/{name}/tracing_on") as f:
                if f.read().strip() != "0":
                    return True
        except OSError: # the instance has just gone
            pass
    return False


def status_of(pid, name, base=10):
    """A number of /proc/PID/status."""
    with open(f"/proc/{pid}/status") as f:
        return int(re.search(rf"^{name}:\s*(\w+)", f.read(), re.M)[1], base)


def goes_round(p, seconds):
    """Returns when so much time has gone by and then the recorder's main loop has gone round."""
    time.sleep(seconds)
    turns = status_of(p.pid, "voluntary_ctxt_switches")
    wait_for(lambda: status_of(p.pid, "voluntary_ctxt_switches") > turns + 2)


def wait_begun(p):
    """Waits until a recorder has begun: it takes orders when all before is done."""
    return wait_for(lambda: p.poll() is not None or subprocess.run(
        [SCHEDREC, "ctl", "status", "--recorder", str(p.pid)], capture_output=True).returncode == 0)


def children_of(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            return [int(p) for p in f.read().split()]
    except OSError:
        return []


def no_child_left():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
        return False
    except ChildProcessError:
        return True


@atexit.register
def end_children():
    """However a test ends, nothing that it started goes on, or holds its output open."""
    for sig in (signal.SIGTERM, signal.SIGKILL):
        for child in children_of(os.getpid()):
            os.kill(child, sig)
        if wait_for(no_child_left, 10):
            break


def command_runs(pid, name):
    """Does a child of this recorder run a program of this name?"""
    for child in children_of(pid):
        try:
            with open(f"/proc/{child}/comm") as f:
                if f.read().strip() == name:
                    return True
        except OSError:
            pass
    return False


def report_lines(path):
    """Events that trace-cmd prints of the file, or None if it fails."""
    r = subprocess.run(["trace-cmd", "report", "-R", path], capture_output=True, text=True,
                       errors="replace")
    if r.returncode:
        return None
    return sum(1 for l in r.stdout.splitlines()
               if re.match(r"\s*\S.*-\d+\s+\[\d+\]", l))


def iterate_count(path):
    """Events that libtracecmd's iterator gives, or None."""
    r = subprocess.run([WITNESS, path], capture_output=True, text=True,
                       env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}) # of libtracecmd
    return int(r.stdout.split()[0]) if r.returncode == 0 else None


def header(path):
    """(table of (offset, size), texts of CPUSTAT) by an independent reading of version 6."""
    with open(path, "rb") as f:
        data = f.read(16 << 20)
    at = 18
    assert data[:14] == b"\x17\x08\x44tracing6\0\0\x08", data[:16]

    def number(size):
        nonlocal at
        at += size
        return int.from_bytes(data[at - size:at], "little")

    def skip_texts(n):
        nonlocal at
        for _ in range(n):
            size = number(8)
            at += size

    for word in (b"header_page\0", b"header_event\0"):
        assert data[at:at + len(word)] == word
        at += len(word)
        skip_texts(1)
    skip_texts(number(4))
    for _ in range(number(4)):
        at = data.index(b"\0", at) + 1
        skip_texts(number(4))
    for _ in range(2):
        size = number(4)
        at += size
    skip_texts(1)
    cpus = number(4)
    assert data[at:at + 10] == b"options  \0"
    at += 10
    stats = []
    while (option := number(2)):
        size = number(4)
        if option == 2:
            stats.append(data[at:at + size].rstrip(b"\0").decode())
        at += size
    assert data[at:at + 10] == b"flyrecord\0"
    at += 10
    table = [struct.unpack_from("<QQ", data, at + 16 * i) for i in range(cpus)]
    return table, stats


def stat_sum(stats, name):
    return sum(int(m) for s in stats for m in re.findall(rf"^{name}: (\d+)", s, re.M))


def touch(name):
    """For a command that waits for a file of this name."""
    open(name, "w").close()


def until(name):
    """A shell command that waits for a file of this name."""
    return f"while [ ! -e {name} ]; do sleep 0.05; done"


def leftovers(folder="."):
    return [n for n in os.listdir(folder) if re.match(r"\..*\.[A-Za-z0-9]{6}$", n)]


def losing(command):
    """A shell command as one of which events are lost for sure: its recorder is stopped meanwhile,
    and it runs on one CPU, whose buffer must hold all."""
    cpu = min(os.sched_getaffinity(0))
    return ("taskset", "-c", str(cpu), "sh", "-c",
            f"kill -STOP $PPID; {command}; kill -CONT $PPID")


FEW = ("sh", "-c", "i=0; while [ $i -lt 20 ]; do /bin/true; i=$((i+1)); done")
BUSY = ("sh", "-c", "i=0; while [ $i -lt 150 ]; do /bin/true; i=$((i+1)); done")
