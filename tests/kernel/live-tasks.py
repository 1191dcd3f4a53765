# SPDX-License-Identifier: LGPL-2.1-or-later
"""From the ring buffer to a table without a file: the busiest tasks of each second."""
import collections
import json
from recorder import *

need_kernel()
BUSIEST, SCHEDREPORT = (os.path.abspath(a) for a in sys.argv[3:5])
SECONDS = 3

with Folder():
    # Its time is known when it is switched out: somebody else wakes up on its CPU all the time.
    spins = subprocess.Popen(["taskset", "-c", "0", "sh", "-c", "while :; do :; done"])
    wakes = subprocess.Popen(["taskset", "-c", "0", "sh", "-c", "while sleep 0.02; do :; done"])
    r = subprocess.Popen([BUSIEST, str(SECONDS), "live.dat"], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True)
    r.stdout, r.stderr = r.communicate(timeout=LONG)
    for p in (spins, wakes):
        p.kill()
        p.wait()
    lines = [l.split() for l in r.stdout.splitlines()]
    seconds = collections.defaultdict(list)
    for l in lines:
        if l[0] == "second":
            seconds[int(l[1])].append((int(l[2]), float(l[-2])))
    claim(r.returncode == 0 and sorted(seconds) == list(range(1, SECONDS + 1)),
          "a table is there every second", r.stdout, r.stderr)
    claim(all(spins.pid in dict(rows) and rows == sorted(rows, key=lambda row: -row[1])
              for rows in seconds.values()),
          "a task that spins ran in each second, and the busiest come first", spins.pid, r.stdout)
    total = {}
    for l in lines:
        if l[0] == "total":
            total[int(l[1])] = total.get(int(l[1]), 0) + int(l[2])
    of_file = {}
    out = subprocess.run([SCHEDREPORT, "tasks", "--format", "json", "--columns", "pid,on_cpu_ns",
                          "live.dat"], capture_output=True, text=True)
    if out.returncode == 0:
        for row in json.loads(out.stdout)["tasks"]["rows"]:
            of_file[row["pid"]] = of_file.get(row["pid"], 0) + row["on_cpu_ns"]
    claim([int(l[1]) for l in lines if l[0] == "nothing"] > [20 * SECONDS / 2],
          "an input of a recording that runs answers that there is nothing yet", r.stdout)
    claim(total and total == of_file, "the totals are those of a file of the same pages",
          {p: (total.get(p), of_file.get(p)) for p in total.keys() | of_file.keys()
           if total.get(p) != of_file.get(p)}, out.stderr)
    ran = sum(dict(rows).get(spins.pid, 0) for rows in seconds.values())
    claim(total.get(spins.pid, 0) / 1e6 > ran - 1, "the seconds add up to no more than the whole", ran,
          total.get(spins.pid))
    claim(report_lines("live.dat") == stat_sum(header("live.dat")[1], "read events"),
          "trace-cmd reads as many records as the kernel gave", out.stderr)
    claim(not instances_of(r.pid), "nothing stays in tracefs")
done()
