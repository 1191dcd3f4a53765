# SPDX-License-Identifier: LGPL-2.1-or-later
"""Processes that run already, and recordings limited to tasks, CPUs, sizes."""
import io
import json
import tarfile
import threading
import numpy
from recorder import *

need_kernel()
SCHEDCONV = os.path.abspath(sys.argv[3])
# Touches 3000 pages that it maps, 1000 of them in a child; prints both pids.
TOUCH = """
import mmap, os, sys, time
def touch(n):
    m = mmap.mmap(-1, n * 4096)
    for i in range(n):
        m[i * 4096] = 1
while len(sys.argv) > 1 and not os.path.exists(sys.argv[1]):
    time.sleep(0.02)
pid = os.fork()
touch(1000 if pid == 0 else 2000)
if pid == 0:
    os._exit(0)
os.waitpid(pid, 0)
print(os.getpid(), pid)
"""
OUTSIDER = """
import mmap
while True:
    m = mmap.mmap(-1, 100 * 4096)
    for i in range(100):
        m[i * 4096] = 1
    m.close()
"""


def records(path):
    """[(of the second buffer, pid, cpu, event)] as trace-cmd prints them."""
    text = subprocess.run(["trace-cmd", "report", "-R", path], capture_output=True, text=True,
                          errors="replace").stdout
    found = re.findall(r"^\s*(schedrec\.only:)?\s*\S.*-(\d+)\s+\[(\d+)\]\s+[\d.]+:\s+(\S+?):", text,
                       re.M)
    return [(bool(only), int(pid), int(cpu), event) for only, pid, cpu, event in found]


def markers(path):
    """JSON of the begin and end markers, and the tasks {pid: flags}."""
    parts = events(path)[1]
    tasks = {int.from_bytes(parts[3][i:i + 4], "little"): parts[3][i + 17]
             for i in range(0, len(parts[3]), 80)}
    return json.loads(parts[1]), json.loads(parts[2]), tasks


def rows(path):
    """Columns of the tarball that schedconv makes, with the event names."""
    r = subprocess.run([SCHEDCONV, "-q", "--store", path, "rows.tar"], capture_output=True, text=True)
    claim(r.returncode == 0, f"schedconv converts {path}", r.stderr)
    found = {}
    with tarfile.open("rows.tar") as tar:
        for m in tar:
            data = tar.extractfile(m).read()
            if m.name.endswith(".npz"):
                npz = numpy.load(io.BytesIO(data))
                found[m.name[:-4]] = npz[npz.files[0]]
            elif m.name.endswith(".start"):
                found["names"] = {int(l.split(b" ")[0]): l.split(b" ")[1].decode()
                                  for l in data.splitlines()}
            elif m.name == "meta.json":
                found["meta"] = json.loads(data)
    return found


def begun(*args):
    """A recorder with --only that traces."""
    def only_traces():
        for name in instances_of(p.pid):
            if name.endswith(".only"): # its tasks are chosen before it is switched on
                try:
                    texts = [open(f"{TRACEFS}/instances/{name}/{file}").read()
                             for file in ("set_event_pid", "tracing_on")]
                except OSError:
                    return False
                return bool(texts[0]) and texts[1] == "1\n"
        return False
    p = start(*args)
    wait_for(only_traces)
    return p


def sleeper(seconds):
    return subprocess.Popen(["sleep", str(seconds)])


