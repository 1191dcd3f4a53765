# SPDX-License-Identifier: LGPL-2.1-or-later
"""schedview live: tables of the running system, from the kernel's events to stdout."""
import csv
import io
import json
import pwd
import re
import signal
import time
from recorder import *

need_kernel()
VIEW, SCHEDREPORT = (os.path.abspath(a) for a in sys.argv[3:5])
SPIN = "import time\nend = time.process_time() + {}\nwhile time.process_time() < end:\n    pass\n" \
       "print(open('/proc/self/schedstat').read().split()[0])"


def live(*args, **options):
    return subprocess.run([VIEW, "live", *args], capture_output=True, text=True, timeout=LONG, **options)


def rows(document, table):
    """Dictionaries, a row each."""
    part = document[table]
    return part["rows"]


def wait_until(what):
    end = time.monotonic() + LONG
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            return [int(p) for p in f.read().split()]
    except OSError:
        return []


def status_of(pid):
    with open(f"/proc/{pid}/status") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


with Folder():
    with open("spin.py", "w") as f:
        f.write(SPIN.format(0.5))
    r = live("--once", "-f", "json", "-t", "tasks,cpus,migrations", "--", sys.executable, "spin.py")
    own, _, text = r.stdout.partition("\n")
    if not own.isdigit():  # which of both comes first is up to them
        text, own = r.stdout.split("\n")[0], r.stdout.split("\n")[1]
    document = json.loads(text) if r.returncode == 0 else {}
    spun = [t for t in rows(document, "tasks") if "spin" in t["names"] or t["on_cpu_ns"] > 4e8] if document else []
    mine = max((t["charged_ns"] for t in rows(document, "tasks") if t["comm"].startswith("python3")), default=0) \
        if document else 0
    claim(r.returncode == 0 and int(own) <= mine <= int(own) + 100_000_000,
          "a command's time is what the kernel charged it, and what it used after it asked", own, mine, r.stderr)
    claim(len(rows(document, "cpus")) == os.cpu_count() and "migrations" in document and
          document["end_ns"] - document["begin_ns"] >= int(own), "all tables that were named are there", text[:300])

    r = live("--once", "--", sys.executable, "-c", "import sys; sys.exit(7)")
    claim(r.returncode == 7 and "activity:" in r.stdout, "its exit status is the command's", r.returncode, r.stderr)
    r = live("--once", "--", "/nonexistent")
    claim(r.returncode == 127 and "/nonexistent" in r.stderr and not r.stdout,
          "a command that is not there is told of before anything is recorded", r.stderr)

    spinner = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    r = live("--interval", "0.5", "--count", "4", "-f", "json", "-t", "tasks")
    spans = [json.loads(line) for line in r.stdout.splitlines()]
    ran = [next(((t["on_cpu_ns"], t["on_cpu_hi_ns"]) for t in rows(s, "tasks") if t["pid"] == spinner.pid), (0, 0))
           for s in spans]
    lengths = [s["end_ns"] - s["begin_ns"] for s in spans]
    claim(r.returncode == 0 and len(spans) == 4 and all(a["end_ns"] == b["begin_ns"] for a, b in zip(spans, spans[1:])),
          "intervals follow each other", r.stdout[:300], r.stderr)
    # Where the switch to it was not recorded, nothing is certain until the next one.
    claim(all(n <= length and 0 < most for (n, most), length in zip(ran[1:], lengths[1:])),
          "a task that spins may have run in each, and certainly no longer than it lasts", ran, lengths)
    now = time.time()
    wall = spans[-1]["end_ns"] + spans[-1]["wall_offset_ns"]
    claim(abs(now - wall / 1e9) < 60, "wall time is told with them", now, wall)

    r = live("--interval", "0.3", "--count", "1", "-f", "csv", "-t", "tasks")
    table = list(csv.DictReader(io.StringIO(r.stdout)))
    claim(any(t["pid"] == str(spinner.pid) for t in table), "CSV has the same rows", r.stdout[:300], r.stderr)
    r = live("--once", "--interval", "0.3", "-f", "prometheus", "-t", "tasks,cpus")
    bad = [l for l in r.stdout.splitlines() if not re.fullmatch(
        r'# (HELP|TYPE) schedtrace_\w+ .+|schedtrace_\w+(\{\w+="(\\.|[^"\\])*"(,\w+="(\\.|[^"\\])*")*\})? [-+\d.e]+', l)]
    claim(not bad and f'pid="{spinner.pid}"' in r.stdout and "schedtrace_cpus_busy_seconds_total{cpu=\"0\"}" in r.stdout,
          "Prometheus' text has metrics with labels, in seconds", bad[:5], r.stderr)
    types = dict(re.findall(r"^# TYPE (\S+) (\w+)$", r.stdout, re.M))
    claim(all((t == "counter") == n.endswith("_total") for n, t in types.items()) and "counter" in types.values(),
          "and says which of them only grow", types)
    spinner.kill()
    spinner.wait()

    # The same afterwards.
    r = live("--once", "-o", "kept.dat", "-f", "json", "-t", "tasks,migrations,latency", "--top", "0", "--",
             "sh", "-c", "for i in 1 2 3 4 5 6 7 8 9; do ls >/dev/null; sleep 0.02; done")
    shown = json.loads(r.stdout) if r.returncode == 0 else {}
    for name in ("tasks", "migrations", "latency"):
        p = subprocess.run([SCHEDREPORT, name, "--table", name, "-f", "json", "-q", "kept.dat"], capture_output=True,
                           text=True)
        later = json.loads(p.stdout)[name]["rows"] if p.returncode == 0 else []
        key = lambda row: json.dumps(row, sort_keys=True)
        a, b = sorted(map(key, rows(shown, name))) if shown else [], sorted(map(key, later))
        claim(a and a == b, f"{name} of what was kept are those that were shown",
              *[x for x in a if x not in b][:3], "later:", *[x for x in b if x not in a][:3], r.stderr, p.stderr)
    claim(os.listdir(".").count("kept.dat") == 1 and not [f for f in os.listdir(".") if f.startswith(".kept")],
          "and no working file is left", os.listdir("."))
    r = live("--count", "1", "--interval", "0.2", "-o", "few.dat")
    p = subprocess.run([SCHEDREPORT, "-q", "few.dat"], capture_output=True, text=True)
    claim(r.returncode == 0 and p.returncode == 0, "what was recorded until the last interval is kept, too", r.stderr,
          p.stderr)
    r = live("--once", "-o", ".")
    claim(r.returncode in (1, 2) and not r.stdout, "a target that is no file is refused", r.returncode, r.stderr)

    # Who has which rights.
    p = subprocess.Popen([VIEW, "live", "--interval", "0.2"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    claim(p.stdout.readline() != "", "the first table comes by itself")
    viewer, = children(p.pid)
    s = status_of(viewer)
    nobody = pwd.getpwnam("nobody")
    claim(s["Uid"].split() == [str(nobody.pw_uid)] * 4 and s["Gid"].split() == [str(nobody.pw_gid)] * 4 and
          set(s["Groups"].split()) <= {str(nobody.pw_gid)} and s["NoNewPrivs"] == "1" and
          int(s["CapEff"], 16) == int(s["CapPrm"], 16) == 0,
          "what shows is nobody, without capabilities, and cannot get any", s)
    files = [os.readlink(f"/proc/{viewer}/fd/{n}") for n in os.listdir(f"/proc/{viewer}/fd")]
    claim(not [f for f in files if "tracing" in f] and len(files) < 10, "and has none of tracefs' files", files)
    claim(status_of(p.pid)["Uid"].split()[1] == "0" and instances_of(p.pid), "what records is root")
    p.send_signal(signal.SIGINT)
    out, err = p.communicate(timeout=LONG)
    claim(p.returncode == 0 and not err and not instances_of(p.pid), "SIGINT ends both, and nothing stays in tracefs",
          p.returncode, err)
    for whom in ("viewer", "recorder"):
        p = subprocess.Popen([VIEW, "live", "--interval", "0.2"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        p.stdout.readline()
        viewer, = children(p.pid)
        os.kill(viewer if whom == "viewer" else p.pid, signal.SIGKILL)
        out, err = p.communicate(timeout=LONG)
        claim(p.returncode != 0 and wait_until(lambda: not os.path.exists(f"/proc/{viewer}")) and
              (whom == "viewer" or "recorder has died" in err), f"when the {whom} is killed the other ends too",
              p.returncode, err)
        if whom == "recorder":
            live("--once", "--interval", "0.1")  # sweeps what a recorder that was killed left
        claim(not instances_of(p.pid), "and nothing stays in tracefs")
    p = subprocess.Popen(f"{VIEW} live --interval 0.1 | head -n 1", shell=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = p.communicate(timeout=LONG)
    claim(out and not err, "it ends when nobody reads", err)
    for args, word in ((("-t", "nosuch"), "nosuch"), (("--once", "--count", "2"), "--count"),
                       (("--user", "no-such-user"), "no-such-user"), (("-f", "xml"), "xml")):
        r = live(*args)
        claim(r.returncode == 2 and word in r.stderr and not r.stdout, f"refused: {' '.join(args)}", r.stderr)
done()
