# SPDX-License-Identifier: LGPL-2.1-or-later
"""The case studies of page faults, small: their figures against getrusage() and the clock."""
import csv
import json
import os
import subprocess
from recorder import *

need_kernel()
RUN, BUILD, SCHEDREPORT = (os.path.abspath(path) for path in sys.argv[3:6])
READS = 8000


def groups():
    return [os.path.join(folder, name) for folder, _, names in os.walk("/sys/fs/cgroup")
            for name in names if name.startswith("schedtrace-case-")]


def table(name):
    with open(name) as f:
        return [{k: v if k == "name" else float(v) for k, v in row.items()}
                for row in csv.DictReader(f)]


def steal():
    """Seconds that hosts have taken from all CPUs."""
    with open("/proc/stat") as f:
        return int(f.readline().split()[8]) / os.sysconf("SC_CLK_TCK")


def times_of(name):
    """Seconds of all copies, charged and by switches, by another analysis of the recording."""
    out = subprocess.run([SCHEDREPORT, "tasks", "-q", "-f", "json", "--top", "0", "--comm", "random",
                          "--comm", "local", f"out/{name}.dat"], capture_output=True, check=True)
    rows = json.loads(out.stdout)["tasks"]["rows"]
    return [sum(row[column] for row in rows) / 1e9 for column in ("charged_ns", "on_cpu_ns")]


def check(row):
    name, n = row["name"], row["copies"]
    claim(row["major"] == row["rusage_major"],
          f"{name}: as many major faults as getrusage says, exactly", row)
    # After a copy asked it prints its figures and ends.
    claim(0 <= row["minor"] - row["rusage_minor"] <= 0.005 * row["rusage_minor"] + 16 * n,
          f"{name}: as many minor faults, but for those of each copy's end", row)
    cpu = row["rusage_cpu_s"]
    claim(abs(row["cpu_s"] - cpu) <= 0.02 * cpu + 0.01 * n, f"{name}: as much time on CPUs", row)
    # Between a copy's start and its clock lies its exec, which other load may delay.
    claim(0 <= row["completion_s"] - row["clock_s"] <= 0.05 * row["clock_s"] + 0.5,
          f"{name}: it took as long as by the programs' clock", row)
    share = 100 * row["cpu_s"] / row["completion_s"] / os.cpu_count()
    claim(abs(row["utilization_percent"] - share) < 0.01, f"{name}: so its utilization is right",
          row, share)
    charged, on_cpu = times_of(name)
    claim(abs(charged - cpu) <= 0.02 * cpu + 0.01 * n,
          f"{name}: the scheduler charged them with as much", charged, cpu)
    # A task that is woken on an idle CPU is charged with time before the switch to it: who waits for
    # each page, with mostly that. It is not charged with what a host took away meanwhile.
    claim((0 if row["major"] else 0.5 * cpu) < on_cpu <= 1.02 * charged + 0.01 * n + stolen,
          f"{name}: by switches it was not more", on_cpu, charged, stolen)


with Folder() as folder:
    before = set(groups())
    stolen = steal()
    r = subprocess.run([RUN, "--build", BUILD, "--work", folder, "--out", "out",
                        "--reads", str(READS), "--pair-size", "12", "--pair-memory", "18",
                        "--iterations", "8", "--copies", "1,2,8", "--size", "8", "--memory", "40",
                        "--accesses", "3000"], capture_output=True, text=True)
    stolen = steal() - stolen
    if r.returncode == 3:
        print("1..0 # SKIP " + r.stderr.strip())
        sys.exit(0)
    claim(r.returncode == 0, "both studies run", r.stdout, r.stderr)
    if r.returncode == 0:
        pairs, copies = table("out/pairs.csv"), table("out/copies.csv")
        for row in pairs + copies:
            check(row)
        claim([row["copies"] for row in copies] == [1, 2, 8] and
              [row["copies"] for row in pairs] == [2, 2], "all copies are found in the recordings")
        pictures = [f"out/{name}.png" for name in ("random-random", "random-local", "copies")]
        if "without" in r.stderr:
            skip("both studies are drawn", r.stderr.splitlines()[0])
        else:
            claim(all(os.path.exists(p) and open(p, "rb").read(4) == b"\x89PNG" for p in pictures),
                  "both studies are drawn", r.stderr, os.listdir("out"))
        both, one = (row["major"] for row in pairs)
        claim(0 < one < both, "a local program has fewer major faults than a random one", pairs)
        # A page of the program itself may have to come from the disk.
        claim(max(row["major"] for row in copies[:2]) < 20 and copies[2]["major"] > 2000,
              "copies that fit into memory have next to no major faults, more copies have", copies)
        claim(copies[2]["completion_s"] > 0.8 * copies[2]["major"] / READS,
              "they wait for the disk", copies[2])
    claim(set(groups()) <= before, "the control groups are gone", groups())
    claim(os.listdir(folder) == ["out"], "and so are the files that were accessed",
          os.listdir(folder))
done()
