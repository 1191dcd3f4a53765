# SPDX-License-Identifier: LGPL-2.1-or-later
"""A task that waits counts against idle CPUs that it may run on, and against no others."""
import json
from recorder import *

need_kernel()
SCHEDREPORT = os.path.abspath(sys.argv[3])
cpus = sorted(os.sched_getaffinity(0))
if len(cpus) < 2:
    print("1..0 # SKIP needs two CPUs")
    sys.exit(0)


def report(*args):
    r = subprocess.run([SCHEDREPORT, "-q", "-f", "json", *args], capture_output=True, text=True)
    claim(r.returncode == 0, f"schedreport {' '.join(args)}", r.stderr)
    return r.stdout


def two_that_spin(cpus):
    return [subprocess.Popen(["sh", "-c", "while :; do :; done"],
                             preexec_fn=lambda: os.sched_setaffinity(0, cpus)) for _ in range(2)]


def record(name, cpus, then=None):
    """Work conservation, the pids of two that spin, the waiting tasks of each episode."""
    spin = two_that_spin(cpus)
    recorder = start("-q", "-o", name, "-d", str(LONG))
    wait_begun(recorder)
    for p in spin if then else []:
        os.sched_setaffinity(p.pid, then)
    time.sleep(1)
    recorder.send_signal(signal.SIGINT)
    errors = recorder.communicate(timeout=LONG)[1]
    for p in spin:
        p.kill()
        p.wait()
    claim(recorder.returncode == 130, f"{name} is recorded", errors)
    work = json.loads(report("runqueue", name))["work_conservation"]["rows"][0]
    episodes = [json.loads(line) for line in report("--log", "idle_while_waiting", name).splitlines()]
    pids = {str(p.pid) for p in spin}
    named = [e for e in episodes if pids & set(re.findall(r":(\d+)@", e["waiting"]))]
    idle = sum(row["idle_ns"] for row in json.loads(report("cpus", name))["cpus"]["rows"])
    return work, named, idle


with Folder():
    work, named, idle = record("pinned.dat", {cpus[0]})
    claim(not named, "tasks pinned to one CPU wait for no other", named[:3])
    if idle > 100e6:
        claim(work["any_wall_ns"] > work["wall_ns"],
              "without regard to affinity they would", work)
    else:
        skip("without regard to affinity they would", "no CPU idled meanwhile")
    work, named, idle = record("free.dat", set(cpus), {cpus[0]})
    if idle > 100e6:
        claim(named and work["wall_ns"] > 0,
              "tasks that could run everywhere when recording began count as such", work)
    else:
        skip("tasks that could run everywhere when recording began count as such",
             "no CPU idled meanwhile")
done()
