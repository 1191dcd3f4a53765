# SPDX-License-Identifier: LGPL-2.1-or-later
"""The system as the file knows it at begin and end, and clocks in ticks."""
import contextlib
import io
import json
import resource
import tarfile
import numpy
from recorder import *

need_kernel()
SCHEDCONV = os.path.abspath(sys.argv[3])


def convert(path):
    """{member: bytes} of the tarball, or None."""
    r = subprocess.run([SCHEDCONV, "-q", "--store", path, "out.tar"], capture_output=True, text=True)
    claim(r.returncode == 0, f"schedconv converts {path}", r.stderr)
    with tarfile.open("out.tar") as tar:
        return {m.name: tar.extractfile(m).read() for m in tar}


def column(members, name):
    npz = numpy.load(io.BytesIO(members[f"{name}.npz"]))
    return npz[npz.files[0]]


def read(path):
    with open(path) as f:
        return f.read().strip()


with Folder():
    # A process that differs from others in all that is told.
    def differ():
        os.nice(7)
        os.sched_setaffinity(0, {0})
        resource.setrlimit(resource.RLIMIT_CORE, (4096, 8192))

    p = subprocess.Popen(["sleep", "1000"], preexec_fn=differ)
    batch = subprocess.Popen(["sleep", "1000"], preexec_fn=lambda: os.sched_setscheduler(
        0, os.SCHED_BATCH, os.sched_param(0)))

    def be_real_time():
        with contextlib.suppress(PermissionError):   # in a control group without real-time
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(3))

    fifo = subprocess.Popen(["sleep", "1000"], preexec_fn=be_real_time)
    wait_for(lambda: all(read(f"/proc/{x.pid}/comm") == "sleep" for x in (p, batch, fifo)))
    before = time.monotonic_ns()
    r = run("-o", "s.dat", "-p", str(p.pid), "-d", "0.3")
    after = time.monotonic_ns()
    cgroup = read(f"/proc/{p.pid}/cgroup")
    members = convert("s.dat")
    snapshot = json.loads(members["snapshot.json"])
    for when in ("begin", "end"):
        s = snapshot[when]
        tasks = {row[0]: dict(zip(s["columns"], row)) for row in s["tasks"]}
        t = tasks.get(p.pid, {})
        claim((t.get("comm"), t.get("state"), t.get("policy"), t.get("nice"), t.get("affinity"),
               t.get("ppid"), t.get("cpu")) == ("sleep", "S", "other", 7, "0", os.getpid(), 0),
              f"a task's name, state, policy, nice, CPUs and parent are noted at the {when}", t)
        policies = [f"/sys/devices/system/cpu/cpufreq/{n}/" for n in
                    os.listdir("/sys/devices/system/cpu/cpufreq")] \
            if os.path.isdir("/sys/devices/system/cpu/cpufreq") else []
        claim(sorted(p["governor"] for p in s["cpus"]["frequency"]["policies"]) ==
              sorted(read(p + "scaling_governor") for p in policies if "/policy" in p),
              f"so are who chooses the frequencies, at the {when}", s["cpus"]["frequency"])
        real_time = os.sched_getscheduler(fifo.pid) == os.SCHED_FIFO
        claim(tasks[batch.pid]["policy"] == "batch" and
              tasks[fifo.pid]["policy"] == ("fifo" if real_time else "other") and
              tasks[fifo.pid]["rt_priority"] == (3 if real_time else 0),
              f"other policies too, at the {when}", tasks[batch.pid], tasks[fifo.pid])
        claim([q["pid"] for q in s["processes"]] == [p.pid] and
              s["processes"][0]["limits"]["Max core file size"] == ["4096", "8192"] and
              s["processes"][0]["status"]["Cpus_allowed_list"] == "0" and
              s["processes"][0]["cgroup"] == cgroup,
              f"limits, status and cgroup of the process are noted at the {when}", s["processes"])
        claim(s["memory"]["MemTotal"] == int(re.search(r"MemTotal:\s+(\d+)", read("/proc/meminfo"))[1])
              * 1024, f"memory is noted at the {when}", s["memory"])
        claim(s["cpus"]["online"] == read("/sys/devices/system/cpu/online"),
              f"the CPUs that are on are noted at the {when}", s["cpus"])
        c = s["clocks"]
        claim(before < c["mono"] < after and abs(c["wall"] - time.time_ns()) < 60e9 and
              c["boot"] >= c["mono"] - c["spread_ns"] and c["spread_ns"] < 1000000,
              f"the clocks are read together at the {when}", c)
    caches = {(c["cpus"], c["level"], c["type"]) for c in snapshot["begin"]["cpus"]["caches"]}
    seen = set()
    for cpu in range(os.cpu_count()):
        base = f"/sys/devices/system/cpu/cpu{cpu}/cache"
        for index in [n for n in (os.listdir(base) if os.path.isdir(base) else [])
                      if n.startswith("index")]:
            seen.add(tuple(read(f"{base}/{index}/{n}") for n in ("shared_cpu_list", "level", "type")))
    claim(caches == seen, "every cache is noted, with the CPUs that share it", caches, seen)
    claim(snapshot["begin"]["clocks"]["mono"] < snapshot["end"]["clocks"]["mono"],
          "the second snapshot is later")
    for x in (p, batch, fifo):
        x.kill()
        x.wait()

    # Ticks of the TSC: the program's own clock says when its children were made.
    if "x86-tsc" in read(f"{TRACEFS}/trace_clock"):
        with open("forks.py", "w") as f:
            f.write("import os, time\n"
                    "for i in range(20):\n"
                    "    a = time.monotonic_ns()\n"
                    "    pid = os.fork()\n"
                    "    if pid == 0:\n"
                    "        os._exit(0)\n"
                    "    b = time.monotonic_ns()\n"
                    "    os.waitpid(pid, 0)\n"
                    "    print(pid, a, b)\n"
                    "    time.sleep(0.05)\n")
        r = run("-C", "x86-tsc", "-o", "tsc.dat", "--", sys.executable, "forks.py")
        members = convert("tsc.dat")
        meta = json.loads(members["meta.json"])
        names = {l.split(b" ")[1].decode(): int(l.split(b" ")[0])
                 for l in members["sched_log_traced_events.start"].splitlines()}
        event, pid, stamp = (column(members, n) for n in ("event", "pid", "timestamp"))
        forks = {int(c): int(t) for c, t in zip(pid[event == names["FORK"]],
                                                stamp[event == names["FORK"]])}
        asked = [tuple(map(int, l.split())) for l in r.stdout.splitlines()]
        snapshot = json.loads(members["snapshot.json"])
        a, b = (snapshot[w]["clocks"] for w in ("begin", "end"))
        # The clocks are read within spread_ns of each other, and both rates are constant.
        spread = a["spread_ns"] + b["spread_ns"]
        late = [max(since - forks[pid], forks[pid] - till, 0) for pid, since, till in asked
                if pid in forks]
        claim(len(late) == 20 and max(late) < 20000 + spread,
              "ticks are converted to the nanoseconds of CLOCK_MONOTONIC", late, spread, r.stderr)
        claim(meta["clock"] == "x86-tsc" and 1e8 < meta["tsc_hz"] < 1e11,
              "the rate of the ticks is in meta.json", meta)
        hz = (b["tsc"] - a["tsc"]) / (b["mono"] - a["mono"]) * 1e9
        claim(abs(hz / meta["tsc_hz"] - 1) < 1e-8 + spread / (b["mono"] - a["mono"]), "it is that of the two readings", hz, meta["tsc_hz"])
        claim(before < meta["begin_ns"] < meta["end_ns"] < time.monotonic_ns() and
              abs(meta["begin_ns"] + meta["wall_offset_begin_ns"] - a["wall"]) < 1e9,
              "begin, end and wall clock fit to it", meta)
        lines = report_lines("tsc.dat")
        claim(lines == stat_sum(header("tsc.dat")[1], "read events"), "trace-cmd reads it too")
        began = time.monotonic_ns()
        q = start("-C", "x86-tsc", "-o", "killed.dat", "-d", str(LONG))
        wait_for(lambda: any(n.startswith(".killed.dat.") and report_lines(n) for n in leftovers()))
        time.sleep(1) # in which the two clocks come to be a rate apart
        q.kill()
        q.communicate()
        left = [n for n in leftovers() if n.startswith(".killed.dat.")][0]
        members = convert(left)
        now = time.monotonic_ns()
        stamp = column(members, "timestamp")
        claim(len(stamp) > 0 and began < stamp[0] <= stamp[-1] < now,
              "the file of a killed recorder has a scale as well", stamp[:1], now)
    else:
        skip("clocks in ticks", "this kernel has no x86-tsc")
    if "uptime" in read(f"{TRACEFS}/trace_clock"):
        run("-C", "uptime", "-o", "up.dat", "--", "true")
        r = subprocess.run([SCHEDCONV, "up.dat", "up.tar"], capture_output=True, text=True)
        claim(r.returncode == 3 and "uptime" in r.stderr and not os.path.exists("up.tar"),
              "a clock that does not count ns is refused by its name", r.returncode, r.stderr)
done()
