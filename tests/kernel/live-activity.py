# SPDX-License-Identifier: LGPL-2.1-or-later
"""schedview live's columns that come from /proc, beside pidstat's; rows that are chosen; logs."""
import csv
import io
import json
import pwd
import threading
from recorder import *

need_kernel()
VIEW, SCHEDREPORT = (os.path.abspath(a) for a in sys.argv[3:5])
PIDSTAT = shutil.which("pidstat")
# Waits for a file, then uses CPU time, touches pages of memory that it keeps, and waits again.
WORK = """
import mmap, os, time
def until(name):
    while not os.path.exists(name):
        time.sleep(0.02)
open("/proc/self/comm", "w").write("worker")
print(os.getpid(), flush=True)
until("go")
m = mmap.mmap(-1, 64 << 20)
for at in range(0, 64 << 20, 4096):
    m[at] = 1
end = time.process_time() + 0.7
while time.process_time() < end:
    os.stat("/")
open("worked", "w").close()
until("stop")
"""


def live(*args, **options):
    return subprocess.run([VIEW, "live", *args], capture_output=True, text=True, timeout=LONG, **options)


class Lines:
    """A program's lines as they come."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        env={**os.environ, "LC_ALL": "C", "S_TIME_FORMAT": "ISO"})
        self.lines = []
        self.reader = threading.Thread(target=lambda: self.lines.extend(iter(self.process.stdout.readline, "")))
        self.reader.start()

    def more(self, n):
        """Waits for so many more."""
        before = len(self.lines)
        wait_for(lambda: len(self.lines) >= before + n or self.process.poll() is not None)

    def end(self):
        self.process.send_signal(signal.SIGINT)
        err = self.process.stderr.read()
        self.process.wait(timeout=LONG)
        self.reader.join()
        return err


def stat_of(pid):
    """(user ticks, system ticks, minor faults, major faults, pages) as proc(5) counts them."""
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rpartition(")")[2].split()
    return [int(fields[i]) for i in (11, 12, 7, 9, 21)]


with Folder():
    with open("work.py", "w") as f:
        f.write(WORK)
    os.chmod(".", 0o755)
    worker = subprocess.Popen([sys.executable, "work.py"], stdout=subprocess.PIPE, text=True, user="nobody", cwd=".")
    os.chmod(".", 0o777)
    pid = int(worker.stdout.readline())
    ours = Lines(VIEW, "live", "--interval", "0.3", "-f", "json", "-t", "activity,system,migration_log", "--top", "0")
    ours.more(2)
    witness = Lines(PIDSTAT, "-h", "-u", "-r", "-w", "-p", str(pid), "1") if PIDSTAT else None
    if witness:
        witness.more(3)
    before = stat_of(pid)
    touch("go")
    wait_for(lambda: os.path.exists("worked"))
    ours.more(2)
    if witness:
        witness.more(2)
    after = stat_of(pid)
    said = ours.end()
    spans = [json.loads(line) for line in ours.lines]
    mine = [(s["end_ns"] - s["begin_ns"], r) for s in spans for r in s["activity"]["rows"] if r["pid"] == pid]
    claim(not said and len(mine) > 4, "a task that wakes up has a row in each interval", len(mine), said)
    mine = mine[1:]   # nothing was read before the first
    used = [sum((r[name] or 0) * length / 1e9 for length, r in mine) for name in ("usr", "system", "minflt", "majflt")]
    tick = 100 / os.sysconf("SC_CLK_TCK")
    # It wakes up to look for a file meanwhile: a tick may fall behind the last reading.
    claim(all(0 <= b * tick - a * tick - u < 3 or abs(u - (b - a) * tick) < 3 for u, a, b in zip(used[:2], before, after)),
          "user and system time are those of /proc", used, before, after, tick)
    claim(16384 <= used[2] <= after[2] and used[3] == after[3] - before[3], "so are page faults", used, before, after)
    last = mine[-1][1]
    claim(last["user"] == "nobody" and last["rss_bytes"] == after[4] * os.sysconf("SC_PAGESIZE") and last["comm"] == "worker"
          and 0 <= last["cpu"] < os.cpu_count(), "and memory, user and CPU", last, after)
    on_cpu = sum(r["on_cpu"] * length / 1e9 for length, r in mine)
    claim(used[0] + used[1] - 2 * tick <= on_cpu + sum(tick for _ in mine),
          "by events it was on a CPU for no less", on_cpu, used)
    if witness:
        witness.end()
        rows = [l.split() for l in witness.lines if l.strip() and l.split()[-1] == "worker"]
        names = next(l.split()[1:] for l in witness.lines if "%usr" in l)
        theirs = [dict(zip(names, r)) for r in rows]
        theirs = [t for t in theirs if t.get("PID") == str(pid)]
        sums = [sum(float(t[n]) for t in theirs) for n in ("%usr", "%system", "minflt/s")]
        # Its rates are of intervals that it takes for a second.
        claim(theirs and all(abs(a - b) <= 0.3 * b + 3 * tick for a, b in zip(used, sums)) and
              int(theirs[-1]["RSS"]) * 1024 == last["rss_bytes"] and int(theirs[-1]["UID"]) == pwd.getpwnam("nobody").pw_uid,
              "pidstat says the same", used, sums, theirs[-1:], last)
    else:
        skip("pidstat says the same", "there is no pidstat (Debian: sysstat)")
    system = spans[-1]["system"]["rows"]
    claim(len(system) == 1 and system[0]["switches"] > 0 and system[0]["memory_total_bytes"] > 1 << 26 and
          system[0]["recorder_cpu"] >= 0, "a table tells of the system", system)
    moves = [r for s in spans for r in s["migration_log"]["rows"]]
    claim(all(s["begin_ns"] - 10**9 <= r["time_ns"] <= s["end_ns"] for s in spans for r in s["migration_log"]["rows"]),
          "each move is in the interval in which it was made", moves[:3])

    # Chosen rows.
    r = live("--count", "1", "--interval", "0.3", "-p", str(pid), "-f", "csv")
    table = list(csv.DictReader(io.StringIO(r.stdout)))
    claim(r.returncode == 0 and [t["pid"] for t in table] == [str(pid)], "-p shows one process", table, r.stderr)
    r = live("--count", "1", "--interval", "0.3", "--filter", "comm == 'worker'", "-f", "csv")
    claim(r.returncode == 0 and [t["pid"] for t in csv.DictReader(io.StringIO(r.stdout))] == [str(pid)],
          "--filter chooses by any column", r.stdout, r.stderr)
    for args, word in ((("-p", "999999999"), "999999999"), (("--cgroup", "/no/such"), "/no/such"), (("--filter", "no > 1"), "no"),
                       (("-p", str(pid), "-t", "cpus"), "cpus")):
        r = live(*args)
        claim(r.returncode == 2 and word in r.stderr and not r.stdout, f"refused: {args[0]} {args[1][:9]}", r.returncode, r.stderr)
    touch("stop")
    worker.wait()

    # A process of several threads.
    with open("threads.py", "w") as f:
        f.write("import threading, time, os\ndef f():\n    end = time.thread_time() + 0.2\n"
                "    while time.thread_time() < end:\n        pass\n    while not os.path.exists('over'): time.sleep(0.02)\n"
                "t = [threading.Thread(target=f) for _ in range(3)]\n[x.start() for x in t]\n[x.join() for x in t]\n")
    p = subprocess.Popen([sys.executable, "threads.py"])
    wait_for(lambda: len(os.listdir(f"/proc/{p.pid}/task")) == 4)
    rows = {}
    for words in ((), ("--processes",)):
        r = live("--count", "2", "--interval", "0.4", "-p", str(p.pid), "-f", "json", *words)
        rows[words] = [json.loads(l)["activity"]["rows"] for l in r.stdout.splitlines()]
    threads, process = rows[()][-1], rows[("--processes",)][-1]
    claim(len(threads) >= 3 and {t["tgid"] for t in threads} == {p.pid}, "-p shows all threads of a process", threads)
    claim(len(process) == 1 and process[0]["pid"] == p.pid and process[0]["threads"] >= 3, "--processes puts them together",
          process)
    touch("over")
    p.wait()

    # A cgroup of our own, where the machine lets us have one.
    group = next((d + f"/schedview-test-{os.getpid()}" for d in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified")
                  if os.path.exists(d + "/cgroup.procs")), None)
    try:
        if group:
            os.mkdir(group)
    except OSError:
        group = None
    if group:
        p = subprocess.Popen(["sh", "-c", f"echo $$ > {group}/cgroup.procs; while :; do sleep 0.02; done"])
        wait_for(lambda: open(group + "/cgroup.procs").read().split())
        r = live("--count", "1", "--interval", "0.4", "--cgroup", group, "-f", "json")
        table = json.loads(r.stdout)["activity"]["rows"] if r.returncode == 0 else []
        claim(table and {t["comm"] for t in table} <= {"sh", "sleep"} and p.pid in {t["pid"] for t in table},
              "--cgroup shows its members", table, r.stderr)
        p.kill()
        p.wait()
        wait_for(lambda: not open(group + "/cgroup.procs").read())
        os.rmdir(group)
    else:
        skip("--cgroup shows its members", "no cgroup can be made here")
done()