with Folder():
    # ---- -p
    p = sleeper(LONG)
    q = start("-o", "p.dat", "-p", str(p.pid))
    wait_begun(q)
    p.terminate()
    p.wait()
    _, err = q.communicate(timeout=LONG)
    begin, end, tasks = markers("p.dat")
    claim(q.returncode == 0 and begin["pids"] == [p.pid] and end["reason"] == "exit" and
          begin["command"] == [], "-p records until the process has ended", err, begin, end)
    seen = records("p.dat")
    claim({pid for _, pid, _, e in seen if e == "sched_process_exit"} >= {p.pid} and
          len({pid for _, pid, _, _ in seen}) > 2,
          "the recording of a process has its end, and the other tasks of the system")
    claim(tasks[p.pid] == 1 and tasks[1] == 0, "the process is marked among the tasks", tasks)
    a, b = sleeper(LONG), sleeper(LONG)
    q = start("-o", "two.dat", "-p", f"{a.pid},{b.pid}")
    wait_begun(q)
    a.terminate()
    a.wait()
    time.sleep(0.5) # the time in which one that does not wait would end
    waits = q.poll() is None
    b.terminate()
    b.wait()
    _, err = q.communicate(timeout=LONG)
    claim(waits and q.returncode == 0, "-p with two processes waits for the later one", err)
    p = sleeper(LONG)
    r = run("-o", "both.dat", "-p", str(p.pid), "--", "sh", "-c", "sleep 0.2; exit 4")
    claim(r.returncode == 4 and p.poll() is None, "with a command, -p ends with the command", r.stderr)
    r = run("-o", "time.dat", "-p", str(p.pid), "-d", "0.2")
    claim(r.returncode == 0 and p.poll() is None and markers("time.dat")[1]["reason"] == "duration",
          "-d ends -p, and the process lives on", r.stderr)
    q = start("-o", "int.dat", "-p", str(p.pid))
    wait_begun(q)
    time.sleep(0.1) # something to record
    q.send_signal(signal.SIGINT)
    _, err = q.communicate(timeout=LONG)
    claim(q.returncode == 130 and p.poll() is None and report_lines("int.dat"),
          "Ctrl-C ends -p, and the process lives on", err)
    p.kill()
    p.wait()
    r = run("-o", "none.dat", "-p", str(p.pid))
    claim(r.returncode == 125 and "no process" in r.stderr and not leftovers(),
          "a process that has ended is refused", r.stderr)
    for args, word in ((("-p", "1,x"), "no list of pids"), (("-p", "1,"), "no list of pids"), (("--cgroup", "no/such"), "no/such"),
                       (("--only", "--", "true"), "-e mm"), (("--only", "-d", "1"), "COMMAND"),
                       (("--cpus", "4095", "--", "true"), "no CPU 4095"),
                       (("--cpus", "0-", "--", "true"), "no list of CPUs"),
                       (("--subbuf", "3000000", "--", "true"), "refused")):
        r = run("-o", "none.dat", *args)
        claim(r.returncode == 125 and word in r.stderr and not os.path.exists("none.dat") and
              len(r.stderr.splitlines()) == 1 and not leftovers(),
              f"{' '.join(args)} is refused", r.returncode, r.stderr)
    go = threading.Event()
    threads = threading.Thread(target=go.wait)
    threads.start()
    r = run("-o", "none.dat", "-p", str(threads.native_id))
    go.set()
    claim(r.returncode == 125 and "thread" in r.stderr, "a thread is no process", r.stderr)
    for args in (("-p", "1"), ("--", "touch", "ran"), ("--sample", "--", "touch", "ran"), ("-d", "1"),
                 ("--flight", "5", "-d", "1")):
        sentence = f"{' '.join(args)} is refused within another pid namespace"
        if not may_unshare("-p", "-f", "--mount-proc"):
            skip(sentence, "unshare --mount-proc is refused here")
            continue
        r = run("-o", "none.dat", *args, prefix=("unshare", "-p", "-f", "--mount-proc"))
        claim(r.returncode == 125 and "pid namespace" in r.stderr and not os.path.exists("ran") and
              not os.path.exists("none.dat") and not leftovers(), sentence, r.stderr)

    # ---- --only
    outsider = subprocess.Popen([sys.executable, "-c", OUTSIDER])
    with open("touch.py", "w") as f:
        f.write(TOUCH)
    r = run("--only", "-e", "sched,mm", "-o", "only.dat", "--", sys.executable, "touch.py")
    parent, child = (int(p) for p in r.stdout.split())
    seen = records("only.dat")
    stats = header("only.dat")[1]
    faults = [pid for _, pid, _, e in seen if e == "page_fault_user"]
    claim(r.returncode == 0 and len(seen) == stat_sum(stats, "read events") and
          len(seen) == report_lines("only.dat"),
          "trace-cmd prints as many events as were read from both buffers",
          len(seen), stat_sum(stats, "read events"))
    if WITNESS:
        claim(iterate_count("only.dat") == sum(1 for e in seen if not e[0]),
              "libtracecmd iterates over those of the first buffer")
    claim(2000 <= faults.count(parent) < 6000 and 1000 <= faults.count(child) < 3000,
          "--only has the faults of the command and its child",
          faults.count(parent), faults.count(child))
    claim(set(faults) == {parent, child}, "--only has no other task's faults", set(faults))
    claim(any(pid == outsider.pid for _, pid, _, e in seen if e.startswith("sched_")) and
          not any(only for only, _, _, e in seen if e.startswith("sched_")),
          "the scheduler's events are those of all tasks, in the first buffer")
    t = rows("only.dat")
    fault = [i for i, n in t["names"].items() if n == "PAGE_FAULT_USER"][0]
    claim(int((t["event"] == fault).sum()) == len(faults) and
          set(t["pid"][t["event"] == fault].tolist()) == {parent, child} and
          bool((numpy.diff(t["timestamp"]) >= 0).all()),
          "schedconv merges both buffers in the order of time")
    runs = [i for i, n in t["names"].items() if n == "RUNS"][0]
    claim(int((t["event"] == runs).sum()) < 0.02 * len(seen),
          "a task's faults stand where the scheduler says that it ran",
          int((t["event"] == runs).sum()), len(seen))
    p = subprocess.Popen([sys.executable, "touch.py", "go"], stdout=subprocess.PIPE, text=True)
    r = begun("--only", "-e", "sched,mm", "-o", "onlyp.dat", "-p", str(p.pid))
    open("go", "w").close()
    err = r.communicate(timeout=LONG)[1]
    parent, child = (int(n) for n in p.communicate()[0].split())
    faults = [pid for _, pid, _, e in records("onlyp.dat") if e == "page_fault_user"]
    claim(set(faults) == {parent, child} and faults.count(child) >= 1000,
          "--only with -p has the faults of the process and of a child that it makes later",
          set(faults), err)
    r = run("--only", "-b", "4", "-e", "sched,mm,pages", "-o", "lost.dat", "--",
            *losing(f"for i in 1 2 3 4 5 6; do {sys.executable} touch.py & done; wait"))
    stats = header("lost.dat")[1]
    lost = sum(stat_sum(stats, n) for n in ("overrun", "commit overrun", "dropped events"))
    told = re.search(r"lost ([\d,]+) events", r.stderr)
    t = rows("lost.dat")
    claim((int(told[1].replace(",", "")) if told else 0) == lost > 0 and
          sum(c["lost"] for c in t["meta"]["cpu"]) == lost,
          "losses of both buffers are told and converted", lost, r.stderr, t["meta"])
    q = start("--only", "-e", "sched,mm", "-o", "killed.dat", "--", "sh", "-c",
              "while :; do /bin/true; done", preexec_fn=os.setsid)
    # The table of the working file comes to tell of both buffers.
    wait_for(lambda: any(n.startswith(".killed.dat.") and len({only for only, *_ in records(n)}) == 2
                         for n in leftovers()))
    os.killpg(q.pid, signal.SIGKILL)
    q.communicate()
    left = [n for n in leftovers() if n.startswith(".killed.dat.")]
    before = report_lines(left[0]) if left else None
    r = run("--repair", left[0] if left else "none")
    seen = records(left[0]) if left else []
    claim(r.returncode == 0 and before and len(seen) >= before and
          len({only for only, *_ in seen}) == 2 and os.stat(left[0]).st_size < 1 << 30,
          "--repair makes a killed recorder's file with two buffers a trace.dat", r.stderr, before)
    outsider.kill()
    outsider.wait()
    r = run("-o", "after.dat", "--", "true")
    claim(wait_for(lambda: not instances_of(q.pid)), "the next recorder removes both instances", r.stderr)

    # ---- a cgroup
    mounts = [l.split()[1] for l in open("/proc/self/mounts") if l.split()[2] == "cgroup2"]
    name = f"schedrec-test-{os.getpid()}"
    made = None
    try:
        os.mkdir(f"{mounts[0]}/{name}")
        os.mkdir(f"{mounts[0]}/{name}/below")
        made = f"{mounts[0]}/{name}"
    except (OSError, IndexError) as e:
        skip("a cgroup", f"none can be made: {e}")
    if made:
        try:
            r = run("-o", "none.dat", "--cgroup", name)
            claim(r.returncode == 125 and "no processes" in r.stderr, "an empty cgroup is refused",
                  r.stderr)
            p = subprocess.Popen([sys.executable, "touch.py", "go2"], stdout=subprocess.PIPE, text=True)
            with open(f"{made}/below/cgroup.procs", "w") as f:
                f.write(str(p.pid))
            r = begun("--only", "-e", "sched,mm", "-o", "cgroup.dat", "--cgroup", name)
            open("go2", "w").close()
            err = r.communicate(timeout=LONG)[1]
            parent, child = (int(n) for n in p.communicate()[0].split())
            begin, end, tasks = markers("cgroup.dat")
            faults = {pid for _, pid, _, e in records("cgroup.dat") if e == "page_fault_user"}
            claim(r.returncode == 0 and begin["cgroup"] == made and end["reason"] == "exit" and
                  tasks.get(parent) == 1 and faults == {parent, child},
                  "--cgroup records until the cgroup is empty, --only its processes",
                  err, begin, end, faults)
        finally:
            os.rmdir(f"{made}/below")
            os.rmdir(made)

    # ---- CPUs, sizes
    if os.cpu_count() > 1:
        r = run("--cpus", "1", "-o", "cpu.dat", "--", *FEW)
        table, stats = header("cpu.dat")
        seen = records("cpu.dat")
        begin, end, _ = markers("cpu.dat")
        claim(r.returncode == 0 and seen and {cpu for _, _, cpu, _ in seen} == {1} and
              [bool(size) for _, size in table[:2]] == [False, True] and
              begin["recorded_cpus"] == [1] and end["reason"] == "exit",
              "--cpus records those CPUs, with the notes of begin and end", r.stderr, table)
        claim(len(seen) == stat_sum(stats, "read events"), "a file of one CPU is whole")
    r = run("--max-size", "200K", "-e", "sched,mm", "-o", "size.dat", "--", "sh", "-c",
            "i=0; while [ $i -lt 300 ]; do /bin/true; i=$((i+1)); done; exit 5")
    end = markers("size.dat")[1]
    bytes_ = sum(size for _, size in header("size.dat")[0])
    claim(r.returncode == 5 and end["reason"] == "size" and 200 << 10 <= bytes_ < 20 << 20,
          "--max-size ends the recording, and the command goes on to its status", r.returncode, end,
          bytes_)
    if os.path.exists(f"{TRACEFS}/buffer_subbuf_size_kb"):
        for kb in (4, 64):
            r = run("--subbuf", str(kb), "-o", "sub.dat", "--", *FEW)
            with open("sub.dat", "rb") as f:
                page = int.from_bytes(f.read(18)[14:], "little")
            stats = header("sub.dat")[1]
            claim(r.returncode == 0 and page == kb << 10 and
                  report_lines("sub.dat") == stat_sum(stats, "read events") > 0,
                  f"a buffer with pages of {kb} KiB is recorded whole", page, r.stderr)
            t = rows("sub.dat")
            claim(len(t["timestamp"]) > 100, f"pages of {kb} KiB are converted")
    else:
        skip("pages of 64 KiB", "this kernel cannot")
done()
